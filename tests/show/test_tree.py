"""The process tree: by GUID and never by pid, bounded, of any depth."""

from __future__ import annotations

import pytest

from sensor.show.laurel_form import read
from sensor.show.tree import ProcessTree
from sensor.terminal import Screen
from tests.show.lines import LS, SESSION, SHELL, STORY, SUDO, ended, execve

SCREEN = Screen(200, False, True)


def grown(*events: dict[str, object], limit: int = 1000) -> ProcessTree:
    tree = ProcessTree(limit)
    for event in events:
        tree.add(read(event))
    return tree


def text(tree: ProcessTree, **selection: object) -> list[str]:
    tops = tree.select(**selection) if selection else tree.roots()  # type: ignore[arg-type]
    return [line.partition("  ")[2] for line in tree.lines(tops, SCREEN)]


def test_the_story() -> None:
    assert text(grown(*STORY)) == [
        "? (99)  00000000-0000",
        f"└─ -bash (100)  {SHELL}",
        f"   ├─ ls -l /tmp (101)  exit 0 after 0.500 s  {LS}",
        f"   └─ /usr/bin/sudo (102)  {SUDO}",  # its exec failed: no command line
    ]


@pytest.mark.parametrize("selection", [{"guid": LS}, {"pid": 101}, {"exe": "/usr/bin/ls"}, {"exe": "ls"}])
def test_one_process_below_those_that_started_it(selection: dict[str, object]) -> None:
    assert [line.strip().partition(" (")[0] for line in text(grown(*STORY), **selection)] == [
        "?",
        "-bash",
        "ls -l /tmp",
    ]


@pytest.mark.parametrize("session", ["3", SESSION])
def test_a_session(session: str) -> None:
    assert len(text(grown(*STORY), session=session)) == 4


def test_nothing_is_selected() -> None:
    assert text(grown(*STORY), guid="no such") == []


def test_a_pid_that_is_used_again_is_another_process() -> None:
    tree = grown(*STORY, execve(101, "44444444-0000", 3.0, "cat", exe="/usr/bin/cat"))
    assert sum("(101)" in line for line in text(tree)) == 2


def test_several_programs_of_one_process() -> None:
    tree = grown(STORY[0], execve(101, LS, 1.0, "sh", "-c", "ls"), execve(101, LS, 1.1, "ls"), ended(101, LS, 2.0, 2))
    assert "└─ sh -c ls → ls (101)  exit 2 after 0.500 s" in "\n".join(text(tree))


def test_a_circle_of_parents_ends() -> None:
    tree = grown(
        execve(1, "a", 0.0, "a", ppid=2, parent="b"),
        execve(2, "b", 1.0, "b", ppid=1, parent="a"),
        execve(3, "c", 2.0, "c", ppid=3, parent="c"),
    )
    assert len(text(tree)) == 3


def test_a_deep_tree() -> None:
    events = [execve(n, f"g{n}", float(n), f"p{n}", ppid=n - 1, parent=f"g{n - 1}") for n in range(1, 3000)]
    assert len(text(grown(*events, limit=5000))) == 3000


def test_the_oldest_make_room() -> None:
    tree = grown(*(execve(n, f"g{n}", float(n), "x", ppid=1, parent="g1") for n in range(1, 50)), limit=10)
    assert tree.dropped == 39
    assert len(text(tree)) == 10


def test_nothing_moves_the_cursor() -> None:
    lines = text(grown(execve(1, "g\x1b", 0.0, "\x1b[2J", UID="\x9b")))
    assert lines
    assert all(line.isprintable() for line in lines)
