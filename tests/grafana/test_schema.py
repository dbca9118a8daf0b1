"""The dashboards have the types of @grafana/schema: no member or value that Grafana does not know."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.grafana.boards import BOARDS, panels

INSTALLED = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "grafana-render"
TYPES = "./node_modules/@grafana/schema/dist/types/raw"
MODULES = {
    "stat": "stat",
    "timeseries": "timeseries",
    "bargauge": "bargauge",
    "table": "table",
    "state-timeline": "statetimeline",
    "logs": "logs",
}
WITH_FIELDS = ("timeseries", "table", "state-timeline")
PLAIN = """type Plain<T> = T extends string ? `${T}` : T extends number ? number
  : T extends (infer U)[] ? Plain<U>[] : T extends object ? { [K in keyof T]?: Plain<T[K]> } : T;"""
"""Of enumerations their values, as JSON has them; what has a default may be left out."""
OF_PROMETHEUS = ("expr", "step", "titleFormat", "textFormat", "tagKeys", "useValueForTime")
"""Members of an annotation that its data source knows, and the schema not."""
FLAGS = ("--noEmit", "--strict", "--skipLibCheck")
TARGET = ("--moduleResolution", "bundler", "--module", "esnext", "--target", "es2022")


def program(boards: dict[str, dict[str, Any]]) -> str:
    """TypeScript that is right if every dashboard is."""
    lines = [f"import type {{ Dashboard }} from '{TYPES}/dashboard/x/types.gen';", PLAIN]
    lines += [
        f"import type * as {name} from '{TYPES}/composable/{name}/panelcfg/x/types.gen';" for name in MODULES.values()
    ]
    for name, board in boards.items():
        const = name.replace("-", "_")
        for panel in panels_of(board):
            module, at = MODULES[panel["type"]], f"{const}_{panel['id']}"
            lines.append(f"export const o_{at}: Plain<{module}.Options> = {json.dumps(panel['options'])};")
            if panel["type"] in WITH_FIELDS:
                custom = json.dumps(panel["fieldConfig"]["defaults"]["custom"])
                lines.append(f"export const c_{at}: Plain<{module}.FieldConfig> = {custom};")
        lines.append(f"export const {const}: Plain<Dashboard> = {json.dumps(without_extensions(board))};")
    return "\n".join(lines) + "\n"


def panels_of(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for panel in board["panels"] for each in (panel, *panel.get("panels", ())) if each["type"] != "row"]


def without_extensions(board: dict[str, Any]) -> dict[str, Any]:
    """Leave out what Grafana itself writes and its schema lacks."""
    copy: dict[str, Any] = json.loads(json.dumps(board))
    for mark in copy["annotations"]["list"]:
        for member in OF_PROMETHEUS:
            del mark[member]
    for variable in copy["templating"]["list"]:
        variable.pop("definition", None)
    return copy


def compiled(folder: Path, boards: dict[str, dict[str, Any]]) -> list[str]:
    """What the compiler finds wrong."""
    compilers = sorted(INSTALLED.glob("*/node_modules/.bin/tsc"))
    if not (shutil.which("node") and compilers):
        pytest.skip("needs TypeScript and @grafana/schema, which tests/grafana/render/render installs")
    (folder / "node_modules").symlink_to(compilers[0].parents[1])
    (folder / "check.ts").write_text(program(boards))
    done = subprocess.run([compilers[0], *FLAGS, *TARGET, "check.ts"], cwd=folder, capture_output=True, text=True)
    return done.stdout.splitlines()


@pytest.mark.slow
def test_the_dashboards_have_the_types_of_grafana(tmp_path):
    assert compiled(tmp_path, BOARDS) == []


@pytest.mark.slow
def test_mistakes_are_found(tmp_path):
    board: dict[str, Any] = json.loads(json.dumps(BOARDS["host"]))
    first, second, third, *_ = list(panels_of(board))
    first["options"]["colourMode"] = "value"
    second["fieldConfig"]["defaults"]["unitt"] = "s"
    third["gridPos"]["x"] = "left"
    board["graphTooltip"] = "one"
    found = compiled(tmp_path, {"host": board})
    for word in ("colourMode", "unitt", "'string' is not assignable to type 'number'"):
        assert any(word in line for line in found), (word, found)


def test_every_kind_of_panel_is_checked():
    assert {panel["type"] for board in BOARDS for panel in panels(board)} <= set(MODULES)
