"""Lines of the probe's own: what each record becomes, and what of it is left out or null."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from sensor.audit.event import Notice
from sensor.probe.events import ProbeEvents
from sensor.probe.layout import ALIVE, EXEC, EXIT, FORK, UNSET, ProbeRecord
from sensor.process.program import Process, Program
from tests.support.pipelines import laurel

HOST = 4026531836
STARTED = 5_000_000_000
PROCESS = Process(Program(3148, 3103, "ls", "/usr/bin/ls"), 5.0)


def record(kind: int, **others: Any) -> ProbeRecord:
    self, parent = (STARTED, HOST, 3148, 29), (4_000_000_000, HOST, 3103, 1)
    whole = ProbeRecord(STARTED, 4711, *self, *parent, *parent, 1000, 3, 0, kind, 0, b"ls\0zz")
    return whole._replace(**others)


class Subject:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.events = ProbeEvents(lambda process: {"PID": {"n": process.pid}}, self.write)

    def write(self, notice: Notice) -> None:
        self.lines.append(laurel().notice(notice))

    def line(self) -> dict[str, Any]:
        (line,) = self.lines
        self.lines.clear()
        found: dict[str, Any] = json.loads(line)
        return found


@pytest.fixture
def subject() -> Subject:
    return Subject()


def test_an_exec(subject: Subject) -> None:
    subject.events.execs(record(EXEC), PROCESS)
    facts = {"pid": 3148, "ppid": 3103, "comm": "ls", "auid": 1000, "ses": 3, "cgroup": 4711, "PID": {"n": 3148}}
    assert subject.line()["PROBE_EXEC"] == facts


def test_an_exec_that_audit_did_not_report_is_marked(subject: Subject) -> None:
    subject.events.uncovered(record(EXEC), PROCESS)
    assert subject.line()["PROBE_EXEC"]["reported"] is False


@pytest.mark.parametrize(
    ("status", "exit_code", "signal"),
    [(0, 0, None), (7 << 8, 7, None), (255 << 8, 255, None), (9, None, 9), (11 | 128, None, 11)],
    ids=["ends-well", "ends-badly", "largest", "killed", "killed-with-core-dump"],
)
def test_an_exit(subject: Subject, status: int, exit_code: int | None, signal: int | None) -> None:
    subject.events.exits(record(EXIT, status=status, time=STARTED + 23_456_789), PROCESS)
    observed = subject.line()["PROBE_EXIT"]
    assert (observed["exit_code"], observed["signal"], observed["duration"]) == (exit_code, signal, 0.023457)
    assert observed["PID"] == {"n": 3148}


@pytest.mark.parametrize("kind", [ALIVE, FORK, EXEC, EXIT])
def test_each_kind_of_record_has_one_kind_of_line(subject: Subject, kind: int) -> None:
    subject.events.execs(record(kind), PROCESS)
    subject.events.exits(record(kind), PROCESS)
    assert len(subject.lines) == (kind in {EXEC, EXIT})


def test_the_id_is_the_time_of_the_act_and_never_the_same_twice(subject: Subject) -> None:
    acted = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - 3_000_000_000
    for _ in range(2):
        subject.events.execs(record(EXEC, time=acted), PROCESS)
    ids = [json.loads(line)["ID"] for line in subject.lines]
    assert [id.partition(":")[2] for id in ids] == ["probe-1", "probe-2"]
    assert abs(float(ids[0].partition(":")[0]) - (time.time() - 3)) < 0.5


def test_what_is_not_known_is_null(subject: Subject) -> None:
    subject.events.execs(record(EXEC, cgroup=0, loginuid=UNSET, sessionid=UNSET), PROCESS)
    observed = subject.line()["PROBE_EXEC"]
    assert (observed["cgroup"], observed["auid"], observed["ses"]) == (None, UNSET, UNSET)  # as audit has them


@pytest.mark.parametrize(
    ("comm", "expected"),
    [(b'a"\\b\x01', 'a"\\b%01'), (b"\xc3\xa4\xff", "ä%ff"), (b"x" * 16, "x" * 16), (b"", "")],
    ids=["quotes", "no-utf-8", "no-end", "empty"],
)
def test_a_name_may_be_anything(subject: Subject, comm: bytes, expected: str) -> None:
    subject.events.execs(record(EXEC, comm=comm), PROCESS)
    assert json.loads(json.dumps(subject.line()))["PROBE_EXEC"]["comm"] == expected.encode().decode("latin-1")
