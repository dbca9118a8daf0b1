"""Giving up root, in a process of its own for each case; what is left is read from /proc."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from operator import attrgetter

import pytest

from sensor.config import Config
from sensor.rights import privileges
from sensor.rights.privileges import CAPABILITIES, NEEDS, uses
from tests.support.program import ROOT, no_enrichment

pytestmark = pytest.mark.root
BOTH = {"SYS_PTRACE", "DAC_READ_SEARCH"}


def status_after(code: str) -> dict[str, str]:
    """/proc/self/status of a process that has run `code`, and its output under "out"."""
    imports = "from sensor.rights.privileges import *\nfrom sensor.rights.accounts import *"
    program = f"{imports}\n{code}\nprint(); print(open('/proc/self/status').read())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    out, _, status = result.stdout.partition("\nName:")
    fields = dict(line.split(":\t", 1) for line in f"Name:{status}".splitlines() if ":\t" in line)
    return {key: value.strip() for key, value in fields.items()} | {"out": out.strip()}


def test_only_what_was_asked_for_is_kept():
    status = status_after("become(listed_user('daemon'), ['SYS_PTRACE', 'DAC_READ_SEARCH'])")
    kept = f"{1 << 19 | 1 << 2:016x}"
    assert status["Uid"].split() == status["Gid"].split() == ["1"] * 4
    assert (status["CapPrm"], status["CapEff"], status["CapBnd"]) == (kept, kept, kept)
    assert (status["CapInh"], status["CapAmb"]) == ("0" * 16, "0" * 16)


def test_supplementary_groups_of_root_are_left():
    status = status_after("import os; os.setgroups([0, 4, 42])\nbecome(listed_user('nobody'), [])")
    assert status["Groups"] == "65534"
    assert status["CapPrm"] == "0" * 16


def test_a_program_started_later_has_no_capability():
    code = """
import os
become(listed_user('nobody'), ["SYS_PTRACE"])
print(flush=True)
os.execv("/bin/cat", ["cat", "/proc/self/status"])
"""
    status = status_after(code)
    assert (status["CapPrm"], status["CapEff"]) == ("0" * 16, "0" * 16)


def test_a_capability_we_do_not_have_is_no_error():
    code = """
import ctypes
libc = ctypes.CDLL(None)
header, data = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
assert libc.capget(header, data) == 0
for half in (0, 1):
    data[half] &= ~(1 << CAPABILITIES["DAC_READ_SEARCH"])
assert libc.capset(header, data) == 0
print(become(listed_user("nobody"), ["DAC_READ_SEARCH", "SYS_PTRACE"]))
"""
    status = status_after(code)
    assert status["CapPrm"] == f"{1 << 19:016x}"
    assert status["out"] == "['DAC_READ_SEARCH']"


def test_what_a_capability_is_for():
    config = Config(enrich=replace(Config().enrich, container=False, exe_hash=True, execve_env=()))
    assert uses(config, "DAC_READ_SEARCH") == ["executables that not everybody may read"]
    assert len(uses(Config(), "SYS_PTRACE")) == 1
    assert uses(config, "AUDIT_CONTROL") == []


def test_becoming_another_user_needs_root():
    code = """
become(listed_user("nobody"), [])
try:
    become(listed_user("daemon"), [])
except PrivilegeError as error:
    print(error)
"""
    assert status_after(code)["out"] == "cannot become daemon: Operation not permitted"


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, {"SYS_PTRACE"}),
        ({"enrich": {"systemd": True, "uid_groups": True, "script": True, "cmdline": True}}, {"SYS_PTRACE"}),
        ({"enrich": {"container": True}}, BOTH),
        ({"enrich": {"execve_env": ("PATH",)}}, BOTH),
        ({"enrich": {"exe_hash": True}}, BOTH),
        ({"filter": {"rules": {"a": "exe=/usr/bin/true"}}}, {"SYS_PTRACE"}),
        ({"filter": {"rules": {"a": "exe=/usr/bin/true", "b": "uid=0 container=web"}}}, BOTH),
        ({"label_process": {"label_exe": {"x": "y"}}}, {"SYS_PTRACE"}),
        ({"label_process": {"label_container": {"x": "y"}}}, BOTH),
        ({"label_process": {"unlabel_container": {"x": "y"}}}, BOTH),
        ({"loss": {"kernel": True}}, {"SYS_PTRACE"}),
    ],
)
def test_only_the_capabilities_in_use_are_asked_for(sections, expected):
    sections = {"loss": {"kernel": False}, **sections, "enrich": {**no_enrichment(), **sections.get("enrich", {})}}
    config = Config()
    for name, values in sections.items():
        config = replace(config, **{name: replace(getattr(config, name), **values)})
    assert privileges.needed(config) == expected


def test_the_table_names_options_that_there_are_and_capabilities_that_are_used():
    assert {need.capability for need in NEEDS} == set(CAPABILITIES)
    for need in NEEDS:
        if need.option:
            attrgetter(need.option)(Config())


def test_readme_shows_the_table():
    shown = re.findall(r"^\| (.*) \| `CAP_(\w+)` \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    found = {capability: set(options.replace("`", "").split(", ")) for options, capability in shown}
    wanted = {name: {need.option or "always" for need in NEEDS if need.capability == name} for name in CAPABILITIES}
    assert found == wanted


ACTIONS = {
    "": "os.readlink(f'/proc/{os.getppid()}/ns/pid'), os.readlink(f'/proc/{os.getppid()}/exe')",
    "enrich.container": "open('FOLDER/containers/config.json').read()",
    "filter.rules": "open('FOLDER/containers/config.json').read()",
    "label_process.label_container": "open('FOLDER/containers/config.json').read()",
    "label_process.unlabel_container": "open('FOLDER/containers/config.json').read()",
    "enrich.execve_env": "open(f'/proc/{os.getppid()}/environ').read()",
    "enrich.exe_hash": "open('FOLDER/executable').read()",
    "loss.kernel": "KernelAudit().ask(10)",
}
"""What an option does with its capability."""


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.option or "always")
def test_each_capability_is_needed_for_what_the_table_shows(need, tmp_path):
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    (tmp_path / "containers").mkdir(mode=0o710)
    (tmp_path / "containers" / "config.json").touch(mode=0o600)
    (tmp_path / "executable").touch(mode=0o700)
    found = []
    for kept in (set(CAPABILITIES), set(CAPABILITIES) - {need.capability}):
        action = ACTIONS[need.option].replace("FOLDER", str(tmp_path))
        code = f"""
import os
from sensor.loss.audit_status import KernelAudit
become(listed_user("nobody"), {kept})
try:
    {action}
    print("allowed")
except PermissionError:
    print("refused")
except ConnectionRefusedError:
    print("not in the first namespace")
"""
        found.append(status_after(code)["out"])
    if "not in the first namespace" in found:
        pytest.skip("the kernel answers only in the first user and pid namespace")
    assert found == ["allowed", "refused"]


def test_hardened():
    status = status_after("harden()\nimport ctypes\nprint(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))")
    assert (status["NoNewPrivs"], status["out"]) == ("1", "0")


@pytest.mark.parametrize(("found", "expected"), [("-1000", "-500"), ("-500", "-500"), ("0", "0"), ("300", "300")])
def test_the_oom_score_is_only_raised(found, expected, tmp_path):
    (tmp_path / "score").write_text(found + "\n")
    privileges.raise_oom_score(-500, str(tmp_path / "score"))
    assert (tmp_path / "score").read_text().split()[0] == expected


def test_the_real_oom_score_can_be_raised():
    pid = os.fork()
    if pid == 0:
        privileges.raise_oom_score(321)
        with open(privileges.OOM_SCORE) as file:
            os._exit(file.read() != "321\n")
    assert os.waitpid(pid, 0)[1] == 0
