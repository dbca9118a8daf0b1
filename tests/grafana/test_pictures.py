"""The dashboards can be drawn by Grafana's own panels, and where there is nothing to draw a text says why."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.grafana import simulated
from tests.grafana.boards import BOARDS, GRAFANA, OF_METRICS, panels
from tests.grafana.pictures import EVENTS, PICTURES, RENDER, RULES, draw
from tests.support.prometheus import running, wait_for

INSTALLED = Path.home() / ".cache/grafana-render"


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """What each dashboard shows of hosts in trouble, by its name; and of a host that is well, as `well`."""
    if not (shutil.which("chromium") and shutil.which("node") and INSTALLED.exists()):
        pytest.skip(f"needs Chromium and Grafana's components, which {RENDER} installs")
    folder = tmp_path_factory.mktemp("pictures")
    simulated.fill(folder / "data", simulated.trouble(), time.time())
    with running(folder / "data", [], RULES) as url:
        wait_for(url, 'count(ALERTS{alertstate="firing"})')
        yield {
            "fleet": draw(url, "fleet", folder / "fleet", ()),
            "host": draw(url, "host", folder / "host", ("instance=build-7",)),
            "well": draw(url, "host", folder / "well", ("instance=web-1",)),
        }


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fleet", "host", "well"])
def test_every_panel_is_drawn(reports, name):
    report = reports[name]
    assert report["problems"] == []
    for panel in report["panels"]:
        assert "note" not in panel, panel
        assert not [query for query in panel["queries"] if query.get("error") or query.get("warnings")], panel


@pytest.mark.slow
@pytest.mark.parametrize(("name", "board"), [("fleet", "fleet"), ("host", "host"), ("well", "host")])
def test_nothing_to_draw_is_reported_in_words(reports, name, board):
    words = {panel["title"]: panel["fieldConfig"]["defaults"].get("noValue") for panel in panels(board)}
    empty = [panel for panel in reports[name]["panels"] if not sum(query["series"] for query in panel["queries"])]
    assert [panel["title"] for panel in empty if not words[panel["title"]]] == []


@pytest.mark.slow
def test_the_table_has_a_row_for_each_host_and_its_columns(reports):
    (table,) = [panel for panel in reports["fleet"]["panels"] if panel["type"] == "table"]
    shown = json.dumps(table["shown"])
    assert [name for name, _, _ in simulated.THREE if name not in shown] == []
    assert "none" in shown  # the probe of the host in trouble


@pytest.mark.slow
def test_the_start_of_a_sensor_is_marked(reports):
    marks = {mark["name"]: mark["events"] for mark in reports["fleet"]["annotations"]}
    assert marks["Starts"] == 1


def test_there_is_a_picture_of_each_dashboard_of_metrics():
    assert {board for _, board, _, _ in PICTURES} == set(OF_METRICS) < set(BOARDS)
    assert {path.stem for path in (GRAFANA / "pictures").glob("*.png")} == {
        EVENTS,
        *[name for name, _, _, _ in PICTURES],
    }
