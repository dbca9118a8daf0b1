"""auditctl's words, of Debian 12 (audit 3.0.9) and 13 (4.0.2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.doctor.host import CommandResult
from sensor.rules.kernel import feed, loaded, subject
from tests.rules.fake_kernel import FakeKernel

LINES = ["-a always,exit -S a -F key=a", "-a always,exit -S b -F key=b", "-a always,exit -S c -F key=c"]


class Says(FakeKernel):
    """auditctl answers the same to everything."""

    answer: CommandResult | None = None

    def run(self, *command: str) -> CommandResult | None:
        return self.answer


@pytest.mark.parametrize(
    ("output", "refused"),
    [
        ("", {}),
        ("Error sending add rule data request (Rule exists)\nThere was an error in line 2 of /t\n", {0: "Rule exists"}),
        ("Unknown user: _x\nThere was an error in line 4 of /t\n", {2: "Unknown user: _x"}),
        ("Syscall name unknown: b\n\nThere was an error in line 3 of /t\n", {1: "Syscall name unknown: b"}),
        ("There was an error in line 3 of /t\n", {}),
        ("x\nThere was an error in line 1 of /t\ny\nThere was an error in line 99 of /t\n", {}),
        (
            "E (No such file)\nThere was an error in line 2 of /t\nx (y)\nThere was an error in line 3 of /t\n",
            {0: "No such file", 1: "y"},
        ),
    ],
)
def test_what_is_refused_has_a_reason(output: str, refused: dict[int, str], tmp_path: Path) -> None:
    host = Says(tmp_path)
    host.answer = CommandResult(0, output)
    assert feed(host, LINES) == {LINES[number]: reason for number, reason in refused.items()}


def test_without_auditctl_all_are_refused(tmp_path: Path) -> None:
    assert set(feed(Says(tmp_path), LINES)) == set(LINES)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (CommandResult(0, "No rules\n"), {}),
        (
            CommandResult(0, "-w /etc/x -p wa -k mine\n-a always,exit -F arch=b64 -S execve -F key=exec\n"),
            {"mine": 1, "exec": 1},
        ),
        (
            CommandResult(0, "-a always,exit -S a -F key=exec\n-a always,exit -S b -F key=exec\n-a never,task\n"),
            {"exec": 2},
        ),
        (CommandResult(4, "You must be root to run this program.\n"), None),
        (None, None),
    ],
)
def test_what_is_loaded_by_key(answer: CommandResult | None, expected: dict[str, int] | None, tmp_path: Path) -> None:
    host = Says(tmp_path)
    host.answer = answer
    assert loaded(host) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-a always,exit -F arch=b64 -S open,creat -F dir=/etc/x -F perm=wa -F key=a", "/etc/x"),
        ("-a always,exit -F arch=b64 -F path=/etc/y -F perm=wa -F key=a", "/etc/y"),
        ("-a always,exit -F arch=b64 -S connect -F saddr_fam=2 -F key=a", "connect"),
        ("-e 2", "-e 2"),
    ],
)
def test_what_a_rule_is_about(line: str, expected: str) -> None:
    assert subject(line) == expected
