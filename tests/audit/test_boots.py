"""After a boot, or the end of a process, its number is another's: in recorded logs, and in what other nodes send."""

from __future__ import annotations

from typing import Any

import pytest

from tests.converting import converted

IDS = "uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0"
SESSION = "enrich: {session: true}"


def call(time: str, pid: int, ppid: int, ses: int = 5, node: str = "", number: int = 59) -> str:
    result = "" if number in (60, 231) else " success=yes exit=0"
    return (
        f"{node}type=SYSCALL msg=audit({time}): arch=c000003e syscall={number}{result} a0=1 a1=2 a2=3 a3=4 items=0"
        f' ppid={ppid} pid={pid} auid=0 {IDS} tty=(none) ses={ses} comm="job" exe="/usr/bin/job" key="x"'
    )


def message(time: str, type: str, ses: int = 5, node: str = "") -> str:
    output = 'op=login id=1000 exe="/usr/sbin/sshd" hostname=? addr=192.0.2.4 terminal=/dev/pts/0 res=success'
    return f"{node}type={type} msg=audit({time}): pid=100 uid=0 auid=1000 ses={ses} msg='{output}'"


def last(*lines: str, config: str = SESSION) -> dict[str, Any]:
    documents = converted("".join([f"{line}\n" for line in lines]).encode(), config)
    return dict([document for document in documents if "SYSCALL" in document][-1]["SYSCALL"])


BEFORE = [message("1700000000.001:100", "USER_LOGIN"), call("1700000001.001:101", 201, 1)]
START = "type=DAEMON_START msg=audit(1700009000.002:500): op=start ver=4.0 auid=4294967295 pid=300 uid=0 res=success"
KERNEL = "type=KERNEL msg=audit(1700008999.000:1): state=initialized audit_enabled=0 res=1"
BOOT = message("1700009000.001:1", "SYSTEM_BOOT", 4294967295)
LOGIN = (
    "type=LOGIN msg=audit(1700009010.001:{}): pid=600 uid=0 old-auid=4294967295 auid=0 tty=(none)"
    " old-ses=4294967295 ses=5 res={}"
)
AFTER = call("1700009011.001:10", 601, 201)
UNIT = message("1700009000.001:12", "SERVICE_START", 4294967295)
SHUTDOWN = message("1700008000.001:110", "SYSTEM_SHUTDOWN", 4294967295)
KERNEL_LATE = KERNEL.replace(":1)", ":700)")
MANY = [call(f"17000000{second:02}.001:{8000 + second}", 900 + second, 1) for second in range(10, 20)]
REBOOTS = [
    ("SYSTEM_BOOT", [BOOT]),
    ("SYSTEM_BOOT and DAEMON_START", [BOOT, START]),
    ("DAEMON_START and SYSTEM_BOOT", [START, BOOT]),
    ("DAEMON_START and serials that begin again", [START]),
    ("KERNEL", [KERNEL]),
    (
        "a second one within seconds of the first",
        [KERNEL, BOOT, call("1700009002.000:2", 201, 1), message("1700009005.001:1", "SYSTEM_BOOT", 4294967295)],
    ),
    ("serials alone", [*MANY, UNIT]),
    ("serials alone, of calls", [*MANY, call("1700009000.000:2", 77, 1)]),
    ("serials alone, of as many digits", [*MANY, call("1700009000.000:1002", 77, 1)]),
    ("a runlevel", [*MANY, message("1700009000.001:5", "SYSTEM_RUNLEVEL", 4294967295)]),
    ("a shutdown, then DAEMON_START, in a short log", [SHUTDOWN, START, message("1700009000.500:500", "USER_START")]),
    ("KERNEL in a short log", [KERNEL_LATE, call("1700009000.000:701", 77, 1)]),
    ("all of them, and a process between", [KERNEL, START, call("1700009000.000:2", 77, 1), BOOT]),
]


@pytest.mark.parametrize(("name", "lines"), REBOOTS, ids=[case[0] for case in REBOOTS])
def test_no_process_and_no_session_survives_a_boot(name: str, lines: list[str]) -> None:
    output = last(*BEFORE, *lines, AFTER)
    assert not {"SESSION", "PPID", "SPAWNED_BY"} & output.keys()
    on_node = [f"node=web1 {line}" for line in (*BEFORE, *lines, AFTER)]
    assert not {"SESSION", "PPID", "SPAWNED_BY"} & last(*on_node).keys()


NO_REBOOTS = [
    ("auditd alone was started", [START, call("1700009010.000:102", 7, 1)], call("1700009011.001:103", 601, 201)),
    ("serials a little out of order", [call("1700000000.500:90", 7, 1)], call("1700009011.001:102", 601, 201)),
    (
        "an event of before auditd was started comes late",
        [START, call("1700000000.500:90", 7, 1)],
        call("1700009011.001:102", 601, 201),
    ),
    ("a call that began long ago", [call("1700009000.000:99", 7, 1)], call("1700009011.001:102", 601, 201)),
    ("a shutdown that was not", [SHUTDOWN], call("1700009011.001:112", 601, 201)),
    (
        "KERNEL with other words",
        [KERNEL_LATE.replace("state=initialized", "op=x")],
        call("1700009011.001:702", 601, 201),
    ),
    ("another node boots", [f"node=web2 {line}" for line in (START, BOOT)], call("1700009011.001:102", 601, 201)),
]


@pytest.mark.parametrize(("name", "lines", "after"), NO_REBOOTS, ids=[case[0] for case in NO_REBOOTS])
def test_nothing_else_is_forgotten(name: str, lines: list[str], after: str) -> None:
    output = last(*BEFORE, *lines, after)
    assert output["SESSION"]["addr"] == "192.0.2.4"
    assert output["PPID"] == {"EVENT_ID": "1700000001.001:101"}


def test_what_came_after_the_first_records_of_a_boot_is_kept_at_its_system_boot() -> None:
    boot = [KERNEL, START, call("1700009000.000:2", 201, 1), BOOT]
    assert last(*BEFORE, *boot, AFTER)["PPID"] == {"EVENT_ID": "1700009000.000:2"}


@pytest.mark.parametrize(("result", "shown"), [("1", False), ("0", True)])
def test_a_login_begins_another_session_of_the_number(result: str, shown: bool) -> None:
    assert ("SESSION" in last(*BEFORE, LOGIN.format(102, result), call("1700009011.001:103", 7, 1))) is shown
    with_call = [LOGIN.format(102, result), call("1700009010.001:102", 7, 1)]
    assert ("SESSION" in last(*BEFORE, *with_call)) is shown


def ended(number: int, *after: str, config: str = "") -> dict[str, Any]:
    first = [call("1700000000.001:1", 500, 400), call("1700000000.005:5", 500, 400, number=number)]
    first.insert(1, 'type=EXECVE msg=audit(1700000000.001:1): argc=1 a0="job"')
    return last(*first, *after, config=config)


@pytest.mark.parametrize("ppid", [1, 400])
def test_a_pid_after_exit_group_is_another_process(ppid: int) -> None:
    again = call("1700000000.006:6", 500, ppid, number=257)
    assert ended(231, again)["PID"] == {"EVENT_ID": "1700000000.006:6"}
    child = call("1700000000.007:7", 502, 500)
    assert ended(231, again, child)["SPAWNED_BY"]["EVENT_ID"] == "1700000000.006:6"
    assert ended(231)["PID"] == {"EVENT_ID": "1700000000.001:1"}


def test_a_crash_ends_a_process() -> None:
    """The kernel writes ANOM_ABEND before it dumps the core of a process that a signal ends (kernel/auditsc.c)."""
    abend = 'type=ANOM_ABEND msg=audit(1700000000.{0:03}:{0}): auid=0 ses=5 pid=500 comm="job" exe="/x" sig=11 res=1'
    lines = [call("1700000000.001:1", 500, 400), abend.format(5), call("1700000000.006:6", 500, 1, number=257)]
    documents = converted("".join([f"{line}\n" for line in lines]).encode(), "")
    assert documents[1]["ANOM_ABEND"][0]["PID"]["EVENT_ID"] == "1700000000.001:1"
    assert documents[2]["SYSCALL"]["PID"] == {"EVENT_ID": "1700000000.006:6"}


def test_exit_ends_one_thread_only() -> None:
    assert ended(60, call("1700000000.006:6", 500, 400, number=257))["PID"] == {"EVENT_ID": "1700000000.001:1"}


def test_what_another_thread_did_in_the_same_tick_is_of_the_process() -> None:
    assert ended(231, call("1700000000.005:6", 500, 400, number=257))["PID"] == {"EVENT_ID": "1700000000.001:1"}
    assert ended(231, call("1700000000.005:6", 500, 7, number=257))["PID"] == {"EVENT_ID": "1700000000.005:6"}


def test_labels_and_command_line_end_with_the_process() -> None:
    config = "enrich: {cmdline: true}\nlabel_process: {label_argv: {job: l}, label_root: any}"
    assert {"LABELS", "CMDLINE"} <= ended(231, config=config).keys()
    assert not {"LABELS", "CMDLINE"} & ended(231, call("1700000000.006:6", 500, 1, number=257), config=config).keys()


def test_the_end_on_one_node_is_none_on_another() -> None:
    lines = [call("1700000000.001:1", 500, 400), call("1700000000.005:5", 500, 400, node="node=b ", number=231)]
    assert last(*lines, call("1700000000.006:6", 500, 400, number=257))["PID"] == {"EVENT_ID": "1700000000.001:1"}
