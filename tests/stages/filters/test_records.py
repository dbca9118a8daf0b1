"""Records of some types leave all events, and events of nothing else are dropped and counted."""

from __future__ import annotations

import pytest

from sensor.stages.filters.records import RULE, RecordDropper
from tests.support.fake_host import FakeHost, event, syscall

TEXT = event(syscall(42, 1, "/usr/bin/ls"), 'CWD cwd="/"', "PROCTITLE proctitle=6C73")


@pytest.mark.parametrize(
    ("types", "left"),
    [
        (["PROCTITLE"], ["SYSCALL", "CWD"]),
        (["CWD", "PROC*"], ["SYSCALL"]),
        (["SYSCALL"], ["CWD", "PROCTITLE"]),
        (["EXECVE"], ["SYSCALL", "CWD", "PROCTITLE"]),
        (["*"], None),
    ],
)
def test_records_are_left_out(tmp_path, types, left):
    counts: dict[str, int] = {}
    lines = FakeHost(tmp_path).run([RecordDropper(types, counts).stage], TEXT)
    assert [list(line)[1:] for line in lines] == ([left] if left else [])
    assert counts == ({} if left else {RULE: 1})


def test_events_from_user_space_can_go_as_a_whole(tmp_path):
    counts: dict[str, int] = {}
    lines = FakeHost(tmp_path).run(
        [RecordDropper(["CRED_*"], counts).stage], event("CRED_ACQ uid=0"), event("LOGIN uid=0")
    )
    assert [list(line)[1:] for line in lines] == [["LOGIN"]]
    assert counts == {RULE: 1}
