"""Names of users and groups: from the file, from the C library without waiting for it, and for a limited time."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Callable

import pytest

from sensor.translate import userdb
from sensor.translate.userdb import LIFE, LIFE_OF_UNKNOWN, Names, PatientNames, UserDatabase

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


def settle(database: UserDatabase, now: float) -> bool:
    """Refresh, wait for the thread, and refresh again; tell whether a name changed."""
    changed = database.refresh(now)
    if database._thread is not None:
        database._thread.join(10)
    return database.refresh(now) or changed


def made(users: Names) -> UserDatabase:
    database = UserDatabase()
    database.users = users
    database.groups = Names(os.devnull, nobody)
    return database


@pytest.mark.parametrize(
    ("number", "name"),
    [(0, "root"), (1000, "alice"), (1001, "j\xc3\xb6rg"), (7, None), (8, None), (9, None), (4242, None)],
)
def test_the_file_is_read_as_the_c_library_does(passwd: str, number: int, name: str | None) -> None:
    assert Names(passwd, nobody).get(number) == name


def test_what_the_file_lacks_is_asked_once_and_then_known(passwd: str) -> None:
    asked: list[int] = []

    def ask(number: int) -> str:
        asked.append(number)
        return {4242: "b\u00e4rbel"}[number]

    database = made(Names(passwd, ask))
    assert [database.users.get(number) for number in (4242, 4243, 4242)] == [None, None, None]
    assert settle(database, 0.0)
    assert database.users.get(4242) == "b\xc3\xa4rbel"
    assert database.users.get(4243) == "unknown(4243)"
    assert not settle(database, 1.0)
    assert sorted(asked) == [4242, 4243]


def test_names_live_for_a_limited_time(passwd: str) -> None:
    world = {4242: "old"}
    database = made(Names(passwd, world.__getitem__))
    database.users.get(4242), database.users.get(4243)
    settle(database, 0.0)
    world.update({4242: "new", 4243: "late"})
    assert not settle(database, LIFE_OF_UNKNOWN - 1)
    assert settle(database, LIFE_OF_UNKNOWN)
    assert (database.users.get(4242), database.users.get(4243)) == ("old", "late")
    assert settle(database, LIFE)
    assert database.users.get(4242) == "new"


def test_a_changed_file_is_read_again_and_what_was_asked_is_asked_again(passwd: str) -> None:
    asked: list[int] = []

    def ask(number: int) -> str:
        asked.append(number)
        raise KeyError(number)

    database = made(Names(passwd, ask))
    database.users.get(1002), database.users.get(1003)
    settle(database, 0.0)
    with open(passwd, "a") as file:
        file.write("bob:x:1002:1002::/:\n")
    assert settle(database, 1.0)
    assert database.users.get(1002) == "bob"
    assert database.users.get(1003) == "unknown(1003)"
    assert asked.count(1003) == 2


def test_a_file_that_cannot_be_read_keeps_what_was_known(passwd: str, tmp_path: Path) -> None:
    database = made(Names(passwd, nobody))
    os.unlink(passwd)
    assert not database.refresh(1.0)
    assert database.users.get(0) == "root"
    assert Names(str(tmp_path / "never"), nobody).get(0) is None


@pytest.mark.parametrize("error", [KeyError, OverflowError, OSError])
def test_a_question_that_fails_has_an_answer(error: type[Exception]) -> None:
    def ask(number: int) -> str:
        raise error(number)

    assert Names(os.devnull, ask).find(5) == "unknown(5)"


def test_a_database_that_hangs_keeps_nobody_waiting(passwd: str) -> None:
    hang, asked = threading.Event(), threading.Event()

    def ask(number: int) -> str:
        asked.set()
        hang.wait(60)
        return f"user{number}"

    database = made(Names(passwd, ask))
    database.users.get(4242)
    database.refresh(0.0)
    thread = database._thread
    assert thread is not None
    assert asked.wait(10)
    start = time.perf_counter()
    for second in range(1, 100):
        assert database.users.get(5000 + second) is None
        assert not database.refresh(float(second))
    assert time.perf_counter() - start < 5
    assert database._thread is thread
    hang.set()
    thread.join(10)
    assert database.refresh(100.0)
    assert database.users.get(4242) == "user4242"


def test_what_is_remembered_and_wanted_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(userdb, "_MOST_WANTED", 10)
    monkeypatch.setattr(userdb, "_MOST_ASKED", 15)
    names = Names(os.devnull, nobody)
    for second in range(10):
        for number in range(1000):
            names.get(number + second * 1000)
        names.answer(names.take_questions(float(second)))
        names.take_answers(float(second))
        assert len(names._asked) <= 15
        assert set(names._ends) == set(names._asked)


def test_a_recorded_log_gets_its_answers_at_once(passwd: str) -> None:
    asked: list[int] = []

    def ask(number: int) -> str:
        asked.append(number)
        return {4242: "alice"}[number]

    names = PatientNames(passwd, ask)
    assert [names.get(number) for number in (0, 4242, 4243, 4242, 4243)] == [
        "root",
        "alice",
        "unknown(4243)",
        "alice",
        "unknown(4243)",
    ]
    assert asked == [4242, 4243]


@pytest.mark.parametrize("ask", [userdb.user_name, userdb.group_name])
def test_the_c_library_knows_root(ask: Callable[[int], str]) -> None:
    assert ask(0) == "root"
    with pytest.raises(KeyError):
        ask(4_000_000_123)


def test_this_host_has_a_database() -> None:
    database = UserDatabase(patient=True)
    assert (database.users.get(0), database.groups.get(0)) == ("root", "root")
    assert UserDatabase().users.get(0) == "root"
