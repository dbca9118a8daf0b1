"""SESSION shows where the login came from, as the records of the login have it."""

from __future__ import annotations

import pytest

from sensor.stages.session import Sessions
from tests.support.fake_host import FakeHost, event, syscall


def user(type, ses, **reported):
    words = " ".join([f"{name}={value}" for name, value in {"res": "success", **reported}.items()])
    return event(f"{type} pid=9 uid=0 auid=1000 ses={ses} msg='op=x {words}'")


SSH = {"acct": '"alice"', "exe": '"/usr/sbin/sshd"', "hostname": "10.0.2.2", "addr": "10.0.2.2", "terminal": "ssh"}
LOGIN = {"id": 1000, "exe": '"/usr/sbin/sshd"', "hostname": "?", "addr": "10.0.2.2", "terminal": "/dev/pts/0"}
SUDO = {"acct": '"root"', "exe": '"/usr/bin/sudo"', "hostname": "?", "addr": "?", "terminal": "/dev/pts/9"}
CALL = event(syscall(42, 1, "/bin/sh", ses=3))
WHOLE = {
    "acct": "alice",
    "addr": "10.0.2.2",
    "hostname": "10.0.2.2",
    "terminal": "/dev/pts/0",
    "exe": "/usr/sbin/sshd",
}


@pytest.fixture
def run(tmp_path):
    def run(*events, prefix=""):
        lines = FakeHost(tmp_path).run([Sessions(lambda: None).stage], *events, CALL, prefix=prefix)
        return lines[-1]["SYSCALL"].get("x_session" if prefix else "SESSION")

    return run


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], None),
        ([user("USER_START", 3, **SSH), user("USER_LOGIN", 3, **LOGIN)], WHOLE),
        ([user("USER_LOGIN", 3, **LOGIN), user("USER_START", 3, **SSH)], WHOLE),
        ([user("USER_START", 3, **SSH), user("USER_LOGIN", 3, **LOGIN), user("USER_START", 3, **SUDO)], WHOLE),
        ([user("USER_LOGIN", 4, **LOGIN)], None),
        ([user("USER_LOGIN", 3, **{**LOGIN, "res": "failed"})], None),
        ([user("USER_LOGIN", 4294967295, **LOGIN)], None),
        ([event("USER_LOGIN pid=9 ses=3 op=login")], None),
        ([user("USER_LOGIN", 3, **LOGIN).replace("type=", "node=db02 type=")], None),
        ([user("CRED_ACQ", 3, **SSH)], None),
    ],
)
def test_logins_show_of_their_session(run, events, expected):
    assert run(*events) == expected


def test_the_key_bears_the_prefix(run):
    assert run(user("USER_START", 3, **SSH), prefix="x_")["terminal"] == "ssh"


def test_the_sessions_that_began_first_are_forgotten_when_there_are_too_many(tmp_path):
    logins = [user("USER_START", ses, **SSH) for ses in range(50)]
    calls = [event(syscall(42, 1, "/bin/sh", ses=ses)) for ses in range(50)]
    lines = FakeHost(tmp_path).run([Sessions(lambda: None, entries=5).stage], *logins, *calls)
    assert [number for number, line in enumerate(lines[50:]) if "SESSION" in line["SYSCALL"]] == [45, 46, 47, 48, 49]


def test_what_a_login_shows_is_news_of_its_session(tmp_path):
    news = []
    stage = Sessions(lambda: news.append("changed")).stage
    FakeHost(tmp_path).run([stage], CALL, user("USER_START", 3, **SSH), user("USER_START", 4, res="failed"))
    assert news == ["changed"]
