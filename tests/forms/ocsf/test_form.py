"""Events wholly in OCSF: valid in every version, complete, and what was done is what they say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sensor.audit.event import Event, Template
from sensor.audit.naming import Naming
from sensor.forms.ocsf import Ocsf
from sensor.forms.values import Style
from sensor.summary.facts import datum_of, own_fields
from tests.converting import converted
from tests.forms.ocsf_schema import VERSIONS, mistakes
from tests.support.every_key import Host
from tests.test_data import LOGS, content

SLOW = [pytest.param(path, marks=pytest.mark.slow) if "exec-open" in path.name else path for path in LOGS]
EVERYTHING = (
    "output: ocsf\n"
    "translate: {universal: true, user_db: true, arguments: true, time: iso, type: true, summary: true}\n"
    "enrich: {cmdline: true, parent_info: true, ancestors: 3, session: true, container_info: true, prefix: x_}\n"
)


def invalid(documents: Iterator[dict[str, Any]] | list[dict[str, Any]]) -> list[str]:
    return [f"{version}: {wrong}" for each in documents for version in VERSIONS for wrong in mistakes(version, each)]


def name(path: Any) -> str:
    return f"{path.parent.name}/{path.name}"


@pytest.mark.parametrize("path", SLOW, ids=name)
def test_every_event_of_every_log_is_valid(path: Path) -> None:
    assert invalid(converted(content(path), "output: ocsf")) == []


@pytest.mark.parametrize("path", [path for path in LOGS if path.parent.name != "corpora"], ids=name)
def test_with_every_option_as_well(path: Path) -> None:
    assert invalid(converted(content(path), EVERYTHING)) == []


def test_what_comes_of_a_live_host_is_valid(tmp_path: Path) -> None:
    documents = [json.loads(line.encode("latin-1")) for line, _ in Host(tmp_path, "ocsf").lines()]
    assert invalid(documents) == []
    processes = [document["actor"]["process"] for document in documents if "process" in document.get("actor", {})]
    known = [process for process in processes if "cpid" in process]
    assert known
    assert all(process["cpid"] == process["uid"] for process in known)
    assert {"host", "container"} <= {profile for each in documents for profile in each["metadata"]["profiles"]}
    assert any(process.get("parent_process", {}).get("cpid") for process in processes)


def test_the_validator_finds_mistakes() -> None:
    (good,) = converted(b"type=CWD msg=audit(1700000000.001:1): cwd=/\n", "output: ocsf")
    for changes, wrong in (
        ({"class_uid": 5}, "class_uid 5"),
        ({"severity_id": 7}, "base_event.severity_id: 7 is not in the enumeration"),
        ({"time": "now"}, "base_event.time: 'now' is no timestamp_t"),
        ({"pid": 1}, "base_event.pid: unknown"),
        ({"device": {}}, "base_event.device.type_id: required"),
        ({"type_uid": 1}, "type_uid 1"),
        ({"unmapped": []}, "base_event.unmapped: no object"),
    ):
        assert wrong in mistakes("1.5.0", {**good, **changes})


STORY = """
type=USER_LOGIN msg=audit(1700000001.000:10): pid=500 uid=0 auid=1000 ses=7 msg='op=login acct="alice" exe="/usr/sbin/sshd" hostname=? addr=192.0.2.9 terminal=ssh res=success'
type=SYSCALL msg=audit(1700000002.000:11): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=0 ppid=500 pid=501 auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=7 comm="bash" exe="/usr/bin/bash" key="exec"
type=EXECVE msg=audit(1700000002.000:11): argc=1 a0="-bash"
type=EOE msg=audit(1700000002.000:11):
type=SYSCALL msg=audit(1700000003.000:12): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=0 ppid=501 pid=502 auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=7 comm="cat" exe="/usr/bin/cat" key="exec"
type=EXECVE msg=audit(1700000003.000:12): argc=2 a0="cat" a1="/etc/shadow"
type=EOE msg=audit(1700000003.000:12):
type=SYSCALL msg=audit(1700000003.100:13): arch=c000003e syscall=257 success=no exit=-13 a0=ffffff9c a1=2 a2=0 a3=0 items=1 ppid=501 pid=502 auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=7 comm="cat" exe="/usr/bin/cat" key="shadow"
type=CWD msg=audit(1700000003.100:13): cwd="/etc"
type=PATH msg=audit(1700000003.100:13): item=0 name="shadow" inode=9 dev=fd:01 mode=0100640 ouid=0 ogid=42 rdev=00:00 nametype=NORMAL
type=EOE msg=audit(1700000003.100:13):
type=ADD_USER msg=audit(1700000004.000:14): pid=503 uid=0 auid=1000 ses=7 msg='op=add-user acct="mallory" exe="/usr/sbin/useradd" hostname=? addr=? terminal=pts/0 res=success'
type=USER_AUTH msg=audit(1700000005.000:15): pid=504 uid=1000 auid=1000 ses=7 msg='op=PAM:authentication acct="root" exe="/usr/bin/su" hostname=? addr=? terminal=pts/0 res=failed'
type=SYSCALL msg=audit(1700000006.000:16): arch=c000003e syscall=231 a0=1 a1=0 a2=0 a3=0 items=0 ppid=501 pid=502 auid=1000 uid=1000 gid=1000 euid=1000 suid=1000 fsuid=1000 egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=7 comm="cat" exe="/usr/bin/cat" key="exit"
type=EOE msg=audit(1700000006.000:16):
type=USER_LOGOUT msg=audit(1700000007.000:17): pid=500 uid=0 auid=1000 ses=7 msg='op=login acct="alice" exe="/usr/sbin/sshd" hostname=? addr=192.0.2.9 terminal=ssh res=success'
"""  # noqa: E501  records are as long as they are


def test_a_planted_session() -> None:
    documents = {each["metadata"]["sequence"]: each for each in converted(STORY.lstrip().encode(), "output: ocsf")}
    brief = {
        number: (each["class_uid"], each["activity_id"], each["severity_id"], each["status_id"])
        for number, each in documents.items()
    }
    assert brief == {
        10: (3002, 1, 1, 1),
        11: (1007, 1, 1, 1),
        12: (1007, 1, 1, 1),
        13: (1001, 14, 1, 2),
        14: (3001, 1, 1, 1),
        15: (3002, 99, 2, 2),
        16: (1007, 2, 1, 0),
        17: (3002, 2, 1, 1),
    }
    login, shell, cat, read, account = (documents[number] for number in (10, 11, 12, 13, 14))
    assert (login["user"]["name"], login["src_endpoint"]["ip"], login["session"]["uid"]) == ("alice", "192.0.2.9", "7")
    assert (shell["process"]["pid"], shell["actor"]["process"]["pid"]) == (501, 500)
    assert cat["process"]["parent_process"]["name"] == cat["actor"]["process"]["name"] == "bash"
    assert cat["process"]["cmd_line"] == "cat /etc/shadow"
    assert cat["actor"]["session"]["uid"] == "7"
    assert read["file"]["path"] == "/etc/shadow"
    assert (read["status_code"], read["actor"]["process"]["pid"]) == ("EACCES", 502)
    assert read["actor"]["process"]["parent_process"]["pid"] == 501
    assert account["user"] == {"name": "mallory"}
    assert account["unmapped"]["user"]["audit"] == {"id": "1000"}
    assert documents[16]["exit_code"] == 1
    assert invalid(list(documents.values())) == []


def test_the_same_facts_as_in_laurels_form() -> None:
    theirs = {each["ID"]: each for each in converted(STORY.lstrip().encode()) if "SYSCALL" in each}
    for document in converted(STORY.lstrip().encode(), "output: ocsf"):
        facts = theirs.get(document["metadata"]["uid"])
        if facts is not None:
            call = facts["SYSCALL"]
            process = document["process"] if call["syscall"] == 59 else document["actor"]["process"]
            assert (process["pid"], process["parent_process"]["pid"]) == (call["pid"], call["ppid"])
            assert (process["name"], process["file"]["path"]) == (call["comm"], call["exe"])
            assert document["metadata"].get("labels") == call["KEYS"]
            assert document["actor"]["session"]["uid"] == str(call["ses"])


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
        yield " ".join(map(str, value))
    else:
        yield str(value)


UNICODE = "transform: {strings: unicode}"
UNSAID = frozenset(
    {
        "success",
        "res",
        "result",
        "argc",
        "items",
        "subj",
        "obj",
        "key",
        "netlabel",
        "exit",
        "arch",
        "saddr",
        "saddr_hex",
    }
)


@pytest.mark.parametrize("path", [path for path in LOGS if path.parent.name in ("summary", "demo")], ids=name)
def test_no_field_of_a_record_is_left_out(path: Path) -> None:
    lines = {each["ID"]: each for each in converted(content(path), UNICODE) if each.get("ID")}
    for document in converted(content(path), "output: ocsf"):
        line = lines.get(document["metadata"].get("uid"), {})
        found = set(strings(document))
        for type, value in line.items():
            for record in value if isinstance(value, list) else [value]:
                for field, given in own_fields(record, Naming()) if isinstance(record, dict) and type.isupper() else ():
                    datum = datum_of(field, given, record)
                    if field.islower() and field not in UNSAID and isinstance(datum, str) and datum != "unset":
                        texts = (datum, datum.removeprefix("0x"), datum.lstrip("0"))
                        assert not found.isdisjoint(texts) or datum in str(sorted(found)), (type, field, datum)


def test_what_cannot_be_put_into_words_goes_by_its_own_names() -> None:
    form = Ocsf(Style("unicode", Naming()))
    document = json.loads(form.plainly(Event("1700000000.001:5", "", Template({}), None)))
    assert document["activity_name"] == "unreadable"
    assert document["metadata"]["sequence"] == 5
    assert invalid([document]) == []


def test_the_time_of_what_has_none() -> None:
    first, second = converted(b"type=CWD msg=audit(1700000000.001:1): cwd=/\nnothing\n", "output: ocsf")[::-1]
    assert first["time"] == second["time"] or second["class_uid"] == 0
    (alone,) = converted(b"nothing\n", "output: ocsf")
    assert alone["time"] > 1_700_000_000_000
    assert invalid([alone]) == []
