"""Every query of every panel finds data in a real Prometheus that scrapes a sensor with every kind of trouble."""

from __future__ import annotations

import threading
import time

import pytest

from sensor.metrics import Exporter, Options, SensorOptions
from sensor.ship.seen import ROWS as SHIP_ROWS
from sensor.ship.seen import Named
from sensor.ship.stats import ShipStats
from sensor.stats import Histogram, Stats
from sensor.tables.metrics import AUDITD_STATE, ROWS
from tests.grafana.boards import BOARDS, GRAFANA, OF_METRICS, choose, fill, panels
from tests.support.prometheus import OWN, query, running, wait_for

QUERIES = [
    pytest.param(board, target["expr"], id=f"{board}/{panel['title']}/{target['legendFormat']}")
    for board in OF_METRICS
    for panel in panels(board)
    for target in panel["targets"]
]
MARKS = [pytest.param(mark["expr"], id=mark["name"]) for mark in BOARDS["fleet"]["annotations"]["list"]]
TIMES = {"__range": "1m", "__interval": "10s", "__rate_interval": "10s"}


def busy(stats: Stats, ship: ShipStats, stop: threading.Event) -> None:
    """Move every counter, as a sensor and a shipper with every kind of trouble would."""
    levels = {row.attribute: 5 for row in ROWS if not row.label and not row.name.endswith("_total")}
    stats.config.last_reload_success_time = time.time() + 3600  # long after the start, which would be no reload
    while not stop.wait(0.05):
        stats.daemon.last_event_time = time.time()
        for name, value in vars(ship).items():
            setattr(ship, name, value + 1)
        for row in ROWS:
            part = getattr(stats, row.part)
            value = getattr(part, row.attribute)
            if isinstance(value, Histogram):
                value.add(0.2, 3)
            elif row.label:
                for key in row.known or ("some",):
                    value[key] = value.get(key, 0) + 1
            elif row.name.endswith("_total"):
                setattr(part, row.attribute, value + 1)
            elif not value:
                setattr(part, row.attribute, levels[row.attribute])


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """Start a Prometheus that has scraped a busy sensor, and itself, for a few seconds; the value is its address."""
    stats, ship, stop = Stats(), ShipStats(), threading.Event()
    report = tmp_path_factory.mktemp("auditd") / "auditd.state"
    report.write_text("".join(f"{row.line} = 1\n" for row in AUDITD_STATE))
    exporter = Exporter(SensorOptions(listen="127.0.0.1:0", auditd_state=str(report)), stats)
    exporter.start()
    shipper = Exporter(Options(listen="127.0.0.1:0"), Named("central", ship), SHIP_ROWS)
    shipper.start()
    worker = threading.Thread(target=busy, args=(stats, ship, stop))
    worker.start()
    jobs = [
        {"job_name": name, "static_configs": [{"targets": [target]}]}
        for name, target in (
            ("host-sensor", "{}:{}".format(*exporter.address)),
            ("host-sensor-ship", "{}:{}".format(*shipper.address)),
            ("prometheus", OWN),
        )
    ]
    rules = [GRAFANA / "rules.yaml", GRAFANA / "alerts.yaml"]
    try:
        with running(tmp_path_factory.mktemp("prometheus"), jobs, rules) as url:
            wait_for(
                url, 'min(count_over_time(host_sensor_events_total[1m])) > 6 and on () count(up{job="prometheus"})'
            )
            wait_for(url, 'count(ALERTS{alertstate="firing"})')
            yield url
    finally:
        stop.set()
        worker.join()
        exporter.close()
        shipper.close()


@pytest.mark.slow
@pytest.mark.parametrize(("board", "expr"), QUERIES)
def test_queries_find_data(prometheus, board, expr):
    found = query(prometheus, fill(expr, choose(prometheus, board), **TIMES))
    assert found
    assert not [sample for sample in found if sample["metric"].get("job") == "prometheus"]


@pytest.mark.slow
@pytest.mark.parametrize("expr", MARKS)
def test_annotations_find_data(prometheus, expr):
    assert query(prometheus, fill(expr, choose(prometheus, "fleet"), **TIMES))


@pytest.mark.slow
def test_variables_find_the_sensor_only(prometheus):
    assert choose(prometheus, "host")["job"] == "host\\-sensor"
    assert "|" not in choose(prometheus, "host")["instance"]


@pytest.mark.slow
def test_every_recording_rule_finds_data(prometheus):
    from grafana.generate import source

    for rule in source("rules"):
        side = f'{{side="{rule["labels"]["side"]}"}}' if "labels" in rule else ""
        assert query(prometheus, rule["record"] + side), rule["record"]
