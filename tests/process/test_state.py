"""The state file: what it gives back, and what it refuses."""

from __future__ import annotations

import json
import os

import pytest

from sensor.process.program import Sighting
from sensor.process.state import Options, StateFile
from sensor.process.table import ProcessTable
from sensor.stats import ProcessStats
from tests.fake_host import BOOTED, FakeHost

EXEC = "1700000100.000:7"


@pytest.fixture
def host(tmp_path):
    host = FakeHost(tmp_path)
    host.process(50, 1, "/usr/sbin/sshd", start=100)
    host.process(100, 50, "/usr/bin/bash", start=200)
    return host


def fresh(host):
    table = ProcessTable(host.proc, ProcessStats())
    table.calibrate(BOOTED)
    return table


def used(host):
    """A table in which process 100 has executed bash in the event EXEC."""
    table = fresh(host)
    table.sight(Sighting(100, 50, "bash", "/usr/bin/bash", EXEC, BOOTED + 100, True))
    return table


def files(host, **options):
    return StateFile(Options(**options), str(host.root))


def test_a_restarted_sensor_knows_the_event_of_a_program(host):
    files(host).write(used(host))
    table = fresh(host)
    assert files(host).read(table) == 1
    process = table.current(100)
    assert (process.program.event_id, process.program.comm, process.program.source) == (EXEC, "bash", "proc")
    assert process.spawned_by.exe == "/usr/sbin/sshd"


def test_what_is_taken_over_began_when_it_began(host):
    """An event of the pid's former owner, from before that, is not of it."""
    files(host).write(used(host))
    table = fresh(host)
    files(host).read(table)
    process = table.current(100)
    assert process.program.started == 2.0
    assert table.find(100, BOOTED + 3) is process
    assert table.find(100, BOOTED + 0.5) is None


def test_what_was_told_of_a_process_before_is_told_anew(host):
    files(host).write(used(host))
    table = fresh(host)
    before = table.find(100, BOOTED + 100)
    before.text, before.said = "told", {}
    files(host).read(table)
    process = table.current(100)
    assert process is before
    assert (process.text, process.said, process.program.event_id) == (None, None, EXEC)


@pytest.mark.parametrize("change", ["gone", "other"])
def test_a_process_that_is_not_there_any_more_is_not_taken_over(host, change):
    files(host).write(used(host))
    host.end(100)
    if change == "other":
        host.process(100, 50, "/usr/bin/bash", start=900)
    assert files(host).read(fresh(host)) == 0


def test_a_file_that_is_too_old_is_not_read(host):
    files(host).write(used(host))
    os.utime(host.root / "state", (1, 1))
    assert files(host, max_age=60).read(fresh(host)) == 0


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{}",
        '{"version":2,"processes":[{}]}',
        '{"version":1,"processes":[{},[],null,{"pid":"x","spawned_by":{}}]}',
    ],
)
def test_a_file_of_another_kind_does_no_harm(host, content):
    (host.root / "state").write_text(content)
    assert files(host).read(fresh(host)) == 0


def test_a_broken_file_is_a_value_error(host):
    (host.root / "state").write_text("{")
    with pytest.raises(ValueError):  # noqa: PT011  the message is the library's
        files(host).read(fresh(host))


def test_no_file_is_no_error(host):
    assert files(host).read(fresh(host)) == 0


def test_older_files_are_kept_and_nobody_else_may_read_them(host):
    state = files(host, generations=2)
    for _ in range(4):
        state.write(used(host))
    kept = sorted(path.name for path in host.root.glob("state*"))
    assert kept == ["state", "state.1", "state.2"]
    assert os.stat(host.root / "state").st_mode & 0o777 == 0o600
    assert json.loads((host.root / "state.2").read_text())["version"] == 1


def test_the_file_is_written_when_its_time_has_come(host, monkeypatch):
    state = files(host, write_state_period=10.0)
    state.write_if_due(used(host))
    assert not (host.root / "state").exists()
    later = state._written + 10
    monkeypatch.setattr("sensor.process.state.time.monotonic", lambda: later)
    state.write_if_due(used(host))
    assert (host.root / "state").exists()
