"""Events and their notes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sensor.audit.event import KEEP, NOTES, Event, Template
from sensor.audit.options import TransformOptions
from sensor.audit.record import Record, RecordDecoder
from sensor.audit.syscall_decoder import SyscallDecoder

SENSOR = Path(__file__).parents[2] / "sensor"


def test_a_new_event_shows_nothing_yet():
    event = Event("1.000:1", "web01", Template({}), None)
    assert (event.id, event.node, event.records, event.syscall, event.process) == ("1.000:1", "web01", {}, None, None)
    assert (event.additions, event.notes, event.verdict) == ([], (), KEEP)


def test_events_share_nothing():
    one, other = Event("1", "", Template({}), None), Event("2", "", Template({}), None)
    one.note("late")
    assert (one.notes, other.notes) == (("late",), ())


def test_every_note_that_is_written_is_explained():
    sources = [path.read_text(encoding="utf-8") for path in SENSOR.rglob("*.py")]
    written = {note for text in sources for note in re.findall(r'(?:\bnote|notes\.append)\("(\w+)"\)', text)}
    assert written == set(NOTES)


def test_a_note_is_a_word_that_needs_no_escape():
    assert [note for note in NOTES if not re.fullmatch("[a-z_]+", note)] == []


@pytest.mark.parametrize(
    ("records", "exec"),
    [
        (["SYSCALL success=yes", "EXECVE argc=1"], True),
        (["SYSCALL success=no", "EXECVE argc=1"], False),
        (["SYSCALL success=yes", "CWD cwd=x"], False),
        (["EXECVE argc=1"], False),
    ],
)
def test_an_exec_is_one_that_succeeded(records, exec):
    assert made(*records).is_exec is exec


def test_who_acted_is_reported_by_the_call_or_the_first_record():
    assert made("SYSCALL uid=1", "USER_ACCT uid=2").subject["uid"] == 1
    assert made("USER_ACCT uid=2 msg='uid=3 acct=x'", "LOGIN uid=4").subject == {
        "uid": 2, "acct": "x", "msg": {"uid": 3, "acct": "x"}
    }  # fmt: skip
    assert made().subject == {}


def made(*records: str) -> Event:
    """An event of records, each `TYPE body`."""
    decoder = RecordDecoder(TransformOptions(), (), 16)
    syscall = None
    groups: dict[str, list[Record]] = {}
    for record in records:
        name, _, body = record.partition(" ")
        if name == "SYSCALL":
            syscall = SyscallDecoder(decoder).decode(body)
        groups[name] = [] if name == "SYSCALL" else [decoder.decode(name, body)]
    return Event("1.500:1", "", Template(groups), syscall)


def test_the_time_is_in_the_id():
    assert made().time == 1.5
