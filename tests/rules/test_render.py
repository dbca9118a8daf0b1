"""Rules as text: what auditctl takes, for hosts that know more and less; and the files that are shipped."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.rules.render import GO_ON, render, text
from sensor.rules.table import SETS
from sensor.rules.target import portable

REPOSITORY = Path(__file__).resolve().parents[2]
RULE = re.compile(r"-(a always|A never),exit -F arch=b(64|32)( -S [\w,]+)?( -F [\w&!>]+[=&!>]+[\w/.@+-]+)+")


@pytest.mark.parametrize("name", SETS)
def test_every_line_is_a_rule_with_its_key(name: str) -> None:
    made = render(name, portable())
    assert [line for line in made.lines() if not RULE.fullmatch(line)] == []
    assert all(line.endswith(f" -F key={key}") for key, lines in made.rules.items() for line in lines)
    assert made.missing == {}


@pytest.mark.parametrize("name", SETS)
def test_every_rule_has_a_twin_for_32_bit_programs(name: str) -> None:
    """What the twin matches may have another name, and be more than one rule."""
    for lines in render(name, portable()).rules.values():
        sizes = [size for line in lines for size in re.findall("arch=b(64|32)", line)]
        assert sizes.count("32") >= sizes.count("64") - sum(" exe=" in line for line in lines)
        watched = {
            size: {w for line in lines if f"=b{size}" in line for w in re.findall(r"(?:path|dir)=\S+", line)}
            for size in ("64", "32")
        }
        assert watched["64"] == watched["32"]


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("setuid", "-a always,exit -F arch=b32 -S fchmodat,452 -F a2&06000 -F key=setuid"),
        ("kexec", "-a always,exit -F arch=b32 -S 283 -F key=kexec"),
        ("connect", "-a always,exit -F arch=b32 -S socketcall -F a0=3 -F saddr_fam=10 -F auid!=unset -F key=connect"),
        ("audit-tools", "-a always,exit -F arch=b64 -F path=/usr/sbin/auditctl -F perm=xwa -F key=audit-tools"),
        ("exec", "-a always,exit -F arch=b64 -S execve,execveat -F key=exec"),
    ],
)
def test_lines(key: str, line: str) -> None:
    assert line in render("recommended", portable()).rules[key]


def test_exclusions_come_first_in_the_kernel_wherever_they_stand() -> None:
    made = render("minimal", portable())
    assert [line[:15] for line in made.exclusions] == ["-A never,exit -"] * 2
    assert made.lines()[:2] == made.exclusions


def test_a_call_that_auditctl_has_no_name_for_is_a_number_and_one_the_machine_lacks_is_left_out() -> None:
    target = portable()
    native = target.known[0] - {"setns", "chmod"}
    numbers = {name: number for name, number in target.numbers[0].items() if name != "chmod"}
    made = render("recommended", replace(target, known=(native, target.known[1]), numbers=(numbers, target.numbers[1])))
    assert "-a always,exit -F arch=b64 -S 308 -F key=namespaces" in made.rules["namespaces"]
    assert "-a always,exit -F arch=b64 -S fchmod -F a1&06000 -F key=setuid" in made.rules["setuid"]
    assert made.by_number["setns"] == 308
    assert made.missing == {"chmod": None}


def test_a_rule_of_which_no_call_is_left_is_left_out() -> None:
    target = portable()
    made = render("minimal", replace(target, known=(frozenset(), None), numbers=({}, {})))
    assert made.rules["kexec"] == []
    assert [line for line in made.lines() if "-S  " in line or "-S -F" in line] == []
    assert "## kexec" not in text("minimal", made, "1")


def test_without_32_bit_programs_there_are_no_twins() -> None:
    made = render("recommended", replace(portable(), known=(portable().known[0], None)))
    assert [line for line in made.lines() if "b32" in line] == []
    assert made.rules["exec"] == ["-a always,exit -F arch=b64 -S execve,execveat -F key=exec"]


def test_homes_are_watched_where_there_is_something_to_watch(tmp_path: Path) -> None:
    (tmp_path / "a/.ssh").mkdir(parents=True)
    (tmp_path / "b/.config/systemd/user").mkdir(parents=True)
    made = render("minimal", replace(portable(), homes=(f"{tmp_path}/a", f"{tmp_path}/b")))
    watched = re.findall(rf"arch=b64 .*(?:path|dir)={tmp_path}(\S+)", "\n".join(made.lines()))
    assert watched == ["/a/.ssh/authorized_keys", "/a/.ssh/authorized_keys2", "/b/.config/systemd/user"]


@pytest.mark.parametrize("name", SETS)
def test_a_file_goes_on_after_a_folder_that_is_missing_and_shows_what_each_key_is_for(name: str) -> None:
    made = render(name, portable())
    written = text(name, made, "7.8")
    lines = [line for line in written.splitlines() if not line.startswith("##")]
    assert lines == [GO_ON, *made.lines()]
    assert written.startswith(f"## The {name} audit rules of host-sensor 7.8;")
    assert max(map(len, written.splitlines())) < 1600  # what auditctl reads of a line
    for rule in SETS[name]:
        assert f"## {rule.key} ({', '.join(rule.techniques)}): {rule.why}.\n" in written


def test_the_files_that_are_shipped_are_what_the_table_shows(tmp_path: Path) -> None:
    command = [sys.executable, "-B", REPOSITORY / "packaging/rules/generate.py", tmp_path]
    subprocess.run(command, check=True, cwd="/")
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_text() for file in (REPOSITORY / "packaging/rules").glob("*.rules")}
    assert set(made) == {f"{name}.rules" for name in SETS}
