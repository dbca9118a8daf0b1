"""Rules that leave the log empty, that are loaded half-way, or that watch what is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.doctor.host import CommandResult
from sensor.doctor.rules import check_rules, what_is_missing
from tests.doctor.examined import RULES, ExaminedHost, levels, wrong

REPOSITORY = Path(__file__).resolve().parents[2]
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
    host.commands["auditctl -l"] = CommandResult(0, loaded)
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
    host.commands["auditctl -l"] = CommandResult(0, RULES + "-w /etc/x -p wa\n")
    assert wrong(check_rules(host)) == expected


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("-a always,exit -S open -F dir=/etc/audit -F perm=wa", ""),
        ("-a always,exit -S open -F dir=/none -F perm=wa", "/none"),
        ("-a always,exit -F path=/etc/audit/none -F perm=wa", ""),
        ("-a always,exit -F path=/none/x -F perm=wa", "/none/x"),
        ("-a always,exit -S connect -F exe=/usr/sbin/bash", ""),
        ("-a always,exit -S connect -F exe=/none/bash", "/none/bash"),
        ("-w /etc/audit/none -p wa", ""),
        ("-w /etc/none/ -p wa", "/etc/none/"),
        ("-a always,exit -S connect", ""),
        ("-A never,exit -S connect -F uid=someone -F auid=unset", ""),
        ("-A never,exit -S connect -F uid=some -F auid=unset", "user some"),
        ("-a always,exit -S connect -F auid>=1000 -F auid!=unset -F euid=0", ""),
    ],
)
def test_what_a_rule_needs(host: ExaminedHost, line: str, missing: str) -> None:
    host.write("/etc/passwd", "root:x:0:0:::\nsomeone:x:1:1:::\n")
    assert what_is_missing(host, line) == missing


def test_rules_that_cannot_be_loaded_here_are_not_missed(host: ExaminedHost) -> None:
    """Each set has many for folders that this host does not have, and -i before them."""
    text = (REPOSITORY / "packaging/rules/recommended.rules").read_text()
    host.write(FILE, text)
    rules = [line for line in text.splitlines() if line.startswith("-") and line != "-i"]
    loaded = [line for line in rules if not what_is_missing(host, line)]
    assert len(loaded) < len(rules)
    host.commands["auditctl -l"] = CommandResult(0, "\n".join([*RULES.splitlines(), *loaded]) + "\n")
    assert wrong(check_rules(host)) == {"rules.paths": "note"}
    host.commands["auditctl -l"] = CommandResult(0, "\n".join(loaded[1:]) + "\n")
    assert wrong(check_rules(host)) == {"rules.paths": "note", "rules.files": "failure"}


@pytest.mark.parametrize("loaded", ["No rules\n", "-w /etc/shadow -p wa\n", f"{NATIVE}\n{NATIVE}\n"])
def test_what_is_missed_can_be_installed_by_one_command(host: ExaminedHost, loaded: str) -> None:
    host.commands["auditctl -l"] = CommandResult(0, loaded)
    assert any("host-sensor rules --install minimal" in finding.advice for finding in check_rules(host))


def test_who_may_not_list_rules(host: ExaminedHost) -> None:
    host.commands["auditctl -l"] = CommandResult(4, "You must be root to run this program.\n")
    assert wrong(check_rules(host)) == {"rules.loaded": "note"}


def test_the_service_that_loads_rules_failed(host: ExaminedHost) -> None:
    host.commands["systemctl is-failed audit-rules.service"] = CommandResult(0, "failed\n")
    assert wrong(check_rules(host)) == {"rules.service": "failure"}


def test_rules_of_another_program(host: ExaminedHost) -> None:
    host.write("/etc/osquery/osquery.conf", "{}")
    assert wrong(check_rules(host)) == {"rules.others": "note"}
