"""What is installed and loaded, and what it costs, in words."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.config import Config
from sensor.rules.check import check
from sensor.rules.install import FILE, FOLDER, install
from sensor.rules.target import portable
from tests.rules.fake_kernel import FakeKernel
from tests.rules.test_cost import event


@pytest.fixture
def host(tmp_path: Path) -> FakeKernel:
    host = FakeKernel(tmp_path)
    list(install(host, "minimal", portable()))
    return host


def checked(host: FakeKernel) -> tuple[bool, str]:
    well, lines = check(host, Config(), portable())
    return well, "\n".join(lines)


def test_all_is_well(host: FakeKernel) -> None:
    well, output = checked(host)
    assert well
    assert output.startswith(f"{FILE}: the minimal set\n/var/log/host-sensor/audit.jsonl has no event ")
    assert "\nexec                   2       2         0.0        0.00\n" in output
    assert "not there, so that rules for it are not loaded: /var/log/host-sensor" in output
    assert "memfd" not in output


def test_what_each_key_costs(host: FakeKernel) -> None:
    Path(host.path("/var/log/host-sensor")).mkdir(parents=True)
    list(install(host, "minimal", portable()))
    old = time.time() - 7200
    os.utime(host.path(FILE), (old, old))
    lines = [event(old + 1, "exec"), *[event(old + 3600, "exec")] * 99, event(old + 7199, "memfd")]
    host.write("/var/log/host-sensor/audit.jsonl", "".join(line.decode() + "\n" for line in lines))
    well, output = checked(host)
    assert well
    assert "measured in /var/log/host-sensor/audit.jsonl, 2.0 hours:" in output
    assert f"\nexec                   2       2        50.0 {100 * 12 * len(lines[0] + b'n') / 1e6:11.2f}\n" in output
    assert "\nmemfd                  0       0         0.5        0.00\n" in output


def test_nothing_is_installed(tmp_path: Path) -> None:
    well, output = checked(FakeKernel(tmp_path))
    assert not well
    assert output.startswith(f"{FILE} is not there: host-sensor rules --install minimal\n")


def test_rules_that_were_unloaded_are_missed(host: FakeKernel) -> None:
    host.rules = [rule for rule in host.rules if "setuid" not in rule]
    well, output = checked(host)
    assert not well
    assert "fewer rules are loaded than could be, of: setuid;" in output


def test_a_folder_that_came_later_is_missed(host: FakeKernel) -> None:
    Path(host.path("/etc/pam.d")).mkdir()
    well, output = checked(host)
    assert not well
    assert "of: pam;" in output


def test_a_file_that_was_edited(host: FakeKernel) -> None:
    host.write(FILE, f"{host.read(FILE)}-w /x -p wa\n")
    well, output = checked(host)
    assert not well
    assert f"{FILE}: the minimal set, edited since it was written" in output


def test_a_set_that_would_be_another_now(host: FakeKernel, tmp_path: Path) -> None:
    (tmp_path / "a/.ssh").mkdir(parents=True)
    well, lines = check(host, Config(), replace(portable(), homes=(f"{tmp_path}/a",)))
    assert well
    assert "of another version, or of other accounts than now: host-sensor rules --install minimal" in lines


def test_rules_that_others_have_as_well(host: FakeKernel) -> None:
    host.write(f"{FOLDER}/99-x.rules", "-a always,exit -F arch=b64 -S execve,execveat -F key=exec\n")
    assert "some of the same rules are in 99-x.rules" in checked(host)[1]
