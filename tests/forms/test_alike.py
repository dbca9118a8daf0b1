"""What is remembered of an event is taken only for others of which it holds: each reads as if it came alone."""

from __future__ import annotations

import random

import pytest

from sensor.forms.ecs.form import Ecs
from sensor.forms.ocsf import Ocsf
from sensor.forms.values import Style
from tests.support.pipelines import make_pipeline

FORMS = {"laurel": None, "ecs": Ecs, "ocsf": Ocsf}
IDS = "auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=3"
PATH = 'PATH item=0 name="{}" inode=5 dev=fd:01 mode=0100644 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL'
CALLERS = ((30, 31), (30, 42), (42, 31), (0, 42))
RECORDS = {
    "none": (),
    "capset": ("CAPSET pid=42 cap_pi=0 cap_pp=3 cap_pe=3 cap_pa=0",),
    "capset and title": ("CAPSET pid=31 cap_pi=0 cap_pp=3 cap_pe=3 cap_pa=0", "PROCTITLE proctitle=7375002D"),
    "pid of the parent": ("NETFILTER_CFG table=filter family=2 entries=4 pid=42 ppid=30",),
    "pid within a message": ("X_NEWS pid=31 msg='op=x ppid=42'",),
    "pid of another": ('OBJ_PID opid=42 oauid=1000 ouid=33 oses=3 ocomm="sleep"',),
    "relative file": ('CWD cwd="/root"', PATH.format("x")),
    "file": ('CWD cwd="/root"', PATH.format("/etc/x")),
    "address": ("SOCKADDR saddr=02000050A9FEA9FE0000000000000000",),
}
CALLS = (
    *("126 capset", "62 kill", "200 tkill", "234 tgkill", "101 ptrace", "310 process_vm_readv", "257 openat"),
    *("59 execve", "56 clone", "231 exit_group", "42 connect", "321 bpf", "313 finit_module", "424 pidfd_send_signal"),
)
FIRST = ("0", "2a", "1f", "ffffff9c", "ffffffffffffffff", "4206")
RESULTS = ("success=yes exit=0", "success=yes exit=42", "success=no exit=-1", "success=no exit=-999", "")


def events(call: str, records: tuple[str, ...]) -> list[bytes]:
    """Events with the same records, which differ in numbers, in an order that is the same each time."""
    chance = random.Random(f"{call} {records}")
    found: list[bytes] = []
    for serial in range(1, 41):
        first, second, third = (chance.choice(FIRST) for _ in range(3))
        result = chance.choice(RESULTS)
        ppid, pid = chance.choice(CALLERS)
        head = f"SYSCALL arch=c000003e syscall={call.partition(' ')[0]} {result}{' ' if result else ''}"
        numbers = f"a0={first} a1={second} a2={third} a3=0 items=0 ppid={ppid} pid={pid}"
        rest = f'{IDS} comm="x" exe="/usr/bin/x" key="k"'
        lines = [f"{head}{numbers} {rest}", *records, "EOE "]
        stamp = f" msg=audit(1700000000.001:{serial}): "
        found.append("".join([f"type={line.replace(' ', stamp, 1)}\n" for line in lines]).encode())
    return found


def messages() -> list[bytes]:
    """Messages of user space, alone and two in an event, with pids of their own and of others."""
    bodies = [
        f"pid={pid} uid=0 auid=1000 ses=3 msg='op=x{inner} exe=\"/usr/sbin/x\" res=success'"
        for pid in (7, 8)
        for inner in ("", " pid=7", " pid=8", " ppid=7", " spid=8")
    ]
    pairs = [(first, second) for first in bodies[::5] for second in bodies]
    found: list[bytes] = []
    for serial, group in enumerate([*[(body,) for body in bodies], *pairs] * 2, start=1):
        lines = [f"type=USER_AVC msg=audit(1700000000.001:{serial}): {body}\n" for body in group]
        found.append("".join([*lines, f"type=EOE msg=audit(1700000000.001:{serial}): \n"]).encode())
    return found


def lines_of(feed: bytes, form: str) -> list[str]:
    """What they become in a form, before anything is added."""
    make = FORMS[form]
    pipeline = make_pipeline(summary=True, wrap=lambda laurel: laurel if make is None else make(Style("unicode")))
    return [*pipeline.feed(feed, 0.0), *pipeline.close()]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("records", RECORDS)
def test_each_event_reads_as_if_it_came_alone(form: str, call: str, records: str) -> None:
    feed = events(call, RECORDS[records])
    alone = [line for event in feed for line in lines_of(event, form)]
    assert lines_of(b"".join(feed), form) == alone


@pytest.mark.parametrize("form", FORMS)
def test_each_message_reads_as_if_it_came_alone(form: str) -> None:
    feed = messages()
    alone = [line for event in feed for line in lines_of(event, form)]
    assert lines_of(b"".join(feed), form) == alone
