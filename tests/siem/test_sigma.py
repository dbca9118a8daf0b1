"""packaging/siem/sigma: rules convert, ask for fields that there are, and find the deeds they are about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sensor.tables.ecs_extensions import is_extension
from tests.forms.ecs.test_form import document
from tests.forms.ecs.test_schema import documents
from tests.siem.sigma_rules import RULES, rule
from tests.siem.written import DATA, INTRUDERS, MIXED, SIEM, content
from tests.support.ecs_schema import VERSIONS, fields, leaves
from tests.support.every_key import Host

pytest.importorskip("eql")
pytest.importorskip("sigma.backends.elasticsearch")

from sigma.backends import elasticsearch
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaTransformationError
from sigma.processing.pipeline import ProcessingPipeline

from tests.detections.judge import LISTS, fired

PIPELINE = (SIEM / "sigma" / "host-sensor-ecs.yml").read_text()
FACTS = json.loads((DATA / "detections" / "sigma-auditd-fields.json").read_text())
RARE = DATA / "ecs" / "rare.audit"
BACKENDS = ("LuceneBackend", "EqlBackend")
AUDITD = "service: auditd"


def convert(source: str, backend: str = "EqlBackend") -> str:
    converter = getattr(elasticsearch, backend)(ProcessingPipeline.from_yaml(PIPELINE))
    (query,) = converter.convert(SigmaCollection.from_yaml(source))
    return str(query)


def like(names: list[str]) -> str:
    """The detection of a rule that asks for these fields."""
    words = {"(keyword)", "|all"}
    plain = [name.partition("|")[0] for name in names]
    type = next((type for name, type in RECORD.items() if name in plain), "EXECVE")
    values = {"type": type, "a1|re": "^[.]x", "a2|re": "^[.]x"}
    item = {name: values.get(name, "value") for name in names if name not in words}
    detection = [f"selection: {json.dumps(item)}"]
    if words & set(names):
        detection.append("words: " + json.dumps({"|all": ["one", "two"]} if "|all" in names else ["one"]))
    return "\n  ".join(detection)


RECORD = {"SYSCALL": "SYSCALL", "name": "PATH", "unit": "SERVICE_STOP", "comm": "SYSCALL", "exe": "SYSCALL"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_rules_with_the_fields_of_all_public_ones_convert(backend: str) -> None:
    assert len(FACTS) == 54
    for fact in FACTS:
        query = convert(rule(AUDITD, like(fact["fields"])), backend)
        left = {name.partition("|")[0] for name in fact["fields"]} - {"(keyword)", ""}
        assert not [name for name in left if f" {name}:" in query.replace("(", " ")], fact["rule"]


def targets() -> Iterator[tuple[str, str]]:
    """Each field of a rule, with each that it becomes."""
    for item in yaml.safe_load(PIPELINE)["transformations"]:
        if item["type"] == "field_name_mapping":
            for name, field in item["mapping"].items():
                for one in [field] if isinstance(field, str) else field:
                    yield str(name), one


def test_what_a_rule_asks_for_is_in_documents(tmp_path: Path) -> None:
    found = {name for path in (INTRUDERS, MIXED, RARE) for one in documents(content(path)) for name, _ in leaves(one)}
    found |= {name for name, _ in leaves(document("SERVICE_STOP pid=1 msg='unit=ufw res=success'"))}
    for line, _ in Host(tmp_path, "ecs").lines():
        found |= {name for name, _ in leaves(json.loads(line.encode("latin-1")))}
    assert {field for _, field in targets()} - found == set()


def test_what_a_rule_asks_for_is_a_field_of_the_schema_or_of_our_own() -> None:
    found = dict(targets())
    assert len(found) > 50
    for version in VERSIONS:
        known = fields(version)
        assert [field for _, field in targets() if field not in known and not is_extension(field)] == []


def flat(documents: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """As Elasticsearch takes a list of objects: for each member a list of its values."""
    found = list(documents)
    for one in found:
        paths = one.get("auditd", {}).get("paths", [])
        if paths:
            one["auditd"]["paths"] = {name: [path[name] for path in paths if name in path] for name in paths[0]}
    return found


def run(rules: dict[str, str], feed: Iterator[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rule → the documents that it finds; the library takes no number behind a colon, as Elasticsearch does."""
    found = flat(feed)
    by_id = {one["event"]["id"]: one for one in found}
    lists = LISTS | {"auditd.paths.name", "auditd.paths.nametype"}
    rules = {name: re.sub(r"(?<=[a-z]):(\d+)(?=[ )]|$)", r" == \1", query) for name, query in rules.items()}
    return {name: [by_id[id] for id in ids] for name, ids in fired(rules, found, lists).items()}


def test_each_rule_finds_its_own_deed_and_no_other() -> None:
    found = run(
        {name: convert(rule(kind, detection)) for name, (kind, detection, _) in RULES.items()},
        documents(content(INTRUDERS)),
    )
    assert len(found) == 12
    for name, (_, _, end) in RULES.items():
        assert len(found[name]) == 1, (name, found[name])
        (event,) = found[name]
        texts = (
            event["process"].get("command_line"),
            event.get("file", {}).get("path"),
            event.get("destination", {}).get("ip"),
        )
        assert any(text and text.endswith(end) for text in texts), (name, texts)


KMOD = 'SYSCALL arch=c000003e syscall=175 pid=1 comm="insmod" exe="/usr/bin/kmod"'
CASES = [
    ("selection: {type: SERVICE_STOP, unit: ufw}", "SERVICE_STOP pid=1 msg='unit=ufw res=success'", True),
    ("selection: {type: SERVICE_STOP, unit: ufw}", "SERVICE_START pid=1 msg='unit=ufw res=success'", False),
    ("selection: {type: [DEL_USER, ADD_USER], res: success}", "ADD_USER pid=1 msg='acct=\"a\" res=success'", True),
    ("selection: {type: [DEL_USER, ADD_USER], res: failed}", "ADD_USER pid=1 msg='acct=\"a\" res=failed'", True),
    ("selection: {type: [DEL_USER, ADD_USER], res: success}", "ADD_USER pid=1 msg='acct=\"a\" res=failed'", False),
    ("selection: {type: USER_AUTH, acct: root}", "USER_AUTH pid=1 msg='acct=\"root\" res=failed'", True),
    ("selection: {type: USER_CMD, cmd|contains: shadow}", "USER_CMD pid=1 msg='cmd=\"cat /etc/shadow\"'", True),
    ("selection: {type: SYSCALL, SYSCALL: execve}", "SYSCALL arch=c000003e syscall=59 pid=1 uid=0", True),
    ("selection: {type: SYSCALL, syscall: execve}", "SYSCALL arch=c000003e syscall=59 pid=1 uid=0", True),
    ("selection: {type: SYSCALL, syscall: [open, openat]}", "SYSCALL arch=c000003e syscall=59 pid=1 uid=0", False),
    ("selection: {type: SYSCALL, SYSCALL: socket, a0: 26}", "SYSCALL arch=c000003e syscall=41 a0=26 pid=1", True),
    ("selection: {type: SYSCALL, SYSCALL: socket, a0: 26}", "SYSCALL arch=c000003e syscall=41 a0=2 pid=1", False),
    ("selection: {type: SYSCALL, comm: insmod, exe: /usr/bin/kmod}", KMOD, True),
    ("selection: {type: EXECVE, a0: x}", "SYSCALL arch=c000003e syscall=59 a0=x pid=1 uid=0", False),
    ("selection: {euid: 33}", "SYSCALL arch=c000003e syscall=59 pid=1 uid=33 euid=33", True),
    ("selection: {euid: 33}", "SYSCALL arch=c000003e syscall=59 pid=1 uid=0 euid=33", True),
    ("selection: {auid: 7, pid: 1}", "SYSCALL arch=c000003e syscall=59 pid=1 uid=0 auid=7", True),
]


@pytest.mark.parametrize(("detection", "record", "finds"), CASES)
def test_records(detection: str, record: str, finds: bool) -> None:
    found = document(record)
    assert bool(run({"rule": convert(rule(AUDITD, detection))}, iter([found]))["rule"]) is finds


REFUSED = [
    (AUDITD, "selection: {type: SYSCALL, syscall: 135}"),
    (AUDITD, "selection: {type: SYSCALL, syscall: '135'}"),
    (AUDITD, "selection: {type: SYSCALL, syscall: [execve, 322]}"),
    (AUDITD, "selection: {type: [SYSCALL, EXECVE]}"),
    (AUDITD, "selection: {type: [PATH, USER_CMD]}"),
    (AUDITD, "selection: {saddr: '02'}"),
    ("category: process_creation", "selection: {OriginalFileName: x}"),
    ("category: network_connection", "selection: {DestinationHostname: example.org}"),
    ("category: file_event", "selection: {TargetFilename: x, Hashes|contains: y}"),
]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kind", "detection"), REFUSED)
def test_what_cannot_be_asked_is_refused(kind: str, detection: str, backend: str) -> None:
    with pytest.raises(SigmaTransformationError):
        convert(rule(kind, detection), backend)
