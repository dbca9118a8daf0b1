"""What others see: metrics and the file for --status."""

from __future__ import annotations

import json
from pathlib import Path

from sensor.metrics import make_registry
from sensor.ship.seen import ROWS, Named, Watch
from sensor.ship.stats import ShipStats
from tests.ship.test_sender import FarEnd, drain, make


def test_every_counter_has_a_metric_with_the_destination() -> None:
    stats = ShipStats()
    for number, name in enumerate(vars(stats), 1):
        setattr(stats, name, number)
    registry = make_registry(Named("central", stats), ROWS)
    for row in ROWS:
        value = registry.get_sample_value(f"host_sensor_{row.name}", {"destination": "central"})
        assert value == getattr(stats, row.attribute)
    assert {row.attribute for row in ROWS} == set(vars(stats)) - {"cursor_number"}


def test_two_destinations_stand_in_two_text_files_without_a_clash() -> None:
    from prometheus_client import generate_latest

    texts = [generate_latest(make_registry(Named(name, ShipStats()), ROWS)).decode() for name in ("a", "b")]
    samples = [line.rpartition(" ")[0] for text in texts for line in text.splitlines() if not line.startswith("#")]
    assert len(samples) == len(set(samples)) == 2 * len(ROWS)


def test_the_lag_and_the_state_are_kept_up_to_date(tmp_path: Path) -> None:
    kind = FarEnd([])
    log, reader, sender = make(tmp_path, kind)
    watch = Watch(str(tmp_path / "status.json"), str(log.path), "tcp", sender)
    log.write(10)
    watch.look(force=True)
    size = log.path.stat().st_size
    stats = reader.stats
    assert (stats.lag_bytes, stats.kept_bytes, stats.oldest) == (size, size, 1700000000.0)
    assert stats.lag_seconds > 1e6
    drain(sender)
    watch.look(force=True)
    assert (stats.lag_bytes, stats.lag_events, stats.oldest, stats.lag_seconds) == (0, 0, 0, 0)
    seen = json.loads((tmp_path / "status.json").read_text())
    assert (seen["kind"], seen["address"], seen["acknowledged"], seen["connected"]) == ("tcp", "far", 10, 1)


def test_the_report_of_a_gap_alone_is_no_length_of_events(tmp_path: Path) -> None:
    log, reader, sender = make(tmp_path, FarEnd([]))
    log.write(3)
    log.rotate()
    log.write(3)
    reader.read()
    reader.follower.rewind()
    reader.follower.close()
    log.path.with_name("audit.jsonl.1").unlink()
    watch = Watch(str(tmp_path / "status.json"), str(log.path), "tcp", sender)
    sender.step()
    assert (reader.stats.acknowledged, reader.stats.acknowledged_bytes) == (1, 0)
    watch.look(force=True)
    assert reader.stats.lag_bytes == log.path.stat().st_size
    drain(sender)
    watch.look(force=True)
    assert (reader.stats.acknowledged, reader.stats.lag_events) == (4, 0)


def test_a_status_file_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    log, _, sender = make(tmp_path, FarEnd([]))
    Watch(str(tmp_path / "nowhere" / "status.json"), str(log.path), "tcp", sender).look(force=True)
