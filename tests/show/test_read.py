"""Lines in either form become events; what is none is counted."""

from __future__ import annotations

import pytest

from sensor.show.conditions import Conditions
from sensor.show.read import Reader
from tests.show.lines import LS, STORY, encode
from tests.show.test_ecs_form import LINE


def test_both_forms() -> None:
    reader = Reader()
    found = [reader.event(encode(line)) for line in (STORY[1], LINE)]
    assert [event and event.kind for event in found] == ["execve", "connect"]


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"1", b"null", b'{"a":1}', b"[" * 100_000, b'{"ID":"\xff"}', b'{"ID":"nan:1","SYSCALL":1}']
)
def test_lines_that_are_no_events(line: bytes) -> None:
    reader = Reader()
    event = reader.event(line)
    assert event is None or event.time != event.time  # not a number is a time that no condition meets
    assert reader.skipped == (event is None)


def test_conditions_choose_and_pauses_pass() -> None:
    lines = [encode(STORY[0]), None, encode(STORY[1]), b""]
    found = list(Reader().chosen(lines, Conditions(guid=LS)))
    assert found[0] is None
    assert [item[0] for item in found if item] == [encode(STORY[1])]
