"""The whole examination: every part has its say, and a part that fails costs only itself."""

from __future__ import annotations

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
