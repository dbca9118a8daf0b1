"""What a run of a whole life in the machine showed, as text: tests/vm/REPORT.txt, and README's lines that it ran."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.vm.machine import REPOSITORY, Done

REPORT = Path(__file__).with_name("REPORT.txt")
BAD = ("note", "warning", "failure")


def readme() -> list[str]:
    """The commands of README's section on installation, as they stand there."""
    section = re.search(r"(?ms)^## Install\n(.*?)^## ", (REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert section is not None
    (block,) = re.findall(r"(?ms)^```\n(.*?)^```", section[1])
    return str(block).splitlines()


def results(done: Done) -> dict[str, str]:
    """The lines `name: value` that a script printed."""
    return dict(re.findall(r"(?m)^([a-z][\w ,']*?): (.*)$", done.output))


def findings(file: Path) -> list[dict[str, Any]]:
    """What doctor found that is not as it should be."""
    return [one for one in json.loads(file.read_text()) if one["level"] in BAD]


def broken(done: Done) -> dict[str, list[dict[str, Any]]]:
    """By what was broken, what doctor found then."""
    return {file.stem: findings(file) for file in (done.folder / "broken").glob("*.json")}


def write(install: Done, life: Done, kernel: str) -> None:
    """Write the report, but for what differs from one machine of ours to the next."""
    lines = ["A whole life of the package in a Debian 13 machine of its own, in software emulation (make vm-test).", ""]
    lines += [f"Kernel {kernel}", "", "README's commands, on a machine that had nothing of ours:"]
    lines += [f"    {line}" for line in re.findall(r"(?m)^[+=] .*$", install.output)]
    lines += ["", "What doctor found then that is not as it should be:"]
    lines += [_line(one) for one in findings(install.folder / "doctor.json")]
    lines += ["", "After a reboot:"] + [f"    {line}" for line in life.output.splitlines()]
    lines += ["", "Broken on purpose, and what doctor found:"]
    for name, found in sorted(broken(life).items()):
        lines += dict.fromkeys(_line(one) for one in found if one["name"] == name)
    REPORT.write_text("\n".join(lines) + "\n")


def _line(finding: dict[str, Any]) -> str:
    return f"    {finding['level']:8} {finding['name']:28} {finding['text']}"
