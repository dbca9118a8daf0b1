"""Draws the dashboards from simulated hosts: `python -m tests.grafana.pictures` writes grafana/pictures/*.png.

The panels are Grafana's own, in headless Chromium; see tests/grafana/render/render, which installs what it needs.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.grafana import simulated
from tests.support.prometheus import running, wait_for

HERE = Path(__file__).resolve().parent
GRAFANA = HERE.parents[1] / "grafana"
RENDER = HERE / "render" / "render"
RULES = [GRAFANA / "rules.yaml", GRAFANA / "alerts.yaml"]

STATES = {"well": simulated.well, "trouble": simulated.trouble, "thirty": simulated.thirty}
PICTURES = (
    ("fleet-well", "fleet", "well", ()),
    ("fleet-trouble", "fleet", "trouble", ()),
    ("fleet-thirty", "fleet", "thirty", ()),
    ("host-well", "host", "well", ("instance=web-1",)),
    ("host-trouble", "host", "trouble", ("instance=build-7",)),
)
"""Name, dashboard, state of the hosts, chosen variables."""


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


def main() -> int:
    """Draw all pictures, or those that are named."""
    folder = Path(tempfile.mkdtemp())
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
