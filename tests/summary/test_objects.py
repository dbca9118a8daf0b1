"""What was acted upon: files, addresses, processes, in ECS words."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.summary import objects
from sensor.summary.objects import address_family, address_of, file_of, is_beside, names_of, process_of, source_of
from sensor.summary.rules import call_rule
from sensor.tables import syscalls
from sensor.tables.arches import ARCHES
from tests.summary.events import PLAIN, fields

X = {"path": "/x", "name": "x", "directory": "/"}
ETC_X = {"path": "/etc/x", "name": "x", "directory": "/etc"}

FILES: list[tuple[str, str | None, dict[str, Any], dict[str, Any]]] = [
    (
        'item=0 name="/etc/x" inode=12 dev=fd:01 mode=0106755 ouid=0 ogid=42 rdev=00:00 nametype=NORMAL',
        "/root",
        {**ETC_X, "inode": "12", "device": "fd:01", "mode": "6755", "type": "file", "uid": "0", "gid": "42"},
        {"type": "file", "primary": "/etc/x"},
    ),
    (
        'item=0 name="x/../y"',
        "/root",
        {"path": "/root/y", "name": "y", "directory": "/root"},
        {"type": "filesystem", "primary": "/root/y"},
    ),
    ('item=0 name="./x"', None, {"path": "./x", "name": "x"}, {"type": "filesystem", "primary": "./x"}),
    ('item=0 name="/x" mode=0ozz', "/", X, {"type": "filesystem", "primary": "/x"}),
    ('item=0 name="/x" mode=0o', "/", X, {"type": "filesystem", "primary": "/x"}),
    (
        'item=0 name="/x" mode=07777777777777',
        "/",
        {**X, "mode": "7777"},
        {"type": "filesystem", "primary": "/x"},
    ),
    ("item=0 name=(null) mode=040700", "/", {"mode": "0700", "type": "dir"}, {"type": "directory"}),
    (
        'item=0 name="/x" ouid=0 ogid=7\x1dOUID="root" OGID="unknown(7)"',
        None,
        {**X, "uid": "0", "owner": "root", "gid": "7"},
        {"type": "filesystem", "primary": "/x"},
    ),
    (
        'item=0 name="/x" obj=u:r:t:s0',
        None,
        {**X, "selinux": {"user": "u", "role": "r", "domain": "t", "level": "s0"}},
        {"type": "filesystem", "primary": "/x"},
    ),
]


@pytest.mark.parametrize(("body", "cwd", "file", "object"), FILES)
def test_a_file(body: str, cwd: str | None, file: dict[str, Any], object: dict[str, Any]) -> None:
    thing = file_of(fields("PATH", body), "filesystem", cwd, PLAIN)
    assert (thing.top, thing.object) == ({"file": file}, object)


TYPES = [
    (0o020600, "character-device"),
    (0o060600, "block-device"),
    (0o010600, "fifo"),
    (0o120777, "symlink"),
    (0o140755, "socket"),
    (0o000755, "file"),
]


@pytest.mark.parametrize(("mode", "type"), TYPES)
def test_the_mode_shows_the_type(mode: int, type: str) -> None:
    assert file_of(fields("PATH", f'name="/x" mode=0{mode:o}'), "file", None, PLAIN).object["type"] == type


def test_directories_above_and_names_never_looked_up_are_beside() -> None:
    for body, beside in [
        ("nametype=PARENT", True),
        ("nametype=UNKNOWN", True),
        ("objtype=PARENT", True),
        ("nametype=NORMAL", False),
        ("nametype=DELETE", False),
        ("item=0", False),
    ]:
        assert is_beside(fields("PATH", body)) is beside


ADDRESSES: list[tuple[str, str | None, dict[str, Any], dict[str, Any]]] = [
    (
        "02000050A9FEA9FE0000000000000000",
        "destination",
        {
            "destination": {"address": "169.254.169.254", "ip": "169.254.169.254", "port": 80},
            "network": {"direction": "egress", "type": "ipv4"},
        },
        {"type": "socket", "primary": "169.254.169.254", "secondary": "80"},
    ),
    (
        "0A0000160000000000000000000000000000000000000001" + "00000000",
        "source",
        {
            "source": {"address": "::1", "ip": "::1", "port": 22},
            "network": {"direction": "ingress", "type": "ipv6"},
        },
        {"type": "socket", "primary": "::1", "secondary": "22"},
    ),
    (
        "01002F6465762F6C6F6700",
        "destination",
        {"destination": {"address": "/dev/log"}, "network": {"direction": "egress", "type": "unix"}},
        {"type": "socket", "primary": "/dev/log"},
    ),
    ("0100", "source", {"network": {"direction": "ingress", "type": "unix"}}, {"type": "socket"}),
    ("02000050A9FEA9FE0000000000000000", None, {}, {"type": "socket", "primary": "169.254.169.254", "secondary": "80"}),
    ("02", "source", {}, {"type": "socket"}),
]


@pytest.mark.parametrize(("saddr", "direction", "top", "object"), ADDRESSES)
def test_an_address(saddr: str, direction: str | None, top: dict[str, Any], object: dict[str, Any]) -> None:
    thing = address_of(fields("SOCKADDR", f"saddr={saddr}").get("saddr"), direction)
    assert (thing.top, thing.object) == (top, object)


def test_the_process_that_got_a_signal() -> None:
    target = fields("OBJ_PID", 'opid=42 oauid=0 ouid=0 oses=1 obj=(null) ocomm="sleep"')
    thing = process_of(target)
    assert (thing.top, thing.object) == ({}, {"type": "process", "primary": "sleep", "secondary": "42"})


SOURCES = [
    ("10.0.0.1", "10.0.0.1"),
    ("fe80::1", "fe80::1"),
    ("web01.example", None),
    ("UNKNOWN", None),
    ("1.2.3", None),
]


@pytest.mark.parametrize(("address", "ip"), SOURCES)
def test_a_source_is_an_address_only_if_it_is_one(address: str, ip: str | None) -> None:
    source = source_of(address)["source"]
    assert isinstance(source, dict)
    assert (source["address"], source.get("ip")) == (address, ip)
    assert (address_family(address) is not None) == (ip is not None)


def test_the_tables_are_about_system_calls() -> None:
    known = {name for arch in ARCHES for name in syscalls.names(arch).values()} | {"fchownat2", "fstatat"}
    assert objects.DIRECTIONS.keys() <= known
    assert {call_rule(name).object for name in objects.DIRECTIONS} == {"socket"}


NAMES: list[tuple[object, dict[str, object]]] = [
    ("/etc/cron.d/x.conf", {"name": "x.conf", "extension": "conf", "directory": "/etc/cron.d"}),
    ("/a/b.tar.gz", {"name": "b.tar.gz", "extension": "gz", "directory": "/a"}),
    ("/root/.bashrc", {"name": ".bashrc", "directory": "/root"}),
    ("/tmp/.x.so", {"name": ".x.so", "extension": "so", "directory": "/tmp"}),
    ("/tmp/x.", {"name": "x.", "directory": "/tmp"}),
    ("/tmp/..x", {"name": "..x", "directory": "/tmp"}),
    ("/tmp/...", {"name": "...", "directory": "/tmp"}),
    ("/tmp/a.d/", {"name": "a.d", "extension": "d", "directory": "/tmp"}),
    ("/x", {"name": "x", "directory": "/"}),
    ("x/y.py", {"name": "y.py", "extension": "py"}),
    ("/a/..", {}),
    ("/", {}),
    ("//", {}),
    (".", {}),
    ("", {}),
    (None, {}),
]


@pytest.mark.parametrize(("path", "names"), NAMES)
def test_the_names_in_a_path(path: str | None, names: dict[str, object]) -> None:
    assert names_of(path) == {"path": path, **names}
