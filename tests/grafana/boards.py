"""The dashboards as the tests see them: their panels, and a query as Grafana would send it."""

from __future__ import annotations

import json
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

GRAFANA = Path(__file__).resolve().parents[2] / "grafana"
BOARDS = {path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}
OF_METRICS = ("fleet", "host")


def panels(board: str) -> Iterator[dict[str, Any]]:
    """All panels but rows, those in closed rows too."""
    for panel in BOARDS[board]["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels", ())


def panel(board: str, title: str) -> dict[str, Any]:
    (found,) = [panel for panel in panels(board) if panel["title"] == title]
    return found


def expression(board: str, title: str, legend: str) -> str:
    """The query of a panel that has this legend; of a table, this column."""
    shown = panel(board, title)
    (found,) = [target["expr"] for target in shown["targets"] if target["legendFormat"] == legend]
    return str(found)


def values(url: str, board: str, name: str, chosen: dict[str, str]) -> list[str]:
    """What a variable offers, asked as Grafana asks."""
    (variable,) = [each for each in BOARDS[board]["templating"]["list"] if each["name"] == name]
    found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
    assert found
    selector = fill(found[1], chosen)
    address = f"{url}/api/v1/label/{found[2]}/values?{urllib.parse.urlencode({'match[]': selector})}"
    with urllib.request.urlopen(address, timeout=20) as answer:
        return sorted(json.load(answer)["data"])


def choose(url: str, board: str, instance: str = "") -> dict[str, str]:
    """Every variable at All, as Grafana fills it in, or one instance."""
    chosen: dict[str, str] = {}
    for name in ("cluster", "job", "instance"):
        (variable,) = [each for each in BOARDS[board]["templating"]["list"] if each["name"] == name]
        everything = variable.get("allValue") or "|".join(map(re.escape, values(url, board, name, chosen)))
        chosen[name] = instance if instance and name == "instance" else everything
    return chosen


def fill(expr: str, chosen: dict[str, str], **times: str) -> str:
    """Put variables in their places; times are __range, __interval and __rate_interval."""
    given = {**chosen, "__range": "1h", "__interval": "2m", "__rate_interval": "2m", **times}
    for name in sorted(given, key=len, reverse=True):
        expr = expr.replace(f"${name}", given[name].replace("\\", "\\\\"))
    assert "$" not in expr, expr
    return expr
