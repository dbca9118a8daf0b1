"""The forms of panels, as Grafana 11 wants them; the fields are those of @grafana/schema.

- title: Events by host
  description: The question it answers, with what to do about a bad answer.
  unit: eps
  targets: {'{{instance}}': 'sum by (instance) (rate(host_sensor_events_total{SELECT}[$__rate_interval]))'}

colours    value from which a colour begins; the first has no value
values     text for a value
none       text when there is nothing to show
at_least   shortest step of a query
stack      the series lie on each other
fields     of a table: for a column its unit, colours, values, width, bar or link
"""

from __future__ import annotations

from typing import Any

from grafana.targets import Source, datasource

WIDTH = 24  # columns of a dashboard
SOFT_MAX = {"short": 1, "eps": 1, "cps": 1, "recps": 1, "percentunit": 0.01}
"""How high an axis is at least, by unit: a flat 0 should not be drawn below a hundred."""


def panel(panel: dict[str, Any], kind: str, asked: Source, terms: dict[str, str]) -> dict[str, Any]:
    """Return what a panel shows, its place and number left out."""
    made = {
        "type": "timeseries" if kind == "bars" else kind,
        "title": panel["title"],
        "description": " ".join(panel["description"].split()),
        "datasource": datasource(asked.kind),
        "fieldConfig": {"defaults": defaults(panel, kind), "overrides": overrides(panel)},
        "options": options(panel, kind),
        "targets": [
            {"refId": letter, **form(asked.target(query, legend, terms), panel, kind)}
            for letter, (legend, query) in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", panel["targets"].items())
        ],
    }
    if kind == "table":
        made["transformations"] = columns(panel) if asked.kind == "prometheus" else counted(panel)
    least = panel.get("at_least", "2m" if kind == "bars" else "")
    return {**made, "interval": least} if least else made


def form(target: dict[str, Any], panel: dict[str, Any], kind: str) -> dict[str, Any]:
    """A table, a row of bars and a plain number show the end of the time, not its course."""
    plain = kind == "stat" and panel.get("plain") and "value" not in panel
    if "instant" in target and (plain or kind in {"table", "bargauge"}):
        target.update(instant=True, range=False)
    if "instant" in target and kind == "table":
        target["format"] = "table"
    return target


def defaults(panel: dict[str, Any], kind: str) -> dict[str, Any]:
    """What holds for all series of a panel."""
    made = {"unit": panel["unit"], "custom": custom(panel, kind), **appearance(panel)}
    if kind != "table":
        made["min"] = 0
    if "none" in panel:
        made["noValue"] = panel["none"]
    if kind in {"timeseries", "bars"}:
        made["color"] = {"mode": "palette-classic-by-name"}  # a host has one colour in all panels
    elif kind != "table":
        made["color"] = {"mode": "thresholds"}
    return made


def appearance(of: dict[str, Any]) -> dict[str, Any]:
    """Thresholds, and texts for values."""
    steps = [{"color": colour, "value": value} for colour, value in of.get("colours", {"green": None}).items()]
    made: dict[str, Any] = {"thresholds": {"mode": "absolute", "steps": steps}}
    if "values" in of:
        texts = {str(value): {"text": text, "index": index} for index, (value, text) in enumerate(of["values"].items())}
        made["mappings"] = [{"type": "value", "options": texts}]
    return made


def custom(panel: dict[str, Any], kind: str) -> dict[str, Any]:
    """What only this kind of panel has."""
    if kind not in {"timeseries", "bars"}:
        own: dict[str, dict[str, Any]] = {
            "state-timeline": {"fillOpacity": 70, "lineWidth": 0},
            "table": {"align": "auto"},
        }
        return own.get(kind, {})
    bars = kind == "bars"
    made: dict[str, Any] = {
        "drawStyle": "bars" if bars else "line",
        "fillOpacity": 80 if bars else 30 if panel.get("stack") else 8,
        "lineWidth": 0 if bars else 1,
        "showPoints": "never",
        "spanNulls": False,
        **({"barMaxWidth": 24} if bars else {}),
        "stacking": {"mode": "normal" if bars or panel.get("stack") else "none", "group": "A"},
    }
    if "soft_max" in panel or panel["unit"] in SOFT_MAX:
        made["axisSoftMax"] = panel.get("soft_max", SOFT_MAX.get(panel["unit"]))
    if "colours" in panel:
        made["thresholdsStyle"] = {"mode": "line"}
    return made


def overrides(panel: dict[str, Any]) -> list[dict[str, Any]]:
    """What holds for one series or column only."""
    made = []
    for name, field in panel.get("fields", {}).items():
        properties: list[dict[str, Any]] = []
        if "unit" in field:
            properties.append({"id": "unit", "value": field["unit"]})
        if "colours" in field:
            properties.append({"id": "thresholds", "value": appearance(field)["thresholds"]})
            properties.append({"id": "color", "value": {"mode": "thresholds"}})
        if "values" in field:
            properties.append({"id": "mappings", "value": appearance(field)["mappings"]})
        if "colour" in field:
            properties.append({"id": "color", "value": {"mode": "fixed", "fixedColor": field["colour"]}})
        if "width" in field:
            properties.append({"id": "custom.width", "value": field["width"]})
        if "cell" in field:
            properties.append({"id": "custom.cellOptions", "value": {"type": field["cell"]}})
        if "dashed" in field:
            properties.append({"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [8, 8]}})
            properties.append({"id": "custom.fillOpacity", "value": 0})
        if "link" in field:
            properties.append({"id": "links", "value": [{"title": field.get("to", "Open"), "url": field["link"]}]})
        matcher = {"id": "byRegexp", "options": name} if name.startswith("/") else {"id": "byName", "options": name}
        made.append({"matcher": matcher, "properties": properties})
    return made


def columns(panel: dict[str, Any]) -> list[dict[str, Any]]:
    """One table of all targets, joined by what their rows are called; a column has the name of its target."""
    labels = panel["labels"]
    names = {f"Value #{letter}": name for letter, name in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", panel["targets"])}
    hidden = {"Time": True, **{column: True for column, name in names.items() if name.startswith("-")}}
    order = {column: index for index, column in enumerate([*labels, *names])}
    renamed = {**labels, **{column: name for column, name in names.items() if column not in hidden}}
    organized = {"excludeByName": hidden, "indexByName": order, "renameByName": renamed}
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organized}]


def counted(panel: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns of a table of counts, as Loki or Elasticsearch names them."""
    renamed = {**panel["labels"], **dict.fromkeys(["Value #A", "Value", "Count"], "Times")}
    return [{"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": renamed}}]


def options(panel: dict[str, Any], kind: str) -> dict[str, Any]:
    """How a kind of panel shows things."""
    reduced = {"calcs": [panel.get("value", "lastNotNull")], "fields": "", "values": False}
    if kind == "stat":
        return {
            "colorMode": "value",
            "graphMode": "none" if panel.get("plain") else "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": panel.get("text", "auto"),
            "reduceOptions": {**reduced, "fields": panel.get("show", "")},
        }
    if kind == "bargauge":
        shown = {"displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "valueMode": "color"}
        sizes = {"text": {"titleSize": 14, "valueSize": 18}}  # one for all, or long names are cut and short ones huge
        return {
            **shown,
            **sizes,
            "namePlacement": "left",
            "minVizHeight": 16,
            "minVizWidth": 8,
            "reduceOptions": reduced,
        }
    if kind == "table":
        return {"showHeader": True, "cellHeight": "sm", "sortBy": panel.get("sort", [])}
    if kind == "state-timeline":
        legend = {"displayMode": "list", "placement": "bottom", "showLegend": True}
        return {"legend": legend, "mergeValues": True, "showValue": "auto", "rowHeight": 0.8}
    if kind == "logs":
        return {"showTime": True, "wrapLogMessage": True, "enableLogDetails": True, "sortOrder": "Descending"}
    calcs = panel.get("legend", ["sum"] if kind == "bars" else ["max", "lastNotNull"])
    worst = {"sortBy": "Total" if kind == "bars" else "Max", "sortDesc": True}
    legend = {"calcs": calcs, "displayMode": "table", "placement": "bottom", "showLegend": True, **worst}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
