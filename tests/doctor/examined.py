"""A host to examine: files below a folder, what its commands print, its processes; healthy until a test breaks it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import CommandResult, HostView, RunningProcess

LEVELS = {"ok": OK, "note": NOTE, "warning": WARNING, "failure": FAILURE}
AUDITD = RunningProcess(500, 1, "auditd", ("/sbin/auditd",), 1.0)
PLUGIN = RunningProcess(501, 500, "host-sensor", ("/usr/bin/python3", "-I", "/usr/sbin/host-sensor", "run"), 2.0)
RULES = """\
-a always,exit -F arch=b64 -S execve,execveat -F key=exec
-a always,exit -F arch=b32 -S execve,execveat -F key=exec
"""
FILES = {
    "/proc/cmdline": "quiet audit=1 audit_backlog_limit=8192\n",
    "/sys/kernel/btf/vmlinux": "",
    "/etc/audit/auditd.conf": "q_depth = 8192\noverflow_action = SYSLOG\n",
    "/etc/audit/rules.d/10.rules": RULES,
    "/etc/audit/plugins.d/host-sensor.conf": "active = yes\npath = /usr/sbin/host-sensor\nargs = run\n",
    "/usr/sbin/host-sensor": "#!/bin/sh\n",
}
COMMANDS = {
    "auditctl -l": CommandResult(0, RULES),
    "auditctl -v": CommandResult(0, "auditctl version 4.0.2\n"),
    "systemctl is-active systemd-journald-audit.socket": CommandResult(3, "inactive\n"),
    "systemctl is-failed audit-rules.service": CommandResult(1, "active\n"),
    "dpkg-query -W -f ${Status} host-sensor": CommandResult(0, "install ok installed"),
}


class ExaminedHost(HostView):
    """The host; `files`, `commands` and `processes_` may be changed before a check."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.commands = dict(COMMANDS)
        self.running = [AUDITD, PLUGIN]
        self.root = True
        self.hidden: set[str] = set()
        for name, text in FILES.items():
            self.write(name, text)
        for name in ("/usr/sbin/host-sensor",):
            (folder / name.lstrip("/")).chmod(0o755)
        for name in ("/etc/audit", "/etc/audit/plugins.d", "/etc/audit/rules.d"):
            (folder / name.lstrip("/")).chmod(0o750)

    def write(self, name: str, text: str) -> None:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        Path(self.path(name)).unlink()

    def run(self, *command: str) -> CommandResult | None:
        return self.commands.get(" ".join(command))

    def processes(self) -> Iterator[RunningProcess]:
        return iter(self.running)

    def is_hidden(self, name: str) -> bool:
        return name in self.hidden or super().is_hidden(name)

    def is_root(self) -> bool:
        return self.root


def levels(findings: Iterable[Finding]) -> dict[str, str]:
    """The level of each finding by its name."""
    return {finding.name: finding.level for finding in findings}


def wrong(findings: Iterable[Finding]) -> dict[str, str]:
    """Only what is not as it should be."""
    return {name: level for name, level in levels(findings).items() if level != OK}
