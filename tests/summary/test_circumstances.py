"""The records around a system call, in ECS words."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.audit.argv import parse_execve
from sensor.audit.options import TransformOptions
from sensor.summary.circumstances import READERS, value_of
from tests.summary.events import PLAIN, fields

CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("EXECVE", 'argc=2 a0="ls" a1="-l"', {"args": ["ls", "-l"], "args_count": 2, "command_line": "ls -l"}),
    ("EXECVE", 'argc=3 a0="ls" a2="x"', {"args": ["ls", "", "x"], "args_count": 3, "command_line": "ls  x"}),
    ("CWD", 'cwd="/root"', {"working_directory": "/root"}),
    ("PROCTITLE", "proctitle=6C73002D6C", {"title": "ls -l"}),
    ("PROCTITLE", 'proctitle="(sshd)"', {"title": "(sshd)"}),
    ("PROCTITLE", "proctitle=(null)", {"title": None}),
    (
        "SOCKADDR",
        "saddr=02000050A9FEA9FE0000000000000000",
        {"socket": {"family": "ipv4", "addr": "169.254.169.254", "port": "80"}},
    ),
    (
        "SOCKADDR",
        "saddr=01002F6465762F6C6F6700",
        {"socket": {"family": "unix", "kind": "pathname", "path": "/dev/log"}},
    ),
    ("SOCKADDR", "saddr=00", {}),
    (
        "BPRM_FCAPS",
        "fver=2 fp=2000 fi=0 fe=1 old_pp=0 old_pi=0 old_pe=0 old_pa=0 pp=2400 pi=0 pe=2000 pa=0 frootid=0",
        {
            "thread": {
                "capabilities": {"permitted": ["CAP_NET_BIND_SERVICE", "CAP_NET_RAW"], "effective": ["CAP_NET_RAW"]}
            }
        },
    ),
    (
        "BPRM_FCAPS",
        "fver=0 new_pp=0000000000000001 new_pi=0 new_pe=0",
        {"thread": {"capabilities": {"permitted": ["CAP_CHOWN"], "effective": []}}},
    ),
    (
        "CAPSET",
        "pid=7 cap_pi=0 cap_pp=8000000000000001 cap_pe=1 cap_pa=0",
        {"thread": {"capabilities": {"permitted": ["CAP_CHOWN", "CAP_63"], "effective": ["CAP_CHOWN"]}}},
    ),
    ("CAPSET", "pid=7 cap_pp=zz", {"thread": {"capabilities": {}}}),
    (
        "PATH",
        'item=0 name="/a" inode=12 dev=fd:01 mode=040755 ouid=0 ogid=4294967295 nametype=NORMAL cap_fp=0',
        {
            "item": "0",
            "name": "/a",
            "inode": "12",
            "dev": "fd:01",
            "mode": "040755",
            "ouid": "0",
            "ogid": "unset",
            "nametype": "NORMAL",
            "cap_fp": "0x0",
        },
    ),
    ("PATH", 'item=0 name="/a" ouid=0\x1dOUID="root"', {"item": "0", "name": "/a", "ouid": "0"}),
]


@pytest.mark.parametrize(("name", "body", "members"), CASES)
def test_what_a_record_shows(name: str, body: str, members: dict[str, Any]) -> None:
    assert READERS[name](fields(name, body), PLAIN) == members


def test_a_command_line_that_was_cut_shows_so() -> None:
    cut = parse_execve('argc=3 a0="ls" a1="xxxxxxxxxxxxxxxxxxxxxx" a2="y"', TransformOptions(("array",), 8))
    assert READERS["EXECVE"](cut, PLAIN)["args"] == ["ls", "[skipped_args: 1] [skipped_bytes: 22]", "y"]


def test_a_command_line_that_is_kept_as_text() -> None:
    text = parse_execve('argc=2 a0="ls" a1="-l"', TransformOptions(("string",)))
    assert READERS["EXECVE"](text, PLAIN) == {"args_count": 2, "command_line": "ls -l"}


def test_a_fact_is_a_value() -> None:
    assert value_of(["a"]) == ["a"]
    assert value_of("a") == "a"
    assert value_of(None) is None
