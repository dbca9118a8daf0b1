"""Names of users and groups: the host's files answer by themselves, and others are asked beside."""

from __future__ import annotations

import grp
import os
import pwd
import select
from pathlib import Path

import pytest

from sensor.rights.accounts import Account, Files, Question, any_group, any_user, listed_group, listed_user, stand_in


def test_all_users_of_the_files_are_as_the_c_library_has_them():
    text = Path("/etc/passwd").read_text()
    names = [line.partition(":")[0] for line in text.splitlines()]
    assert len(names) > 5
    for name in names:
        listed, entry = listed_user(name), pwd.getpwnam(name)
        assert listed is not None
        assert listed[:3] == (name, entry.pw_uid, entry.pw_gid)
        assert set(listed.groups) == set(os.getgrouplist(name, entry.pw_gid))
        assert any_user(name) == listed


def test_all_groups_of_the_files_are_as_the_c_library_has_them():
    for entry in grp.getgrall():
        assert listed_group(entry.gr_name) == any_group(entry.gr_name) == entry.gr_gid


PASSWD = """\
+nis:x:1:1::/:
# comment:x:2:2::/:
short:x:3
letters:x:four:4::/:
minus:x:-5:5::/:
unset:x:4294967295:6::/:
alice:x:1000:1001:A:/home/alice:/bin/sh
alice:x:7:7:second:/:
bücher:x:1002:1002::/:
bad\udcff:x:1003:1003::/:
"""
GROUP = """\
+:::
own:x:1001:
staff:x:50:bob,alice
wheel:x:10:alice
wheelish:x:11:alicea,malice
broken:x:twelve:alice
"""


@pytest.fixture
def files(tmp_path) -> Files:
    (tmp_path / "passwd").write_text(PASSWD, errors="surrogateescape")
    (tmp_path / "group").write_text(GROUP)
    return Files((str(tmp_path / "none"), str(tmp_path / "passwd")), (str(tmp_path / "group"),))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alice", Account("alice", 1000, 1001, (1001, 50, 10))),
        ("bücher", Account("bücher", 1002, 1002, (1002,))),
        ("bad\udcff", Account("bad\udcff", 1003, 1003, (1003,))),
        ("nis", None),
        ("+nis", None),
        ("# comment", None),
        ("short", None),
        ("letters", None),
        ("minus", None),
        ("unset", None),
        ("", None),
        ("ALICE", None),
        ("alice:x", None),
        ("alice\n", None),
    ],
)
def test_users_in_the_files(files, name, expected):
    assert listed_user(name, files) == expected


@pytest.mark.parametrize(("name", "number"), [("staff", 50), ("broken", None), ("+", None), ("", None), ("none", None)])
def test_groups_in_the_files(files, name, number):
    assert listed_group(name, files) == number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("_host-sensor:x:997:995::/:\nnobody:x:99:98::/:\n", Account("_host-sensor", 997, 995, (995,))),
        ("root:x:0:0::/:\nnobody:x:99:98::/:\n", Account("nobody", 99, 98, (98,))),
        ("root:x:0:0::/:\n", Account("nobody", 65534, 65534, (65534,))),
    ],
)
def test_who_stands_in_for_an_unknown_user(files, tmp_path, text, expected):
    (tmp_path / "passwd").write_text(text)
    assert stand_in(files) == expected


@pytest.mark.parametrize("name", ["no-such", "nul\0", "", "a" * 5000, "+"])
def test_nobody_knows_them(name):
    assert any_user(name) is any_group(name) is None


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


@pytest.mark.parametrize("name", ["root", "no-such"])
def test_a_question_is_answered_beside(name):
    before = children()
    question = Question(name)
    assert select.select([question.descriptor], [], [], 20)[0]
    assert question.answer() == any_user(name)
    assert children() == before


def test_a_question_without_an_answer_leaves_nothing_behind():
    before, files = children(), os.listdir("/proc/self/fd")
    question = Question("root")
    question.answer()
    assert len(os.listdir("/proc/self/fd")) == len(files)
    assert children() == before
