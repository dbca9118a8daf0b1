"""The state file: what it gives back, and what it refuses."""

from __future__ import annotations

import json
import os
import socket
import stat

import pytest

from sensor.process.state import LARGEST, Options, StateFile
from sensor.process.table import ProcessTable
from sensor.stats import ProcessStats
from tests.support.clocks import Clock
from tests.support.fake_host import BOOTED, FakeHost
from tests.support.observations import observation

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
    table.observe(observation(100, 50, "bash", "/usr/bin/bash", EXEC, BOOTED + 100, True))
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


def test_what_was_reported_of_a_process_before_is_reported_anew(host):
    files(host).write(used(host))
    table = fresh(host)
    before = table.find(100, BOOTED + 100)
    version = before.version
    files(host).read(table)
    process = table.current(100)
    assert process is before
    assert (process.version > version, process.settled, process.program.event_id) == (True, False, EXEC)


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


def whole(entry: dict) -> str:
    return json.dumps({"version": 1, "processes": [entry]})


SHAPES = {
    "a list": "[]",
    "an object": "{}",
    "null": "null",
    "a number": "5",
    "a text": '"x"',
    "nothing": "",
    "cut short": '{"version":1,"proc',
    "another version": '{"version":2,"processes":[{}]}',
    "a number of processes": '{"version":1,"processes":5}',
    "an object of processes": '{"version":1,"processes":{"1":{}}}',
    "deep": "[" * 200_000,
    "deep within": '{"version":1,"processes":' + "[" * 200_000,
    "no UTF-8": "\udcff",
    "large number": '{"version":1' + "0" * 5000 + "}",
    "beyond a double": '{"version":1e999}',
}


@pytest.mark.parametrize("content", SHAPES.values(), ids=SHAPES)
def test_what_is_no_state_is_a_value_error_and_replaced_at_the_end(host, content):
    path = host.root / "state"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"."):
        files(host).read(fresh(host))
    files(host).write(used(host))
    assert files(host).read(fresh(host)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"pid": "x"},
        {"pid": True},
        {"pid": -1},
        {"pid": 1e300},
        {"pid": 10**40},
        {"pid": 100.5},
        {"ppid": None},
        {"key": 5},
        {"key": [1, 2]},
        {"key": [1, 2, 3, 4]},
        {"key": []},
        {"key": [True, 2, 3]},
        {"key": "123"},
        {"key": [1, 10**30, 3]},
        {"key": ["1", "2", "3"]},
        {"key": [[], [], []]},
        {"key": {}},
        {"comm": "\u4e2d"},
        {"comm": "\ud800"},
        {"comm": 5},
        {"comm": ["x"]},
        {"exe": "x" * 5000},
        {"exe": None},
        {"event_id": '1.000:1","X":"'},
        {"event_id": "1.000:1\n"},
        {"event_id": 5},
        {"event_id": None},
        {"source": "elsewhere"},
        {"source": ["probe"]},
        {"source": None},
        {"source": {}},
        {"event_id": ["1.000:1"]},
        {"spawned_by": {}},
        {"spawned_by": None},
        {"spawned_by": []},
        {"spawned_by": {"comm": "\u4e2d"}},
    ],
    ids=str,
)
def test_an_entry_that_no_sensor_wrote_is_left_out(host, change):
    files(host).write(used(host))
    path = host.root / "state"
    entry = json.loads(path.read_text())["processes"][0]
    changed = {**entry, **change}
    if isinstance(change.get("spawned_by"), dict) and change["spawned_by"]:
        changed["spawned_by"] = {**entry["spawned_by"], **change["spawned_by"]}
    path.write_text(json.dumps({"version": 1, "processes": [changed, entry]}))
    assert files(host).read(fresh(host)) == 1
    path.write_text(whole(changed))
    table = fresh(host)
    assert files(host).read(table) == 0
    assert table.current(100) is None


@pytest.mark.parametrize("entry", [[], [1, 2], "pid", 7, None, True, {}])
def test_an_entry_that_is_no_process_is_left_out(host, entry):
    files(host).write(used(host))
    path = host.root / "state"
    whole = json.loads(path.read_text())["processes"][0]
    path.write_text(json.dumps({"version": 1, "processes": [entry, whole]}))
    assert files(host).read(fresh(host)) == 1


@pytest.mark.parametrize("kind", ["directory", "link", "dangling link", "fifo", "socket", "device", "huge", "sparse"])
def test_what_is_no_file_of_ours_is_not_read_and_not_waited_for(host, kind, tmp_path):
    path = host.root / "state"
    elsewhere = tmp_path / "elsewhere"
    files(host).write(used(host))
    path.rename(elsewhere)
    listener = socket.socket(socket.AF_UNIX)
    if kind == "directory":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(elsewhere)
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        listener.bind(str(path))
    elif kind == "device":
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero
    elif kind == "huge":
        path.write_bytes(b" " * (LARGEST + 1))
    else:
        path.touch()
        os.truncate(path, 1 << 40)
    with pytest.raises((ValueError, OSError)):
        files(host).read(fresh(host))
    if kind == "directory":
        with pytest.raises(OSError, match="directory"):
            files(host).write(used(host))
    else:
        files(host).write(used(host))
        assert files(host).read(fresh(host)) == 1
        assert elsewhere.read_text() == path.read_text()
    listener.close()


@pytest.mark.parametrize("kind", ["file", "fifo", "link"])
def test_what_lies_where_the_new_file_is_made_is_replaced(host, kind, tmp_path):
    new, elsewhere = host.root / "state.new", tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    if kind == "file":
        new.write_text("x")
    elif kind == "fifo":
        os.mkfifo(new)
    else:
        new.symlink_to(elsewhere)
    files(host).write(used(host))
    assert files(host).read(fresh(host)) == 1
    assert elsewhere.read_text() == "precious"


def test_more_than_is_read_is_not_written(host):
    table = fresh(host)
    exe = "/" + "x" * 3000
    for pid in range(1000, 5000):
        host.process(pid, 50, exe, start=200)
        table.observe(observation(pid, 50, "x", exe, EXEC, BOOTED + 100, True))
    files(host).write(table)
    assert LARGEST / 2 < (host.root / "state").stat().st_size <= LARGEST
    known = json.loads((host.root / "state").read_text())["processes"]
    assert known[-1]["pid"] == 4999


def test_no_file_is_no_error(host):
    assert files(host).read(fresh(host)) == 0


def test_older_files_are_kept_and_nobody_else_may_read_them(host):
    state = files(host, generations=2)
    for _ in range(4):
        state.write(used(host))
    kept = sorted(path.name for path in host.root.glob("state*"))
    assert kept == ["state", "state.1", "state.2"]
    files(host, generations=10**12).write(used(host))
    assert os.stat(host.root / "state").st_mode & 0o777 == 0o600
    assert json.loads((host.root / "state.2").read_text())["version"] == 1


def test_the_file_is_written_when_its_time_has_come(host):
    clock = Clock()
    state = StateFile(Options(write_state_period=10.0), str(host.root), clock.monotonic)
    state.write_if_due(used(host))
    assert not (host.root / "state").exists()
    clock.now += 10
    state.write_if_due(used(host))
    assert (host.root / "state").exists()
