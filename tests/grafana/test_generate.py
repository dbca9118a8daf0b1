"""What is generated is current, keeps Grafana's good manners and is limited to the sensors that were chosen."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grafana import generate, panels, targets
from sensor import metrics
from sensor.ship.seen import ROWS as SHIP_ROWS
from tests.grafana.boards import BOARDS, GRAFANA, OF_METRICS
from tests.grafana.boards import panels as panels_of

ALL = [pytest.param(board, panel, id=f"{board}/{panel['title']}") for board in BOARDS for panel in panels_of(board)]
QUERIES = [
    pytest.param(target["expr"], id=f"{board}/{panel['title']}/{target['legendFormat']}")
    for board in OF_METRICS
    for panel in panels_of(board)
    for target in panel["targets"]
]
UNITS = {"short", "eps", "cps", "recps", "bytes", "Bps", "s", "percentunit"}  # those used, all of them Grafana's
OURS = re.compile(r"\b(?:host_sensor|process)_\w+|\bup\b|\bALERTS\b")
NOT_SHOWN = {
    *("input_reads_total", "input_dropped_bytes_total", "input_reconnects_total", "input_reader_failures_total"),
    *(
        "fast_events_total",
        "redacted_secrets_total",
        "auditd_queue_overflowed",
        "auditd_state_timestamp_seconds",
        "kernel_audit_failure_mode",
        "kernel_audit_owner_pid",
    ),
    *(
        "kernel_audit_rate_limit",
        "system_call_filter",
        "user_missing",
        "output_retries_total",
        "output_rotations_total",
    ),
    *(f"filterlog_{name}" for name in ("lines_total", "rotations_total", "retries_total", "unshipped_files_total")),
    *("output_unshipped_bytes_total", "filterlog_unshipped_bytes_total"),
    # Those that losses_total, which is shown, has as places restart and debug.
    *("missed_events_total", "unwritten_lines_total", "debug_lost_lines_total"),
    *(f"ship_{name}" for name in ("acknowledged_bytes_total", "connected", "cursor_errors_total", "kept_bytes")),
    *(f"ship_{name}" for name in ("lag_events", "missed_bytes_total", "oldest_unshipped_timestamp_seconds")),
    *(f"ship_{name}" for name in ("retries_total", "sent_bytes_total", "sent_events_total")),
    *(f"filterlog_{name}_bytes" for name in ("pending", "buffer", "disk", "disk_free", "retained")),
}
"""Metrics that answer no question somebody has before a screen; alerts and the manual page have them."""


@pytest.mark.parametrize("name", generate.files())
def test_what_is_generated_is_current(name):
    assert generate.files()[name] == (GRAFANA / name).read_text(encoding="utf-8"), "run: python -m grafana.generate"


@pytest.mark.parametrize("board", BOARDS)
def test_it_can_be_imported_by_anybody(board):
    made = BOARDS[board]
    assert "id" not in made
    assert (made["uid"], made["editable"], made["schemaVersion"]) == (f"host-sensor-{board}", False, 39)
    assert made["templating"]["list"][0]["type"] == "datasource"
    assert (made["links"][0]["tags"], made["links"][0]["keepTime"]) == (["host-sensor"], True)
    assert "host-sensor" in made["tags"]


@pytest.mark.parametrize("board", OF_METRICS)
def test_all_is_what_was_found_and_not_everything(board):
    """`allValue` of .+ chose every job of the Prometheus. Only a cluster may be missing, and then .* matches."""
    cluster, job, instance = BOARDS[board]["templating"]["list"][1:]
    assert (cluster["allValue"], "allValue" in job, "allValue" in instance) == (".*", False, False)
    assert all(each["refresh"] == 2 for each in (cluster, job, instance))


@pytest.mark.parametrize(("board", "panel"), ALL)
def test_every_panel_has_a_title_a_description_a_unit_and_queries(board, panel):
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${datasource}"
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["targets"]
    assert [target["refId"] for target in panel["targets"]] == sorted({target["refId"] for target in panel["targets"]})
    assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


@pytest.mark.parametrize("board", BOARDS)
def test_panels_lie_side_by_side(board):
    ids = [panel["id"] for panel in [*panels_of(board), *BOARDS[board]["panels"]] if panel["type"] != "row"]
    rows = [panel["id"] for panel in BOARDS[board]["panels"] if panel["type"] == "row"]
    assert not set(rows) & set(ids)
    open_and_closed = [
        BOARDS[board]["panels"],
        *[row["panels"] for row in BOARDS[board]["panels"] if row.get("panels")],
    ]
    for together in open_and_closed:
        taken: set[tuple[int, int]] = set()
        for panel in together:
            place = panel["gridPos"]
            across, down = range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
            cells = {(x, y) for x in across for y in down}
            assert not cells & taken, panel["title"]
            assert max(across) < panels.WIDTH
            taken |= cells


@pytest.mark.parametrize("board", OF_METRICS)
def test_what_matters_fits_a_screen(board):
    """Of 1080 lines, 30 a grid unit, some are the browser's and Grafana's."""
    rows = [panel for panel in BOARDS[board]["panels"] if panel["type"] == "row"]
    assert rows[2]["gridPos"]["y"] * 30 + 60 < 700


@pytest.mark.parametrize("expr", QUERIES)
def test_queries_are_limited_to_the_chosen_sensors(expr):
    for selector in OURS.finditer(expr):
        braces = re.match(r"\{([^}]*)\}(\[[^]]+\])?", expr[selector.end() :])
        assert braces, f"{selector[0]} has no selector"
        own = targets.SHIPPERS if selector[0].startswith("host_sensor_ship_") else targets.SELECT
        assert own in braces[1], f"{selector[0]} is not limited to the chosen sensors"
        if selector[0].endswith(("_total", "_bucket", "_sum", "_count")):
            assert braces[2] in {"[$__rate_interval]", "[$__interval]", "[$__range]"}
            assert expr[: selector.start()].endswith(("rate(", "increase(")), f"{selector[0]} is a counter"


def test_every_metric_is_shown_but_those_left_out_on_purpose():
    shown = {name for query in QUERIES for name in OURS.findall(query.values[0])}
    shown |= {annotation["expr"].partition("{")[0].strip("(") for annotation in BOARDS["fleet"]["annotations"]["list"]}
    shown = {re.sub("_(bucket|sum|count)$", "", name) for name in shown}
    names = {*metrics.names(), *(f"host_sensor_{row.name}" for row in SHIP_ROWS)}
    assert {name for name in names if name not in shown} == {f"host_sensor_{name}" for name in NOT_SHOWN}
    assert {name for name in shown if name.startswith("host_sensor_")} <= {*names, "host_sensor_build_info"}


@pytest.mark.parametrize("board", OF_METRICS)
def test_starts_reloads_and_alerts_are_marked(board):
    marks = {mark["name"]: mark for mark in BOARDS[board]["annotations"]["list"]}
    assert {name: mark["enable"] for name, mark in marks.items()} == {"Starts": True, "Reloads": True, "Alerts": False}
    assert marks["Starts"]["useValueForTime"]


def test_a_host_of_the_table_leads_to_its_dashboard():
    (table,) = [panel for panel in panels_of("fleet") if panel["type"] == "table"]
    links = [
        property["value"][0]["url"]
        for override in table["fieldConfig"]["overrides"]
        for property in override["properties"]
        if property["id"] == "links"
    ]
    assert len(links) == 1
    assert links[0].startswith(f"/d/{BOARDS['host']['uid']}?")
    assert "var-instance=${__value.raw}" in links[0]


def fields(line: dict, path: str = "") -> set[str]:
    """Every path in an event, a.b.c."""
    found = set()
    for key, value in line.items():
        inner = f"{path}.{key}" if path else key
        if isinstance(value, list) and value:
            inner, value = f"{inner}[0]", value[0]
            found.add(inner.removesuffix("[0]"))
        found |= {inner} | (fields(value, inner) if isinstance(value, dict) else set())
    return found


CHANGE = "type=CONFIG_CHANGE msg=audit(1700000000.001:1): op=set audit_enabled=0 old=1 auid=0 ses=1 res=1\n"
"""As audit_log_config_change in kernel/audit.c writes it."""


def converted(folder: Path, config: str) -> set[str]:
    """The paths of all events of the recorded feeds, in one form of output."""
    path = folder / "config.yaml"
    path.write_text(config)
    path.chmod(0o600)
    data = Path(__file__).resolve().parents[1] / "data"
    (folder / "change.audit").write_text(CHANGE)
    found: set[str] = set()
    for feed in ("demo/deeds.audit", "summary/summary.audit", "translate/records.audit", folder / "change.audit"):
        command = [sys.executable, "-m", "sensor", "convert"]
        done = subprocess.run([*command, "-c", str(path), str(data / feed)], capture_output=True, text=True, check=True)
        for line in done.stdout.splitlines():
            found |= fields(json.loads(line))
    return found


def test_the_log_has_the_fields_that_loki_is_asked_for(tmp_path):
    known = converted(tmp_path, "translate: {user_db: true}\n")
    text = json.dumps(BOARDS["events-loki"])
    asked = set(re.findall(r'=\\"([A-Z_]+(?:\[0\])?\.[\w.]+)\\"', text))
    asked = {name for name in asked if not name.startswith("SENSOR.")}  # those are in no recorded feed
    assert len(asked) > 20
    written_by_auditd = {"SYSCALL.SYSCALL"}  # in an ENRICHED log
    assert asked <= known | {"SYSCALL.SPAWNED_BY.exe"} | written_by_auditd


def test_the_log_has_the_fields_that_elasticsearch_is_asked_for(tmp_path):
    known = converted(tmp_path, "output: ecs\n")
    buckets = {
        bucket["field"]
        for panel in panels_of("events-elasticsearch")
        for target in panel["targets"]
        for bucket in target["bucketAggs"]
    }
    asked = {name for name in buckets if not name.startswith("host_sensor.spawned_by")}
    assert len(asked) > 4
    assert asked <= known
