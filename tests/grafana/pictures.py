"""Draws the dashboards from simulated hosts: `python -m tests.grafana.pictures` writes grafana/pictures/*.png.

The panels are Grafana's own, in headless Chromium; see tests/grafana/render/render, which installs what it needs.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.grafana import loki, simulated
from tests.support.prometheus import running, wait_for

HERE = Path(__file__).resolve().parent
GRAFANA = HERE.parents[1] / "grafana"
RENDER = HERE / "render" / "render"
RULES = [GRAFANA / "rules.yaml", GRAFANA / "alerts.yaml"]

PROCESS = re.compile(r'"PID":{"EVENT_ID":"([^"]+)"')
"""What is the same on all lines of a process in recorded logs, which have no GUIDs for want of a host."""
STATES = {"well": simulated.well, "trouble": simulated.trouble, "thirty": simulated.thirty}
PICTURES = (
    ("fleet-well", "fleet", "well", ()),
    ("fleet-trouble", "fleet", "trouble", ()),
    ("fleet-thirty", "fleet", "thirty", ()),
    ("host-well", "host", "well", ("instance=web-1",)),
    ("host-trouble", "host", "trouble", ("instance=build-7",)),
)
"""Name, dashboard, state of the hosts, chosen variables."""
EVENTS = "events-loki"
"""The dashboard of recorded events, and its picture."""


def draw(url: str, board: str, out: Path, variables: tuple[str, ...]) -> dict[str, Any]:
    """Draw one dashboard; the report says for each panel what was asked, found and shown."""
    chosen = [word for variable in variables for word in ("--var", variable)]
    times = ["--from", "now-1h", "--to", "now", "--scrape-interval", f"{simulated.STEP}s", "--timezone", "UTC"]
    path = GRAFANA / "dashboards" / f"{board}.json"
    command = [str(RENDER), str(path), "--prometheus", url, "--out", str(out), *times, *chosen]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads((out / "report.json").read_text())
    return report


def draw_events(folder: Path) -> dict[str, Any]:
    """Draw the dashboard of events from recorded ones, following the process that has most of them."""
    found = loki.events(folder, time.time() // 60 * 60)
    counted = Counter(name for entry in found for name in PROCESS.findall(entry.line))
    with loki.serving(loki.Log(found)) as url:
        report = draw(url, EVENTS, folder / EVENTS, (f"guid={counted.most_common(1)[0][0]}",))
    shutil.copy(folder / EVENTS / "dashboard.png", GRAFANA / "pictures" / f"{EVENTS}.png")
    return report


def main() -> int:
    """Draw all pictures, or those that are named."""
    folder = Path(tempfile.mkdtemp())
    if len(sys.argv) < 2 or EVENTS in sys.argv:
        draw_events(folder)
    for state, hosts in STATES.items():
        wanted = [entry for entry in PICTURES if entry[2] == state and (len(sys.argv) < 2 or entry[0] in sys.argv)]
        if not wanted:
            continue
        simulated.fill(folder / state, hosts(), time.time())
        with running(folder / state, [], RULES) as url:
            wait_for(url, "count(instance:host_sensor_lines:increase10m)")
            if state != "well":
                wait_for(url, 'count(ALERTS{alertstate="firing"})')
            for name, board, _, variables in wanted:
                draw(url, board, folder / name, variables)
                (GRAFANA / "pictures").mkdir(exist_ok=True)
                shutil.copy(folder / name / "dashboard.png", GRAFANA / "pictures" / f"{name}.png")
                print(name)
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
