"""SECURITY.md: one page, each line with tests that exist; and what it promises that no other test shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from sensor.config import Config

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and "---" not in line and "Shown by" not in line]
NAMED = sorted(set(re.findall(r"`(tests/\S+?\.py)::(\w+)`", TEXT)))


def test_it_is_one_page_about_four_kinds_of_attackers() -> None:
    assert len(TEXT.splitlines()) <= 75
    sections = re.findall(r"(?m)^### (.*)$", TEXT)
    assert [word for word in ("unprivileged", "container", "Root", "network") if word not in " ".join(sections)] == []
    assert len(ROWS) >= 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_each_line_states_what_can_and_cannot_be_done_and_names_a_test(row: str) -> None:
    claim, shown = row.strip("| ").split(" | ")
    assert re.search(r"\b(can|cannot|has no)\b", claim)
    assert re.fullmatch(r"`tests/\S+?\.py::test_\w+`(, `tests/\S+?\.py::test_\w+`)*", shown)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda text: text)
def test_each_test_that_is_named_exists_and_asserts_something(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name]
    assert len(found) == 1
    checks = [
        node
        for node in ast.walk(found[0])
        if isinstance(node, ast.Assert)
        or (isinstance(node, ast.Attribute) and node.attr == "raises")
        or (isinstance(node, ast.Name) and re.match("assert_|check_", node.id))
    ]
    assert checks


def test_nothing_listens_to_the_network_by_default() -> None:
    assert Config().metrics.listen.startswith("127.0.0.1:")
    packaged = (ROOT / "packaging/config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^[^#]*listen.*$", packaged) == []
