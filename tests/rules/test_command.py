"""The command, as a user without rights runs it."""

from __future__ import annotations

import os

import pytest

from sensor.cli import main
from sensor.rules.table import RULES


def test_without_arguments_every_key_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    output = capsys.readouterr().out
    assert main(["rules", "--list"]) == 0
    assert capsys.readouterr().out == output
    assert [line.split()[0] for line in output.splitlines() if not line.startswith(" ")] == [rule.key for rule in RULES]
    assert "setuid             minimal      T1548.001\n    A file that lends" in output


def test_a_set_is_printed_for_this_host(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--print", "minimal"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("## The minimal audit rules of host-sensor ")
    assert "-S execve,execveat -F key=exec\n" in output


@pytest.mark.skipif(os.geteuid() == 0, reason="root would install it")
@pytest.mark.parametrize("arguments", [["--install", "minimal"], ["--remove"]])
def test_who_is_not_root_changes_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", *arguments]) == 1
    assert capsys.readouterr().err == "host-sensor: only root can change audit rules\n"
