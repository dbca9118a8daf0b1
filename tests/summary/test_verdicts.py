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
BUS = (
    'USER_AVC pid=700 uid=102 auid=-1 ses=-1 msg=\'apparmor="{}" operation="dbus_method_call"  bus="system"'
    ' path="/" interface="org.a" member="b" mask="send" name="org.bluez" pid=900 label="snap.x"\''
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
    ('SECCOMP auid=1 uid=1 gid=1 ses=1 pid=9 comm="x" sig=31 syscall=101 compat=0 ip=0x7f', ["denied"], "failure"),
    (BUS.format("DENIED"), ["denied"], "failure"),
    (BUS.format("ALLOWED"), ["info", "allowed"], "success"),
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


FILES: list[tuple[str, str | None, str | None]] = [
    (APPARMOR.format("DENIED"), "/etc/shadow", "shadow"),
    (APPARMOR.format("DENIED").replace('AVC apparmor="DENIED"', "APPARMOR_DENIED"), "/etc/shadow", "shadow"),
    (APPARMOR.format("ALLOWED").replace("/etc/shadow", "/bin/sh").replace("open", "exec"), "/bin/sh", "sh"),
    (APPARMOR.format("STATUS").replace("open", "profile_replace"), None, None),
    (SELINUX.format("denied", 0).replace("dest=5432", 'path="/etc/shadow" dev="dm-0" ino=1'), "/etc/shadow", "shadow"),
    (SELINUX.format("denied", 0).replace("dest=5432", 'name="shadow" dev="dm-0" ino=1'), None, "shadow"),
    (SELINUX.format("denied", 0).replace("dest=5432", 'path="socket:[5]" dev="sockfs" ino=5'), None, None),
    (SELINUX.format("denied", 0), None, None),
    (SMACK.format("denied") + ' name="x" dev="sda1" ino=12', None, "x"),
    ('LANDLOCK_ACCESS domain=1a blockers=fs.read_file path="/etc/shadow" dev="vda" ino=1', "/etc/shadow", "shadow"),
    (LANDLOCK.format("dest=80"), None, None),
    (USER_AVC.format("denied").replace("gid=0", 'gid=0 path="/etc/x.service"'), "/etc/x.service", "x.service"),
    (BUS.format("DENIED"), None, None),
    (IPE.format(1, "DEFAULT action=DENY"), "/x", "x"),
    ('INTEGRITY_RULE file="/usr/bin/x" hash="sha256:aa" ppid=1 pid=9', "/usr/bin/x", "x"),
]


@pytest.mark.parametrize(("record", "path", "name"), FILES)
def test_the_file_that_was_denied(record: str, path: str | None, name: str | None) -> None:
    file = summary(record).get("file", {})
    assert (file.get("path"), file.get("name")) == (path, name)


def test_the_files_of_a_call_hold_more() -> None:
    opened = 'PATH item=0 name="/etc/shadow" inode=7 dev=fd:01 mode=0100640 ouid=0 ogid=42 nametype=NORMAL'
    denied = SELINUX.format("denied", 0).replace("dest=5432", 'name="shadow" dev="dm-0" ino=7')
    for record in (APPARMOR.format("DENIED"), denied):
        file = summary(record, call(257, "success=no exit=-13"), opened)["file"]
        assert (file["path"], file["inode"]) == ("/etc/shadow", "7")
    link = 'PATH item=0 name="/tmp/x" inode=7 dev=fd:01 mode=0120777 ouid=0 ogid=42 nametype=NORMAL'
    assert summary("ANOM_LINK op=follow_link ppid=1 pid=9 res=0", link)["file"]["path"] == "/tmp/x"


def test_modules_that_are_not_selinux() -> None:
    status = summary("MAC_STATUS enforcing=0 old_enforcing=1 auid=0 ses=1 lsm=ipe res=1")
    assert status["event"]["action"] == "changed-integrity-policy"
    assert summary("MAC_STATUS enforcing=0 old_enforcing=1 auid=0 ses=1 lsm=selinux res=1")["event"]["action"] == (
        "changed-selinux-enforcement"
    )
    active = 'IPE_CONFIG_CHANGE old_active_pol_name="a" new_active_pol_name="b" auid=0 ses=1 lsm=ipe res=1'
    assert summary(active)["auditd"]["summary"]["object"] == {
        "type": "integrity-policy",
        "primary": "b",
        "secondary": "a",
    }
    assert summary(BUS.format("DENIED"))["event"]["action"] == "violated-apparmor-policy"


PACKETS = [
    ("NETFILTER_PKT mark=0x1 saddr=192.0.2.1 daddr=192.0.2.2 proto=6", ("192.0.2.1", None), ("192.0.2.2", None)),
    (
        "NETFILTER_PKT action=1 hook=1 inif=eth0 saddr=2001:db8::1 daddr=2001:db8::2 proto=6 sport=5 dport=80",
        ("2001:db8::1", 5),
        ("2001:db8::2", 80),
    ),
    ("NETFILTER_PKT mark=0x1 truncated=1", None, None),
    (
        "MAC_IPSEC_EVENT op=SAD-add auid=0 ses=1 src=192.0.2.1 dst=192.0.2.2 spi=1(0x1) res=1",
        ("192.0.2.1", None),
        ("192.0.2.2", None),
    ),
    ("MAC_IPSEC_EVENT op=SPD-delete auid=0 ses=1 res=1", None, None),
]


@pytest.mark.parametrize(("record", "source", "destination"), PACKETS)
def test_the_ends_of_packets_and_of_security_associations(
    record: str, source: tuple[str, int | None] | None, destination: tuple[str, int | None] | None
) -> None:
    output = summary(record)
    for end, wanted in (("source", source), ("destination", destination)):
        found = output.get(end)
        assert (found and (found["ip"], found.get("port"))) == wanted
    assert output["event"]["category"] == ["network"]
