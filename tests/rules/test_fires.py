"""Each set, installed by the command in a root that has all that is watched: every rule fires, for both word sizes.

auditctl of the root is wrapped, so that what the command loads is limited to the login session of the test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from sensor.rules.cost import measure
from sensor.rules.match import File, Folder, HomeFile, HomeFolder, Match, SystemCalls
from sensor.rules.render import render
from sensor.rules.table import SETS, SHIP_USER, USER
from sensor.rules.target import portable
from sensor.tables import syscalls
from tests.packaging.root import HERE, REPOSITORY, Root
from tests.support.audit_session import AUID, AuditSession, alive, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.live]

ARCHES = {64: 0xC000003E, 32: 0x40000003}
HOME = "/home/someone"
ACCOUNTS = f"""\
_host-sensor:x:901:901::/:/usr/sbin/nologin
_host-sensor-ship:x:902:902::/:/usr/sbin/nologin
someone:x:1234:1234::{HOME}:/bin/bash
"""
UNPRIVILEGED = 65534
O_WRITE, O_READ, O_BOTH, O_NOATIME = 0o2101, 0, 0o102, 0o1000000
SHIM = f"""\
#!/bin/sh
if [ "$1" = -R ]; then
    sed 's/^-[aAd] .*/& -F auid={AUID}/' "$2" >/tmp/limited.rules
    chmod 600 /tmp/limited.rules
    exec /usr/sbin/auditctl.real -R /tmp/limited.rules
fi
exec /usr/sbin/auditctl.real "$@"
"""
INSTALL_AND_ACT = """\
mount -t proc proc "$0/proc"
exec chroot "$0" sh -c 'cd /tree && python3 -m sensor rules --install "$0" >/output 2>&1
python3 -m sensor rules --check >/checked 2>&1 && echo well >>/checked; python3 /acts.py </acts.json
bash -c "echo >/dev/tcp/127.0.0.1/9"; bash -c "echo >/dev/tcp/::1/9"' "$1"
"""


@pytest.fixture(scope="module", params=sorted({HERE, "trixie"}))
def root(request, tmp_path_factory):
    root = Root(tmp_path_factory.mktemp("root"), request.param)
    shutil.copytree(REPOSITORY / "sensor", root.folder / "tree/sensor", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "tests/rules/acts.py", root.folder)
    with (root.folder / "etc/passwd").open("a") as passwd:
        passwd.write(ACCOUNTS)
    for folder in (".ssh", ".config/systemd/user"):
        (root.folder / HOME[1:] / folder).mkdir(parents=True)
    os.chown(root.folder / HOME[1:], 1234, 1234)
    for rule in SETS["recommended"]:
        for match in rule.matches:
            if isinstance(match, (File, Folder)):
                folder = match.path if isinstance(match, Folder) else str(Path(match.path).parent)
                (root.folder / folder[1:]).mkdir(parents=True, exist_ok=True)
    auditctl = root.folder / "usr/sbin/auditctl"
    auditctl.rename(auditctl.with_name("auditctl.real"))
    auditctl.write_text(SHIM)
    auditctl.chmod(0o755)
    auditd = root.folder / "usr/sbin/auditd"
    auditd.unlink()
    shutil.copy(root.folder / "bin/true", auditd)
    yield root
    root.close()


def number(size: int, name: str) -> int:
    return syscalls.numbers(ARCHES[size], name)[0]


def opened(size: int, path: str, flags: int, **more: Any) -> dict[str, Any]:
    return {"size": size, "name": "open", "arguments": [path, flags, 0o600], "path": path, **more}


def acts_on_files(match: Match, size: int) -> list[dict[str, Any]]:
    """One for each permission."""
    if isinstance(match, (Folder, HomeFolder)):
        folder = match.path if isinstance(match, Folder) else f"{HOME}/{match.path}"
        return [opened(size, f"{folder}/{'core_pattern' if folder.startswith('/proc') else 'act'}", O_WRITE)]
    assert isinstance(match, (File, HomeFile))
    path = match.path if isinstance(match, File) else f"{HOME}/{match.path}"
    perm = match.perm if isinstance(match, File) else "wa"
    acts = [opened(size, path, O_WRITE)] if "w" in perm else []
    acts += [opened(size, path, O_READ)] if "r" in perm else []
    acts += [{"size": size, "name": "execve", "arguments": [path, 0, 0], "path": path}] if "x" in perm else []
    return acts


def refused(size: int, exit: str) -> list[dict[str, Any]]:
    """A user may not look into /root, nor open a file of another without a change of its access time."""
    path, flags = ("/root/x", O_READ) if exit == "exit=-EACCES" else ("/etc/hostname", O_NOATIME)
    return [opened(size, path, flags, user=UNPRIVILEGED)]


def acts_by_calls(calls: SystemCalls, size: int) -> list[dict[str, Any]]:
    """One for each name, with the arguments that the conditions ask for; all others are -1."""
    fields = calls.fields.split()
    if any(field.startswith("exit=") for field in fields):
        return refused(size, fields[0])
    arguments: list[Any] = [-1] * 5
    for field in fields:
        found = re.fullmatch(r"a(\d)(?:=|&)(\w+)", field)
        if found:
            value = int(found[2], 8 if re.fullmatch("0[0-7]+", found[2]) else 0)
            arguments[int(found[1])] = value
        elif field.startswith("saddr_fam="):
            family = int(field.partition("=")[2])
            if "socketcall" in calls.names:
                arguments[1] = {"socketcall": family}
            else:
                arguments[:3] = [{"socket": family}, {"sockaddr": family}, 28 if family == 10 else 16]
    if calls.names == "clone":
        arguments[0] = 0x20200  # CLONE_NEWNS | CLONE_FS, which exclude each other
    return [{"size": size, "name": name, "arguments": arguments} for name in calls.names.split()]


def acts(name: str, root: Root) -> list[dict[str, Any]]:
    """Every act of a set, with the key that it should get. A link, as /etc/localtime, is removed, then a file made."""
    made = []
    for rule in SETS[name]:
        if rule.key == "remote-shell":
            continue  # by bash itself
        for match in rule.matches:
            for size in ARCHES:
                if isinstance(match, SystemCalls):
                    twins = (match.twin or (match,)) if size == 32 else (match,)
                    found = [act for calls in twins for act in acts_by_calls(calls, size)]
                else:
                    found = acts_on_files(match, size)
                    if size == 64 and (root.folder / found[0]["path"][1:]).is_symlink():
                        found[0].update(name="unlink")
                made += [{**act, "key": rule.key, "number": number(size, act["name"])} for act in found]
    return made


UNNOTICED = [
    {"size": 64, "name": "chmod", "arguments": ["/tmp/x", 0o644]},
    {"size": 64, "name": "unshare", "arguments": [0]},
    {"size": 64, "name": "bpf", "arguments": [1, -1, -1]},
    {"size": 64, "name": "clock_settime", "arguments": [1, -1]},
    {"size": 64, "name": "socket", "arguments": [1, 1, 0]},
    *[
        {"size": 64, "name": name, "arguments": [{"socket": family}, {"sockaddr": family}, 12 if family == 16 else 22]}
        for name in ("connect", "bind")
        for family in (1, 16)
    ],
    {"size": 32, "name": "socketcall", "arguments": [3, {"socketcall": 1}]},
]
"""What the rules are narrow for: unix and netlink sockets, plain modes, other commands of the same call."""


def run(root: Root, name: str, made: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Install a set, act; the events as the sensor writes them, and the rules that were loaded."""
    (root.folder / "acts.json").write_text(json.dumps(made))
    with AuditSession(rules=[]) as session:
        command = ["unshare", "--mount", "sh", "-c", INSTALL_AND_ACT, str(root.folder), name]
        session.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        )
        listed = subprocess.run(["auditctl", "-l"], capture_output=True, text=True, check=True).stdout
        session.drain(session.feed)
        feed = session.feed.read_bytes()
    command = [sys.executable, "-m", "sensor", "convert"]
    lines = subprocess.run(command, input=feed, capture_output=True, check=True, cwd=REPOSITORY).stdout
    return [json.loads(line) for line in lines.splitlines()], listed


def fired(events: list[dict[str, Any]]) -> set[tuple[str, int, int, str]]:
    """Key, architecture, number of the call, and each path, for each event; once without a path."""
    found = set()
    for event in events:
        call = event.get("SYSCALL", {})
        for key in call.get("KEYS", ()):
            for path in ["", *[record.get("name", "") for record in event.get("PATH", ())]]:
                found.add((key, int(call["arch"], 16), call["syscall"], path))
    return found


@pytest.mark.parametrize("name", SETS)
def test_every_rule_fires_for_the_act_that_it_is_for(name: str, root: Root) -> None:
    made = acts(name, root)
    unnoticed = [{**act, "number": number(act["size"], act["name"])} for act in UNNOTICED]
    events, listed = run(root, name, [*made, *unnoticed])
    output = (root.folder / "output").read_text()
    assert "not loaded" not in output, output
    checked = (root.folder / "checked").read_text()
    assert f"50-host-sensor.rules: the {name} set\n" in checked
    assert checked.endswith("\nwell\n"), checked
    keys = {rule.key for rule in SETS[name]}
    assert set(re.findall(r"key=(\S+)", listed)) == keys
    found = fired(events)
    silent = [act for act in made if (act["key"], ARCHES[act["size"]], act["number"], act.get("path", "")) not in found]
    assert silent == []
    assert {key for key, *_ in found} == keys, output
    assert len(keys) >= (15 if name == "minimal" else 45)
    cost = measure([json.dumps(event).encode() for event in events], "", 0.0, time.time())
    assert all(cost.events_an_hour(key) > 0 and cost.bytes_a_day(key) > 0 for key in keys)
    shells = {event["SYSCALL"]["exe"] for event in events if "remote-shell" in event.get("SYSCALL", {}).get("KEYS", ())}
    assert shells == ({"/usr/bin/bash"} if name == "recommended" else set())
    noticed = [event for event in events if "KEYS" in event.get("SYSCALL", {})]
    assert [event for event in noticed for act in unnoticed if is_by(event, act)] == []


def is_by(event: dict[str, Any], act: dict[str, Any]) -> bool:
    """Whether an event is of an act: the same call with the same numbers, and the same family of address."""
    call, (address,) = event.get("SYSCALL", {}), event.get("SOCKADDR", [{}])
    if (call.get("syscall"), call.get("arch")) != (act["number"], hex(ARCHES[act["size"]])):
        return False
    for at, value in enumerate(act["arguments"][:2]):
        if isinstance(value, int) and value >= 0 and int(call["ARGV"][at], 16) != value:
            return False
        if isinstance(value, dict):
            family = value.get("sockaddr", value.get("socketcall"))
            if family is not None and address.get("SADDR", {}).get("saddr_fam") != {1: "local", 16: "netlink"}[family]:
                return False
    return True


def test_the_kernel_does_not_audit_auditd() -> None:
    """Which is why no rule excludes it: it opens the files of its plugins, and no event is made of that."""
    beside = ["/bin/sh", "-c", "exec cat >/dev/null"]
    with AuditSession(rules=["-S openat -k control"], beside=beside) as session:
        rule = [
            "-a",
            "always,exit",
            "-F",
            "arch=b64",
            "-S",
            "openat",
            "-F",
            f"pid={session.auditd_pid}",
            "-k",
            "auditd",
        ]
        subprocess.run(["auditctl", *rule], check=True)
        plugin = session.directory / "plugins.d/beside.conf"
        plugin.write_text(plugin.read_text().replace("active = yes", "active = no"))
        session.reload()
        wait_until(lambda: sum(map(alive, session.plugin_pids())) == 1, 10, "auditd to read what is active")
        session.run(["/bin/true"])
        session.drain(session.feed)
        keys = set(re.findall(rb'type=SYSCALL .*key="(\w+)"', session.feed.read_bytes()))
    assert b"control" in keys
    assert b"auditd" not in keys


def test_what_is_excluded_makes_no_event_and_the_same_by_others_does(tmp_path: Path) -> None:
    """As the shipped lines have it, but for user, folder and login; they are loaded last, and hold all the same."""
    tmp_path.chmod(0o777)
    for folder in tmp_path.parents[:2]:
        folder.chmod(0o755)
    made = render("recommended", portable())
    places = {"/var/log/host-sensor": str(tmp_path), "auid=unset": f"auid={AUID}", "auid!=unset": f"auid={AUID}"}
    places |= {f"uid={user} ": f"uid={UNPRIVILEGED} " for user in (USER, SHIP_USER)}
    lines = [
        line for line in made.lines() if "/var/log/host-sensor" in line or "-S connect -F saddr_fam=2 -F auid" in line
    ]
    always = [f"{line} -F auid={AUID}" for line in lines if line.startswith("-a") and "arch=b64" in line]
    rules = "\n".join([*always, *made.exclusions])
    for name, value in places.items():
        rules = rules.replace(name, value)
    (tmp_path / "rules").write_text(rules + "\n")
    connect = "import socket, contextlib\nwith contextlib.suppress(OSError): socket.create_connection(('127.0.0.1', 9))"
    act = f"open({str(tmp_path)!r} + '/by-%s', 'w').close()\n{connect}"
    with AuditSession(rules=[]) as session:
        subprocess.run(["auditctl", "-R", tmp_path / "rules"], check=True, stdout=subprocess.DEVNULL)
        for user in (UNPRIVILEGED, 0):
            session.run(["setpriv", f"--reuid={user}", "--clear-groups", "/usr/bin/python3", "-I", "-c", act % user])
        session.drain(session.feed)
        found = re.findall(rb'type=SYSCALL .* uid=(\d+) .*key="(\w+)"', session.feed.read_bytes())
    assert {path.name for path in tmp_path.glob("by-*")} == {f"by-{UNPRIVILEGED}", "by-0"}
    assert set(found) == {(b"0", b"sensor"), (b"0", b"connect")}
