"""What `make vm-test` showed, as text: tests/vm/REPORT.txt, written when every case has passed with the same packages.

Its last line is a checksum of it and of the commands that the machines ran: a report that was changed by hand, or that
is of other commands than those that are here, does not have it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sensor.process.table import GRACE
from tests.vm.absent import Absent, absent
from tests.vm.machine import REPOSITORY, Done
from tests.vm.package import is_compiled
from tests.vm.passed import Passed, checksum, sha256

HERE = Path(__file__).parent
REPORT = HERE / "REPORT.txt"
SCRIPTS = ["identity.sh", "install.sh", "life.sh", "missing.sh"]
BAD = ("note", "warning", "failure")
_SEAL = "Checksum: "


class Identity(NamedTuple):
    """A machine in which so many programs are executed, while so many processes keep the host busy."""

    release: str
    execs: int
    busy: int

    @property
    def title(self) -> str:
        return f"{self.execs:,} programs on {self.release}, {self.busy} busy processes beside the machine:"


IDENTITIES = (Identity("bookworm", 500, 0), Identity("trixie", 5000, 0), Identity("trixie", 5000, 3))
MISSING = "Rules whose folders are missing, on trixie:"
INSTALL = "README's commands, on a machine that had nothing of ours (trixie):"
INSTALLED = "What doctor found then that is not as it should be:"
RESTART = """\
auditd restarted under load, with audit=1 and a backlog for it. In neither log are: what auditd had read from the kernel
and not yet written when it was stopped (unread: the sensor counts it, by the serials missing between its two runs), and
what ran while systemd loaded the rules anew, which is before it starts auditd (unasked: the log has their removal):"""
LIFE = "After a reboot:"
BROKEN = "Broken on purpose, and what doctor found:"
SECTIONS = (*(one.title for one in IDENTITIES), MISSING, INSTALL, INSTALLED, RESTART, LIFE, BROKEN)


def readme() -> list[str]:
    """The commands of README's section on installation, as they stand there."""
    section = re.search(r"(?ms)^## Install\n(.*?)^## ", (REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert section is not None
    (block,) = re.findall(r"(?ms)^```\n(.*?)^```", section[1])
    return str(block).splitlines()


def results(done: Done) -> dict[str, str]:
    """The lines `name: value` that a script printed."""
    return dict(re.findall(r"(?m)^([a-z][\w ,'-]*?): (.*)$", done.output))


def findings(file: Path) -> list[dict[str, Any]]:
    """What doctor found that is not as it should be."""
    return [one for one in json.loads(file.read_text()) if one["level"] in BAD]


def broken(done: Done) -> dict[str, list[dict[str, Any]]]:
    """By what was broken, what doctor found then."""
    return {file.stem: findings(file) for file in (done.folder / "broken").glob("*.json")}


def kernel(done: Done) -> str:
    """The release of the machine's kernel."""
    return "kernel: " + re.findall(r"Linux version (\S+)", (done.folder / "journal").read_text(errors="replace"))[0]


def restarted(install: Done) -> Absent:
    """The programs of the first boot's restart of auditd that are not in the log."""
    with (install.folder / "log").open(encoding="utf-8") as log:
        return absent(log, "restart", int(results(install)["programs restart"]))


class Identified(NamedTuple):
    """Programs under load, those of them with a GUID of the probe, and those that came when the dead were forgotten."""

    programs: int
    known: int
    late: int


def identified(life: Done) -> Identified:
    """The programs of the second boot, from its log."""
    newest, programs, known, late = 0.0, 0, 0, 0
    for text in (life.folder / "log").read_text(encoding="utf-8").splitlines():
        event = json.loads(text)
        time, _, serial = event["ID"].partition(":")
        if not serial.isdigit():
            continue  # the sensor's own
        newest = max(newest, float(time))
        if re.fullmatch(r"(all|upgrade)-\d+", str(event.get("EXECVE", {}).get("ARGV", [""])[-1])):
            programs += 1
            call = event.get("SYSCALL", {})  # the plugin that was replaced may have read it
            known += call.get("PID", {}).get("GUID_SOURCE") == "probe"
            late += newest - float(time) > GRACE
    return Identified(programs, known, late)


def of_identity(case: Identity, done: Done, sources: dict[str, int]) -> dict[str, list[str]]:
    """The section on a machine of IDENTITIES; sources: how many programs have their GUID whence."""
    (probe,) = re.findall(r"[\d,]+ records made, \d+ of them lost", (done.folder / "probe").read_text())
    measured = [
        kernel(done),
        *re.findall(r"(?m)^\d+ programs in \d+ s$", done.output),
        "records of audit lost: 0",
        f"probe: {probe}",
        f"programs by the source of their GUID: {sources}",
    ]
    return {case.title: measured + [line(one) for one in findings(done.folder / "doctor.json")]}


def of_missing(done: Done) -> dict[str, list[str]]:
    """The section on missing folders."""
    reported = re.findall(r"(?m)^([a-z-]+ [a-z]+) (\w+)$", done.output)
    return {MISSING: [kernel(done), *(f"{name}: {value}" for name, value in reported)]}


def of_install(done: Done) -> dict[str, list[str]]:
    """The sections on the first boot."""
    measured = [f"{name}: {value}" for name, value in results(done).items() if "restart" in name or "lost" in name]
    measured += [f"{name} and not logged: {count}" for name, count in restarted(done)._asdict().items()]
    return {
        INSTALL: [kernel(done), *re.findall(r"(?m)^[+=] .*$", done.output)],
        INSTALLED: [line(one) for one in findings(done.folder / "doctor.json")],
        RESTART: measured,
    }


def of_life(done: Done) -> dict[str, list[str]]:
    """The sections on the second boot."""
    found, load = sorted(broken(done).items()), identified(done)
    return {
        LIFE: [
            *done.output.splitlines(),
            f"programs with a GUID of the probe: {load.known} of {load.programs}",
            f"programs whose records came more than {GRACE:.0f} s behind later ones: {load.late}",
        ],
        BROKEN: [
            text for name, ones in found for text in dict.fromkeys(line(one) for one in ones if one["name"] == name)
        ],
    }


def write(passed: list[Passed], packages: Mapping[str, Path]) -> bool:
    """Write the report, if every section is there. packages: by the release that they are for."""
    sections = {title: lines for one in passed for title, lines in one.sections.items()}
    if set(sections) != set(SECTIONS):
        return False
    runs = sorted({one.run for one in passed})
    lines = ["The Debian package in machines of its own, in software emulation (make vm-test).", ""]
    for release, package in packages.items():
        how = "compiled" if is_compiled(package) else "interpreted"
        lines += [f"Package for {release}, {how}: SHA-256 {sha256(package)}"]
    lines += [f"Runs: {', '.join(runs)}{'; the later of what had failed in the earlier' if len(runs) > 1 else ''}"]
    lines += [f"Time in the machines: {sum(one.seconds for one in passed) / 60:.0f} minutes"]
    for title in SECTIONS:
        lines += ["", title, *(f"    {line}".rstrip() for line in sections[title])]
    text = "\n".join(lines) + "\n"
    REPORT.write_text(f"{text}\n{_SEAL}{checksum(SCRIPTS, text)}\n", encoding="utf-8")
    return True


def is_sealed(report: str) -> bool:
    """Whether a report is as it was written, and of the scripts that are here."""
    text, _, seal = report.rpartition(f"\n{_SEAL}")
    return seal.strip() == checksum(SCRIPTS, text)


def line(finding: dict[str, Any]) -> str:
    """A finding of doctor's."""
    return f"{finding['level']:8} {finding['name']:28} {finding['text']}"
