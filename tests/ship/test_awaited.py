"""What goes before it is read is counted, and reported where it is missing, if it was ever seen."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor import slots
from tests.ship.logs import Log, Reader, numbers_of, reports_of


def test_files_that_retention_removed_are_counted_and_reported_where_they_are_missing(log: Log, reader: Reader) -> None:
    log.write(3)
    log.rotate()
    log.write(3)
    reader.follower.settle(reader.read(3))
    sizes = 0
    for _ in range(4):
        log.rotate(kept=3)
        sizes += log.path.with_name("audit.jsonl.1").stat().st_size
        log.write(3)
    lines = reader.take_all()
    assert numbers_of(lines) == list(range(6, 18))
    assert reports_of(lines) == [{"GAP": "removed", "FILES": None, "BYTES": None, "AFTER": "1700000000.002:2"}]
    assert reader.stats.missed_files == 1
    assert sizes


def test_files_known_and_then_removed_are_reported_with_their_size(log: Log, reader: Reader) -> None:
    for _ in range(4):
        log.write(3)
        log.rotate()
    log.write(3)
    batch = reader.read(3)
    reader.follower.settle(batch)
    batch = reader.read(3)  # knows now what is coming
    reader.follower.settle(batch)
    size = log.path.with_name("audit.jsonl.2").stat().st_size
    log.path.with_name("audit.jsonl.2").unlink()
    lines = reader.take_all()
    assert numbers_of(lines) == [9, 10, 11, 12, 13, 14]
    assert reports_of(lines) == [{"GAP": "removed", "FILES": 1, "BYTES": size, "AFTER": "1700000000.005:5"}]
    assert (reader.stats.missed_files, reader.stats.missed_bytes) == (1, size)


def write_files(log: Log, count: int) -> None:
    """So many files of three events each, the newest still named as the log."""
    for number in range(count):
        log.write(3)
        if number < count - 1:
            log.rotate()


def remove(log: Log, *numbers: int) -> int:
    """Remove generations of the log, 0 being the log itself; returns their bytes."""
    paths = [log.path.with_name(f"audit.jsonl.{number}") if number else log.path for number in numbers]
    size = sum(path.stat().st_size for path in paths)
    for path in paths:
        path.unlink()
    return size


@pytest.mark.parametrize("end", ["rewind", "kill"])
@pytest.mark.parametrize(
    ("removed", "first"),
    [((3,), 3), ((3, 2), 6), ((3, 2, 1), 9)],
    ids=["the oldest", "two", "all that are rotated"],
)
def test_files_removed_before_anything_was_acknowledged_are_reported(
    removed: tuple[int, ...], first: int, end: str, log: Log, reader: Reader
) -> None:
    write_files(log, 4)
    assert reader.read() is not None  # sent to a far end that does not answer
    if end == "kill":
        reader.kill()
    else:
        reader.follower.rewind()
        reader.follower.close()
    remove(log, *removed)
    if end == "kill":
        reader.start()
    lines = reader.take_all()
    assert numbers_of(lines) == list(range(first, 12))
    assert [(report["GAP"], report["AFTER"]) for report in reports_of(lines)] == [("removed", None)]
    assert json.loads(lines[0])["ID"] is None


@pytest.mark.parametrize("log_there", [False, True])
def test_nothing_is_reported_that_was_gone_before_the_first_look(log_there: bool, log: Log, reader: Reader) -> None:
    if log_there:
        write_files(log, 3)
        remove(log, 2, 1)
    reader.read()
    reader.kill()
    reader.start()
    log.write(1)
    lines = reader.take_all()
    assert (len(lines), reports_of(lines)) == (len(log.numbers) - 6 * log_there, [])


@pytest.mark.parametrize("end", ["go on", "rewind", "kill", "kill at once"])
@pytest.mark.parametrize("removed", [(2,), (2, 1), (1,), (2, 1, 0), (0,), (2, 0)])
def test_files_removed_from_the_middle_are_reported_where_they_are_missing(
    removed: tuple[int, ...], end: str, log: Log, reader: Reader
) -> None:
    """Of files 3, 2, 1, 0 the first is being read; whatever ends the process, what was seen is missed."""
    write_files(log, 4)
    reader.follower.settle(reader.read(1))
    reader.follower.look()
    if end == "kill at once":
        reader.kill()
    size = remove(log, *removed)
    if end == "kill at once":
        reader.start()
    else:
        reader.follower.look()
    if end == "rewind":
        reader.read()
        reader.follower.rewind()
    elif end == "kill":
        reader.kill()
        reader.start()
    lines = reader.take_all()
    log.write(3)
    lines += reader.take_all()
    lost = {3 * (3 - number) + event for number in removed for event in range(3)}
    assert numbers_of(lines) == [number for number in range(1, 15) if number not in lost]
    reports = reports_of(lines)
    assert (sum(report["FILES"] for report in reports), sum(report["BYTES"] for report in reports)) == (
        len(removed),
        size,
    )
    assert (reader.stats.missed_files, reader.stats.missed_bytes) == (len(removed), size)
    gaps = [index for index, line in enumerate(lines) if json.loads(line)["ID"] is None]
    assert gaps == [
        index
        for index in range(len(lines))
        if json.loads(lines[index])["ID"] is None
        and int(json.loads(lines[index + 1])["ID"].rpartition(":")[2]) - 1 in lost
        and json.loads(lines[index - 1])["ID"] == json.loads(lines[index])["SHIP"]["AFTER"]
    ]


def test_files_that_were_read_and_not_acknowledged_are_missed_when_they_are_gone(log: Log, reader: Reader) -> None:
    write_files(log, 4)
    reader.follower.settle(reader.read(1))
    assert [numbers_of(reader.read().lines) for _ in range(3)] == [[1, 2], [3, 4, 5], [6, 7, 8]]
    size = remove(log, 2)
    reader.follower.look()
    assert reader.stats.missed_files == 0  # it is open, and read
    reader.follower.rewind()
    lines = reader.take_all()
    assert numbers_of(lines) == [1, 2, *range(6, 12)]
    assert reports_of(lines) == [{"GAP": "removed", "FILES": 1, "BYTES": size, "AFTER": "1700000000.002:2"}]


@pytest.mark.parametrize("why", ["removed", "truncated", "removed from the middle"])
def test_no_line_has_the_key_of_a_report(why: str, log: Log, reader: Reader) -> None:
    """Else a far end that stores by key would take the first event behind a gap for a repeat of the report."""
    write_files(log, 3)
    reader.follower.settle(reader.read(1))
    reader.follower.look()
    if why == "truncated":
        log.path.write_bytes(log.line(100) + b"\n")
        remove(log, 2, 1)
        reader.follower.close()
        reader.follower.rewind()
    elif why == "removed":
        remove(log, 2)
        reader.kill()
        reader.start()
    else:
        remove(log, 1)
    keys: list[str] = []
    reports = 0
    while (batch := reader.read()) is not None:
        keys += batch.keys()
        reports += len(reports_of(batch.lines))
        reader.follower.rewind()
        again = reader.read()
        assert (again.lines, again.keys()) == (batch.lines, batch.keys())
        reader.follower.settle(again)
    assert reports == 1
    assert len(keys) == len(set(keys)) > 1


def test_a_long_outage_takes_little_room_in_the_cursor(log: Log, reader: Reader) -> None:
    log.write(1)
    reader.follower.settle(reader.read())
    for number in range(300):
        log.write(1)
        log.rotate(kept=2)
        log.write(1)
        if number % 100 == 50:
            reader.kill()
            reader.start()
            reader.read()
        reader.follower.look()
    assert len(slots.read(str(reader.state))["awaited"]) < 10  # what is gone in a row is kept as one
    lines = reader.take_all()
    assert numbers_of(lines)[-4:] == [597, 598, 599, 600]
    assert [report["GAP"] for report in reports_of(lines)] == ["removed"]
    assert 297 <= reader.stats.missed_files <= 300


@given(
    actions=st.lists(
        st.sampled_from(["write", "rotate", "read", "settle", "fail", "kill", "remove 1", "remove 2", "remove 3"]),
        max_size=40,
    )
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_seen_and_is_missing_is_reported_where_it_is_missing(
    actions: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = Log(folder)
    reader = Reader(log, folder / "cursor")
    received: list[bytes] = []
    waiting: list = []
    removed = False
    for action in [*actions, "fail", "write"]:
        if action == "write":
            log.write(2)
        elif action == "rotate" and log.path.exists():
            log.rotate()
        elif action == "settle" and waiting:
            batch = waiting.pop(0)
            received += batch.lines
            reader.follower.settle(batch)
        elif action == "kill":
            waiting.clear()
            reader.kill()
            reader.start()
        elif action == "fail":
            waiting.clear()
            reader.follower.rewind()
        elif action != "settle":
            if (batch := reader.read(3)) is not None:
                waiting.append(batch)
            reader.follower.look()
            found = log.generation(int(action[-1])) if action.startswith("remove") else None
            if found is not None:
                found.unlink()
                removed = True
    received += reader.take_all(3)
    reader.kill()
    expected = 0
    reported = False
    for line in received:
        value = json.loads(line)
        if value["ID"] is None:
            assert removed
            reported = True
            continue
        number = int(value["ID"].rpartition(":")[2])
        assert number == expected or (number > expected and reported)
        expected, reported = number + 1, False
    assert expected == len(log.numbers)
