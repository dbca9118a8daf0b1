"""The generator: what it makes of headers, and that nobody edits what it wrote."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sensor.tables import constants_table, syscalls_table
from sensor.tables.generate import MARK, constants, header_syscalls, runs
from sensor.tables.specs import Spec

HEADER = """
#define O_ACCMODE 00000003
#define O_CREAT   00000100
#define O_SYNC    (__O_SYNC | O_DSYNC) /* two bits */
#define __O_SYNC  04000000
#define O_DSYNC   00010000
#define O_NDELAY  O_CREAT
#define O_HIGH    (1 << 31)
#define O_NONE    0
#define O_TEXT    "text"
enum commands {
	CMD_FIRST,
	CMD_SECOND = 5,	/* with a hole before it */
	CMD_THIRD,
	__CMD_MAX,
};
"""


@pytest.fixture
def headers(tmp_path: Path) -> Path:
    folder = tmp_path / "usr/include/linux"
    folder.mkdir(parents=True)
    (folder / "made_up.h").write_text(HEADER)
    return tmp_path


def test_runs_of_numbers() -> None:
    assert runs({0: "read", 1: "write", 5: "fstat", 6: "lstat"}) == "0 read write 5 fstat lstat"
    assert runs({}) == ""


def test_syscalls_of_a_header() -> None:
    text = "#define __NR_read 0\n#define __NR_write (__NR_Linux + 1)\n#define __NR_clone2 x\n#define __NR_a 7 /* b */\n"
    assert header_syscalls(text) == {0: "read", 1: "write"}
    assert header_syscalls(text, 4000)[4001] == "write"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (
            Spec("linux/made_up.h linux/missing.h", "O_[A-Z]+", "O_ACCMODE", flags=True),
            {"O_CREAT": 0x40, "O_SYNC": 0x101000, "O_DSYNC": 0x1000, "O_HIGH": 0x80000000},
        ),
        (Spec("linux/made_up.h", r"CMD_\w+"), {"CMD_FIRST": 0, "CMD_SECOND": 5, "CMD_THIRD": 6}),
        (Spec("linux/made_up.h", "O_NONE", rename=("O_", "")), {"NONE": 0}),
        (Spec("linux/made_up.h", "O_CREAT", extra={"O_MORE": 9, "O_SAME": 0x40}), {"O_CREAT": 0x40, "O_MORE": 9}),
    ],
)
def test_constants_of_a_header(headers: Path, spec: Spec, expected: dict[str, int]) -> None:
    assert constants(headers, "generic", spec) == expected


@pytest.mark.parametrize("module", [constants_table, syscalls_table])
def test_generated_files_show_so(module: object) -> None:
    path = Path(str(getattr(module, "__file__", "")))
    assert path.read_text(encoding="utf-8").startswith(MARK)
