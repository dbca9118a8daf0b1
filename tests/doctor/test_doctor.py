"""The whole examination: every part has its say, and a part that fails costs only itself."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sensor.config import Config
from sensor.doctor import examine, worst
from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import CommandResult
from tests.doctor.examined import ExaminedHost, levels


class Failing(ExaminedHost):
    """A host in which one command cannot be run in a way that nobody thought of."""

    def run(self, *command: str) -> CommandResult | None:
        if command == ("auditctl", "-l"):
            raise RuntimeError("of another kind")
        return super().run(*command)


def test_a_check_that_fails_costs_only_itself(tmp_path: Path) -> None:
    found = levels(examine(Failing(tmp_path), Config(), "/etc/host-sensor/config.yaml", test_event=False))
    assert found["doctor.error"] == "note"
    assert "rules.loaded" not in found
    assert found["auditd.running"] == "ok"


def test_every_part_has_its_show(host: ExaminedHost) -> None:
    found = levels(examine(host, Config(), "/etc/host-sensor/config.yaml"))
    parts = {name.partition(".")[0] for name in found}
    assert parts >= {
        "kernel",
        "audit",
        "rules",
        "auditd",
        "plugin",
        "configuration",
        "probe",
        "log",
        "metrics",
        "chain",
    }


@pytest.mark.parametrize(
    ("levels", "strict", "expected"),
    [([], False, 0), ([OK, NOTE], True, 0), ([WARNING], False, 0), ([WARNING], True, 1), ([FAILURE, OK], False, 1)],
)
def test_the_exit_status(levels: list[str], strict: bool, expected: int) -> None:
    assert worst([Finding(level, "a.b", "text") for level in levels], strict) == expected


@pytest.mark.parametrize(
    ("hidden", "name"),
    [
        ("/etc/audit/plugins.d/host-sensor.conf", "plugin.file"),
        ("/etc/host-sensor/config.yaml", "configuration.mistakes"),
        ("/etc/host-sensor/conf.d", "configuration.mistakes"),
        ("/var/log/host-sensor/audit.jsonl", "log.file"),
        ("/etc/host-sensor/ship", "ship.configuration"),
    ],
)
def test_what_may_not_be_seen_is_not_called_missing(hidden: str, name: str, host: ExaminedHost) -> None:
    host.root, host.hidden = False, {hidden}
    found = list(examine(host, Config(user="root"), "/etc/host-sensor/config.yaml", False))
    assert (found[0].name, found[0].level) == ("doctor.rights", WARNING)
    (one,) = [one for one in found if one.name == name]
    assert (one.level, hidden in one.text, one.advice) == (NOTE, True, "run doctor as root")


def test_root_sees_all(host: ExaminedHost) -> None:
    assert "doctor.rights" not in levels(examine(host, Config(), "/etc/host-sensor/config.yaml", False))


@pytest.mark.root
def test_what_another_user_may_not_see() -> None:
    """In a process that is nobody; a file behind a closed folder, a closed file, one that is not there, an open one."""
    names = ("/behind/file", "/closed/file", "/none", "/open/file", "/open")
    code = (
        "import os; from sensor.doctor.host import HostView; os.setgroups([]); os.setgid(65534); os.setuid(65534);"
        f"print(*[int(HostView('.').is_hidden(name)) for name in {names}])"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for below, folder_mode, mode in (("behind", 0o700, 0o644), ("closed", 0o755, 0o600), ("open", 0o755, 0o644)):
            (folder / below).mkdir()
            (folder / below / "file").touch(mode)
            (folder / below).chmod(folder_mode)
        environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.stdout == "1 1 0 0 0\n", done.stderr
