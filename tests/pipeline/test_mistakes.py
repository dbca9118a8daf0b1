"""One record, event or line that cannot be worked on costs no other."""

from __future__ import annotations

import json

import pytest

from tests.pipeline.test_pipeline import ID, SYSCALL, Subject, event, line


def spoil(name: str, fields: dict) -> None:
    if "spoilt" in fields.values():
        raise OverflowError("mode out of range")


BAD = line("MMAP", 7, "flags=spoilt")
SPOILT = {
    "a whole event": line("SYSCALL", 7, SYSCALL) + BAD + line("EOE", 7),
    "the bad record first": BAD + line("PATH", 7, "item=0") + line("EOE", 7),
    "no system call": BAD + line("EOE", 7),
    "in pieces": line("MMAP", 8) + line("SYSCALL", 7, SYSCALL) + BAD + line("EOE", 7) + line("EOE", 8),
    "merged": BAD + BAD + line("EOE", 7),
    "without an end": line("SYSCALL", 7, SYSCALL) + BAD,
    "with a node": (line("SYSCALL", 7, SYSCALL, "n") + line("MMAP", 7, "flags=spoilt", "n") + line("EOE", 7, "", "n")),
    "in the system call": line("SYSCALL", 7, SYSCALL + " x=spoilt") + line("EOE", 7),
    "in one of unusual form": line("SYSCALL", 7, "x=spoilt arch=1") + line("EOE", 7),
}


@pytest.mark.parametrize("size", [1, 50, 5000])
@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_one_bad_record_costs_its_event_and_no_other(spoilt, size):
    text = event(1) + event(2) + spoilt + event(3) + event(4)
    subject = Subject(transforms=[spoil])
    output = subject.all(*[text[start : start + size] for start in range(0, len(text), size)])
    parsed = [json.loads(one) for one in output]
    whole = {one["ID"] for one in parsed if one["ID"] is not None}
    assert {ID.format(serial) for serial in (1, 2, 3, 4)} <= whole
    assert ID.format(7) not in whole
    raw = [one["PARSE_ERROR"]["raw"] for one in parsed if one["ID"] is None]
    assert sorted(raw) == sorted(one.strip() for one in spoilt.splitlines() if "EOE" not in one and ":8)" not in one)
    assert subject.stats.unparsed == {"crash": len(raw)}
    assert subject.stats.lines == text.count("\n")
    assert subject.stats.crashed == 1


@pytest.mark.parametrize("size", [1, 50, 5000])
def test_the_same_mistake_costs_each_event_the_same(size):
    """Also when the layout of what cannot be read is known by then."""
    calls = [line("SYSCALL", serial, SYSCALL + " x=spoilt") for serial in range(1, 7)]
    text = "".join([call + line("EOE", serial) for serial, call in enumerate(calls, 1)])
    subject = Subject(transforms=[spoil])
    output = subject.all(*[text[start : start + size] for start in range(0, len(text), size)])
    assert [json.loads(one)["PARSE_ERROR"]["raw"] for one in output] == [call.strip() for call in calls]
    assert subject.stats.crashed == 6
