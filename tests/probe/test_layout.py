"""The record is one thing on both sides: what a C compiler makes of bpf/record.h is what layout.py reads."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from sensor.probe import layout
from sensor.probe.layout import ProbeRecord

HEADER = Path(__file__).parents[2] / "bpf" / "record.h"
IDENTITY = ("start", "pidns", "tgid", "ns_tgid")

# Field of struct record → field of ProbeRecord.
FIELDS = {
    "time": "time",
    "cgroup": "cgroup",
    **{f"self.{name}": name for name in IDENTITY},
    **{f"{who}.{name}": f"{who}_{name}" for who in ("parent", "spawner") for name in IDENTITY},
    **{name: name for name in ("loginuid", "sessionid", "status", "kind", "flags", "comm")},
}


def compiled(tmp_path: Path, expressions: list[str]) -> list[int]:
    """What a C program that includes the header says of each expression."""
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    prints = "".join(f'printf("%ld\\n", (long)({expression}));' for expression in expressions)
    source = tmp_path / "layout.c"
    source.write_text(f'#include <stddef.h>\n#include <stdio.h>\n#include "{HEADER}"\nint main(void) {{ {prints} }}\n')
    subprocess.run(["cc", "-o", tmp_path / "layout", source], check=True)
    return [int(line) for line in subprocess.check_output([tmp_path / "layout"]).split()]


def offsets_in_python() -> list[int]:
    """Offset of each field of ProbeRecord in layout.BODY, in native alignment."""
    codes = re.findall(r"\d*[A-Za-z]", layout.BODY)
    sizes = [struct.calcsize(f"@{''.join(codes[: number + 1])}") for number in range(len(codes))]
    return [end - struct.calcsize(code) for end, code in zip(sizes, codes)]


def test_fields_are_where_the_compiler_puts_them(tmp_path: Path) -> None:
    assert list(FIELDS.values()) == list(ProbeRecord._fields)
    assert compiled(tmp_path, [f"offsetof(struct record, {field})" for field in FIELDS]) == offsets_in_python()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sizeof(struct record)", layout.RECORD.size),
        ("sizeof(struct counters)", layout.COUNTERS_SIZE),
        ("offsetof(struct counters, lost)", 8 * layout.ProbeCounts._fields.index("lost")),
        ("offsetof(struct counters, untracked)", 8 * layout.ProbeCounts._fields.index("untracked")),
        ("RECORD_VERSION", layout.VERSION),
        ("KIND_ALIVE", layout.ALIVE),
        ("KIND_FORK", layout.FORK),
        ("KIND_EXEC", layout.EXEC),
        ("KIND_EXIT", layout.EXIT),
        ("FLAG_EXECED", layout.EXECED),
        ("FLAG_KTHREAD", layout.KTHREAD),
        ("FLAG_HOST_ROOT", layout.HOST_ROOT),
        ("FLAG_OTHER_ROOT", layout.OTHER_ROOT),
        ("FLAG_OWN_USERS", layout.OWN_USERS),
        ("offsetof(struct record, mntns) - offsetof(struct record, status)", 0),
    ],
)
def test_constants_are_the_compilers(tmp_path: Path, expression: str, value: int) -> None:
    assert compiled(tmp_path, [expression]) == [value]


def test_a_slot_never_wraps() -> None:
    assert layout.SLOT.size == layout.RECORD.size + layout.RING_HEADER == 128


def test_versions_have_directories_of_their_own() -> None:
    assert layout.pins("/sys/fs/bpf/host-sensor") == f"/sys/fs/bpf/host-sensor/v{layout.VERSION}"
