"""Against go-libaudit's golden files: every difference has its explanation, and every explanation its difference.

`python -m tests.summary.agreement` prints the account.
"""

from __future__ import annotations

import pytest

from tests.summary.agreement import EXPLANATIONS, Account, Difference, account, cases, explain


@pytest.fixture(scope="module")
def compared() -> Account:
    return account()


def test_every_golden_case_is_compared() -> None:
    assert len(list(cases())) == 48


def test_no_difference_is_without_its_explanation(compared: Account) -> None:
    assert compared.left == []


def test_no_explanation_is_without_its_difference(compared: Account) -> None:
    assert compared.explained.keys() == {entry.name for entry in EXPLANATIONS}


def test_who_what_and_how_agree(compared: Account) -> None:
    """Numbers of agreement may rise; what lowers one is looked at."""
    floor = {
        "event.action": 45,
        "event.category": 45,
        "event.type": 45,
        "event.kind": 48,
        "auditd.result": 48,
        "auditd.summary.actor.primary": 48,
        "auditd.summary.actor.secondary": 44,
        "auditd.summary.object.primary": 37,
        "auditd.summary.how": 42,
        "process.executable": 41,
        "source.ip": 9,
        "user.effective.name": 11,
    }
    assert {place: compared.agreed[place] for place in floor} == floor
    assert sum(compared.agreed.values()) >= 1502


def test_a_difference_that_is_none_of_these_is_not_explained() -> None:
    event = {
        "user": {"ids": {"uid": "0"}},
        "ecs": {"user": {"effective": {}}},
        "session": "1",
        "record_type": "syscall",
    }
    for place, theirs, ours in [
        ("event.action", "opened-file", "called-open"),
        ("user.id", "0", "(absent)"),
        ("process.pid", "1", "2"),
        ("file.device", "08:01", "08:02"),
        ("@timestamp", "2017-04-21T18:53:19.05Z", "2017-04-21T18:53:19.060Z"),
    ]:
        assert explain(Difference("x", place, theirs, ours, event)) is None
