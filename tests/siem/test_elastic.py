"""packaging/siem/elastic: each field of each document gets the type that the schema has for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.forms.ecs.test_schema import documents
from tests.siem.written import INTRUDERS, MIXED, SIEM
from tests.support.ecs_schema import fields, leaves
from tests.support.every_key import Host
from tests.test_data import LOGS, content

TEMPLATE = json.loads((SIEM / "elastic" / "index-template.json").read_text())
MAPPINGS = TEMPLATE["template"]["mappings"]
PARAMETERS = {"type", "properties", "ignore_above", "ignore_malformed"}
KINDS = {bool: "boolean", int: "long", float: "double", str: "string"}
TYPES = {"constant_keyword": "keyword", "float": "double", "scaled_float": "double"}
"""What is as good as a type of the schema."""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def explicit(name: str) -> str | None:
    """The type that `properties` has for a field."""
    at = MAPPINGS
    for part in name.split("."):
        at = at.get("properties", {}).get(part, {})
    return at.get("type")


def dynamic(name: str, value: Any) -> str:
    """The type that Elasticsearch gives to a field that `properties` does not have."""
    kind = KINDS[type(value)]
    for rule in MAPPINGS["dynamic_templates"]:
        ((_, about),) = rule.items()
        paths = listed(about.get("path_match", "*"))
        if kind in listed(about["match_mapping_type"]) and any(fnmatchcase(name, path) for path in paths):
            return str(about["mapping"]["type"])
    return kind


def mapped(feed: Iterator[dict[str, Any]]) -> dict[str, set[str]]:
    """Field → the types that its values get."""
    found: dict[str, set[str]] = {}
    for document in feed:
        for name, value in leaves(document):
            for one in listed(value):
                found.setdefault(name, set()).add(explicit(name) or dynamic(name, one))
    return found


def every_document(folder: Path) -> Iterator[dict[str, Any]]:
    for path in LOGS:
        if path.suffix != ".xz" or path in (INTRUDERS, MIXED):
            yield from documents(content(path)[:2_000_000].rpartition(b"\n")[0] + b"\n")
    for line, _ in Host(folder, "ecs").lines():
        yield json.loads(line.encode("latin-1"))


@pytest.fixture(scope="module")
def types(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    return mapped(every_document(tmp_path_factory.mktemp("host")))


def test_each_field_has_one_type(types: dict[str, set[str]]) -> None:
    assert len(types) > 250
    assert {name: found for name, found in types.items() if len(found) > 1} == {}


@pytest.mark.parametrize("version", ["8.17", "9.5"])
def test_the_type_is_that_of_the_schema(version: str, types: dict[str, set[str]]) -> None:
    schema = fields(version)
    wrong = {}
    for name, found in types.items():
        if name in schema and found != {TYPES.get(schema[name].type, schema[name].type)}:
            wrong[name] = (found, schema[name].type)
    assert wrong == {}


@pytest.mark.parametrize("version", ["8.17", "9.5"])
def test_what_the_template_names_is_of_the_schema_or_of_our_own(version: str) -> None:
    schema = fields(version)

    def check(at: dict[str, Any], name: str) -> None:
        assert set(at) <= PARAMETERS, name
        if "type" in at and not name.startswith(("auditd.", "host_sensor.")):
            assert schema[name].type == at["type"], name
        for part, inner in at.get("properties", {}).items():
            check(inner, f"{name}.{part}".lstrip("."))

    check({"properties": MAPPINGS["properties"]}, "")


def test_the_template_is_that_of_the_data_stream_that_documents_name() -> None:
    stream = next(iter(documents(content(INTRUDERS))))["data_stream"]
    name = "-".join(stream[part] for part in ("type", "dataset", "namespace"))
    assert any(fnmatchcase(name, pattern) for pattern in TEMPLATE["index_patterns"])
    assert TEMPLATE["data_stream"] == {}
    assert (MAPPINGS["date_detection"], MAPPINGS["numeric_detection"]) == (False, False)


def test_filebeat_makes_documents_of_lines_as_they_are() -> None:
    (input,) = yaml.safe_load((SIEM / "elastic" / "filebeat.yml").read_text())
    assert (input["type"], input["paths"]) == ("filestream", ["/var/log/host-sensor/audit.jsonl"])
    assert input["parsers"][0]["ndjson"] | {"target": "", "overwrite_keys": True} == input["parsers"][0]["ndjson"]
