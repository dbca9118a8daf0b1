"""Coalescing: what completes an event, what is late or repeated, and every bound.

What a whole stream does stands in tests/scenarios; here is what the coalescer answers to single records.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.coalesce import Coalescer, Pending, event_key
from sensor.audit.header import Line
from sensor.audit.options import CoalesceOptions
from sensor.audit.types import RecordTypes
from sensor.stats import PipelineStats

TYPES = RecordTypes()


class Subject:
    """A coalescer, and shorter ways to talk to it."""

    def __init__(self, **options: float) -> None:
        self.stats = PipelineStats()
        self.coalescer = Coalescer(CoalesceOptions(**options), self.stats)  # type: ignore[arg-type]

    def add(self, type: str, id: str, body: str = "", now: float = 0.0, node: str = "") -> list[str]:
        return texts(self.coalescer.add(Line(node, type, id, body), TYPES.get(type), False, now))

    def cut(self, type: str, id: str) -> list[str]:
        return texts(self.coalescer.add(Line("", type, id, ""), TYPES.get(type), True, 0.0))

    def end(self, id: str, node: str = "") -> str | None:
        event = self.coalescer.end(node, id)
        return None if event is None else text(event)

    def expire(self, now: float) -> list[str]:
        return texts(self.coalescer.expire(now))


def text(event: Pending) -> str:
    """`ID TYPE=body,body TYPE=body (note note)`."""
    records = [f"{name}={','.join(bodies)}" for name, bodies in event.bodies.items()]
    return " ".join([event.id, *records, *([f"({' '.join(event.notes)})"] if event.notes else [])])


def texts(events: list[Pending]) -> list[str]:
    return [text(event) for event in events]


def test_an_event_leaves_at_its_end_with_its_records_by_type():
    subject = Subject()
    for type, body in [("SYSCALL", "s"), ("PATH", "p"), ("CWD", "c"), ("PATH", "q")]:
        assert subject.add(type, "1", body) == []
    assert subject.stats.inflight == 1
    assert subject.end("1") == "1 SYSCALL=s PATH=p,q CWD=c"
    assert subject.end("1") is None
    assert (subject.stats.records, subject.stats.inflight) == (4, 0)


def test_nodes_have_events_of_their_own():
    subject = Subject()
    subject.add("CWD", "1", "x", node="a")
    subject.add("CWD", "1", "y", node="b")
    assert subject.end("1") is None
    assert subject.end("1", node="b") == "1 CWD=y"
    assert event_key("a", "1") != event_key("", "1") == "1"


@pytest.mark.parametrize(
    ("types", "due"),
    [
        (["SYSCALL"], 2.0),
        (["CONFIG_CHANGE"], 2.0),
        (["SYSCALL", "PROCTITLE"], 0.25),
        (["PROCTITLE", "PATH"], 0.25),
        (["USER_AUTH"], 0.25),
        (["USER_AUTH", "SYSCALL"], 2.0),
        (["USER_AUTH", "SYSCALL", "PROCTITLE"], 0.25),
        (["KERNEL"], 0.25),
        (["MAC_UNLBL_ALLOW"], 0.25),
        (["MAC_UNLBL_ALLOW", "SYSCALL"], 2.0),
        (["NOBODY_KNOWS_ME"], 2.0),
    ],
)
def test_an_event_without_an_end_leaves_when_its_time_is_up(types, due):
    subject = Subject(timeout=2.0, settle=0.25)
    for type in types:
        subject.add(type, "1")
    assert subject.expire(due - 0.01) == []
    (left,) = subject.expire(due)
    assert left.endswith("(timeout)") == (due == 2.0 and "SYSCALL" in types)
    assert subject.stats.expired == (due == 2.0)


def test_events_leave_oldest_first():
    subject = Subject()
    for id in "312":
        subject.add("SYSCALL", id)
    assert subject.expire(9.0) == ["3 SYSCALL= (timeout)", "1 SYSCALL= (timeout)", "2 SYSCALL= (timeout)"]
    for id in "54":
        subject.add("SYSCALL", id)
    assert texts(subject.coalescer.drain()) == ["5 SYSCALL=", "4 SYSCALL="]


def test_records_of_auditd_itself_wait_for_nothing():
    subject = Subject()
    subject.add("SYSCALL", "1")
    assert subject.add("DAEMON_START", "1", "op=start") == ["1 DAEMON_START=op=start"]
    assert subject.cut("DAEMON_END", "1") == ["1 DAEMON_END= (truncated_line)"]
    assert subject.end("1") == "1 SYSCALL="


def test_a_record_after_its_event_is_late():
    subject = Subject()
    subject.add("SYSCALL", "1")
    subject.end("1")
    subject.add("PATH", "1", "x")
    assert subject.end("1") == "1 PATH=x (late)"
    assert subject.stats.late == 1


@pytest.mark.parametrize(("others", "note"), [(4000, " (late)"), (8300, "")])
def test_events_that_left_are_remembered_for_thousands_of_events(others, note):
    subject = Subject()
    for number in range(others + 1):
        subject.add("CWD", str(number))
        subject.end(str(number))
    subject.add("CWD", "0")
    assert subject.end("0") == f"0 CWD={note}"


def test_the_same_user_record_twice_is_one_and_another_one_is_another_event():
    subject = Subject()
    assert subject.add("USER_AUTH", "1", "a") == []
    assert subject.add("USER_AUTH", "1", "a") == []
    assert subject.add("USER_START", "1", "a") == []
    assert subject.stats.duplicates == 1
    assert subject.add("USER_AUTH", "1", "b") == ["1 USER_AUTH=a USER_START=a"]
    assert subject.expire(9.0) == ["1 USER_AUTH=b (late)"]


def test_a_whole_event_is_claimed_once_and_only_where_there_is_room():
    subject = Subject(max_events=1)
    assert subject.coalescer.claim("1")
    assert not subject.coalescer.claim("1")
    subject.add("CWD", "2")
    assert not subject.coalescer.claim("2")
    assert not subject.coalescer.claim("3")
    subject.end("2")
    assert not subject.coalescer.claim("2")
    assert subject.coalescer.claim("3")


@pytest.mark.parametrize(
    ("events", "size", "has_room"), [(2, 32, True), (3, 32, False), (1, 3000, False), (2, 1000, False), (2, 600, True)]
)
def test_there_is_room_where_nothing_would_have_to_leave(events, size, has_room):
    """One waits, of three; 32 characters may be a record, which takes 256 more."""
    subject = Subject(max_events=3, max_waiting_bytes=6000)
    subject.add("CWD", "1")
    assert subject.coalescer.has_room(events, size) == has_room


def test_no_more_events_wait_than_allowed():
    subject = Subject(max_events=2)
    assert subject.add("SYSCALL", "1") + subject.add("USER_AUTH", "2") == []
    assert subject.add("SYSCALL", "3") == ["1 SYSCALL= (evicted)"]
    assert subject.add("SYSCALL", "4") == ["2 USER_AUTH="]
    assert subject.stats.truncated == {"events": 1}
    assert subject.stats.inflight == 2


@pytest.mark.parametrize("size", [1, 1000, 20_000])
@pytest.mark.parametrize("events", [2, 7, 500])
def test_all_that_waits_is_bounded_together(size, events):
    """However many events there are and however long records are, the oldest leave first, and each is noted."""
    subject = Subject(max_waiting_bytes=65536)
    waiting: dict[str, int] = {}
    left: list[str] = []
    for number in range(3000):
        id = str(number % events)
        waiting[id] = waiting.get(id, 0) + size
        for gone in subject.add("PATH", id, "x" * size):
            assert gone.endswith("(evicted)") or "(late evicted)" in gone
            left.append(gone.partition(" ")[0])
            assert left[-1] == next(iter(waiting)), "the oldest"
            del waiting[left[-1]]
        assert sum(waiting.values()) <= 65536 or len(waiting) == 1
        assert subject.stats.inflight == len(waiting)
    assert subject.stats.truncated.get("waiting_bytes", 0) + subject.stats.truncated.get("bytes", 0) >= len(left)


def test_what_has_left_takes_no_room():
    subject = Subject(max_waiting_bytes=65536)
    for number in range(100):
        for _ in range(3):
            assert subject.add("PATH", str(number), "x" * 20_000) == []
        assert subject.end(str(number)) is not None
    assert subject.stats.truncated == {}


def test_an_event_that_waits_alone_has_its_own_bounds():
    subject = Subject(max_waiting_bytes=65536)
    for _ in range(10):
        assert subject.add("PATH", "1", "x" * 20_000) == []


def test_an_event_keeps_no_more_records_than_allowed():
    subject = Subject(max_records=2)
    for body in "abcd":
        subject.add("PATH", "1", body)
    assert subject.end("1") == "1 PATH=a,b (truncated_records)"
    assert (subject.stats.records, subject.stats.truncated) == (2, {"records": 2})


def test_an_event_keeps_no_more_bytes_than_allowed():
    subject = Subject(max_event_bytes=1024)
    for body in ("a" * 1000, "b" * 25, "c" * 24, "d"):
        subject.add("PATH", "1", body)
    assert subject.end("1") == f"1 PATH={'a' * 1000},{'c' * 24} (truncated_bytes)"
    assert (subject.stats.records, subject.stats.truncated) == (2, {"bytes": 2})


def test_a_cut_line_is_noted_once():
    subject = Subject()
    for _ in range(2):
        subject.cut("PATH", "1")
    assert subject.end("1") == "1 PATH=, (truncated_line)"


def test_another_one_continues_within_its_own_bounds():
    stats = PipelineStats()
    before = Coalescer(CoalesceOptions(), stats)
    for serial in range(1, 6):
        before.add(Line("", "SYSCALL", str(serial), "s"), TYPES.get("SYSCALL"), False, 0.0)
    left = before.end("", "1")
    after = Coalescer(CoalesceOptions(max_events=2, timeout=60.0), stats)
    after.continue_from(before)
    assert left is not None
    assert not after.claim("1")
    assert texts(after.add(Line("", "CWD", "3", "c"), TYPES.get("CWD"), False, 1.0)) == []
    assert texts(after.add(Line("", "CWD", "6", "c"), TYPES.get("CWD"), False, 1.0)) == [
        "2 SYSCALL=s (evicted)",
        "3 SYSCALL=s CWD=c (evicted)",
        "4 SYSCALL=s (evicted)",
    ]
    assert texts(after.expire(2.0)) == ["5 SYSCALL=s (timeout)"]
    assert stats.inflight == 1


def test_memory_of_the_one_before_counts():
    before = Coalescer(CoalesceOptions(), PipelineStats())
    for serial in range(1, 4):
        before.add(Line("", "SYSCALL", str(serial), "s" * 30_000), TYPES.get("SYSCALL"), False, 0.0)
    after = Coalescer(CoalesceOptions(max_waiting_bytes=65536), PipelineStats())
    after.continue_from(before)
    assert len(after.add(Line("", "CWD", "3", "c"), TYPES.get("CWD"), False, 0.0)) == 1


@given(st.lists(st.integers(0, 60), max_size=80), st.lists(st.integers(0, 60), max_size=10))
def test_an_event_is_claimed_once_in_whatever_order_ids_come(numbers, gathered):
    subject = Subject()
    seen = {f"{number}" for number in gathered}
    for id in seen:
        subject.add("CWD", id)
        subject.end(id)
    for number in numbers:
        assert subject.coalescer.claim(f"{number}") == (f"{number}" not in seen)
        seen.add(f"{number}")


def test_an_id_from_far_ahead_does_not_hide_those_that_were_claimed():
    subject = Subject()
    assert subject.coalescer.claim("9999")
    for number in range(1000, 9000):
        assert subject.coalescer.claim(f"{number}")
    assert not subject.coalescer.claim("8999")
    assert not subject.coalescer.claim("5000")
