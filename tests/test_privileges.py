"""Giving up root, in a process of its own for each case; what is left is read from /proc."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from sensor import privileges

pytestmark = pytest.mark.root


def status_after(code: str) -> dict[str, str]:
    """/proc/self/status of a process that has run `code`, and its output under "out"."""
    program = f"from sensor.privileges import *\n{code}\nprint(); print(open('/proc/self/status').read())"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    out, _, status = result.stdout.partition("\nName:")
    fields = dict(line.split(":\t", 1) for line in f"Name:{status}".splitlines() if ":\t" in line)
    return {key: value.strip() for key, value in fields.items()} | {"out": out.strip()}


def test_only_what_was_asked_for_is_kept():
    status = status_after("become('daemon', ['SYS_PTRACE', 'DAC_READ_SEARCH'])")
    kept = f"{1 << 19 | 1 << 2:016x}"
    assert status["Uid"].split() == status["Gid"].split() == ["1"] * 4
    assert (status["CapPrm"], status["CapEff"], status["CapBnd"]) == (kept, kept, kept)
    assert (status["CapInh"], status["CapAmb"]) == ("0" * 16, "0" * 16)


def test_supplementary_groups_of_root_are_left():
    status = status_after("import os; os.setgroups([0, 4, 42])\nbecome('nobody', [])")
    assert status["Groups"] == "65534"
    assert status["CapPrm"] == "0" * 16


def test_a_program_started_later_has_no_capability():
    code = """
import os
become("nobody", ["SYS_PTRACE"])
print(flush=True)
os.execv("/bin/cat", ["cat", "/proc/self/status"])
"""
    status = status_after(code)
    assert (status["CapPrm"], status["CapEff"]) == ("0" * 16, "0" * 16)


def test_a_capability_we_do_not_have_is_no_error():
    code = """
import ctypes
from sensor import privileges
libc = ctypes.CDLL(None)
low, high = (privileges._permitted(libc) >> shift & 0xFFFFFFFF for shift in (0, 32))
low &= ~(1 << CAPABILITIES["KILL"])
assert libc.capset(privileges._capability_header(), (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)) == 0
become("nobody", ["KILL", "SYS_PTRACE"])
"""
    assert status_after(code)["CapPrm"] == f"{1 << 19:016x}"


def test_becoming_somebody_needs_root():
    code = "become('nobody', [])\ntry: become('daemon', [])\nexcept PrivilegeError as error: print(error)"
    assert status_after(code)["out"] == "cannot become daemon: Operation not permitted"


def test_an_unknown_user_changes_nothing():
    code = "try: become('no-such-user', [])\nexcept UnknownUserError as error: print(error)"
    status = status_after(code)
    assert (status["out"], status["Uid"].split()) == ("there is no user no-such-user", ["0"] * 4)


def test_hardened():
    status = status_after("harden()\nimport ctypes\nprint(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))")
    assert (status["NoNewPrivs"], status["out"]) == ("1", "0")


@pytest.mark.parametrize(("found", "expected"), [("-1000", "-500"), ("-500", "-500"), ("0", "0"), ("300", "300")])
def test_the_oom_score_is_only_raised(found, expected, tmp_path, monkeypatch):
    (tmp_path / "score").write_text(found + "\n")
    monkeypatch.setattr(privileges, "OOM_SCORE", str(tmp_path / "score"))
    privileges.raise_oom_score(-500)
    assert (tmp_path / "score").read_text().split()[0] == expected


def test_the_real_oom_score_can_be_raised():
    pid = os.fork()
    if pid == 0:
        privileges.raise_oom_score(321)
        with open(privileges.OOM_SCORE) as file:
            os._exit(file.read() != "321\n")
    assert os.waitpid(pid, 0)[1] == 0
