"""Limits let the promised number of events through, say how many they held back, and stay small."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.event import Event, Template
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.syscall_decoder import SyscallDecoder
from sensor.stages.filters.limits import Rate, Repeat
from sensor.tables import syscalls
from sensor.tables.arches import X32_BIT, X86_64
from tests.support.fake_host import NOW, FakeHost, event, syscall


@pytest.fixture
def passed(tmp_path):
    """What a limit says of events, as `passes` does."""
    host = FakeHost(tmp_path)

    def passed(limit, *events):
        output = []
        host.run([lambda event: output.append(limit.passes(event))], *events)
        return output

    return passed


def at(seconds: float, *records: str) -> str:
    return event(*(records or [syscall(42, 1, "/usr/bin/ls")]), time=NOW + seconds)


@pytest.mark.parametrize(
    ("text", "times", "output"),
    [
        ("2/s", [0, 0, 0, 0.9, 1, 1, 1], [0, 0, None, None, 2, 0, None]),
        ("1/5s", [0, 4.9, 5, 9.9], [0, None, 1, None]),
        ("1/2min", [0, 119, 120], [0, None, 1]),
        ("1/h", [0, 3599, 3600], [0, None, 1]),
        ("1/500ms", [0, 0.4, 0.5], [0, None, 1]),
        ("1/3", [0, 2.9, 3], [0, None, 1]),
        ("1/s", [10, 0, 0.5], [0, 0, None]),  # the clock was set back
    ],
)
def test_so_many_in_each_stretch_go_through(passed, text, times, output):
    assert passed(Rate(text), *map(at, times)) == output


@pytest.mark.parametrize(
    ("times", "output"), [([0, 1, 59, 60, 61], [0, None, None, 2, None]), ([10, 0], [0, 0]), ([0, 100, 200], [0, 0, 0])]
)
def test_the_same_act_goes_through_once(passed, times, output):
    assert passed(Repeat("1min"), *map(at, times)) == output


LS = syscall(42, 1, "/usr/bin/ls")
PATH = 'PATH item=0 name="/a" inode=1'
NAME = 'PATH item=0 name="shadow" inode=1'
CWD = 'CWD cwd="/tmp"'
HERE = "ffffff9c"
NUMBERS = {name: number for number, name in syscalls.names(X86_64).items() if number < X32_BIT}


def call(name: str, *args: str) -> str:
    """A system call with its arguments; those not given are 0."""
    record = syscall(42, 1, "/usr/bin/ls", number=NUMBERS[name])
    for position, arg in enumerate(args):
        record = record.replace(f" a{position}=0 ", f" a{position}={arg} ")
    return record


USER = "USER_ACCT pid=7 uid=0 msg='op=PAM acct=\"root\"'"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([LS], [syscall(43, 9, "/usr/bin/ls")], True),
        ([LS], [syscall(42, 1, "/usr/bin/cat")], False),
        ([LS], [syscall(42, 1, "/usr/bin/ls", number=2)], False),
        ([LS], [syscall(42, 1, "/usr/bin/ls", success="no")], False),
        ([LS], [syscall(42, 1, "/usr/bin/ls", uid=7)], False),
        ([LS, PATH], [LS, PATH.replace("inode=1", "inode=2")], True),
        ([LS, PATH], [LS, PATH.replace("/a", "/b")], False),
        ([LS, 'EXECVE argc=1 a0="a"'], [LS, 'EXECVE argc=1 a0="b"'], False),
        # what it was done with and to, beside names
        ([call("chmod", "7f00", "1a4")], [call("chmod", "7f10", "1a4")], True),
        ([call("chmod", "7f00", "1a4")], [call("chmod", "7f00", "9ed")], False),
        ([call("openat", HERE, "7f00", "0")], [call("openat", HERE, "7f00", "1")], False),
        ([call("kill", "2a", "9"), "OBJ_PID opid=42"], [call("kill", "1", "9"), "OBJ_PID opid=1"], False),
        ([call("setuid", "3e8")], [call("setuid", "0")], False),
        (
            [call("connect", "3", "7f00", "10"), "SOCKADDR saddr=00"],
            [call("connect", "4", "7e00", "10"), "SOCKADDR saddr=00"],
            True,
        ),
        ([call("openat", HERE), NAME, CWD], [call("openat", HERE), NAME, CWD], True),
        ([call("openat", HERE), NAME, CWD], [call("openat", HERE), NAME, CWD.replace("/tmp", "/etc")], False),
        ([call("openat", HERE), PATH, CWD], [call("openat", HERE), PATH, CWD.replace("/tmp", "/etc")], True),
        ([call("openat", "3"), NAME, CWD], [call("openat", "3"), NAME.replace("inode=1", "inode=2"), CWD], False),
        ([LS, 'AVC pid=7 comm="a" x=1'], [LS, 'AVC pid=8 comm="a" x=1'], True),
        ([LS, 'AVC pid=7 comm="a" x=1'], [LS, 'AVC pid=7 comm="a" x=2'], False),
        ([USER], [USER.replace("pid=7", "pid=8")], True),
        ([USER], [USER.replace("root", "alice")], False),
    ],
)
def test_what_shows_one_act_from_another(passed, one, other, same):
    assert passed(Repeat("60"), at(0, *one), at(1, *other)) == [0, None if same else 0]


def test_only_so_many_acts_are_remembered(passed):
    """Ten of a hundred: the newest."""
    limit = Repeat("60s", acts=10)
    events = [at(0, syscall(42, 1, f"/bin/{number}")) for number in range(100)]
    assert passed(limit, *events) == [0] * 100
    assert passed(limit, *events[90:]) == [None] * 10
    assert passed(limit, events[89]) == [0]


@pytest.mark.parametrize("limit", [Rate("1/10s"), Repeat("10s")])
def test_what_no_event_shows_is_overdue_once(passed, limit):
    assert passed(limit, at(0), at(1), at(2)) == [0, None, None]
    reported = [limit.overdue(NOW + seconds) for seconds in (3, 10, 14.9, 15, 16)]
    assert reported == [0, 0, 0, 2, 0]
    assert passed(limit, at(20)) == [0]  # and is not reported again


def test_nothing_is_overdue_where_nothing_was_held_back(passed):
    for limit in (Rate("1/s"), Repeat("1s")):
        assert limit.overdue(NOW) == 0
        passed(limit, at(0))
        assert limit.overdue(float("inf")) == 0


def test_what_was_held_back_of_a_forgotten_act_is_reported(passed):
    limit = Repeat("60s", acts=1)
    passed(limit, at(0), at(1), at(2, syscall(42, 1, "/bin/other")))
    assert limit.overdue(NOW + 3) == 1


@pytest.mark.parametrize("text", ["", "0/s", "5", "5/", "/s", "x/s", "5/y", "-1/s", "1.5/s", "5/s/s"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(ValueError, match="expected a rate"):
        Rate(text)


@pytest.mark.parametrize("text", ["", "0", "0s", "x", "5y", "-5s", "1.5s"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match="expected a time"):
        Repeat(text)


ALICE, BOB = (syscall(pid, 1, "/usr/bin/ls", auid=uid, uid=uid) for pid, uid in ((42, 1000), (43, 1001)))
SUDO = syscall(44, 1, "/usr/bin/ls", auid=1000, uid=0)
OTHER = syscall(45, 1, "/usr/bin/ls", auid=1000, uid=1000)


@pytest.mark.parametrize(
    ("per", "records", "output"),
    [
        ("process", [ALICE] * 3 + [BOB, OTHER, SUDO, BOB], [0, None, None, 0, 0, 0, None]),
        ("user", [ALICE] * 3 + [BOB, OTHER, SUDO, BOB], [0, None, None, 0, None, 0, None]),
        ("rule", [ALICE] * 3 + [BOB, OTHER, SUDO], [0, None, None, None, None, None]),
        ("process", [USER, USER, USER.replace("pid=7", "pid=8")], [0, None, 0]),
        ("user", [USER, USER.replace("pid=7", "pid=8"), USER.replace("uid=0", "uid=1")], [0, None, 0]),
        ("process", ["SYSTEM_BOOT uid=0", "SYSTEM_BOOT uid=0"], [0, None]),
    ],
)
def test_a_flood_takes_nobody_elses_share(passed, per, records, output):
    assert passed(Rate("1/s", per), *[at(0.1, record) for record in records]) == output


def test_nodes_have_shares_of_their_own(passed):
    lines = [at(0.1, LS), at(0.2, LS).replace("type=", "node=db01 type="), at(0.3, LS)]
    assert passed(Rate("1/s"), *lines) == [0, 0, None]


def test_another_process_with_the_pid_has_a_share_of_its_own(tmp_path):
    host, limit, output = FakeHost(tmp_path), Rate("1/s"), []
    stages = [host.identity(), lambda event: bool(output.append(limit.passes(event))) or True]
    for start in (5000, 5000, 6000):
        host.process(42, 1, "/usr/bin/ls", start=start)
        host.run(stages, at(0.1, syscall(42, start, "/usr/bin/ls")))
    assert output[0] == 0
    assert output[2] == 0


def test_what_each_has_held_back_is_reported_to_each_and_the_rest_later(passed):
    limit = Rate("1/s")
    events = [at(0.1, ALICE)] * 3 + [at(0.2, BOB)] * 2 + [at(1.5, ALICE)]
    assert passed(limit, *events) == [0, None, None, 0, None, 2]
    assert limit.overdue(NOW + 3) == 0
    assert limit.overdue(NOW + 10) == 1
    assert limit.overdue(NOW + 10) == 0


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 40)), max_size=60), st.integers(1, 3), st.integers(1, 8))
def test_shares_are_as_a_naive_count_has_them(acts, most, budgets):
    """Each event passes or is held; what is held is reported once; with room, each process has its own share."""
    limit, time, naive, reported = Rate(f"{most}/s", budgets=budgets), 0, {}, 0
    held = 0
    for pid, wait in acts:
        time += wait
        passed = limit.passes(made(pid, time / 10))
        start, count = naive.get(pid, (None, 0))
        if start is None or not start <= time / 10 < start + 1:
            start, count = time / 10, 0
        naive[pid] = start, count + 1
        if budgets > 6:
            assert (passed is None) is (count + 1 > most)
        held += passed is None
        reported += passed or 0
    assert reported + limit.overdue(NOW + time + 100) == held


def made(pid: int, seconds: float) -> Event:
    decoder = RecordDecoder(TransformOptions(), (), 100)
    syscalls = SyscallDecoder(decoder)
    body = syscall(pid + 1, 1, "/usr/bin/ls").removeprefix("SYSCALL ")
    return Event(f"{NOW + seconds:.3f}:1", "", Template({}), syscalls.decode(body))


def test_so_many_shares_are_remembered(passed):
    """The oldest gives way, not the newest: who comes new has a share in any case."""
    limit = Rate("1/s", budgets=10)
    events = [at(0.1, syscall(number, 1, "/usr/bin/ls")) for number in range(1, 101)]
    assert passed(limit, *[event for event in events for _ in range(2)]) == [0, None] * 100
    assert passed(limit, *events[90:], events[89]) == [None] * 10 + [0]
    assert limit.overdue(NOW + 10) == 110
