"""How far behind: compared with reading all of it."""

from __future__ import annotations

from pathlib import Path

from sensor.ship.lag import DeliveryLag, measure
from tests.ship.logs import Log, Reader


def test_the_lag_is_what_follows_the_cursor(tmp_path: Path) -> None:
    log = Log(tmp_path)
    reader = Reader(log, tmp_path / "cursor")
    for _ in range(3):
        log.write(10)
        log.rotate()
    log.write(10)
    sizes = [path.stat().st_size for path in sorted(tmp_path.glob("audit.jsonl.*"), reverse=True)]
    sizes.append(log.path.stat().st_size)

    def lag(count: bool = True) -> DeliveryLag:
        return measure(str(log.path), reader.cursor.position.file, reader.cursor.position.offset, count)

    assert lag() == DeliveryLag(sum(sizes), 4, sum(sizes), 1700000000.0, 40, True)
    batch = reader.read(4)
    reader.follower.settle(batch)
    assert lag() == DeliveryLag(sum(sizes) - batch.size, 4, sum(sizes), 1700000000.004, 36, True)
    assert lag(count=False).events is None
    reader.follower.settle(reader.read(6))
    assert lag() == DeliveryLag(sum(sizes[1:]), 3, sum(sizes[1:]), 1700000000.010, 30, True)
    reader.take_all()
    assert lag() == DeliveryLag(0, 0, 0, None, 0, True)
    log.rotate()
    assert lag() == DeliveryLag(0, 0, 0, None, 0, True)
    log.write(2)
    log.pack(1)
    assert (lag().events, lag().is_there) == (2, True)
    for path in tmp_path.glob("audit.jsonl.*"):
        path.unlink()
    assert (lag().events, lag().is_there) == (2, False)
