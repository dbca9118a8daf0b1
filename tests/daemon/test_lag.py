"""The lag is that of the event to the line on the disk, whatever stands in the way meanwhile."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.daemon.lag import WrittenLag
from sensor.stats import DaemonStats, OutputStats
from tests.support.running import counting, sensors

RECORD = b"type=SYSCALL msg=audit(%s:7): arch=c000003e syscall=59\n"


def make() -> tuple[WrittenLag, DaemonStats, OutputStats]:
    stats, output = DaemonStats(), OutputStats()
    return WrittenLag(stats, output), stats, output


@pytest.mark.parametrize(
    ("chunk", "time"),
    [
        (RECORD % b"1700000000.250", 1700000000.25),
        (b"node=web-1 " + RECORD % b"1700000000.250", 1700000000.25),
        (b"type=UNKNOWN[1340] msg=audit(1700000000.250:7): a=b\n", 1700000000.25),
        (b"rest of a line\n" + RECORD % b"5.000" + RECORD % b"6.000", 5.0),
        (b'type=X msg=msg=audit(1.000:1): comm="type=X msg=audit(9.000:1):"\n' + RECORD % b"5.000", 5.0),
        (b" msg=audit(9.000:1): no beginning", 0.0),
        (b"type=SYSCALL msg=audit(99999999999999999999.000:1):\n", 0.0),
        (b"", 0.0),
    ],
)
def test_the_time_is_that_of_the_first_record(chunk, time):
    lag, stats, _ = make()
    lag.read(chunk, 2e9, 100.0)
    assert stats.last_event_time == time


def test_a_chunk_without_a_record_keeps_the_time_and_is_not_read_to_its_end():
    lag, stats, _ = make()
    lag.read(RECORD % b"5.000", 5.0, 5.0)
    chunk = b"node=" + b"x" * (1 << 26)
    began = time.thread_time()
    lag.read(chunk, 2e9, 100.0)
    assert time.thread_time() - began < 0.02
    assert stats.last_event_time == 5.0


def test_lines_that_wait_for_the_disk_count_when_they_are_written():
    lag, stats, output = make()
    lag.read(RECORD % b"1000.000", 1000.0, 1000.0)
    lag.made(3)
    output.lines += 1
    lag.settle(1000.2, 1000.2)
    assert (stats.written_lag.count, stats.written_lag.sum) == (1, pytest.approx(0.2))
    output.lines += 2
    lag.settle(1030.0, 1030.0)
    assert (stats.written_lag.count, stats.written_lag.sum) == (3, pytest.approx(60.2))


def test_lost_lines_have_no_lag():
    lag, stats, output = make()
    lag.read(RECORD % b"1000.000", 1000.0, 1000.0)
    lag.made(5)
    output.lost_lines["ENOSPC"] = 5
    lag.settle(1001.0, 1001.0)
    lag.read(RECORD % b"2000.000", 2000.0, 2000.0)
    lag.made(1)
    output.lines += 1
    lag.settle(2001.0, 2001.0)
    assert (stats.written_lag.count, stats.written_lag.sum) == (1, 1.0)


@pytest.mark.parametrize(
    ("step", "age", "written_after", "expected"),
    [
        (0.0, 0.5, 1.0, 1.5),
        (-100.0, 0.5, 1.0, 1.5),  # set while the lines wait
        (3600.0, 0.5, 1.0, 1.5),
        (0.0, 0.0, 0.0, 0.0),
        (0.09, 0.5, 1.0, 1.5),
    ],
)
def test_a_clock_that_is_set_between_reading_and_writing_changes_no_lag(step, age, written_after, expected):
    lag, stats, output = make()
    lag.read(RECORD % b"1000.000", 1000.0 + age, 50.0)
    lag.made(1)
    output.lines += 1
    lag.settle(1000.0 + age + step + written_after, 50.0 + written_after)
    assert (stats.written_lag.count, stats.written_lag.sum) == (1, pytest.approx(expected))


@pytest.mark.parametrize(
    ("step", "stamped", "expected"),
    [
        (-100.0, 999.9, []),  # before the step: it seems to come from the future
        (-100.0, 900.3, [0.1]),
        (3600.0, 999.9, []),  # before the step: it seems to be an hour old
        (3600.0, 4600.3, [0.1]),
        (0.5, 999.9, []),
        (0.0, 999.9, [0.5]),
        (0.0, 1000.5, []),
    ],
)
def test_events_stamped_before_the_clock_was_set_have_no_lag(step, stamped, expected):
    lag, stats, output = make()
    lag.settle(1000.0, 50.0)
    lag.settle(1000.2, 50.2)
    lag.settle(1000.3 + step, 50.3)
    lag.read(RECORD % b"%.3f" % stamped, 1000.4 + step, 50.4)
    lag.made(1)
    output.lines += 1
    lag.settle(1000.4 + step, 50.4)
    assert stats.written_lag.count == len(expected)
    assert stats.written_lag.sum == pytest.approx(sum(expected))
    assert stats.last_event_time == stamped


def test_lines_of_the_sensor_itself_have_no_lag():
    lag, stats, output = make()
    lag.read(RECORD % b"1000.000", 1000.0, 1000.0)
    lag.made(5, 2)
    output.lines += 5
    lag.settle(1001.0, 1001.0)
    assert (stats.written_lag.count, stats.written_lag.sum) == (3, 3.0)


def test_nothing_is_kept_without_bound():
    """The earlier time stays with those that are taken together."""
    lag, stats, output = make()
    lag.read(RECORD % b"1000.000", 1000.0, 1000.0)
    for _ in range(100_000):
        lag.made(1)
    output.lines += 100_000
    lag.settle(1001.0, 1001.0)
    assert (stats.written_lag.count, stats.written_lag.sum) == (100_000, 100_000.0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=30))
def test_each_line_has_the_lag_of_its_own_batch(steps):
    lag, stats, output = make()
    waiting: list[float] = []
    expected = 0.0
    for second, (made, written) in enumerate(steps, start=1000):
        lag.read(RECORD % b"%d.000" % second, second, second)
        lag.made(made)
        waiting += [second] * made
        done, waiting = waiting[:written], waiting[written:]
        output.lines += len(done)
        lag.settle(second + 0.5, second + 0.5)
        expected += sum(second + 0.5 - each for each in done)
    assert (stats.written_lag.count, stats.written_lag.sum) == (output.lines, pytest.approx(expected))


def test_a_running_sensor_counts_the_lag_of_every_line(tmp_path):
    """Real events of now; a feed of 2023 would be as late as that."""
    began = time.time()
    with sensors(tmp_path) as start:
        run = start(metrics=counting(tmp_path))
        for number in range(200):
            id = f"msg=audit({time.time():.3f}:{number})"
            text = f"type=SYSCALL {id}: arch=c000003e syscall=59 success=yes exit={number} items=0\ntype=EOE {id}: \n"
            run.auditd.sendall(text.encode())
        assert run.end() == 0
        counters = run.counters()
    assert counters["output_lines_total"] == 200
    assert counters["written_lag_seconds_count"] == 200
    assert counters['written_lag_seconds_bucket{le="10.0"}'] == 200
    assert counters["written_lag_seconds_sum"] < 200 * (time.time() - began)
    assert began - 1 < counters["last_event_timestamp_seconds"] < time.time() + 1
    assert counters["input_buffer_bytes"] > 1 << 20
    assert 0 < counters["output_disk_free_bytes"] <= counters["output_disk_bytes"]
