"""The dashboard is current, keeps Grafana's good manners, and each of its queries finds data in a real Prometheus."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from grafana import generate
from sensor import metrics
from sensor.metrics import ROWS, Exporter, Options
from sensor.ship.seen import ROWS as SHIP_ROWS
from sensor.ship.seen import Named
from sensor.ship.stats import ShipStats
from sensor.stats import Stats
from tests.support.prometheus import program

BOARD = json.loads(generate.DASHBOARD.read_text(encoding="utf-8"))
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']}/{target['legendFormat']}")
    for panel in PANELS
    for target in panel["targets"]
]
UNITS = {"short", "ops", "bytes", "Bps", "s", "percentunit"}  # those used, all of them Grafana's
OURS = re.compile(r"\b(?:host_sensor|process)_\w+|\bup\b")


def test_the_dashboard_is_current():
    assert generate.dashboard() == generate.DASHBOARD.read_text(encoding="utf-8"), "run: python -m grafana.generate"


def test_it_can_be_imported_by_anybody():
    assert "id" not in BOARD
    assert (BOARD["uid"], BOARD["editable"], BOARD["schemaVersion"] >= 39) == ("host-sensor", False, True)
    assert BOARD["templating"]["list"][0]["type"] == "datasource"
    for variable in BOARD["templating"]["list"][1:]:
        assert variable["query"]["query"].startswith("label_values(host_sensor_build_info")
        assert (variable["multi"], variable["includeAll"], variable["refresh"]) == (True, True, 2)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_panels_have_good_manners(panel):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["targets"]
    assert all(target["legendFormat"] and target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def test_panels_lie_side_by_side():
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(set(ids)) == len(ids)
    taken = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < generate.WIDTH
        taken |= cells


@pytest.mark.parametrize("expr", QUERIES)
def test_queries_have_good_manners(expr):
    for selector in OURS.finditer(expr):
        rest = expr[selector.end() :]
        assert rest.startswith(generate.SELECT), f"{selector[0]} is not limited to the chosen sensors"
        rest = rest[len(generate.SELECT) :]
        if selector[0].endswith("_total"):
            assert rest.startswith(("[$__rate_interval]", "[$__range]"))
            assert expr[: selector.start()].endswith(("rate(", "increase(")), f"{selector[0]} is a counter"


WAITING = ("pending", "buffer", "disk", "disk_free", "retained")


SHIP_LEFT_OUT = (
    "acknowledged_bytes_total",
    "connected",
    "cursor_errors_total",
    "kept_bytes",
    "lag_events",
    "missed_bytes_total",
    "oldest_unshipped_timestamp_seconds",
    "retries_total",
    "sent_bytes_total",
    "sent_events_total",
)


def test_every_metric_is_on_the_dashboard_but_those_left_out_on_purpose():
    shown = {name for panel in PANELS for target in panel["targets"] for name in OURS.findall(target["expr"])}
    names = {*metrics.names(), *(f"host_sensor_{row.name}" for row in SHIP_ROWS)}
    left_out = {
        "input_buffer_bytes",
        "processes_limit",
        "last_event_timestamp_seconds",
        "written_lag_seconds",
        *(f"{log}_{name}_bytes" for log in ("output", "filterlog") for name in WAITING),
        "config_last_reload_success_timestamp_seconds",
        "input_reads_total",
        "input_dropped_bytes_total",
        "input_reconnects_total",
        "end_lines_total",
        "fast_events_total",
        "inflight_events",
        "processes_evicted_total",
        "pids_reused_total",
        "output_lines_total",
        "output_unshipped_bytes_total",
        "filterlog_unshipped_bytes_total",
        "filterlog_unshipped_files_total",
        *(f"ship_{name}" for name in SHIP_LEFT_OUT),
        "input_reader_failures_total",
        "filterlog_lines_total",
        "filterlog_bytes_total",
        "filterlog_rotations_total",
        "filterlog_retries_total",
        "filterlog_errors_total",
        "output_rotations_total",
        "probe_attached",
        "kernel_audit_failure_mode",
        "missing_serials_total",
        "kernel_audit_owner_pid",
        "kernel_audit_rate_limit",
        "kernel_audit_readable",
        "system_call_filter",
        "user_missing",
    }
    assert {name for name in names if name not in shown} == {f"host_sensor_{name}" for name in left_out}
    assert {name for name in shown if name.startswith("host_sensor_")} <= names


def busy(stats: Stats, ship: ShipStats, stop: threading.Event) -> None:
    """Move every counter, as a sensor and a shipper with every kind of trouble would."""
    stats.input.connected = stats.probe.attached = stats.kernel.enabled = 1
    stats.kernel.backlog, stats.kernel.backlog_limit = 5, 8192
    while not stop.wait(0.05):
        for name, value in vars(ship).items():
            setattr(ship, name, value + 1)
        for row in ROWS:
            part = getattr(stats, row.part)
            if row.name == "written_lag_seconds":
                part.written_lag.add(0.2, 1)
            elif row.label:
                counts = getattr(part, row.attribute)
                for key in row.known or counts or ("some",):
                    counts[key] = counts.get(key, 0) + 1
            elif row.name.endswith("_total"):
                setattr(part, row.attribute, getattr(part, row.attribute) + 1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    """Start a Prometheus that has scraped a busy sensor for a few seconds; the value is its address."""
    binary, folder = program("prometheus"), tmp_path_factory.mktemp("prometheus")
    stats, ship, stop = Stats(), ShipStats(), threading.Event()
    exporter = Exporter(Options(listen="127.0.0.1:0"), stats)
    exporter.start()
    shipper = Exporter(Options(listen="127.0.0.1:0"), Named("central", ship), SHIP_ROWS)
    shipper.start()
    worker = threading.Thread(target=busy, args=(stats, ship, stop))
    worker.start()
    targets = ["{}:{}".format(*each.address) for each in (exporter, shipper)]
    job = {"job_name": "host-sensor", "scrape_interval": "1s", "static_configs": [{"targets": targets}]}
    config = folder / "prometheus.yml"
    config.write_text(json.dumps({"scrape_configs": [job]}))
    url = f"http://127.0.0.1:{free_port()}"
    command = [binary, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*command, f"--web.listen-address={url[7:]}"], stdout=log, stderr=log)
    try:
        wait_for_samples(url, 4)
        yield url
    finally:
        server.terminate()
        server.wait(20)
        stop.set()
        worker.join()
        exporter.close()
        shipper.close()


def query(url: str, expr: str) -> list[dict]:
    """Run an instant query and return its result; an error of Prometheus is raised with its text."""
    address = f"{url}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise AssertionError(json.load(error)["error"]) from error


def wait_for_samples(url: str, count: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            result = query(url, "min(count_over_time(host_sensor_events_total[1m]))")
        except (OSError, AssertionError):
            result = []  # not listening yet, or still reading its empty storage
        if result and float(result[0]["value"][1]) >= count:
            return
        time.sleep(0.25)
    raise AssertionError("Prometheus saw nothing of the sensor within a minute")


def substituted(expr: str) -> str:
    """Return a dashboard query with Grafana's variables filled in as for "All"."""
    for variable, value in {"$job": ".+", "$instance": ".+", "$__rate_interval": "10s", "$__range": "1m"}.items():
        expr = expr.replace(variable, value)
    assert "$" not in expr
    return expr


@pytest.mark.slow
@pytest.mark.parametrize("expr", QUERIES)
def test_queries_find_data(prometheus, expr):
    values = [float(sample["value"][1]) for sample in query(prometheus, substituted(expr))]
    assert values
    may_rest = ("input_pending_bytes{", "host_sensor_processes{", "event_lag_seconds{", "audit_cpu_seconds_total{")
    assert any(name in expr for name in may_rest) or min(values) > 0


@pytest.mark.slow
def test_variables_find_data(prometheus):
    for label, value in (("job", "host-sensor"), ("instance", None)):
        address = f"{prometheus}/api/v1/label/{label}/values?match[]=host_sensor_build_info"
        with urllib.request.urlopen(address, timeout=10) as answer:
            found = json.load(answer)["data"]
        assert len(found) == 1
        assert value in {None, found[0]}
