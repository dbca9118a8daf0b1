"""How `host-sensor run` ends: all that was read is worked off, or counted, and the last message says so."""

from __future__ import annotations

import re
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.program import write_config
from tests.support.running import Sensor, counting, event, events, sensors

BACKLOG = 60_000


@pytest.fixture
def sensor(tmp_path):
    with sensors(tmp_path) as start:
        yield start


def lines_of(run: Sensor) -> int:
    """Whole lines in the log; 2 lines of input are one of them."""
    return sum(path.read_bytes().count(b"\n") for path in run.folder.glob("audit.jsonl*"))


def fed(run: Sensor, count: int) -> None:
    for first in range(0, count, 1000):
        run.auditd.sendall(events(first, min(first + 1000, count)))


@pytest.mark.parametrize("how", ["end", "sigterm", "sigterm before"])
def test_a_backlog_is_worked_off_at_the_end(how, sensor, tmp_path):
    run = sensor(auditlog={"size": None}, metrics=counting(tmp_path), drain_timeout=0.5)
    if how == "sigterm before":
        run.process.terminate()
    with suppress(BrokenPipeError):
        fed(run, BACKLOG if how != "sigterm before" else 1000)
    if how == "sigterm":
        run.process.terminate()
    assert run.end(60) == 0
    counters = run.counters()
    expected = BACKLOG if how != "sigterm before" else 1000
    assert lines_of(run) == counters["output_lines_total"] == expected
    assert (run.lost_lines(), counters["input_pending_bytes"]) == (0, 0)
    assert (
        f"{2 * expected} lines, {expected} events, 0 lines not parsed, {expected} lines written, 0 lines lost"
        in run.output()
    )


@pytest.mark.parametrize("how", ["end", "sigterm", "ctrl-c twice"])
def test_what_there_is_no_time_for_is_counted_and_the_last_message_shows_so(how, sensor, tmp_path):
    run = sensor(auditlog={"size": None}, metrics=counting(tmp_path), drain_timeout=0.5, finish_timeout=0.2)
    fed(run, BACKLOG)
    begun = time.monotonic()
    if how == "sigterm":
        run.process.terminate()
        assert run.process.wait(20) == 0
    elif how == "ctrl-c twice":
        run.process.send_signal(signal.SIGINT)
        run.wait_for(lambda: run.process.poll() is not None or run.process.send_signal(signal.SIGINT))
    else:
        assert run.end() == 0
    assert time.monotonic() - begun < 10
    counters = run.counters()
    unread = 2 * BACKLOG - counters["lines_total"] - counters["input_dropped_lines_total"]
    assert unread == 0 or (how == "ctrl-c twice" and 0 < unread < 2000)  # which stood in the socket
    assert lines_of(run) == counters["output_lines_total"] == counters["events_total"]
    assert counters["input_pending_bytes"] == 0
    dropped = int(counters["input_dropped_lines_total"])
    if dropped:
        assert f"time is up: {dropped} lines that were read are dropped" in run.output()
    assert re.search(rf"ends: .* {dropped} lines lost", run.output())


def test_what_comes_after_the_deadline_is_not_read(sensor, tmp_path):
    run = sensor(drain_timeout=0.8, metrics=counting(tmp_path))  # longer than input gathers
    run.process.terminate()
    sent = 0
    with suppress(BrokenPipeError):
        while sent < 20_000:
            run.auditd.sendall(event(sent))
            sent += 1
            time.sleep(0.001)
    assert run.process.wait(20) == 0
    counters = run.counters()
    assert 0 < lines_of(run) <= sent < 20_000
    assert counters["lines_total"] + counters["input_dropped_lines_total"] >= counters["output_lines_total"] * 2


def test_a_filter_log_that_cannot_be_written_is_lost_in_no_silence(tmp_path):
    config = write_config(
        tmp_path,
        filterlog={"file": "/dev/full"},
        filter={"filter_null_keys": True, "filter_action": "log", "keep_first_per_process": False},
        metrics=counting(tmp_path),
    )
    run = Sensor(Path(tmp_path), config)
    try:
        run.started().auditd.sendall(events(0, 10))
        assert run.end() == 0
        assert run.counters()['filterlog_lost_lines_total{reason="ENOSPC"}'] == 10
        assert re.search("ends: .* 10 lines lost", run.output())
    finally:
        run.kill()
