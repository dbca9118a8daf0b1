"""A host whose auditctl keeps its rules in a list, as the kernel does: folders must be there, rules differ."""

from __future__ import annotations

import re
from pathlib import Path

from sensor.doctor.host import CommandResult, HostView
from sensor.doctor.rules import what_is_missing


class FakeKernel(HostView):
    """`rules` are loaded; `enabled` as auditctl -s shows it; `unknown` users and system calls are refused."""

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))
        self.rules: list[str] = []
        self.enabled = 1
        self.root = True
        self.unknown = "_host-sensor"
        units = "systemctl cat auditd.service audit-rules.service"
        self.commands = {units: "[Service]\nExecStart=/sbin/augenrules --load"}
        for name in ("/etc/audit/rules.d", "/usr/sbin", "/usr/bin", "/dev", "/root/.ssh"):
            (folder / name[1:]).mkdir(parents=True)

    def write(self, name: str, text: str) -> None:
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def is_root(self) -> bool:
        return self.root

    def run(self, *command: str) -> CommandResult | None:
        if command[:2] == ("auditctl", "-R"):
            lines = Path(command[2]).read_text(encoding="utf-8").splitlines()
            errors = [self._one(line, number, command[2]) for number, line in enumerate(lines, start=1)]
            return CommandResult(0, "".join(errors))
        if command == ("auditctl", "-s"):
            return CommandResult(0, f"enabled {self.enabled}\nfailure 1\n")
        if command == ("auditctl", "-l"):
            return CommandResult(0, "\n".join(self.rules) or "No rules")
        text = self.commands.get(" ".join(command))
        return None if text is None else CommandResult(0, text)

    def _one(self, line: str, number: int, file: str) -> str:
        reason = ""
        add, rule = line[:2] in {"-a", "-A"}, line[3:]
        there = [loaded for loaded in self.rules if loaded[3:] == rule]
        if line == "-i":
            return ""
        if add and there:
            reason = "Error sending add rule data request (Rule exists)"
        elif add and re.search(rf"\b{self.unknown}\b", line):
            reason = f"Unknown user: {self.unknown}"
        elif add and what_is_missing(self, line):
            reason = "Error sending add rule data request (No such file or directory)"
        elif add:
            self.rules.insert(0 if line.startswith("-A") else len(self.rules), line)
        elif there:
            self.rules.remove(there[0])
        else:
            reason = "Error sending delete rule data request (No such file or directory)"
        return f"{reason}\nThere was an error in line {number} of {file}\n" if reason else ""
