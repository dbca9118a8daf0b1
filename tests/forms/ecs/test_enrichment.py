"""What stages added, in ECS words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sensor.audit.event import Addition
from sensor.audit.number import Number
from sensor.forms.ecs.enrichment import Enrichments, date, identity
from sensor.forms.values import Style

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
    (
        {"CMDLINE": ["a", "b"], "CMDLINE_SOURCE": "observed"},
        {"args": ["a", "b"], "command_line": "a b"},
        {},
        {},
        {"cmdline_source": "observed"},
    ),
    ({"ARGS": {"flags": ["O_RDONLY"]}}, {}, {}, {}, {"arguments": {"flags": ["O_RDONLY"]}}),
    (
        {"SESSION": {"acct": "alice", "addr": "10.0.2.2"}},
        {"entry_leader": {"entry_meta": {"source": {"ip": "10.0.2.2"}}}},
        {},
        {},
        {"session": {"acct": "alice", "addr": "10.0.2.2"}},
    ),
    (
        {"ENTRY_LEADER": {"pid": 3, "GUID": "e", "comm": "bash", "ARGV": ["-bash", "-c"], "type": "sshd"}},
        {
            "entry_leader": {
                "pid": 3,
                "entity_id": "e",
                "name": "bash",
                "args": ["-bash", "-c"],
                "command_line": "-bash -c",
                "entry_meta": {"type": "sshd"},
                "same_as_process": False,
            }
        },
        {},
        {},
        {},
    ),
    (
        {"SESSION_LEADER": {"pid": 3, "START_TIME": "5.000"}, "LEADS": {"GROUP_LEADER": {"pid": 4, "GUID": "g"}}},
        {
            "session_leader": {"pid": 3, "start": "1970-01-01T00:00:05.000Z", "same_as_process": False},
            "group_leader": {"pid": 4, "entity_id": "g", "same_as_process": True},
        },
        {},
        {},
        {},
    ),
    (
        {"ENTRY_LEADER": {"pid": 3, "type": "sshd"}, "SESSION": {"addr": "10.0.2.2"}, "GROUP_LEADER": {"pid": 5}},
        {
            "entry_leader": {
                "pid": 3,
                "entry_meta": {"type": "sshd", "source": {"ip": "10.0.2.2"}},
                "same_as_process": False,
            },
            "group_leader": {"pid": 5, "same_as_process": False},
        },
        {},
        {},
        {"session": {"addr": "10.0.2.2"}},
    ),
    ({"SESSION": {"addr": "?"}}, {}, {}, {}, {"session": {"addr": "?"}}),
    ({"EXE_HASH": "9f"}, {"hash": {"sha256": "9f"}}, {}, {}, {}),
    ({"EXE_HASH_SKIPPED": "gone"}, {}, {}, {}, {"exe_hash_skipped": "gone"}),
    ({"ENV": {"LD_PRELOAD": "/x.so"}}, {"env_vars": ["LD_PRELOAD=/x.so"]}, {}, {}, {}),
    ({"ENV": {}, "UID_GROUPS": [], "ANCESTORS": []}, {}, {}, {}, {}),
    ({"LABELS": ["java"], "SCRIPT": "/a.sh"}, {}, {}, {}, {"labels": ["java"], "script": "/a.sh"}),
    ({"CONTAINER_INFO": {"ID": "c"}}, {}, {}, {"container": {"id": "c"}}, {}),
    (
        {
            "PARENT_INFO": {
                "ARGV": ["sh"],
                "launch_time": Number("1626611323.973"),
                "ppid": 7,
                "comm": "sh",
                "exe": "/bin/sh",
            }
        },
        {},
        {
            "args": ["sh"],
            "command_line": "sh",
            "start": "2021-07-18T12:28:43.973Z",
            "name": "sh",
            "executable": "/bin/sh",
        },
        {},
        {},
    ),
    (
        {"PARENT_INFO": {"ARGV": ["sh"], "ARGV_SOURCE": "inherited"}},
        {},
        {"args": ["sh"], "command_line": "sh"},
        {},
        {"parent": {"args_source": "inherited"}},
    ),
    ({"OPID": {"GUID": "o", "GUID_SOURCE": "proc", "comm": "x", "ppid": 1}}, {}, {}, {}, {
        "opid": {"entity_id": "o", "name": "x", "entity_id_source": "proc", "ppid": 1}}),
    ({"EXIT": "EPERM"}, {}, {}, {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("added", "process", "parent", "top", "own"), CASES)
def test_the_words_of_ecs(added: Text, process: Text, parent: Text, top: Text, own: Text) -> None:
    found = Enrichments(Style()).of([Addition(added)])
    texts = (found.process, found.parent, found.top, found.own)
    assert [json.loads(f"{{{text[1:]}}}") for text in texts] == [process, parent, top, own]


def test_the_command_line_of_an_exec_is_in_its_record() -> None:
    assert Enrichments(Style()).of([Addition({"CMDLINE": ["a"]})]).process_of_exec == ""


def test_all_additions_are_read_and_the_translation_is_remembered() -> None:
    enrichments = Enrichments(Style())
    parts = Addition({"LABELS": ["x"]}), Addition(top={"CONTAINER_INFO": {"ID": "c"}})
    additions = [Addition(top={"CUSTOM": 1}), Addition({"SCRIPT": "/a"}), Addition(parts=parts)]
    first = enrichments.of(additions)
    assert json.loads(f"{{{first.own[1:]}}}") == {"script": "/a", "labels": ["x"], "custom": 1}
    assert first.top == ',"container":{"id":"c"}'
    assert enrichments.of([*additions]) is first
    assert enrichments.of(additions[:2]) is not first


def test_what_is_remembered_is_bounded() -> None:
    enrichments = Enrichments(Style(), entries=8)
    kept = Addition({"SCRIPT": "/0"})
    first = enrichments.of([kept])
    for number in range(8):
        enrichments.of([Addition({"SCRIPT": f"/{number}"})])
    again = enrichments.of([kept])
    assert (again.own == first.own, again is first) == (True, False)


def test_text_is_written_as_everywhere() -> None:
    for name, text in (("ä".encode().decode("latin-1"), "ä".encode().decode("latin-1")), ("g+\xff", "g%2b%ff")):
        assert Enrichments(Style()).of([Addition({"SCRIPT": name})]).own == f',"script":"{text}"'


DATES = [("1795342160.120", "2026-11-22T10:09:20.120Z"), (0, "1970-01-01T00:00:00.000Z"), (10**15, None), (-1, None)]


@pytest.mark.parametrize(("seconds", "text"), DATES)
def test_dates(seconds: str | int, text: str | None) -> None:
    assert date(seconds) == text


def test_an_identity_is_taken_apart() -> None:
    assert identity({"GUID": "g", "comm": "x", "pid": 1}) == ({"entity_id": "g", "name": "x"}, {"pid": 1})


def test_what_is_reported_of_many_is_translated_once_and_comes_with_what_is_reported_of_one() -> None:
    enrichments = Enrichments(Style())
    said: Text = {"process": "a stage's", "notes": "too", "SESSION_GUID": "s"}
    parent = Addition({"PPID": {"GUID": "h", "GUID_SOURCE": "proc"}, **said})
    for name in ("a", "b"):
        own = Addition({"PID": {"GUID": name, "EVENT_ID": "1.000:1", "container": {"id": "c", "source": "observed"}}})
        found = enrichments.of([Addition(parts=(own, parent))])
        assert found.process == f',"entity_id":"{name}"'
        assert found.parent == ',"entity_id":"h"'
        assert found.top == ',"container":{"id":"c"}'
        assert json.loads(f"{{{found.own[1:]}}}") == {
            "process": {"exec_event_id": "1.000:1"},
            "container": {"source": "observed"},
            "parent": {"entity_id_source": "proc"},
            "process_2": "a stage's",
            "notes_2": "too",
            "session_guid": "s",
        }
    assert (found.addresses, found.hashes) == ((), ())
    added = [Addition({"EXE_HASH": "9f", "SESSION": {"addr": "::1"}})]
    assert (enrichments.of(added).addresses, enrichments.of(added).hashes) == (("::1",), ("9f",))
