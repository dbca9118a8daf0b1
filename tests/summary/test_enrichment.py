"""What stages added, in ECS words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sensor.audit.render import Style
from sensor.audit.text import quote_percent
from sensor.summary import enrichment as module
from sensor.summary.enrichment import Enrichments, date, identity, members_text
from tests.summary.events import PLAIN

Text = dict[str, Any]
CASES: list[tuple[Text, Text, Text, Text, Text]] = [
    # added, process, parent, top, own
    ({}, {}, {}, {}, {}),
    (
        {"PID": {"EVENT_ID": "1.000:1", "GUID": "g", "GUID_SOURCE": "probe"}, "EXIT": "EACCES"},
        {"entity_id": "g"},
        {},
        {},
        {"process": {"exec_event_id": "1.000:1", "entity_id_source": "probe"}},
    ),
    (
        {"PPID": {"START_TIME": "1795342160.12", "GUID": "h", "GUID_SOURCE": "proc", "comm": "sh", "exe": None}},
        {},
        {"start": "2026-11-22T10:09:20.120Z", "entity_id": "h", "name": "sh"},
        {},
        {"parent": {"entity_id_source": "proc"}},
    ),
    (
        {
            "PID": {
                "container": {
                    "id": "c",
                    "runtime": "containerd",
                    "name": "web",
                    "image": "nginx:1",
                    "pod": "p",
                    "namespace": "n",
                    "pod_uid": "u",
                    "outer": ["o"],
                    "source": "observed",
                },
                "systemd_service": ["a"],
            }
        },
        {},
        {},
        {
            "container": {"id": "c", "runtime": "containerd", "name": "web", "image": {"name": "nginx:1"}},
            "orchestrator": {
                "type": "kubernetes",
                "namespace": "n",
                "resource": {"type": "pod", "name": "p", "id": "u"},
            },
        },
        {"container": {"outer": ["o"], "source": "observed"}, "process": {"systemd_service": ["a"]}},
    ),
    (
        {"SPAWNED_BY": {"EVENT_ID": "1.000:1", "pid": 5, "comm": "sh", "exe": "/bin/sh"}, "SESSION_GUID": "s"},
        {},
        {},
        {},
        {
            "spawned_by": {"name": "sh", "executable": "/bin/sh", "exec_event_id": "1.000:1", "pid": 5},
            "session_guid": "s",
        },
    ),
    (
        {"ANCESTORS": [{"GUID": "a", "comm": "sh"}, {"GUID": None, "comm": "init"}]},
        {},
        {},
        {},
        {"ancestors": [{"entity_id": "a", "name": "sh"}, {"name": "init"}]},
    ),
    ({"CMDLINE": ["a"], "CMDLINE_SOURCE": "observed"}, {"args": ["a"]}, {}, {}, {"cmdline_source": "observed"}),
    ({"ARGS": {"flags": ["O_RDONLY"]}}, {}, {}, {}, {"arguments": {"flags": ["O_RDONLY"]}}),
    (
        {"SESSION": {"acct": "alice", "addr": "10.0.2.2"}},
        {"entry_leader": {"entry_meta": {"source": {"ip": "10.0.2.2"}}}},
        {},
        {},
        {"session": {"acct": "alice", "addr": "10.0.2.2"}},
    ),
    ({"SESSION": {"addr": "?"}}, {}, {}, {}, {"session": {"addr": "?"}}),
    ({"EXE_HASH": "9f"}, {"hash": {"sha256": "9f"}}, {}, {}, {}),
    ({"EXE_HASH_SKIPPED": "gone"}, {}, {}, {}, {"exe_hash_skipped": "gone"}),
    ({"ENV": {"LD_PRELOAD": "/x.so"}}, {"env_vars": ["LD_PRELOAD=/x.so"]}, {}, {}, {}),
    ({"LABELS": ["java"], "SCRIPT": "/a.sh"}, {}, {}, {}, {"labels": ["java"], "script": "/a.sh"}),
    ({"CONTAINER_INFO": {"ID": "c"}}, {}, {}, {"container": {"id": "c"}}, {}),
    (
        {"PARENT_INFO": {"ARGV": ["sh"], "launch_time": 1626611323.973, "ppid": 7, "comm": "sh", "exe": "/bin/sh"}},
        {},
        {"args": ["sh"], "start": "2021-07-18T12:28:43.973Z", "name": "sh", "executable": "/bin/sh"},
        {},
        {},
    ),
    (
        {"PARENT_INFO": {"ARGV": ["sh"], "ARGV_SOURCE": "inherited"}},
        {},
        {"args": ["sh"]},
        {},
        {"parent": {"args_source": "inherited"}},
    ),
    ({"OPID": {"GUID": "o", "GUID_SOURCE": "proc", "comm": "x", "ppid": 1}}, {}, {}, {}, {
        "opid": {"entity_id": "o", "name": "x", "entity_id_source": "proc", "ppid": 1}}),
    ({"TIME": "2021", "TYPE": "X", "SUMMARY": {}, "EXIT": "EPERM"}, {}, {}, {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("added", "process", "parent", "top", "own"), CASES)
@pytest.mark.parametrize("prefix", ["", "x_"])
def test_the_words_of_ecs(added: Text, process: Text, parent: Text, top: Text, own: Text, prefix: str) -> None:
    named = {prefix + name.lower() if prefix else name: said for name, said in added.items()}
    found = Enrichments(Style(quote_percent, prefix)).of(members_text(named), "", is_exec=False)
    assert [json.loads(f"{{{text[1:]}}}") for text in found] == [process, parent, top, own]


@pytest.mark.parametrize(("prefix", "key"), [("", "SUPPRESSED"), ("x_", "x_suppressed"), ("x_", "SUPPRESSED")])
def test_a_prefix_is_none_of_ecs_words(prefix: str, key: str) -> None:
    assert Enrichments(Style(quote_percent, prefix)).name_of(key) == "SUPPRESSED"


def test_the_command_line_of_an_exec_is_in_its_record() -> None:
    assert Enrichments(PLAIN).of(',"CMDLINE":["a"]', "", is_exec=True).process == ""


def test_both_texts_are_read_and_the_translation_is_remembered() -> None:
    enrichments = Enrichments(PLAIN)
    first = enrichments.of(',"SCRIPT":"/a"', ',"CONTAINER_INFO":{"ID":"c"}', is_exec=False)
    assert first.own == ',"script":"/a"'
    assert first.top == ',"container":{"id":"c"}'
    assert enrichments.of(',"SCRIPT":"/a"', ',"CONTAINER_INFO":{"ID":"c"}', is_exec=False) is first


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENTRIES", 8)
    enrichments = Enrichments(PLAIN)
    for number in range(50):
        enrichments.of(f',"SCRIPT":"/{number}"', "", is_exec=False)
    assert len(enrichments._known) <= 8
    enrichments.of(f',"SCRIPT":"/{"x" * 5000}"', "", is_exec=False)
    assert len(enrichments._known) <= 8


def test_text_stays_one_byte_per_character() -> None:
    name = "ä".encode().decode("latin-1")
    assert Enrichments(PLAIN).of(f',"SCRIPT":"{name}"', "", is_exec=False).own == f',"script":"{name}"'


DATES = [("1795342160.120", "2026-11-22T10:09:20.120Z"), (0, "1970-01-01T00:00:00.000Z"), (10**15, None), (-1, None)]


@pytest.mark.parametrize(("seconds", "text"), DATES)
def test_dates(seconds: object, text: str | None) -> None:
    assert date(seconds) == text


def test_an_identity_is_taken_apart() -> None:
    assert identity({"GUID": "g", "comm": "x", "pid": 1}) == ({"entity_id": "g", "name": "x"}, {"pid": 1})
