"""Rules that leave the log empty, that are loaded half-way, or that watch what is not there."""

from __future__ import annotations

import pytest

from sensor.doctor.host import Answer
from sensor.doctor.rules import check_rules
from tests.doctor.examined import RULES, ExaminedHost, levels, wrong

FILE = "/etc/audit/rules.d/20.rules"
NATIVE, TWIN = RULES.splitlines()


def test_healthy_rules(host: ExaminedHost) -> None:
    assert levels(check_rules(host)) == {"rules.loaded": "ok", "rules.exec": "ok"}


@pytest.mark.parametrize(
    ("loaded", "expected"),
    [
        ("No rules\n", {"rules.loaded": "failure", "rules.files": "failure"}),
        (f"{NATIVE}\n{NATIVE}\n", {"rules.exec_32": "warning"}),
        ("-w /etc/shadow -p wa\n-w /etc/passwd -p wa\n", {"rules.exec": "warning"}),
        ("-a always,exit -S all -F key=all\n-w /etc/shadow -p wa\n", {}),
        (f"{NATIVE}\n{TWIN}\n-a never,task\n", {"rules.never_task": "failure"}),
        (f"{NATIVE}\n", {"rules.exec_32": "warning", "rules.files": "failure"}),
    ],
)
def test_what_is_loaded(host: ExaminedHost, loaded: str, expected: dict[str, str]) -> None:
    host.commands["auditctl -l"] = Answer(0, loaded)
    assert wrong(check_rules(host)) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("-w /etc/sudoers.d/ -p wa\n", {"rules.paths": "warning"}),
        ("-i\n-a always,exit -F dir=/etc/sudoers.d -F perm=wa\n", {"rules.paths": "note"}),
        ("-w /etc/audit/ -p wa\n", {}),
        ("# -w /not/there -p wa\n", {}),
    ],
)
def test_watched_paths(host: ExaminedHost, rules: str, expected: dict[str, str]) -> None:
    host.write(FILE, rules)
    host.commands["auditctl -l"] = Answer(0, RULES + "-w /etc/x -p wa\n")
    assert wrong(check_rules(host)) == expected


def test_who_may_not_list_rules(host: ExaminedHost) -> None:
    host.commands["auditctl -l"] = Answer(4, "You must be root to run this program.\n")
    assert wrong(check_rules(host)) == {"rules.loaded": "note"}


def test_the_service_that_loads_rules_failed(host: ExaminedHost) -> None:
    host.commands["systemctl is-failed audit-rules.service"] = Answer(0, "failed\n")
    assert wrong(check_rules(host)) == {"rules.service": "failure"}


def test_rules_of_another_program(host: ExaminedHost) -> None:
    host.write("/etc/osquery/osquery.conf", "{}")
    assert wrong(check_rules(host)) == {"rules.others": "note"}
