"""What the kernel says of a process without a system call: io_uring, SECCOMP, ANOM_ABEND are that process's events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.converting import converted

IDS = "uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0"
EXEC = f"""\
type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=2 \
ppid=800 pid=801 auid=1000 {IDS} tty=pts0 ses=2 comm="ringd" exe="/usr/bin/ringd" subj=unconfined key="exec"
type=EXECVE msg=audit(1700000000.001:1): argc=1 a0="ringd"
type=EOE msg=audit(1700000000.001:1):
"""
URINGOP = f'URINGOP uring_op={{}} success=yes exit=3 items=1 ppid=800 pid=801 {IDS} subj=unconfined key="uring"'
OPEN, PATH = URINGOP.format(18), 'PATH item=0 name="/etc/shadow" inode=1 mode=0100600 ouid=0 ogid=0 nametype=NORMAL'
NO_KEY = OPEN.replace('"uring"', "(null)")
SECCOMP = (
    'SECCOMP auid=1000 uid=0 gid=0 ses=2 subj=x pid=801 comm="ringd" exe="/usr/bin/ringd" sig=31 arch=c000003e'
    " syscall=101 compat=0 ip=0x7f code=0x0"
)
ABEND = 'ANOM_ABEND auid=1000 uid=0 gid=0 ses=2 subj=x pid=801 comm="ringd" exe="/usr/bin/ringd" sig=11 res=1'
AVC = 'AVC apparmor="DENIED" operation="open" profile="p" pid=801 comm="ringd"'


def lines(*records: str) -> bytes:
    """The exec of a process, and a further event of these records."""
    further = [record.replace(" ", " msg=audit(1700000001.001:2): ", 1) for record in records]
    return (EXEC + "".join(f"type={record}\n" for record in further)).encode()


def last(config: str, *records: str) -> dict[str, Any]:
    return converted(lines(*records), config)[-1]


FILTERS = [
    ("filter: {filter_keys: [uring]}", [OPEN, PATH]),
    ("filter: {filter_null_keys: true}", [NO_KEY]),
    ("filter: {rules: {x: 'key=uring'}}", [OPEN]),
    ("filter: {rules: {x: 'exe=/usr/bin/ringd key=uring root=any'}}", [OPEN]),
    ("filter: {rules: {x: 'comm=ringd type=URINGOP root=any'}}", [OPEN]),
    ("filter: {rules: {x: 'syscall=openat uid=0 type=URINGOP'}}", [OPEN]),
    ("filter: {rules: {x: 'syscall=sendmsg type=URINGOP'}}", [URINGOP.format(48)]),
    ("filter: {filter_labels: [l]}\nlabel_process: {label_exe: {ringd: l}, label_root: any}", [OPEN]),
    ("filter: {filter_labels: [l]}\nlabel_process: {label_exe: {ringd: l}, label_root: any}", [SECCOMP]),
    ("filter: {filter_labels: [l]}\nlabel_process: {label_exe: {ringd: l}, label_root: any}", [ABEND]),
    ("filter: {filter_labels: [l]}\nlabel_process: {label_exe: {ringd: l}, label_root: any}", [AVC]),
]


@pytest.mark.parametrize(("config", "records"), FILTERS)
def test_filters_see_whose_record_it_is(config: str, records: list[str]) -> None:
    assert [document["ID"] for document in converted(lines(*records), config)][1:] == []
    other = [record.replace("pid=801", "pid=802").replace("ringd", "other").replace("uring", "k") for record in records]
    if "null" not in config and "syscall=" not in config and "key" not in config.partition("label")[0]:
        assert len(converted(lines(*other), config)) == 2


def test_a_key_of_an_operation_labels_its_process_and_labels_are_shown() -> None:
    label = "label_process: {label_keys: [uring]}"
    assert last(label, OPEN)["URINGOP"][0]["LABELS"] == ["uring"]
    exec_again = EXEC.replace("000.001:1", "002.001:3").replace("syscall=59", "syscall=257").splitlines()[0]
    again = lines(OPEN) + f"{exec_again}\n".encode()
    assert converted(again, label)[-1]["SYSCALL"]["LABELS"] == ["uring"]
    labelled = "label_process: {label_exe: {ringd: l}, label_root: any}"
    assert last(labelled, SECCOMP)["SECCOMP"][0]["LABELS"] == ["l"]
    assert last(f"{labelled}\noutput: ecs", OPEN)["host_sensor"]["labels"] == ["l"]


SADDR = "SOCKADDR saddr=02000050A9FEA9FE0000000000000000"
ENDS = [
    ("connect", 16, "destination"),
    ("sendmsg", 9, "destination"),
    ("send", 26, "destination"),
    ("sendmsg_zc", 48, "destination"),
    ("accept", 13, "source"),
    ("recvmsg", 10, "source"),
]


@pytest.mark.parametrize(("name", "operation", "end"), ENDS)
@pytest.mark.parametrize("config", ["translate: {summary: true}", "output: ecs"])
def test_a_summary_knows_both_ends_and_the_process(config: str, name: str, operation: int, end: str) -> None:
    printed = last(config, URINGOP.format(operation), SADDR)
    printed = printed.get("SUMMARY", printed)
    assert printed[end] == {"address": "169.254.169.254", "ip": "169.254.169.254", "port": 80}
    assert printed["process"] == {"pid": 801, "parent": {"pid": 800}, "name": "ringd", "executable": "/usr/bin/ringd"}
    assert not {"name", "executable"} & printed.get("host_sensor", {}).keys()


def test_who_was_denied_an_operation_is_who_asked_for_it() -> None:
    printed = last("translate: {summary: true}", AVC, OPEN, PATH)["SUMMARY"]
    assert (printed["event"]["action"], printed["event"]["category"]) == (
        "violated-apparmor-policy",
        ["intrusion_detection", "file"],
    )
    assert (printed["user"]["id"], printed["file"]["path"]) == ("0", "/etc/shadow")
    assert printed["process"]["parent"] == {"pid": 800}


def test_a_crash_has_the_names_of_its_program() -> None:
    printed = last("output: ecs", ABEND)
    assert (printed["process"]["name"], printed["process"]["executable"]) == ("ringd", "/usr/bin/ringd")


def test_a_message_of_user_space_has_its_senders_names_in_their_places() -> None:
    message = "USER_END pid=801 uid=0 auid=1000 ses=2 msg='op=x acct=\"bob\"{} res=success'"
    printed = last("output: ecs", message.format(""))
    assert (printed["process"]["name"], printed["process"]["executable"]) == ("ringd", "/usr/bin/ringd")
    printed = last("output: ecs", message.format(' exe="/usr/sbin/sshd"'))
    assert printed["process"]["executable"] == "/usr/sbin/sshd"
    assert printed["host_sensor"]["process"]["executable"] == "/usr/bin/ringd"


def test_the_first_event_of_a_program_that_is_kept_is_a_call() -> None:
    config = "filter: {rules: {all: 'uid=0'}}"
    assert [document["ID"] for document in converted(lines(ABEND), config)] == ["1700000000.001:1"]
