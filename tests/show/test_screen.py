"""What an event looks like; nothing in it moves the cursor."""

from __future__ import annotations

import pytest

from sensor.show.laurel_form import read
from sensor.show.screen import lines
from sensor.terminal import Screen
from tests.show.lines import LS, SESSION, SHELL, STORY, call, ended, execve

PLAIN = Screen(120, False, True)


def shown(event: dict[str, object], screen: Screen = PLAIN) -> list[str]:
    return [line.partition("  ")[2] for line in lines(read(event), screen)][:1] + list(lines(read(event), screen))[1:]


def test_an_exec() -> None:
    assert shown(STORY[1]) == [
        "execve  ls -l /tmp  [exec]",
        "              who      alice, logged in as alice",
        f"              program  /usr/bin/ls, process 101  {LS}",
        f"              parent   /usr/bin/bash, process 100  {SHELL}",
        f"              session  3  {SESSION}",
        "",
    ]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (ended(1, LS, 0.0), "exit (probe)  ls exit 0 after 0.500 s"),
        (ended(1, LS, 0.0, None, 9), "exit (probe)  ls killed by signal 9 after 0.500 s"),
        (call(1, LS, 0.0, SYSCALL="openat", KEYS=[], key=None, PATH=[{"name": "/a"}]), "openat  /a"),
        (call(1, LS, 0.0, SYSCALL="getpid", KEYS=[], key=None), "getpid  /usr/bin/ls"),
    ],
)
def test_the_deed(event: dict[str, object], expected: str) -> None:
    assert shown(event)[0] == expected


def test_why_it_failed() -> None:
    assert "              failed   EACCES: Permission denied" in shown(STORY[3])


@pytest.mark.parametrize("text", ["\x1b[2J", "\x9b31m", "a\nb", "a\rb", "\u202egnp.exe", "\u2028", "\x7f"])
def test_nothing_moves_the_cursor(text: str) -> None:
    event = execve(
        1,
        LS,
        0.0,
        text,
        exe=text,
        comm=text,
        UID=text,
        KEYS=[text],
        SESSION_GUID=text,
        SPAWNED_BY={"pid": 100, "exe": text},
    )
    for line in lines(read(event), PLAIN):
        assert all(character.isprintable() for character in line)


def test_a_terminal_has_colours_and_a_width() -> None:
    found = list(lines(read(execve(1, LS, 0.0, "x" * 500, success="no", exit=-1)), Screen(80, True, True)))
    assert "\x1b[31;1m" in found[0]
    assert all(len(line.replace("\x1b[31;1m", "").replace("\x1b[0m", "")) <= 80 for line in found)
