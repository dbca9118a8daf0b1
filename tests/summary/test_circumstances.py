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
        {"socket_family": "ipv4", "socket_addr": "169.254.169.254", "socket_port": "80"},
    ),
    (
        "SOCKADDR",
        "saddr=01002F6465762F6C6F6700",
        {"socket_family": "unix", "socket_kind": "pathname", "socket_path": "/dev/log"},
    ),
    ("SOCKADDR", "saddr=00", {}),
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
def test_what_a_record_says(name: str, body: str, members: dict[str, Any]) -> None:
    assert READERS[name](fields(name, body), PLAIN) == members


def test_a_command_line_that_was_cut_says_so() -> None:
    cut = parse_execve('argc=3 a0="ls" a1="xxxxxxxxxxxxxxxxxxxxxx" a2="y"', TransformOptions(("array",), 8))
    assert READERS["EXECVE"](cut, PLAIN)["args"] == ["ls", "[skipped_args: 1] [skipped_bytes: 22]", "y"]


def test_a_command_line_that_is_kept_as_text() -> None:
    text = parse_execve('argc=2 a0="ls" a1="-l"', TransformOptions(("string",)))
    assert READERS["EXECVE"](text, PLAIN) == {"args_count": 2, "command_line": "ls -l"}


def test_a_fact_is_a_value() -> None:
    assert value_of(["a"]) == ["a"]
    assert value_of("a") == "a"
    assert value_of(None) is None
