"""tests/vm/REPORT.txt is what the machines showed: of README's lines, of every case of the scripts, changed by nobody.

If a test fails here, something that the machines run has changed since the last whole `make vm-test`.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.vm import machine, passed, report
from tests.vm.absent import Absent, absent

TEXT = report.REPORT.read_text(encoding="utf-8")


def section(title: str) -> list[str]:
    """The lines of a section."""
    _, _, rest = TEXT.partition(f"\n{title}\n")
    return [line.strip() for line in rest.partition("\n\n")[0].splitlines()]


def script(name: str) -> str:
    return (report.HERE / name).read_text(encoding="utf-8")


def test_it_is_of_the_commands_of_readme():
    ran = [line[2:] for line in section(report.INSTALL) if line.startswith("+ ")]
    assert ran == report.readme()
    assert any(line.startswith("apt install ./dist/host-sensor_") for line in ran)


def test_it_has_whatever_the_scripts_break():
    """Two words: the level, and the finding's name, of which there may be several."""
    broken = re.findall(r"(?m)^broken (\S+)", script("life.sh"))
    assert len(broken) >= 30
    assert list(dict.fromkeys(line.split()[1] for line in section(report.BROKEN))) == sorted(broken)


@pytest.mark.parametrize(("name", "title"), [("life.sh", report.LIFE), ("install.sh", report.RESTART)])
def test_it_has_whatever_the_scripts_measure(name, title):
    measured = set(re.findall(r'(?m)echo "([a-z][\w ]*?): ', script(name))) - {"waited for"}  # of a failure
    steps = {f"## {step}" for step in re.findall(r'(?m)^step "(.*)"', script(name))}
    assert len(measured) >= 4
    assert {line.partition(":")[0] for line in section(title)} >= measured | steps


@pytest.mark.parametrize("title", report.SECTIONS)
def test_it_has_every_section(title):
    assert section(title) != []


def test_it_is_as_it_was_written():
    assert report.is_sealed(TEXT)


@pytest.mark.parametrize(
    "change", [("0", "1"), ("\n    kernel", "\n    another kernel"), ("Checksum: ", "Checksum: 0")]
)
def test_a_change_by_hand_shows(change):
    assert TEXT.replace(*change, 1) != TEXT
    assert not report.is_sealed(TEXT.replace(*change, 1))


def test_what_has_passed_is_kept_for_its_package_and_the_commands_that_are_here(tmp_path):
    file, scripts = tmp_path / "cache" / "passed.json", ["missing.sh"]
    first = passed.Passed("2026-11-28T08:00Z", 60.0, "a", scripts, passed.checksum(scripts), {"x": ["1"]})
    again, of_another = first._replace(sections={"x": ["2"]}), first._replace(package="b", sections={"y": ["3"]})
    of_other_commands = first._replace(commands="", sections={"z": ["4"]})
    assert passed.kept(["a"], file) == []
    for one in (first, again, of_another, of_other_commands):
        passed.keep(one, file)
    assert passed.kept(["a"], file) == [again]
    assert passed.kept(["b"], file) == [of_another]
    assert passed.kept(["a", "b"], file) == [again, of_another]


def test_no_report_is_written_while_a_section_is_missing():
    part = passed.Passed("2026-11-28T08:00Z", 60.0, "a", [], "", {title: ["x"] for title in report.SECTIONS[1:]})
    assert not report.write([part], {})
    assert report.REPORT.read_text(encoding="utf-8") == TEXT


JOURNAL = """\
[    9.951160] machine augenrules[77]: There was an error in line 204 of /etc/audit/audit.rules
[  378.729581] machine auditd[1782]: Terminating /usr/libexec/host-sensor because its now inactive
[  378.729999] machine kernel: audit: type=1327 comm="auditd"
[  378.759003] machine host-sensor[1784]: ends: 19631 lines
[12378.759004] machine systemd[1]: Stopped auditd.service.
"""


def test_a_failure_shows_what_the_machines_journal_has_of_a_program(tmp_path):
    (tmp_path / "journal").write_text(JOURNAL)
    done, lines = machine.Done(0, tmp_path), JOURNAL.splitlines()
    assert done.journal("auditd", "host-sensor").splitlines() == [lines[1], lines[3]]
    assert done.journal("systemd") == lines[4]
    assert done.journal("sensor") == ""


SENSOR = json.dumps({"ID": "1700000000.001:sensor-1", "SENSOR": {"event": "start"}})


def program(serial: int, number: int) -> str:
    return json.dumps({"ID": f"1700000000.001:{serial}", "EXECVE": {"ARGV": ["/bin/true", f"x-{number}"]}})


def other(serial: int, op: str = "add_rule") -> str:
    return json.dumps({"ID": f"1700000000.001:{serial}", "CONFIG_CHANGE": [{"op": op}]})


@pytest.mark.parametrize(
    ("log", "programs", "expected"),
    [
        ([program(7, 0), program(8, 1)], 2, Absent(0, 0, 0)),
        ([program(7, 0), program(10, 3)], 4, Absent(2, 0, 0)),
        ([program(7, 0), other(8, "remove_rule"), other(9), program(10, 4)], 5, Absent(0, 3, 0)),
        ([program(7, 0), other(10, "remove_rule"), other(11), program(12, 5)], 6, Absent(2, 2, 0)),
        ([program(7, 0), other(8), program(9, 3)], 4, Absent(0, 0, 2)),
        ([program(9, 1), SENSOR, program(8, 0)], 2, Absent(0, 0, 0)),
        ([program(7, 0), program(8, 1)], 4, Absent(0, 0, 2)),
        ([program(7, 2)], 3, Absent(0, 0, 2)),
    ],
    ids=["all", "unread", "unasked", "both", "unexplained", "out of order", "at the end", "at the beginning"],
)
def test_why_programs_are_not_in_the_log(log, programs, expected):
    assert absent(log, "x", programs) == expected
