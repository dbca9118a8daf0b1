"""Record types: both directions, aliases, and which records the kernel writes."""

from __future__ import annotations

import pytest

from sensor.tables.record_types import NAMES, NUMBERS, is_kernel


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1006, "LOGIN"),
        (1105, "USER_START"),
        (1300, "SYSCALL"),
        (1339, "DM_EVENT"),
        (1420, "IPE_ACCESS"),
        (1421, "IPE_CONFIG_CHANGE"),
        (1422, "IPE_POLICY_LOAD"),
        (1423, "LANDLOCK_ACCESS"),
        (1424, "LANDLOCK_DOMAIN"),
        (1425, "MAC_TASK_CONTEXTS"),
        (1426, "MAC_OBJ_CONTEXTS"),
        (1500, "APPARMOR"),
        (2121, "ANOM_SESSION"),
        (2215, "RESP_ORIGIN_UNBLOCK_TIMED"),
    ],
)
def test_number_and_name_lead_to_each_other(number: int, name: str) -> None:
    assert NAMES[number] == name
    assert NUMBERS[name] == number


def test_an_alias_leads_to_the_same_number() -> None:
    assert NUMBERS["AA"] == NUMBERS["APPARMOR"] == 1500


def test_no_name_is_given_twice() -> None:
    assert len(set(NAMES.values())) == len(NAMES)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (1005, False),
        (1006, True),
        (1299, False),
        (1300, True),
        (1423, True),
        (2099, True),
        (2100, False),
        (9999, False),
    ],
)
def test_kernel_records(number: int, expected: bool) -> None:
    assert is_kernel(number) is expected
