"""Writes host-sensor.json, the Grafana dashboard, from panels.yaml: `python -m grafana.generate`.

What the dashboard asks is in panels.yaml; here is only the shape Grafana wants it in. A panel there looks like this:

    - title: Events by host
      description: Audit events turned into JSON lines.
      unit: ops
      targets:
        '{{instance}}': sum by (instance) (rate(host_sensor_events_total{SELECT}[$__rate_interval]))
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
DASHBOARD = FOLDER / "host-sensor.json"
SELECT = '{job=~"$job",instance=~"$instance"}'
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
WIDTH = 24  # columns of a dashboard

STAT_OPTIONS = {
    "colorMode": "value",
    "graphMode": "area",
    "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
}
TIMESERIES_OPTIONS = {
    "legend": {"calcs": [], "displayMode": "list", "placement": "bottom", "showLegend": True},
    "tooltip": {"mode": "multi", "sort": "desc"},
}
OPTIONS = {"stat": STAT_OPTIONS, "timeseries": TIMESERIES_OPTIONS}
CUSTOM = {"stat": {}, "timeseries": {"fillOpacity": 10, "showPoints": "never", "spanNulls": False}}


def panels() -> Iterator[dict[str, Any]]:
    """Lay out the rows from top to bottom, the panels of a row at equal widths."""
    number, top = 1, 0
    for row in yaml.safe_load((FOLDER / "panels.yaml").read_text(encoding="utf-8")):
        heading = {"id": number, "type": "row", "title": row["row"], "collapsed": False, "panels": []}
        yield {**heading, "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}}
        number, top = number + 1, top + 1
        width = WIDTH // len(row["panels"])
        for column, panel in enumerate(row["panels"]):
            place = {"x": column * width, "y": top, "w": width, "h": row["height"]}
            yield {"id": number, "type": row["kind"], "gridPos": place, **content(panel, row["kind"])}
            number += 1
        top += row["height"]


def content(panel: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return what a panel shows, its place and number left out."""
    colours = panel.get("colours", {"green": None})
    steps = [{"color": colour, "value": value} for colour, value in colours.items()]
    return {
        "title": panel["title"],
        "description": panel["description"],
        "datasource": DATASOURCE,
        "fieldConfig": {
            "defaults": {
                "unit": panel["unit"],
                "min": 0,
                "custom": CUSTOM[kind],
                "thresholds": {"mode": "absolute", "steps": steps},
            },
            "overrides": [],
        },
        "options": OPTIONS[kind],
        "targets": [
            {"refId": refid, "datasource": DATASOURCE, "expr": expr.replace("{SELECT}", SELECT), "legendFormat": legend}
            for refid, (legend, expr) in zip("ABCDEFGH", panel["targets"].items())
        ],
    }


def variables() -> list[dict[str, Any]]:
    """Return the data source and the two labels by which sensors are chosen."""
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    queries = {
        "job": "label_values(host_sensor_build_info, job)",
        "instance": 'label_values(host_sensor_build_info{job=~"$job"}, instance)',
    }
    labels = [
        {
            "name": name,
            "label": name.capitalize(),
            "type": "query",
            "datasource": DATASOURCE,
            "query": {"query": query, "refId": name},
            "multi": True,
            "includeAll": True,
            "allValue": ".+",
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "refresh": 2,  # when the time range changes
            "sort": 1,
        }
        for name, query in queries.items()
    ]
    return [source, *labels]


def dashboard() -> str:
    """Return the whole dashboard as the file holds it."""
    content = {
        "uid": "host-sensor",
        "title": "host-sensor",
        "description": "What the host sensors take in, write out, lose and cost.",
        "tags": ["audit", "host-sensor", "security"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "timezone": "browser",
        "templating": {"list": variables()},
        "annotations": {"list": []},
        "links": [],
        "panels": list(panels()),
    }
    return json.dumps(content, indent=2) + "\n"


if __name__ == "__main__":
    DASHBOARD.write_text(dashboard(), encoding="utf-8")
