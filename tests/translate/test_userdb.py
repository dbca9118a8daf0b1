"""Names of users and groups: from the file, from the C library without waiting long, and for a limited time."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Callable

import pytest

from sensor.non_blocking_cache import Waiting
from sensor.translate import userdb
from sensor.translate.userdb import LIFE, AccountNames, UserDatabase

PASSWD = """\
root:x:0:0:root:/root:/bin/bash
# a comment: with colons: 7
+@netgroup:x:8::::
broken
:x:9:0::/:
toor:x:0:0:second name of root:/:
alice:x:1000:1000::/home/alice:/bin/sh
j\u00f6rg:x:1001:1001::/:
x:x:not-a-number:0::/:
"""


def nobody(number: int) -> str:
    raise KeyError(number)


@pytest.fixture
def passwd(tmp_path: Path) -> str:
    path = tmp_path / "passwd"
    path.write_text(PASSWD, encoding="utf-8")
    return str(path)


@pytest.fixture
def clock() -> list[float]:
    """The seconds that background questions see; settable."""
    return [1000.0]


def settled(names: AccountNames, expected: bool = True) -> bool:
    """Refresh until there is news, if there is to be any."""
    deadline = time.perf_counter() + 10
    while not (news := names.refresh()) and expected and time.perf_counter() < deadline:
        time.sleep(0.001)
    return news


@pytest.mark.parametrize(
    ("number", "name"),
    [(0, "root"), (1000, "alice"), (1001, "j\xc3\xb6rg"), *((n, f"unknown({n})") for n in (7, 8, 9, 4242))],
)
def test_the_file_is_read_as_the_c_library_does(passwd: str, number: int, name: str) -> None:
    assert AccountNames(passwd, nobody, blocking=True).get(number) == name


@pytest.mark.parametrize("blocking", [False, True])
def test_what_the_file_lacks_is_asked_for_once(passwd: str, blocking: bool) -> None:
    asked: list[int] = []

    def ask(number: int) -> str:
        asked.append(number)
        return {4242: "b\u00e4rbel"}[number]

    names = AccountNames(passwd, ask, blocking)
    for number, name in ((4242, "b\xc3\xa4rbel"), (4243, "unknown(4243)")):
        while names.get(number) != name:  # usually it is there at once
            time.sleep(0.001)
    assert sorted(asked) == [4242, 4243]


def test_names_live_for_a_limited_time(passwd: str, clock: list[float]) -> None:
    world = {4242: "old"}
    names = AccountNames(passwd, world.__getitem__, waiting=Waiting(clock=lambda: clock[0]))
    while names.get(4242) != "old":
        time.sleep(0.001)
    world[4242] = "new"
    clock[0] += LIFE - 1
    assert not settled(names, expected=False)
    assert names.get(4242) == "old"
    clock[0] += 1
    assert settled(names)
    assert names.get(4242) == "new"


def test_a_changed_file_is_read_again(passwd: str) -> None:
    names = AccountNames(passwd, nobody, blocking=True)
    assert names.get(1002) == "unknown(1002)"
    assert not names.refresh()
    with open(passwd, "a") as file:
        file.write("bob:x:1002:1002::/:\n")
    assert names.refresh()
    assert names.get(1002) == "bob"
    assert not names.refresh()


def test_a_file_that_cannot_be_read_changes_nothing(passwd: str, tmp_path: Path) -> None:
    names = AccountNames(passwd, nobody, blocking=True)
    assert names.get(0) == "root"
    os.unlink(passwd)
    assert not names.refresh()
    assert names.get(0) == "root"
    assert AccountNames(str(tmp_path / "never"), nobody, blocking=True).get(0) == "unknown(0)"


@pytest.mark.parametrize("error", [KeyError, OverflowError, OSError])
def test_a_question_that_fails_has_an_answer(error: type[Exception]) -> None:
    def ask(number: int) -> str:
        raise error(number)

    assert AccountNames(os.devnull, ask, blocking=True).get(5) == "unknown(5)"


def test_a_database_that_hangs_keeps_nobody_waiting(passwd: str) -> None:
    hang = threading.Event()

    def ask(number: int) -> str:
        hang.wait(60)
        return f"user{number}"

    names = AccountNames(passwd, ask)
    start = time.perf_counter()
    for number in range(4242, 5242):
        assert names.get(number) is None
        assert not names.refresh()
    assert time.perf_counter() - start < 5
    hang.set()
    while names.get(4242) is None and time.perf_counter() - start < 60:
        time.sleep(0.001)
    assert names.get(4242) == "user4242"


def test_what_is_remembered_is_bounded_and_what_is_lost_is_reported() -> None:
    """Once it is full all of it is forgotten, so that it is full again only after as many more."""
    names = AccountNames(os.devnull, nobody, blocking=True, most=10)
    for number in range(10):
        names.get(number)
    assert not names.refresh()
    names.get(11)
    assert names.refresh()
    for number in range(12, 21):
        names.get(number)
    assert not names.refresh()
    names.get(21)
    assert names.refresh()
    assert not names.refresh()


@pytest.mark.parametrize("ask", [userdb.user_name, userdb.group_name])
def test_the_c_library_knows_root(ask: Callable[[int], str]) -> None:
    assert ask(0) == "root"
    with pytest.raises(KeyError):
        ask(4_000_000_123)


@pytest.mark.parametrize("blocking", [False, True])
def test_this_host_has_a_database(blocking: bool) -> None:
    database = UserDatabase(blocking)
    assert (database.users.get(0), database.groups.get(0)) == ("root", "root")
    assert not database.refresh()
