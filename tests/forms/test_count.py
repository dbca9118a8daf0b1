"""Counting measures what the lines and records of events would take, and writes nothing."""

from __future__ import annotations

from sensor.audit.event import Event, Notice
from sensor.forms.count import Count, Sizes
from tests.summary.events import call, events
from tests.support.pipelines import laurel


def test_a_line_and_its_records_are_measured() -> None:
    seen: list[tuple[str, Sizes]] = []

    def observe(event: Event, line: str, sizes: Sizes) -> None:
        seen.append((line, sizes))

    form = laurel()
    (event,) = events(call(2), 'CWD cwd="/"', "PATH item=0", "PATH item=1")
    event.add({"PID": {}})
    assert Count(form, form, observe).event(event) == ""
    line = form.event(event)
    ((observed, sizes),) = seen
    assert observed == line
    assert [name for name, _ in sizes] == ["SYSCALL", "CWD", "PATH", "PATH"]
    assert sizes[1:] == [("CWD", len('"CWD":{"cwd":"/"}')), *[("PATH", len('"PATH":[{"item":0}]'))] * 2]
    assert sizes[0][1] == line.index(',"CWD"') - line.index('"SYSCALL"')


def test_what_is_no_event_is_not_counted() -> None:
    form = Count(laurel(), laurel(), lambda event, bytes, sizes: None)
    assert form.error("header", "x", []) == form.notice(Notice(None, "", {}, {"SUPPRESSED": {"a": 1}})) == ""
