"""Every document of every corpus is valid, in both versions of the schema, and the judge finds what is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from sensor.audit.event import Notice
from sensor.build import build
from sensor.config import Config
from sensor.forms.ecs.form import Ecs
from sensor.forms.values import Style
from sensor.stats import Stats
from sensor.tables.ecs_extensions import EXTENSIONS, is_extension
from tests.forms.ecs.test_form import WHOLE, everything, start
from tests.summary.events import call, events
from tests.support.ecs_schema import VERSIONS, fields, leaves, violations
from tests.support.every_key import Host
from tests.test_data import LOGS, content


def documents(feed: bytes, **options: Any) -> Iterator[dict[str, Any]]:
    """The documents of some records."""
    pipeline = build(replace(Config(), output="ecs", **options), Stats(), live=False).pipeline
    for line in [*pipeline.feed(feed, 0.0), *pipeline.close()]:
        yield json.loads(line.encode("latin-1"))


def counted(found: Iterator[dict[str, Any]]) -> dict[str, Counter[str]]:
    """Violations by version of the schema, each with how often it occurs."""
    all = {version: Counter[str]() for version in VERSIONS}
    for document in found:
        for version in VERSIONS:
            all[version].update(violations(document, version))
    return all


NONE: dict[str, Counter[str]] = {version: Counter() for version in VERSIONS}


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in LOGS if path.suffix == ".xz"], ids=lambda path: path.name)
def test_every_document_of_a_whole_corpus_is_valid(path: Path) -> None:
    assert counted(documents(content(path))) == NONE


def test_every_document_of_all_other_logs_is_valid() -> None:
    for path in LOGS:
        if path.suffix != ".xz":
            assert counted(documents(content(path))) == NONE, path.name


@pytest.mark.parametrize("prefix", [None, "x_"])
def test_every_document_with_all_options_is_valid(prefix: str | None) -> None:
    for path in LOGS:
        feed = start(path)[:100_000].rpartition(b"\n")[0]
        options = {name: value for name, value in everything(prefix).items() if name != "transform"}
        assert counted(documents(feed, **options)) == NONE, path.name


PID: dict[str, Any] = {"GUID": "g", "GUID_SOURCE": "probe", "container": {"id": "c", "runtime": "docker"}}
PROBED: dict[str, Any] = {"pid": 3, "ppid": 2, "comm": "ls", "auid": 1000, "ses": 4, "cgroup": 5}
NOTICES = [
    Notice("1.500:probe-1", "PROBE_EXEC", PROBED, {"PID": PID, "PPID": {"GUID": "h"}, "SPAWNED_BY": {"pid": 2}}),
    Notice("1.500:probe-2", "PROBE_EXIT", {**PROBED, "exit_code": 0, "signal": None, "duration": 0.5}, {"PID": PID}),
    Notice(None, "", {}, {"SUPPRESSED": {"Rule": 1, "rule": 2}}),
]


@pytest.mark.parametrize("notice", NOTICES, ids=["exec", "exit", "suppressed"])
def test_sensor_events_are_valid(notice: Notice) -> None:
    document = json.loads(Ecs(Style("unicode")).notice(notice).encode("latin-1"))
    assert counted(iter([document])) == NONE


def test_every_document_of_a_host_with_all_there_is_is_valid(tmp_path: Path) -> None:
    found = [json.loads(line.encode("latin-1")) for line, _ in Host(tmp_path, "ecs").lines()]
    assert counted(iter(found)) == NONE
    names = {name for document in found for name, _ in leaves(document)}
    assert {"container.image.name", "orchestrator.namespace", "process.hash.sha256", "process.env_vars"} <= names
    assert {"host.id", "agent.id", "process.entry_leader.entry_meta.source.ip", "related.hash"} <= names


def test_what_could_not_be_read_or_written_is_valid() -> None:
    assert counted(documents(b"what\xff is this\n")) == NONE
    (event,) = events(call(2) + "\x1dARCH=x86_64 SYSCALL=open", 'PATH item=0 name="/x"')
    assert counted(iter([json.loads(Ecs(Style("unicode")).plainly(event).encode("latin-1"))])) == NONE


FAULTS: list[tuple[str, Any, str]] = [
    # where, what is put there, what is found
    ("host.nome", "x", "host.nome: is no field"),
    ("process.entity", {"id": "x"}, "process.entity.id: is no field"),
    ("process.pid", "31", "process.pid: '31' is no long"),
    ("process.pid", True, "process.pid: True is no long"),
    ("process.args_count", 2**63, f"process.args_count: {2**63} is no long"),
    ("process.args", "su", "process.args: is no list"),
    ("process.args", [], "process.args: is empty"),
    ("process.args", [3], "process.args: 3 is no keyword"),
    ("process.name", ["su"], "process.name: is a list"),
    ("process.name", None, "process.name: is empty"),
    ("process.start", "yesterday", "process.start: 'yesterday' is no date"),
    ("process.Pid", 3, "process.Pid: differs from pid in case only"),
    ("source.ip", "web01", "source.ip: 'web01' is no ip"),
    ("event.outcome", "fail", "event.outcome: 'fail' is none of failure, success, unknown"),
    ("event.type", ["denied"], "event.type: denied goes with none of ['process']"),
    ("event.category", ["process", "file"], "event.category: file has none of its types, but ['start']"),
    ("event.category", ["processes"], "event.category: 'processes' is none of api, authentication,"),
    ("event.category", None, "event.category: is not there"),
    ("@timestamp", None, "@timestamp: is not there"),
    ("ecs", None, "ecs.version: is not there"),
    ("host_sensor.empty", {}, "host_sensor.empty: is empty"),
    ("auditd.data.ARCH", "x", "auditd.data.ARCH: differs from arch in case only"),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("where", "what", "message"), FAULTS)
def test_the_judge_finds_what_is_wrong(where: str, what: Any, message: str, version: str) -> None:
    assert violations(WHOLE, version) == []
    document = deepcopy(WHOLE)
    *outer, name = where.split(".")
    inner: dict[str, Any] = document
    for key in outer:
        inner = inner.setdefault(key, {})
    inner[name] = what
    if what is None and name != "name":
        del inner[name]
    assert any(message in found for found in violations(document, version)), violations(document, version)


@cache
def seen() -> set[str]:
    """Every field of the logs."""
    return {name for path in LOGS for found in documents(start(path)) for name, _ in leaves(found)}


def test_every_extension_is_in_use_and_none_is_a_field_of_the_schema() -> None:
    for row in EXTENSIONS:
        assert any(is_extension(name) and name.startswith(row.name.strip("*")) for name in seen()) or any(
            name.endswith(row.name.strip("*")) for name in seen()
        ), row.name
    for version in VERSIONS:
        assert [name for name in fields(version) if is_extension(name)] == []
