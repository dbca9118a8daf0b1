"""Rules in the style of public ones fire on what ECS makes of a recorded session of intruders, and of no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.forms.ecs.test_schema import documents
from tests.test_data import content

pytest.importorskip("eql")

from tests.detections.judge import LISTS, fired
from tests.detections.rules import RULES
from tests.detections.session import RECORDED

CORPORA = sorted((RECORDED.parents[1] / "corpora").glob("session-mixed.*.audit.xz"))


def test_each_rule_fires_on_its_own_deed() -> None:
    found = fired(RULES, documents(content(RECORDED)))
    assert len(found) == 22
    assert {name: len(ids) for name, ids in found.items()} == dict.fromkeys(RULES, 1)
    assert len({id for ids in found.values() for id in ids}) == len(RULES)


@pytest.mark.slow
@pytest.mark.parametrize("path", CORPORA, ids=lambda path: path.name)
def test_none_fires_on_a_session_of_developers(path: Path) -> None:
    found = fired(RULES, documents(content(path)))
    assert {name: ids for name, ids in found.items() if ids} == {}


def test_a_rule_without_its_field_does_not_fire() -> None:
    """What was wrong before there was a host, a parent, plain text and a creation."""
    whole = list(documents(content(RECORDED)))
    for member in ("host", "process", "file", "destination"):
        assert any(not ids for ids in fired(RULES, [{**document, member: {}} for document in whole]).values()), member
    untyped = [{**document, "event": {**document["event"], "type": []}} for document in whole]
    assert any(not ids for ids in fired(RULES, untyped).values())


CASES: list[tuple[str, dict[str, Any], bool]] = [
    ('process where process.args == "-e"', {"process": {"args": ["nc", "-e"]}}, True),
    ('process where process.args : "-E*"', {"process": {"args": ["nc", "-exec"]}}, True),
    ('process where process.args in ("-a", "-b")', {"process": {"args": ["nc", "-b"]}}, True),
    ('process where process.args == "-e" and process.args == "-f"', {"process": {"args": ["nc", "-e"]}}, False),
    ('process where not process.args == "-e"', {"process": {"args": ["nc", "-e"]}}, False),
    ('process where process.parent.args : "*x*"', {"process": {"parent": {"args": ["a", "bxb"]}}}, True),
    ('process where event.type == "start"', {"event": {"type": ["change", "start"]}}, True),
    ('process where event.type == "start"', {"event": {"type": ["change"]}}, False),
    ('file where process.name == "a"', {"process": {"name": "a"}}, True),
    ('network where process.name == "a"', {"process": {"name": "a"}}, False),
]


@pytest.mark.parametrize(("rule", "document", "fires"), CASES)
def test_the_judge_judges_as_elasticsearch_does(rule: str, document: dict[str, Any], fires: bool) -> None:
    event = {"id": "1.000:1", "category": ["process", "file"], **document.pop("event", {})}
    assert fired({"rule": rule}, [{"event": event, **document}]) == {"rule": ["1.000:1"] if fires else []}


def test_the_lists_are_those_of_the_schema() -> None:
    assert {"process.args", "process.parent.args", "event.type"} <= LISTS
