"""Events and their notes."""

from __future__ import annotations

import re
from pathlib import Path

from sensor.event import NOTES, Event, Template

SENSOR = Path(__file__).parent.parent / "sensor"


def test_a_new_event_says_nothing_yet():
    event = Event("1.000:1", "web01", Template({}), None)
    assert (event.id, event.node, event.records, event.syscall, event.process) == ("1.000:1", "web01", {}, None, None)
    assert (event.top, event.notes) == ("", [])


def test_events_share_nothing():
    one, other = Event("1", "", Template({}), None), Event("2", "", Template({}), None)
    one.notes.append("late")
    assert other.notes == []


def test_every_note_that_is_written_is_explained():
    sources = [path.read_text(encoding="utf-8") for path in SENSOR.rglob("*.py")]
    written = {note for text in sources for note in re.findall(r'(?:\bnote|notes\.append)\("(\w+)"\)', text)}
    assert written == set(NOTES)


def test_a_note_is_a_word_that_needs_no_escape():
    assert [note for note in NOTES if not re.fullmatch("[a-z_]+", note)] == []
