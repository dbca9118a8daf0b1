"""Following a log through all that may be done to it: everything once and in order, or again from the cursor on."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ship.logs import Log, Reader, numbers_of, reports_of


def test_lines_come_in_batches_bounded_by_number_and_by_size(log: Log, reader: Reader) -> None:
    log.write(10)
    size = len(log.line(0)) + 1
    first = reader.read(3)
    second = reader.read(1000, 4 * size + 5)
    assert [numbers_of(first.lines), numbers_of(second.lines)] == [[0, 1, 2], [3, 4, 5, 6]]
    assert (second.start.number, second.end.number, second.size) == (3, 7, 4 * size)
    assert second.end.id == "1700000000.006:6"


def test_half_a_line_is_awaited(log: Log, reader: Reader) -> None:
    log.write(2)
    with log.path.open("ab") as file:
        file.write(b'{"ID":"1.000:2"')
        file.flush()
        assert numbers_of(reader.take_all()) == [0, 1]
        assert reader.read() is None
        file.write(b"}\n")
    assert numbers_of(reader.take_all()) == [2]


def test_blank_lines_are_passed_over_and_offsets_stay_right(log: Log, reader: Reader) -> None:
    log.write(1)
    with log.path.open("ab") as file:
        file.write(b"\n\n")
    log.write(1)
    batch = reader.read()
    content = log.path.read_bytes()
    assert [content[offset:].partition(b"\n")[0] for offset in batch.offsets()] == batch.lines
    assert batch.end.offset == len(content)


@pytest.mark.parametrize(
    "change",
    ["rotate", "rotate twice", "pack", "copy and truncate", "new directory", "move the directory", "restore a copy"],
)
def test_nothing_is_missed_or_repeated_by_what_is_done_to_files(change: str, log: Log, reader: Reader) -> None:
    log.write(5)
    log.rotate()
    log.write(5)
    assert numbers_of(reader.read(7).lines) == [0, 1, 2, 3, 4]
    reader.follower.rewind()
    first = reader.read(2)
    reader.follower.settle(first)
    if change.startswith("rotate"):
        log.rotate()
        if change.endswith("twice"):
            log.write(1)
            log.rotate()
    elif change == "pack":
        log.pack(1)
    elif change == "copy and truncate":
        log.copy_and_truncate()
    elif change == "restore a copy":
        copy = log.path.with_name("copy")
        shutil.copy(log.path, copy)
        copy.rename(log.path)
    else:
        folder = log.path.parent
        old = folder.with_name("old")
        folder.rename(old)
        shutil.copytree(old, folder)
        if change == "new directory":
            shutil.rmtree(old)
    log.write(3)
    assert numbers_of(first.lines + reader.take_all(2)) == log.numbers


def test_a_process_that_is_killed_goes_on_where_it_was_acknowledged(log: Log, reader: Reader) -> None:
    for _ in range(4):
        log.write(3)
        log.rotate()
    reader.follower.settle(reader.read(2))
    reader.read(2)
    reader.read(2)
    reader.kill()
    log.rotate()
    log.write(1)
    log.pack(5)
    reader.start()
    assert numbers_of(reader.take_all()) == list(range(2, 13))


def test_a_log_that_begins_anew_in_a_new_directory_is_read_from_its_beginning(log: Log, reader: Reader) -> None:
    log.write(3)
    assert numbers_of(reader.take_all()) == [0, 1, 2]
    shutil.rmtree(log.path.parent)
    assert reader.read() is None
    log.path.parent.mkdir()
    assert reader.read() is None
    log.write(2)
    assert numbers_of(reader.take_all()) == [3, 4]


def test_a_truncated_log_is_read_anew_and_reported(log: Log, reader: Reader) -> None:
    log.write(3)
    reader.take_all()
    os.truncate(log.path, 0)
    log.write(2)
    lines = reader.take_all()
    assert numbers_of(lines) == [3, 4]
    assert [report["GAP"] for report in reports_of(lines)] == ["truncated"]


def test_a_log_restored_to_an_earlier_state_is_read_again_from_its_beginning(log: Log, reader: Reader) -> None:
    log.write(2)
    copy = log.path.read_bytes()
    log.write(3)
    reader.take_all()
    log.path.write_bytes(copy)
    log.write(1)
    assert numbers_of(reader.take_all()) == [0, 1, 5]


def test_a_report_that_was_not_acknowledged_is_sent_again_and_counted_once(log: Log, reader: Reader) -> None:
    log.write(2)
    reader.take_all()
    os.truncate(log.path, 0)
    log.write(1)
    assert len(reports_of(reader.read().lines)) == 1
    reader.follower.rewind()
    assert len(reports_of(reader.take_all())) == 1
    assert reader.stats.missed_files == 1


def test_a_line_too_long_to_be_sent_is_cut_and_marked(log: Log, reader: Reader) -> None:
    log.write(1)
    with log.path.open("ab") as file:
        file.write(b"{" + b"x" * (40 << 20) + b"}\n")
    log.write(1)
    assert numbers_of(reader.read(1).lines) == [0]
    batch = reader.read()
    assert (batch.oversized, batch.size, len(batch.lines)) == (True, (40 << 20) + 3, 1)
    assert numbers_of(reader.read().lines) == [1]


def test_a_line_of_ten_megabytes_is_a_batch_of_its_own(log: Log, reader: Reader) -> None:
    log.size = 10 << 20
    log.write(1)
    log.size = 0
    log.write(1)
    batch = reader.read(1000, 65536)
    assert (len(batch.lines[0]) > 10 << 20, batch.oversized) == (True, False)
    assert numbers_of(reader.take_all()) == [1]


def test_the_rest_of_a_file_nobody_writes_any_more_is_a_line(log: Log, reader: Reader) -> None:
    log.write(1)
    with log.path.open("ab") as file:
        file.write(log.line(1))
    log.numbers.append(1)
    log.rotate()
    log.write(1)
    assert numbers_of(reader.take_all()) == [0, 1, 2]


def test_a_thousand_small_files(log: Log, reader: Reader) -> None:
    for number in range(1000):
        log.write(1)
        log.path.rename(log.path.with_name(f"audit.jsonl.{2000 - number}"))
    log.write(1)
    before = len(os.listdir("/proc/self/fd"))
    batches = [reader.read() for _ in range(500)]
    assert len(os.listdir("/proc/self/fd")) < before + 80
    lines = [line for batch in batches for line in batch.lines]
    for batch in batches:
        reader.follower.settle(batch)
    assert numbers_of(lines + reader.take_all()) == log.numbers


def test_a_packed_file_that_is_cut_short_is_read_up_to_there_and_reported(log: Log, reader: Reader) -> None:
    log.size = 3000
    log.write(200)
    log.rotate()
    log.write(1)
    log.pack(1)
    packed = log.path.with_name("audit.jsonl.1.gz")
    os.truncate(packed, packed.stat().st_size * 3 // 4)
    before = numbers_of(reader.take_all())
    assert 0 < len(before) < 200
    assert before == list(range(len(before)))  # it may still be written: nothing more for now
    os.utime(packed, (0, 0))
    reader.follower.rewind()
    reader.follower.close()
    lines = reader.take_all()
    assert numbers_of(lines)[-1] == 200
    assert [report["GAP"] for report in reports_of(lines)] == ["damaged"]


ACTIONS = st.lists(
    st.sampled_from(["write", "rotate", "pack", "copytruncate", "read", "settle", "fail", "kill"]), max_size=40
)


@given(actions=ACTIONS, events=st.integers(1, 4))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_everything_arrives_in_order_and_repeats_are_what_was_not_acknowledged(
    actions: list[str], events: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The receiver as a list: what fails or is killed goes back to the last acknowledged number, and no further."""
    folder = tmp_path_factory.mktemp("log")
    log = Log(folder)
    reader = Reader(log, folder / "cursor")
    received: list[int] = []
    waiting: list = []
    for action in [*actions, "fail"]:
        if action == "write":
            log.write(2)
        elif action == "rotate" and log.path.exists():
            log.rotate()
        elif action == "pack":
            log.pack(1)
        elif action == "copytruncate" and log.path.exists() and log.path.stat().st_size:
            log.copy_and_truncate()
        elif action == "read" and (batch := reader.read(events)) is not None:
            waiting.append(batch)
        elif action == "settle" and waiting:
            batch = waiting.pop(0)
            received += numbers_of(batch.lines)
            reader.follower.settle(batch)
        elif action in {"fail", "kill"}:
            waiting.clear()
            if action == "kill":
                reader.kill()
                reader.start()
            else:
                reader.follower.rewind()
    received += numbers_of(reader.take_all(events))
    reader.kill()
    assert received == log.numbers[: len(received)]
    newest = log.path.exists() and log.path.stat().st_size
    assert len(received) == len(log.numbers) or not newest


def test_steps_of_the_clock_change_nothing(log: Log, reader: Reader) -> None:
    """Neither the times of events nor those of files say what comes after what."""
    moments = iter([1700000000, 1600000000, 2000000000, 1700000001, 1, 9999999999])
    lines = []
    for number, moment in enumerate(moments):
        line = b'{"ID":"%d.000:%d"}' % (moment, number)
        lines.append(line)
        log.path.write_bytes(line + b"\n")
        os.utime(log.path, (moment, min(moment, 4000000000)))
        if number < 5:
            log.rotate()
        if number == 2:
            log.pack(1)
    assert reader.take_all() == lines
