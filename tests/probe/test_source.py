"""The C of the probe, as far as it can be checked without a kernel: its form, and every combination of fields."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sensor.probe import layout, offsets

ROOT = Path(__file__).parents[2]
BPF = ROOT / "bpf"

# What BCC puts before a program, as far as process.c uses it. Its maps are structures of function pointers.
BCC = """
#include <linux/types.h>
#define BPF_RINGBUF_OUTPUT(name, pages) struct { int (*ringbuf_output)(void *, u64, u64); } name
#define BPF_F_TABLE(type, key, leaf, name, size, flags) struct { leaf *(*lookup)(key *); } name
#define BPF_TABLE(type, key, leaf, name, size) \\
    struct { leaf *(*lookup)(key *); int (*update)(key *, leaf *), (*insert)(key *, leaf *), (*delete)(key *); } name
struct bpf_raw_tracepoint_args { u64 args[2]; };
enum { BPF_RB_NO_WAKEUP = 1, BPF_F_MMAPABLE = 1024 };
extern int bpf_probe_read_kernel(void *, u32, const void *), bpf_probe_read_kernel_str(void *, u32, const void *);
extern u64 bpf_ktime_get_boot_ns(void);
extern u32 bpf_get_smp_processor_id(void);
"""


def names(wanted: dict[str, tuple[str, ...]]) -> list[str]:
    return [f"-DAT_{kind}__{field.replace('.', '__')}=8" for kind, fields in wanted.items() for field in fields]


@pytest.mark.parametrize("flags", [[], names(offsets.OPTIONAL), ["-DEXIT_TELLS_GROUP_DEAD"]], ids=["few", "all", "new"])
def test_it_compiles_without_warnings(tmp_path: Path, flags: list[str]) -> None:
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    (tmp_path / "bcc.h").write_text(BCC)
    numbers = ["-DRING_PAGES=1", "-DCPUS=1", "-DLIVE_ENTRIES=1", "-DSIZE_upid=16"]
    reader = [f"-DREADER_VERSION={layout.VERSION}", f"-DREADER_SIZE={layout.RECORD.size}"]
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-Wno-int-to-pointer-cast"]
    command = ["cc", "-fsyntax-only", "-nostdinc", f"-I{BPF}/stubs/include", "-include", tmp_path / "bcc.h", *warnings]
    command += [*numbers, *reader, *names(offsets.REQUIRED), *flags, BPF / "process.c"]
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""


@pytest.mark.parametrize("file", ["bpf/process.c", "bpf/record.h", "tests/live/identity.c"])
def test_it_is_formatted(file: str) -> None:
    if not shutil.which("clang-format"):
        pytest.skip("needs clang-format")
    command = ["clang-format", f"--style=file:{BPF}/.clang-format", "--dry-run", "-Werror", ROOT / file]
    assert subprocess.run(command, capture_output=True, text=True).stderr == ""


@pytest.mark.parametrize("file", sorted(BPF.rglob("*.[ch]")), ids=lambda file: file.name)
def test_its_licence_is_one_that_the_kernel_takes(file: Path) -> None:
    """Helpers that are GPL only are refused to other programs; BCC declares the GPL where none is declared."""
    assert file.read_text().startswith("/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */\n")
