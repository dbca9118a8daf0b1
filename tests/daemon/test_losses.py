"""Each way in which a running sensor loses something, made for real: made = counted = reported in the stream."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sensor.outputs.write_buffer import bytes_left
from tests.support.losses import Losses, counted, lines_of, reported
from tests.support.running import Sensor, counting, event, events, sensors
from tests.support.small_disk import small_disk

BUFFER = 65536


def is_read(run: Sensor) -> bool:
    """Whether the sensor has taken all that was sent."""
    return bytes_left(run.auditd.fileno()) == 0


def numbered(serial: int, node: str = "", time: float = 1700000000.0) -> bytes:
    """An event with this serial."""
    before = f"node={node} " if node else ""
    id = f"msg=audit({time:.3f}:{serial & 0xFFFFFFFF})"
    return f"{before}type=CWD {id}: cwd=/\n{before}type=SYSCALL {id}: items=0\n{before}type=EOE {id}: \n".encode()


def outcome(run: Sensor, log: Path | None = None) -> Losses:
    """What was lost, as both ways say it."""
    assert run.end(60) == 0
    observed = reported(lines_of(log or run.folder / "audit.jsonl"))
    assert counted(run.counters()) == observed
    return observed


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[Callable[..., Sensor]]:
    with sensors(tmp_path) as start:
        yield lambda **sections: start(sensor_events=True, metrics=counting(tmp_path), **sections)


@pytest.mark.parametrize(
    ("feed", "missing"),
    [
        ([(1, 100), (103, 200)], 3),
        ([(1, 100), (101, 200)], 1),
        ([(2**32 - 50, 2**32 - 3), (2, 50)], 5),  # over the end of the counter
        ([(2**32 - 50, 50)], 0),
        ([(1, 50), (60, 100), (50, 60)], 0),  # late, not lost
        ([(1, 50), (60, 100), (50, 58)], 2),
        ([(1, 50), (5_000_000_00, 5_000_000_50)], 0),  # began again
    ],
)
def test_gaps_in_a_doctored_feed(sensor: Callable[..., Sensor], feed: list[tuple[int, int]], missing: int) -> None:
    run = sensor()
    for first, behind in feed:
        run.auditd.sendall(b"".join(map(numbered, range(first, behind))))
    assert outcome(run) == Counter({("stream", "gap"): missing} if missing else {})


def test_what_was_late_in_the_very_first_chunk_is_no_gap(sensor: Callable[..., Sensor]) -> None:
    """So much has come that it is read at once, before the sensor has looked at the time for the first time."""
    run = sensor()
    run.auditd.sendall(b"".join([numbered(serial) for serial in range(1, 1500) if serial % 100]))
    run.wait_for(lambda: len(lines_of(run.folder / "audit.jsonl")) > 1400)
    time.sleep(1.2)
    run.auditd.sendall(b"".join([numbered(serial) for serial in range(1, 1500) if not serial % 100]))
    assert outcome(run) == Counter()


def test_gaps_of_two_nodes_that_are_mixed(sensor: Callable[..., Sensor]) -> None:
    """Each node has a counter of its own, and so has auditd for its own records."""
    run = sensor()
    one = [numbered(serial, "one") for serial in range(1000, 1100) if serial % 10]
    two = [numbered(serial, "two") for serial in range(2**32 - 50, 2**32 + 50) if serial % 20 != 1]
    daemon = b"node=one type=DAEMON_CONFIG msg=audit(1700000000.001:9): op=reconfigure state=changed\n"
    run.auditd.sendall(daemon.join(first + second for first, second in zip(one, two)) + b"".join(two[len(one) :]))
    lost = sum(1 for serial in range(1001, 1100) if serial % 10 == 0)
    lost += sum(1 for serial in range(2**32 - 49, 2**32 + 49) if serial % 20 == 1)
    assert outcome(run) == {("stream", "gap"): lost}


def test_events_that_lack_a_part(sensor: Callable[..., Sensor]) -> None:
    run = sensor(coalesce={"timeout": 0.3, "settle": 0.1})
    id = "msg=audit(1700000000.000:%d)"
    text = "".join(
        [
            f"type=SYSCALL {id % 1}: arch=c000003e syscall=59 success=yes exit=0 items=2 pid=1\n",
            f'type=PATH {id % 1}: item=0 name="/"\ntype=EOE {id % 1}: \n',
            f'type=PATH {id % 2}: item=0 name="/"\ntype=EOE {id % 2}: \n',
            f"type=SYSCALL {id % 4}: arch=c000003e syscall=59 success=yes exit=0 items=0 pid=1\n",
            f'type=EXECVE {id % 4}: argc=3 a0="rm" a1="-r"\ntype=EOE {id % 4}: \n',
            f"type=SYSCALL {id % 3}: arch=c000003e syscall=59 success=yes exit=0 items=0 pid=1\n",
        ]
    )
    run.auditd.sendall(text.encode())
    run.wait_for(lambda: len(lines_of(run.folder / "audit.jsonl")) >= 5)
    assert outcome(run) == {("stream", part): 1 for part in ("path", "argument", "syscall", "eoe")}


def test_lines_that_are_no_records(sensor: Callable[..., Sensor]) -> None:
    run = sensor()
    run.auditd.sendall(b"no record\n" * 7 + event(1) + b"\0" * 5000 + b"\n" + event(2))
    assert outcome(run) == {("parser", "header"): 7, ("parser", "zeros"): 1}


def test_the_memory_for_input_is_bounded(sensor: Callable[..., Sensor]) -> None:
    """What comes while the sensor is busy with more than it has room for."""
    run = sensor(input_buffer=BUFFER, enrich={"cmdline": True})
    sent = 60_000
    text = events(0, sent)
    for start in range(0, len(text), 1 << 20):
        run.auditd.sendall(text[start : start + (1 << 20)])
    losses = outcome(run)
    counters = run.counters()
    dropped = losses.pop(("input", "dropped"))
    assert dropped == counters["input_dropped_lines_total"] > 0
    assert counters["lines_total"] + dropped == 2 * sent
    assert losses.keys() <= {("stream", "gap"), ("stream", "eoe"), ("stream", "syscall")}  # what follows from it


def test_the_memory_for_unfinished_events_is_bounded(sensor: Callable[..., Sensor]) -> None:
    run = sensor(coalesce={"max_events": 16, "timeout": 30.0})
    run.auditd.sendall(b"".join([event(number, end=False) for number in range(100)]))
    run.wait_for(lambda: len(lines_of(run.folder / "audit.jsonl")) > 80)
    losses = outcome(run)
    assert losses["bounds", "events"] == 100 - 16
    assert losses["stream", "eoe"] >= losses["bounds", "events"]


def test_an_output_that_refuses(sensor: Callable[..., Sensor]) -> None:
    """Nobody listens until there is more than is kept; then somebody does."""
    folder = Path(os.path.realpath("/tmp")) / f"host-sensor-losses-{os.getpid()}"
    folder.mkdir()
    path = folder / "socket"
    try:
        with socket.socket(socket.AF_UNIX) as refusing:
            refusing.bind(str(path))  # and does not listen
        run = sensor(auditlog={"file": f"unix:{path}", "buffer": BUFFER})
        run.auditd.sendall(events(0, 400))
        run.wait_for(lambda: is_read(run) and "Connection refused" in run.output())
        time.sleep(1)
        path.unlink()
        with socket.socket(socket.AF_UNIX) as listening, (folder / "log").open("wb") as log:
            listening.bind(str(path))
            listening.listen()
            far_end, _ = listening.accept()
            with far_end, subprocess.Popen(["cat"], stdin=far_end, stdout=log) as reader:
                far_end.shutdown(socket.SHUT_WR)
                run.auditd.sendall(event(400))
                losses = outcome_of_a_stream(run, folder / "log", reader)
        kept = [line for line in lines_of(folder / "log") if "SYSCALL" in line]
        assert losses == {("output", "ECONNREFUSED"): 401 - len(kept)}
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


def test_copies_for_finding_mistakes_that_cannot_be_written(sensor: Callable[..., Sensor]) -> None:
    """Neither the copy of the input nor that of what is no record; the log itself has all."""
    debug = {"inputlog": {"file": "/dev/full"}, "parse_error_log": {"file": "no/such/folder"}}
    run = sensor(debug={name: {**log, "buffer": BUFFER} for name, log in debug.items()})
    run.auditd.sendall(b"no record\n" * 3000 + events(0, 300))
    run.wait_for(lambda: is_read(run) and ("debug", "lost") in reported(lines_of(run.folder / "audit.jsonl")))
    assert run.end(60) == 0
    lost = counted(run.counters())
    assert lost["debug", "lost"] == 3000 + 2 * 300 + 3000
    assert lost == {("parser", "header"): 3000, ("debug", "lost"): lost["debug", "lost"]}


def outcome_of_a_stream(run: Sensor, log: Path, reader: subprocess.Popen[bytes]) -> Losses:
    assert run.end(60) == 0
    reader.wait(20)
    observed = reported(lines_of(log))
    assert counted(run.counters()) == observed
    return observed


@pytest.mark.root
def test_a_full_disk(sensor: Callable[..., Sensor], tmp_path: Path) -> None:
    """A file system of 1 MiB fills up and has room again, twice."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        run = sensor(directory=str(disk), auditlog={"buffer": BUFFER, "size": None})
        sent = 0
        for _ in range(2):
            free = os.statvfs(disk)
            (disk / "ballast").write_bytes(bytes(free.f_bavail * free.f_frsize - 3 * BUFFER))
            run.auditd.sendall(events(sent, sent + 1000))
            sent += 1000
            run.wait_for(lambda: is_read(run) and "No space left" in run.output())
            time.sleep(1)
            (disk / "ballast").unlink()
            time.sleep(0.5)
        run.auditd.sendall(event(sent))
        losses = outcome(run, disk / "audit.jsonl")
        found = lines_of(disk / "audit.jsonl")
    kept = [line for line in found if "SYSCALL" in line]
    assert losses == {("output", "ENOSPC"): sent + 1 - len(kept)}
    assert 2 <= sum(1 for line in found if line.get("SENSOR", {}).get("event") == "loss") <= 4
