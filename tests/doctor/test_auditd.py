"""auditd and its plugin, broken in each way that leaves the log empty or loses events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest

from sensor.doctor.auditd import check_auditd, is_plugin
from sensor.doctor.host import CommandResult, RunningProcess
from tests.doctor.examined import AUDITD, PLUGIN, ExaminedHost, levels, wrong

CONF = "/etc/audit/auditd.conf"
FILE = "/etc/audit/plugins.d/host-sensor.conf"
JOURNAL = "journalctl -b -u auditd -q --no-pager -n 2000 -o cat"


def test_a_healthy_auditd(host: ExaminedHost) -> None:
    assert levels(check_auditd(host)) == {"auditd.running": "ok", "plugin.running": "ok"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("q_depth = 2000\n", {"auditd.q_depth": "warning"}),
        ("write_logs = yes\n", {"auditd.q_depth": "warning"}),  # the default
        ("q_depth = 8192\noverflow_action = SUSPEND\n", {"auditd.overflow_action": "warning"}),
        ("q_depth = 8192\ndispatcher = /sbin/audispd\n", {"auditd.dispatcher": "note"}),
        ("q_depth = 8192\ndisk_full_action = HALT\n", {"auditd.disk_full_action": "note"}),
        ("q_depth = 8192\ndisk_full_action = HALT\nwrite_logs = no\n", {}),
    ],
)
def test_the_configuration(host: ExaminedHost, text: str, expected: dict[str, str]) -> None:
    host.write(CONF, text)
    assert wrong(check_auditd(host)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("active = no\npath = /usr/sbin/host-sensor\n", {"plugin.active": "failure"}),
        ("path = /usr/sbin/host-sensor\n", {"plugin.active": "failure"}),
        ("active = yes\npath = /usr/sbin/other\n", {"plugin.program": "failure"}),
        ("active = yes\n", {"plugin.program": "failure"}),
    ],
)
def test_the_plugin_file(host: ExaminedHost, text: str, expected: dict[str, str]) -> None:
    host.write(FILE, text)
    assert wrong(check_auditd(host)) == expected


@pytest.mark.parametrize("mode", [0o644, 0o775, 0o757])
def test_a_program_that_auditd_would_not_start_or_should_not(host: ExaminedHost, mode: int) -> None:
    Path(host.path("/usr/sbin/host-sensor")).chmod(mode)
    assert wrong(check_auditd(host)) == {"plugin.program": "failure"}


def _no_plugin_file(host: ExaminedHost) -> None:
    host.remove(FILE)


def _no_daemon(host: ExaminedHost) -> None:
    host.running[:] = [RunningProcess(1, 0, "systemd", ("/sbin/init",), 0.0)]


def _no_psutil(host: ExaminedHost) -> None:
    host.running.clear()


def _no_plugin(host: ExaminedHost) -> None:
    host.running.remove(PLUGIN)


def _of_another_daemon(host: ExaminedHost) -> None:
    host.running[:] = [AUDITD, RunningProcess(501, 1, PLUGIN.name, PLUGIN.words, 2.0)]


def _given_up(host: ExaminedHost) -> None:
    host.running.remove(PLUGIN)
    host.commands[JOURNAL] = CommandResult(0, "plugin /usr/sbin/host-sensor has exceeded max_restarts\n")


def _restarted(host: ExaminedHost) -> None:
    host.commands[JOURNAL] = CommandResult(
        0, "plugin /usr/sbin/host-sensor terminated unexpectedly, restarting\nother restart\n"
    )


def _not_installed(host: ExaminedHost) -> None:
    del host.commands["auditctl -v"]


def _overflow(host: ExaminedHost) -> None:
    host.write("/run/auditd.state", "max plugin queue depth used = 2000\nplugin queue overflow detected = yes\n")


def _suspended(host: ExaminedHost) -> None:
    host.write("/run/audit/auditd.state", "plugin queueing suspended = yes\nplugin queue overflow detected = no\n")


def _readable(host: ExaminedHost) -> None:
    Path(host.path("/etc/audit/plugins.d")).chmod(0o755)


def _audit_2(host: ExaminedHost) -> None:
    host.write("/etc/audisp/audispd.conf", "")


@pytest.mark.parametrize(
    ("break_it", "expected"),
    [
        (_no_plugin_file, {"plugin.file": "failure"}),
        (_no_daemon, {"auditd.running": "failure"}),
        (_no_psutil, {"auditd.running": "note"}),
        (_no_plugin, {"plugin.running": "failure"}),
        (_of_another_daemon, {"plugin.running": "failure"}),
        (_given_up, {"plugin.running": "failure"}),
        (_restarted, {"plugin.restarts": "warning"}),
        (_not_installed, {"auditd.installed": "failure"}),
        (_overflow, {"auditd.overflow": "warning"}),
        (_suspended, {"auditd.suspended": "failure"}),
        (_readable, {"auditd.folders": "warning"}),
        (_audit_2, {"auditd.audisp": "note"}),
    ],
)
def test_broken(host: ExaminedHost, break_it: Callable[[ExaminedHost], None], expected: dict[str, str]) -> None:
    break_it(host)
    assert wrong(check_auditd(host)) == expected


def test_why_a_plugin_does_not_run_is_in_the_text(host: ExaminedHost) -> None:
    _given_up(host)
    assert "ten exits" in next(finding.text for finding in check_auditd(host) if finding.name == "plugin.running")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("/usr/bin/python3", "-I", "/usr/sbin/host-sensor", "run"), True),
        (("/usr/sbin/host-sensor", "run", "-c", "/x.yaml"), True),
        (("/usr/sbin/host-sensor", "top", "run.log"), False),
        (("vi", "host-sensor", "run"), False),
        ((), False),
    ],
)
def test_which_process_is_the_plugin(words: tuple[str, ...], expected: bool) -> None:
    assert is_plugin(RunningProcess(1, 1, "x", words, 0.0)) is expected


WORDS = PLUGIN.words
GROUPED = replace(PLUGIN, group=501)


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        ([AUDITD, PLUGIN], {}),
        ([AUDITD, PLUGIN, RunningProcess(502, 501, "host-sensor", WORDS, 3.0)], {}),
        ([AUDITD, PLUGIN, RunningProcess(502, 1, "host-sensor", WORDS, 3.0)], {"plugin.others": "warning"}),
        ([AUDITD, GROUPED, RunningProcess(502, 1, "host-sensor", WORDS, 3.0, 501)], {}),
        ([AUDITD, GROUPED, RunningProcess(502, 1, "host-sensor", WORDS, 3.0, 502)], {"plugin.others": "warning"}),
        ([AUDITD, GROUPED, RunningProcess(502, 500, "host-sensor", WORDS, 3.0, 501)], {"plugin.others": "warning"}),
        ([AUDITD, PLUGIN, RunningProcess(502, 500, "host-sensor", WORDS, 3.0)], {"plugin.others": "warning"}),
        (
            [AUDITD, PLUGIN, RunningProcess(502, 1, "python3", ("python3", "/x/sensor/__main__.py", "run"), 3.0)],
            {"plugin.others": "warning"},
        ),
        ([AUDITD, PLUGIN, RunningProcess(502, 1, "host-sensor", (*WORDS[:-1], "show"), 3.0)], {}),
    ],
    ids=[
        "alone",
        "its own child",
        "by hand",
        "its helper",
        "by hand in a shell",
        "of auditd, in one group",
        "of auditd",
        "from a checkout",
        "another command",
    ],
)
def test_sensors_beside_the_plugin(host: ExaminedHost, running: list[RunningProcess], expected: dict[str, str]) -> None:
    host.running = running
    assert wrong(check_auditd(host)) == expected
