"""Summaries of whole events: who did what to what, how, and with what result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensor.audit.event import DROP, Event, Template
from sensor.audit.naming import Naming
from sensor.forms.summary import SummaryTexts
from sensor.forms.values import Style
from sensor.stats import PipelineStats
from sensor.summary.summary import Summaries
from sensor.tables.record_types import NUMBERS
from tests.summary.events import IDS, call, events, summary
from tests.support.pipelines import laurel, make_pipeline
from tests.test_data import LOGS, content

CWD = 'CWD cwd="/root"'
AT_CWD = "a0=ffffff9c a1=7f a2=0 a3=0"


def path(item: int, name: str, nametype: str = "NORMAL", mode: str = "0100644") -> str:
    return f'PATH item={item} name="{name}" inode={item + 1} dev=fd:01 mode={mode} ouid=0 ogid=0 nametype={nametype}'


def output(summaries: Summaries, event: Event) -> list[dict[str, object]]:
    """All that is worked out of an event."""
    who, thing = summaries.of(event)
    return [{**who.event, **who.users, **who.process, **who.means}, dict(thing.top), dict(thing.object)]


def test_everything_about_one_call() -> None:
    assert summary(call(257, "success=no exit=-13", args=AT_CWD), CWD, path(0, "/etc/shadow")) == {
        "event": {
            "kind": "event",
            "category": ["file"],
            "type": ["info"],
            "action": "opened-file",
            "outcome": "failure",
        },
        "user": {"id": "0", "group": {"id": "0"}, "audit": {"id": "1000"}},
        "process": {"pid": 31, "parent": {"pid": 30}, "name": "cat", "executable": "/usr/bin/cat"},
        "file": {
            "path": "/etc/shadow",
            "name": "shadow",
            "directory": "/etc",
            "inode": "1",
            "device": "fd:01",
            "mode": "0644",
            "type": "file",
            "uid": "0",
            "gid": "0",
        },
        "auditd": {
            "summary": {
                "actor": {"primary": "1000", "secondary": "0"},
                "how": "/usr/bin/cat",
                "object": {"type": "file", "primary": "/etc/shadow"},
            }
        },
    }


SADDR = "SOCKADDR saddr=02000050A9FEA9FE0000000000000000"
PEER = "169.254.169.254"
OBJECTS: list[tuple[str, list[str], str | None]] = [
    ("open: the file", [call(2), CWD, path(0, "/a")], "/a"),
    ("creat: not the directory", [call(85), CWD, path(0, "/", "PARENT"), path(1, "/a", "CREATE")], "/a"),
    ("open failed: nothing else is known", [call(2), CWD, path(0, "/a", "UNKNOWN")], "/a"),
    ("mkdir", [call(83), CWD, path(0, "/", "PARENT"), path(1, "/d", "CREATE", "040755")], "/d"),
    (
        "rename: the old name",
        [call(82), CWD, *[path(n, "/", "PARENT") for n in (0, 1)], path(2, "/a", "DELETE"), path(3, "/b", "CREATE")],
        "/a",
    ),
    ("mount: the second", [call(165), CWD, path(0, "/dev/x"), path(1, "/mnt")], "/mnt"),
    ("fewer paths than expected", [call(82), CWD, path(0, "/a")], "/a"),
    ("no path", [call(2), CWD], None),
    ("relative to the current directory", [call(2), CWD, path(0, "a/../b")], "/root/b"),
    ("relative, openat", [call(257, args=AT_CWD), CWD, path(0, "a")], "/root/a"),
    ("relative to a descriptor", [call(257, args="a0=3 a1=7f a2=0 a3=0"), CWD, path(0, "a")], "a"),
    ("relative, and no directory", [call(2), path(0, "a")], "a"),
    ("connect", [call(42), SADDR], PEER),
    ("bind", [call(49), SADDR], PEER),
    ("listen", [call(50)], None),
    ("kill", [call(62), 'OBJ_PID opid=42 oauid=-1 ouid=0 oses=-1 ocomm="sleep"'], "sleep"),
    ("kill nobody", [call(62)], None),
    ("load a module", [call(313), 'KERN_MODULE name="dummy"'], "dummy"),
    ("delete a module", [call(176)], None),
    ("change the policy of an interface", ["ANOM_PROMISCUOUS dev=eth0 prom=1 old_prom=0 auid=1", call(16)], "eth0"),
    ("a service", ["SERVICE_START pid=1 uid=0 msg='unit=ssh exe=\"/x\" res=success'"], "ssh"),
    ("the integrity of a file", ['INTEGRITY_DATA pid=1 uid=0 op=appraise_data name="/bin/x" res=0'], "/bin/x"),
    ("io_uring", ["URINGOP uring_op=18 success=yes exit=0 items=1 ppid=1 pid=2 uid=0", path(0, "/a")], "/a"),
]


@pytest.mark.parametrize(("name", "records", "primary"), OBJECTS, ids=[case[0] for case in OBJECTS])
def test_what_was_acted_upon(name: str, records: list[str], primary: str | None) -> None:
    output = summary(*records)
    assert output["auditd"]["summary"].get("object", {}).get("primary") == primary
    if "file" in output:
        assert output["file"]["path"] == primary


ACTIONS: list[tuple[list[str], str, str, list[str], list[str], str]] = [
    ([call(59)], "event", "executed", ["process"], ["start"], "success"),
    ([call(60, how="")], "event", "end", ["process"], ["end"], "unknown"),
    ([call(101, "success=no exit=-1")], "event", "traced", ["process"], ["change"], "failure"),
    ([call(425)], "event", "called-io_uring_setup", ["process"], ["info"], "success"),
    ([call(9999)], "event", "called-9999", ["process"], ["info"], "success"),
    (
        ["ANOM_PROMISCUOUS dev=eth0 prom=1 old_prom=0 auid=1", call(16)],
        "alert",
        "changed-promiscuous-mode-on-device",
        ["intrusion_detection", "host", "process"],
        ["info", "change"],
        "success",
    ),
    (
        ['AVC apparmor="DENIED" operation="open" profile="p" pid=1 comm="x"', call(257, "success=no exit=-13")],
        "event",
        "violated-apparmor-policy",
        ["intrusion_detection", "file"],
        ["denied", "info"],
        "failure",
    ),
    (
        ['SECCOMP auid=1 uid=1 gid=1 ses=1 pid=2 comm="x" exe="/x" sig=31 arch=c000003e syscall=101 code=0x0'],
        "event",
        "violated-seccomp-policy",
        ["intrusion_detection"],
        ["denied"],
        "failure",
    ),
    (
        ["URINGOP uring_op=18 success=no exit=-13 items=0 ppid=1 pid=2 uid=0"],
        "event",
        "opened-file",
        ["file"],
        ["info"],
        "failure",
    ),
    (
        ["DAEMON_START op=start ver=3.0 auid=0 pid=1 res=success"],
        "event",
        "started-audit",
        ["process"],
        ["start"],
        "success",
    ),
    (
        ['CONFIG_CHANGE auid=0 op=add_rule key="k" list=4 res=1'],
        "event",
        "changed-audit-configuration",
        ["process", "configuration"],
        ["change"],
        "success",
    ),
    (
        ["BPF prog-id=3 op=LOAD", call(321)],
        "event",
        "loaded-bpf-program",
        ["driver", "process"],
        ["start", "info"],
        "success",
    ),
    (["UNKNOWN[1999] a=b"], "event", "unknown[1999]", ["process"], ["info"], "unknown"),
    ([CWD], "event", "cwd", ["process"], ["info"], "unknown"),
]


@pytest.mark.parametrize(("records", "kind", "action", "category", "type", "outcome"), ACTIONS)
def test_what_happened(
    records: list[str], kind: str, action: str, category: list[str], type: list[str], outcome: str
) -> None:
    assert summary(*records)["event"] == {
        "kind": kind,
        "category": category,
        "type": type,
        "action": action,
        "outcome": outcome,
    }


def test_a_record_beside_a_call_leaves_it_its_file() -> None:
    avc = 'AVC apparmor="DENIED" operation="open" profile="p" name="/etc/shadow" pid=1 comm="x" denied_mask="r"'
    output = summary(avc, call(257, "success=no exit=-13", args=AT_CWD), 'CWD cwd="/etc"', path(0, "shadow"))
    assert output["auditd"]["summary"]["object"] == {"type": "policy", "primary": "open", "secondary": "r"}
    assert output["file"]["path"] == "/etc/shadow"


HOWS: list[tuple[str, str | None]] = [
    (call(2), "/usr/bin/cat"),
    (call(2).replace("/usr/bin/cat", "/usr/bin/python3.11"), "cat"),
    (call(105), "setuid"),
    ("USER_TTY pid=1 uid=0 msg='data=6C73'", None),
    ('TTY tty pid=1 uid=0 auid=0 ses=1 major=4 minor=1 comm="bash" data=6C730D', "bash"),
    ('ANOM_ABEND auid=1 uid=1 gid=1 ses=1 pid=2 comm="x" exe="/x" sig=11 res=1', "11"),
    ("USER_LOGIN pid=1 uid=0 auid=1 msg='terminal=ssh res=success'", "ssh"),
]


@pytest.mark.parametrize(("record", "how"), HOWS)
def test_by_what_means(record: str, how: str | None) -> None:
    assert summary(record)["auditd"]["summary"].get("how") == how


def test_the_process_of_a_message_of_user_space() -> None:
    output = summary(
        "USER_LOGIN pid=7 uid=0 auid=1 msg='exe=\"/usr/sbin/sshd\" addr=10.0.0.1 terminal=ssh res=success'"
    )
    assert output["process"] == {"pid": 7, "executable": "/usr/sbin/sshd"}
    assert output["source"] == {"address": "10.0.0.1", "ip": "10.0.0.1"}
    assert "process" not in summary("CONFIG_CHANGE auid=0 op=set res=1")


def test_the_key_has_the_prefix() -> None:
    assert summary(call(2), prefix="x_")["event"]["action"] == "opened-file"


def test_file_names_are_written_as_everywhere() -> None:
    record = "PATH item=0 name=2F746D702FFF2B nametype=NORMAL"
    assert summary(call(2), record)["file"]["path"] == "/tmp/%ff%2b"


def test_an_event_without_records_has_no_summary() -> None:
    assert "SUMMARY" not in laurel(summary=True).event(Event("1.000:1", "", Template({}), None))


def test_what_is_remembered_is_bounded_and_changes_nothing() -> None:
    few, many = Summaries(Naming(), entries=8), Summaries(Naming())
    for number in range(50):
        ids = IDS.replace("uid=0", f"uid={number}")
        for records in (
            [call(257, ids=ids, args=AT_CWD), CWD, path(0, f"{number}")],
            [call(42), f"{SADDR[:-2]}{number:02x}"],
        ):
            (event,) = events(*records)
            assert output(few, event) == output(many, event)
            assert max(few.remembered) <= 8
    assert max(many.remembered) > 8


SAME: list[tuple[list[str], list[str]]] = [
    (["USER_LOGIN pid=7 uid=0 msg='acct=\"a\" res=success'"], ["USER_LOGIN pid=8 uid=0 msg='acct=\"a\" res=success'"]),
    ([CWD], ['CWD cwd="/other"']),
    ([path(0, "/a")], [path(0, "/b")]),
    (["CONFIG_CHANGE op=set res=1"], ["CONFIG_CHANGE op=set res=0"]),
    (["AVC x=1", call(2)], ["AVC x=2", call(2)]),
    (["AVC x=1", call(2)], ["AVC x=1", call(2, "success=no exit=-1")]),
    (["AVC x=1", call(2)], ["AVC x=1", call(87)]),
    (["AVC x=1", call(2), CWD, path(0, "/a")], ["AVC x=1", call(2), CWD, path(0, "/b")]),
    (["ANOM_ABEND pid=1 sig=11"], ["ANOM_ABEND pid=2 sig=11"]),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_what_is_remembered_of_one_event_does_not_spoil_the_next(first: list[str], second: list[str]) -> None:
    alone = summary(*second)
    form = laurel(summary=True)
    lines = [json.loads(form.event(event)) for event in (*events(*first), *events(*second))]
    assert lines[-1]["SUMMARY"] == alone


def test_long_records_are_not_remembered() -> None:
    summaries = Summaries(Naming())
    for name in ("/" + "x" * 2000, "x" * 2000):
        (event,) = events(call(2), CWD, path(0, name))
        output(summaries, event)
    kept = dict(zip(("whos", "files", "filesystems", "things"), summaries.remembered))
    assert (kept["files"], kept["things"]) == (0, 0)
    assert output(summaries, event)[1]["file"]["path"] == f"/root/{'x' * 2000}"


def test_every_record_type_has_a_summary() -> None:
    for type in NUMBERS:
        if type != "EOE":
            assert summary(f"{type} pid=1 uid=0 op=x")["event"]["action"]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.name)
def test_what_is_remembered_is_what_would_be_worked_out_anew(log: Path) -> None:
    remembering = SummaryTexts(Style())

    def compare(event: Event) -> int:
        assert remembering.member(event) == SummaryTexts(Style()).member(event), event.id
        return DROP

    stats = PipelineStats()
    pipeline = make_pipeline(stages=[compare], stats=stats)
    pipeline.feed(content(log)[:200_000].rpartition(b"\n")[0], 0.0)
    pipeline.close()
    assert stats.crashed == 0


PARENT = path(0, "/tmp", "PARENT", "041777")
NEW = path(1, "/tmp/x.so", "CREATE")
CREATIONS: list[tuple[str, tuple[str, ...], list[str], list[str]]] = [
    # call and records, category, type
    (call(2), (PARENT, NEW), ["file"], ["creation"]),
    (call(257), (PARENT, NEW), ["file"], ["creation"]),
    (call(437), (PARENT, NEW), ["file"], ["creation"]),
    (call(257, "success=no exit=-13"), (PARENT, NEW), ["file"], ["creation"]),
    (call(257), (PARENT, path(1, "x.so", "CREATE")), ["file"], ["creation"]),
    (call(85), (PARENT, NEW), ["file"], ["creation"]),
    (call(133), (PARENT, path(1, "/tmp/pipe", "CREATE", "010644")), ["file"], ["creation"]),
    (call(83), (PARENT, path(1, "/tmp/d", "CREATE", "040755")), ["file"], ["creation"]),
    (call(257), (PARENT, path(1, "/tmp/x.so")), ["file"], ["info"]),
    (call(257), (path(0, "/tmp/x.so"),), ["file"], ["info"]),
    (call(90), (path(0, "/tmp/x.so"),), ["file"], ["change"]),
    (call(82), (PARENT, PARENT, path(2, "/tmp/a", "DELETE"), path(3, "/tmp/b", "CREATE")), ["file"], ["change"]),
    (call(87), (PARENT, path(1, "/tmp/x", "DELETE")), ["file"], ["deletion"]),
    (call(59), (path(0, "/usr/bin/x", "CREATE"),), ["process"], ["start"]),
]


@pytest.mark.parametrize(("act", "records", "category", "types"), CREATIONS)
def test_who_makes_a_file_creates_it(act: str, records: tuple[str, ...], category: list[str], types: list[str]) -> None:
    event = summary(act, CWD, *records)["event"]
    assert (event["category"], event["type"]) == (category, types)


def test_a_file_made_by_io_uring_is_created_too() -> None:
    ring = "URINGOP uring_op=18 success=yes exit=5 items=2 ppid=30 pid=31 uid=0 gid=0 euid=0 suid=0 fsuid=0"
    assert summary(ring, CWD, PARENT, NEW)["event"]["type"] == ["creation"]


def test_a_denial_of_making_a_file_is_both() -> None:
    avc = 'AVC avc:  denied  { create } for pid=31 comm="cat" name="x.so" scontext=u:r:t:s0 tclass=file permissive=0'
    event = summary(call(257, "success=no exit=-13"), CWD, PARENT, NEW, avc)["event"]
    assert event["type"] == ["denied", "creation"]
    assert event["category"] == ["intrusion_detection", "file"]
    event = summary(call(257, "success=no exit=-13"), CWD, PARENT, path(1, "/tmp/x.so"), avc)["event"]
    assert event["type"] == ["denied", "info"]


def test_one_who_opens_and_one_who_creates_are_kept_apart() -> None:
    summaries = Summaries(Naming())
    types = []
    for record in (NEW, path(1, "/tmp/x.so"), NEW, path(1, "/tmp/x.so")):
        (event,) = events(call(257), CWD, PARENT, record)
        types.append(output(summaries, event)[0]["type"])
    assert types == [["creation"], ["info"], ["creation"], ["info"]]


def test_owners_of_files_are_no_users() -> None:
    record = 'AVC apparmor="DENIED" operation="open" class="file" profile="p" name="/x" pid=3 comm="c" fsuid=0 ouid=7'
    (event,) = events(record)
    who, _ = Summaries(Naming()).of(event)
    assert who.users["user"] == {"filesystem": {"id": "0"}}


@pytest.mark.parametrize(
    ("number", "action", "type"),
    [
        (176, "unloaded-kernel-module", "end"),
        (175, "loaded-kernel-module", "start"),
        (313, "loaded-kernel-module", "start"),
    ],
)
def test_a_module_that_goes_is_none_that_comes(number: int, action: str, type: str) -> None:
    """The kernel writes KERN_MODULE for both (kernel/module/main.c)."""
    event = summary('KERN_MODULE name="evil"', call(number))["event"]
    assert (event["action"], event["category"], event["type"]) == (action, ["driver"], [type])
