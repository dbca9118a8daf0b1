"""What security modules decided: event.type, event.outcome, and the ends of what they let through or not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.summary.events import call, summary

SELINUX = (
    'AVC avc:  {}  {{ name_connect }} for  pid=9 comm="httpd" dest=5432 scontext=a:b:c:s0 tcontext=d:e:f:s0'
    " tclass=tcp_socket permissive={}"
)
APPARMOR = 'AVC apparmor="{}" operation="open" profile="p" name="/etc/shadow" pid=9 comm="x" requested_mask="r"'
SMACK = 'AVC lsm=SMACK fn=smack_inode_permission action={} subject="a" object="b" requested=w pid=9 comm="x"'
IPE = 'IPE_ACCESS ipe_op=EXECUTE ipe_hook=MMAP enforcing={} pid=9 comm="x" path="/x" dev="sda2" ino=1 rule="{}"'
FANOTIFY = "FANOTIFY resp={} fan_type=1 fan_info=3137 subj_trust=3 obj_trust=5"
SECCOMP = 'SECCOMP auid=1 uid=1 gid=1 ses=1 pid=9 comm="x" exe="/x" sig=0 arch=c000003e syscall=101 code={}'
USER_AVC = (
    "USER_AVC pid=1 uid=81 auid=-1 ses=-1 msg='avc:  {}  {{ start }} for auid=-1 uid=0 gid=0 scontext=a:b:c:s0"
    ' tcontext=d:e:f:s0 tclass=service permissive=0  exe="/usr/lib/systemd/systemd" sauid=0\''
)
VERDICTS = [
    (SELINUX.format("denied", 0), ["denied"], "failure"),
    (SELINUX.format("denied", 1), ["denied"], "success"),
    (SELINUX.format("granted", 0), ["info", "allowed"], "success"),
    (APPARMOR.format("DENIED"), ["denied"], "failure"),
    (APPARMOR.format("KILLED"), ["denied"], "failure"),
    (APPARMOR.format("ALLOWED"), ["info", "allowed"], "success"),
    (APPARMOR.format("AUDIT"), ["info", "allowed"], "success"),
    (APPARMOR.format("STATUS"), ["change"], "unknown"),
    (SMACK.format("denied"), ["denied"], "failure"),
    (SMACK.format("granted"), ["allowed"], "success"),
    (IPE.format(1, "DEFAULT action=DENY"), ["access", "denied"], "failure"),
    (IPE.format(1, "op=EXECUTE boot_verified=FALSE action=DENY"), ["access", "denied"], "failure"),
    (IPE.format(0, "DEFAULT action=DENY"), ["access", "denied"], "success"),
    (IPE.format(1, "op=EXECUTE boot_verified=TRUE action=ALLOW"), ["access", "allowed"], "success"),
    (FANOTIFY.format(1), ["access", "allowed"], "success"),
    (FANOTIFY.format(2), ["access", "denied"], "failure"),
    (FANOTIFY.format(2 | 13 << 24), ["access", "denied"], "failure"),
    (FANOTIFY.format("x"), ["access"], "unknown"),
    (SECCOMP.format("0x0"), ["denied"], "failure"),
    (SECCOMP.format("0x80000000"), ["denied"], "failure"),
    (SECCOMP.format("0x50001"), ["denied"], "failure"),
    (SECCOMP.format("0x7ffc0000"), ["allowed"], "success"),
    ('LANDLOCK_ACCESS domain=1a blockers=fs.read_file path="/x" dev="vda" ino=1', ["denied"], "failure"),
    (USER_AVC.format("denied"), ["denied"], "failure"),
    (USER_AVC.format("granted"), ["info", "allowed"], "success"),
]


@pytest.mark.parametrize(("record", "types", "outcome"), VERDICTS)
def test_the_verdict(record: str, types: list[str], outcome: str) -> None:
    output = summary(record)["event"]
    assert (output["type"], output["outcome"]) == (types, outcome)
    assert "intrusion_detection" in output["category"] or outcome == "unknown"


def test_a_system_call_shows_what_came_of_it() -> None:
    """A capability that was denied was not the only way."""
    output = summary(SELINUX.format("denied", 0), call(42, "success=yes exit=0"))["event"]
    assert (output["type"], output["outcome"]) == (["denied", "connection", "start"], "success")


LANDLOCK = "LANDLOCK_ACCESS domain=1a6fdc66f blockers=net.connect_tcp {}"
PEERS: list[tuple[str, dict[str, Any]]] = [
    (LANDLOCK.format("daddr=192.0.2.1 dest=80"), {"address": "192.0.2.1", "ip": "192.0.2.1", "port": 80}),
    (LANDLOCK.format("daddr=2001:db8::1 dest=443"), {"address": "2001:db8::1", "ip": "2001:db8::1", "port": 443}),
    (LANDLOCK.format("dest=80"), {"port": 80}),
    (SELINUX.format("denied", 0), {"port": 5432}),
    (
        SELINUX.format("denied", 0).replace("dest=5432", "laddr=10.0.0.1 lport=1 faddr=10.0.0.2 fport=5432"),
        {"address": "10.0.0.2", "ip": "10.0.0.2", "port": 5432},
    ),
]


@pytest.mark.parametrize(("record", "destination"), PEERS)
def test_where_to(record: str, destination: dict[str, Any]) -> None:
    assert summary(record)["destination"] == destination


def test_a_packet_has_two_ends_and_what_was_bound_is_none() -> None:
    packet = SELINUX.format("denied", 0).replace("dest=5432", "saddr=10.0.0.1 src=1 daddr=10.0.0.2 dest=2 netif=eth0")
    output = summary(packet)
    assert (output["source"]["port"], output["destination"]["ip"]) == (1, "10.0.0.2")
    bound = summary(LANDLOCK.format("saddr=10.0.0.1 src=80").replace("connect", "bind"))
    assert not {"source", "destination"} & bound.keys()
    assert bound["auditd"]["summary"]["object"]["primary"] == "10.0.0.1"
