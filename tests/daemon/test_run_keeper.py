"""What happens between two runs is counted by the second: killed, ended, unwritten, unreported; each exactly."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sensor.outputs.write_buffer import bytes_left
from tests.support.losses import Losses, counted, lines_of, reported, sensor_events
from tests.support.running import Sensor, counting, events, sensors


@pytest.fixture
def sensor(tmp_path: Path) -> Iterator[Callable[..., Sensor]]:
    with sensors(tmp_path) as start:
        yield lambda **sections: start(sensor_events=True, metrics=counting(tmp_path), **sections)


def exits(folder: Path) -> list[int]:
    """The exit values of all events in the log."""
    return [line["SYSCALL"]["exit"] for line in lines_of(folder / "audit.jsonl") if "SYSCALL" in line]


def kill(run: Sensor) -> None:
    run.process.send_signal(signal.SIGKILL)
    run.process.wait()


def ends(folder: Path) -> list[str | None]:
    """How the run before each start ended."""
    return [start["before"] for start in sensor_events(lines_of(folder / "audit.jsonl"), "start")]


@pytest.mark.parametrize("missed", [0, 1, 200])
def test_events_that_a_killed_sensor_had_not_worked_on(
    sensor: Callable[..., Sensor], tmp_path: Path, missed: int
) -> None:
    run = sensor()
    run.auditd.sendall(events(0, 500))
    run.wait_for(lambda: len(exits(tmp_path)) == 500)
    run.process.send_signal(signal.SIGSTOP)
    run.auditd.sendall(events(500, 500 + missed))
    kill(run)
    run = sensor()
    run.auditd.sendall(events(500 + missed, 900))
    assert run.end() == 0
    assert exits(tmp_path) == [*range(500), *range(500 + missed, 900)]
    expected = {("restart", "crash"): missed} if missed else {}
    assert counted(run.counters()) == expected
    assert +sum_of(tmp_path) == expected
    assert ends(tmp_path) == [None, "crash"]


def sum_of(folder: Path) -> Losses:
    """What was reported by the last run."""
    lines = lines_of(folder / "audit.jsonl")
    last = max(number for number, line in enumerate(lines) if line.get("SENSOR", {}).get("event") == "start")
    return reported(lines[last:])


def test_killed_over_and_over(sensor: Callable[..., Sensor], tmp_path: Path) -> None:
    """Made is written, or missed and reported once, by which run ever."""
    made = missed = 0
    for number in range(5):
        run = sensor()
        run.auditd.sendall(events(made, made + 100))
        made += 100
        run.wait_for(lambda: len(exits(tmp_path)) == made - missed)  # noqa: B023
        run.process.send_signal(signal.SIGSTOP)
        run.auditd.sendall(events(made, made + 10 * number))
        made += 10 * number
        missed += 10 * number
        kill(run)
    run = sensor()
    run.auditd.sendall(events(made, made + 1))
    assert run.end() == 0
    assert len(exits(tmp_path)) == made + 1 - missed
    told = sensor_events(lines_of(tmp_path / "audit.jsonl"), "loss")
    assert {(loss["place"], loss["reason"]) for loss in told} == {("restart", "crash")}
    assert sum(loss["count"] for loss in told) == missed == 100


def test_events_after_a_sensor_has_ended(sensor: Callable[..., Sensor], tmp_path: Path) -> None:
    run = sensor()
    run.auditd.sendall(events(0, 100))
    assert run.end() == 0
    run = sensor()
    run.auditd.sendall(events(130, 200))
    assert run.end() == 0
    assert counted(run.counters()) == sum_of(tmp_path) == {("restart", "stop"): 30}
    assert ends(tmp_path) == [None, "stop"]


def test_a_gap_of_its_own_is_none_between_runs(sensor: Callable[..., Sensor], tmp_path: Path) -> None:
    run = sensor()
    run.auditd.sendall(events(0, 100))
    assert run.end() == 0
    run = sensor()
    run.auditd.sendall(events(100, 150) + events(157, 200))
    assert run.end() == 0
    assert counted(run.counters()) == sum_of(tmp_path) == {("stream", "gap"): 7}


def test_lines_that_were_never_written(sensor: Callable[..., Sensor], tmp_path: Path) -> None:
    """The disk is full when it is killed: some lines wait, others are lost and it could not report them."""
    log = tmp_path / "audit.jsonl"
    log.symlink_to("/dev/full")
    run = sensor(auditlog={"buffer": 65536})
    run.auditd.sendall(events(0, 400))
    run.wait_for(lambda: "No space left" in run.output() and bytes_left(run.auditd.fileno()) == 0)
    time.sleep(2)  # what was read is worked on
    kill(run)
    log.unlink()
    run = sensor()
    run.auditd.sendall(events(400, 410))
    assert run.end() == 0
    earlier = reported(lines_of(log), earlier=True)
    unwritten = counted(run.counters())["restart", "unwritten"]
    assert counted(run.counters()) == sum_of(tmp_path) == {("restart", "unwritten"): unwritten}
    assert earlier.keys() == {("output", "ENOSPC")}
    assert unwritten + earlier["output", "ENOSPC"] == 401  # the SENSOR event of the start among them


def test_a_sensor_that_still_runs_is_not_taken_for_dead(sensor: Callable[..., Sensor], tmp_path: Path) -> None:
    first = sensor()
    first.auditd.sendall(events(0, 10))
    first.wait_for(lambda: len(exits(tmp_path)) == 10)
    second = sensor()
    second.wait_for(lambda: second.output().count(" runs") == 2)
    second.auditd.sendall(events(20, 30))
    assert first.end() == 0
    assert second.end() == 0
    assert ends(tmp_path) == [None, None]
    assert counted(second.counters()) == {}


def test_two_sensors_that_write_to_one_folder_are_reported(sensor: Callable[..., Sensor]) -> None:
    """One that ends takes at most both timeouts, so later it is another one."""
    first = sensor(drain_timeout=0, finish_timeout=0)
    second = sensor(drain_timeout=0, finish_timeout=0)
    message = "state.run: another sensor uses it; where two write, every event is there twice"
    assert message not in second.output()
    second.wait_for(lambda: message in second.output())
    assert first.end() == 0
    assert second.end() == 0


def test_without_a_state_there_is_no_record(sensor: Callable[..., Sensor], tmp_path: Path) -> None:
    run = sensor(state={"file": None})
    run.auditd.sendall(events(0, 10))
    assert run.end() == 0
    assert list(tmp_path.glob("*.run")) == []


def test_a_record_that_cannot_be_kept_is_logged_and_costs_nothing(
    sensor: Callable[..., Sensor], tmp_path: Path
) -> None:
    (tmp_path / "state.run").mkdir()
    run = sensor()
    run.auditd.sendall(events(0, 10))
    assert run.end() == 0
    assert exits(tmp_path) == list(range(10))
    assert run.output().count("what is lost between runs is not counted") == 1
