"""Records behind what others put before them, and in documents of JSON."""

from __future__ import annotations

import json

import pytest

from sensor.audit.wrapped import behind_prefix, pieces_of, unwrapped
from tests.pipeline.test_damaged import CALL, END, EXECVE, read

RECORD = 'type=CWD msg=audit(1.001:1): cwd="/"'
LINE = ("", "CWD", "1.001:1", 'cwd="/"')


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"Nov 18 19:55:36 a audispd: {RECORD}", ("", LINE)),
        (f"Nov 18 19:55:36 web01 audispd: node=db02 {RECORD}", ("", ("db02", *LINE[1:]))),
        (f"<86>1 2024-11-18T19:55:39Z web01 audispd 700 - - {RECORD}", ("", LINE)),
        (f"<86>1 2024-11-18T19:55:39Z web01 audispd 700 - - node=db02 {RECORD}", ("", ("db02", *LINE[1:]))),
        (f"web01:/var/log/audit/audit.log:7:{RECORD}", ("", LINE)),
        (f"audit.log:7:{RECORD}", ("", LINE)),
        (f"typ{RECORD}", ("typ", LINE)),
        (f"type=PATH msg=aud{RECORD}", ("type=PATH msg=aud", LINE)),
        ('[ 1.5] audit: type=1307 audit(1.001:1): cwd="/"', ("", LINE)),
        ('kernel: type=1307 audit(1.001:1): cwd="/"', ("", LINE)),
        (f"sshd: Invalid user {RECORD}", None),
        (f"x y {RECORD}", None),
        ("type=1307 audit(1.001): cwd", None),
        ("", None),
    ],
)
def test_the_record_and_what_stands_before_it(line: str, found: tuple[str, tuple[str, ...]] | None) -> None:
    seen = behind_prefix(line)
    record = seen and seen[1]
    assert (seen and (seen[0], (record.node, record.type, record.id, record.body))) == found


def test_the_pieces_of_a_line() -> None:
    assert pieces_of(f"{RECORD} {RECORD}") == [f"{RECORD} ", RECORD]
    assert pieces_of(f"a: {RECORD} {RECORD}") == [f"{RECORD} ", RECORD]
    assert pieces_of(f"typ{RECORD} {RECORD}") == ["typ", f"{RECORD} ", RECORD]
    assert pieces_of(f"a b {RECORD} {RECORD}") == [f"a b {RECORD} {RECORD}"]
    assert pieces_of(json.dumps({"message": f"{RECORD}\nx"})) == [f"{RECORD}\n", "x\n"]


def test_a_document_becomes_its_lines() -> None:
    document = json.dumps({"message": f"{RECORD}\n\n{RECORD}"})
    assert unwrapped(document) == [f"{RECORD}\n", f"{RECORD}\n"]
    assert unwrapped(RECORD) == [RECORD]
    assert unwrapped("{}") == ["{}"]


ENRICHED = CALL.format(1) + '\x1dARCH=x86_64 SYSCALL=execve AUID="alice" UID="root"'
BODY = ENRICHED.partition("): ")[2]
JOURNAL = {"_TRANSPORT": "audit", "_AUDIT_TYPE": "1300", "_AUDIT_TYPE_NAME": "SYSCALL", "_AUDIT_ID": "1"}
JOURNAL["_SOURCE_REALTIME_TIMESTAMP"] = "1001000"
DOCUMENTS = {
    "Filebeat": {"@timestamp": "2024-11-18T19:55:39Z", "host": {"name": "a"}, "message": ENRICHED},
    "Elasticsearch": {"_index": "x", "_source": {"message": ENRICHED}},
    "event.original": {"event": {"original": ENRICHED}, "message": "a login"},
    "Docker": {"log": ENRICHED + "\n", "stream": "stdout"},
    "Splunk": {"preview": False, "result": {"_raw": f"Nov 18 19:55:36 host-a audispd: {ENRICHED}"}},
    "journald, from syslog": {"MESSAGE": ENRICHED, "SYSLOG_IDENTIFIER": "audisp-syslog"},
    "journald, bytes": {"MESSAGE": [*ENRICHED.encode()]},
    "journald, of the kernel": {**JOURNAL, "MESSAGE": [*f"SYSCALL {BODY}".encode()]},
    "several lines": {"message": f"{ENRICHED}\n{END.format(1)}\n{EXECVE.format(1)}"},
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize(
    "prefix", ["", "2024-11-18T19:55:39Z stdout F ", "Nov 18 19:55:36 a x: ", "Nov 18 19:55:36 a x: @cee: "]
)
def test_records_in_documents_of_json(name: str, prefix: str) -> None:
    (document,) = read(f"{prefix}{json.dumps(DOCUMENTS[name])}\n")
    assert (document["ID"], document["SYSCALL"]["KEYS"], document["SYSCALL"]["AUID"]) == ("1.001:1", ["k"], "alice")
    assert ("EXECVE" in document, "USER_END" in document) == ("several" in name,) * 2
    assert "SENSOR" not in document


@pytest.mark.parametrize(
    ("line", "node"),
    [
        ("Nov 18 19:55:36 web01 audispd: {}", None),
        ("Nov 18 19:55:36 web01 audispd: node=db02 {}", "db02"),
        ("<86>1 2024-11-18T19:55:39Z web01 audispd 700 - - {}", None),
        ("<86>1 2024-11-18T19:55:39Z web01 audispd 700 - - node=db02 {}", "db02"),
        ('{{"host":{{"name":"web01"}},"message":"{}"}}', None),
        ('{{"_HOSTNAME":"web01","MESSAGE":"node=db02 {}"}}', "db02"),
    ],
)
def test_a_host_is_a_node_only_where_the_record_names_it(line: str, node: str | None) -> None:
    (document,) = read(line.format("type=DAEMON_START msg=audit(1.001:1): op=start") + "\n")
    assert (document["ID"], document.get("NODE")) == ("1.001:1", node)


NO_LOGS = [
    '{"message": "%s"}' % ("[" * 5000),
    "{" * 5000 + "audit(",
    '{"a":' * 5000 + "audit(",
    '{"message": ["audit("]}',
    '{"message": "Invalid user type=USER_END msg=audit(1.001:1): x"}',
    '{"_TRANSPORT": "audit", "_AUDIT_ID": "x", "MESSAGE": "CWD"}',
    '{"_TRANSPORT": "audit", "_AUDIT_TYPE": [1], "MESSAGE": {"a": 1}}',
    '{"message": "audit(\xff"}',
    '["audit("]',
    "x y " + json.dumps({"message": RECORD}),
]


@pytest.mark.parametrize("line", NO_LOGS)
def test_documents_without_a_record_stay_what_they_are(line: str) -> None:
    (document,) = read(line + "\n")
    assert document["ID"] is None
