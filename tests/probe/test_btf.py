"""Types are found in BTF made here by hand, in both byte orders, and in the running kernel's."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from sensor.errors import ProbeError
from sensor.probe import btf
from sensor.probe.btf import Btf

INT, PTR, ARRAY, STRUCT, UNION, ENUM, TYPEDEF, CONST, FUNC, FUNC_PROTO, ENUM64 = 1, 2, 3, 4, 5, 6, 8, 10, 12, 13, 19


class Maker:
    """Writes BTF: types are added in order and numbered from 1."""

    def __init__(self, order: str = "<") -> None:
        self.order, self.types, self.strings, self.number = order, b"", b"\0", 0

    def name(self, text: str) -> int:
        if not text:
            return 0
        encoded = text.encode() + b"\0"
        if b"\0" + encoded not in self.strings:
            self.strings += encoded
        return self.strings.index(b"\0" + encoded) + 1

    def pack(self, *words: int) -> bytes:
        return struct.pack(f"{self.order}{len(words)}I", *words)

    def add(self, kind: int, name: str, size: int, rest: bytes = b"", count: int = 0, bit_fields: bool = False) -> int:
        self.types += self.pack(self.name(name), bit_fields << 31 | kind << 24 | count, size) + rest
        self.number += 1
        return self.number

    def compound(self, kind: int, name: str, *members: tuple[str, int, int], bit_fields: bool = False) -> int:
        rest = b"".join(self.pack(self.name(field), type, bits) for field, type, bits in members)
        return self.add(kind, name, 64, rest, len(members), bit_fields)

    def blob(self) -> bytes:
        head = struct.pack(f"{self.order}HBBI", 0xEB9F, 1, 0, 24)
        return head + self.pack(0, len(self.types), len(self.types), len(self.strings)) + self.types + self.strings


def kernel(order: str = "<") -> bytes:
    """A little kernel: one of each kind that stands in the way or is looked through."""
    made = Maker(order)
    integer = made.add(INT, "int", 4, made.pack(32))
    made.add(ARRAY, "", 0, made.pack(integer, integer, 3))
    made.add(ENUM, "int_or_not", 4, made.pack(0, 0) * 2, 2)
    made.add(ENUM64, "wide", 8, made.pack(0, 0, 0) * 2, 2)
    common = made.compound(STRUCT, "ns_common", ("count", integer, 0), ("inum", integer, 64))
    alias = made.add(TYPEDEF, "ns_common_t", made.add(CONST, "", common))
    inner = made.compound(STRUCT, "", ("tgid", integer, 32))
    union = made.compound(UNION, "", ("pid", integer, 0), ("", inner, 0))
    task = made.compound(STRUCT, "task_struct", ("state", integer, 0), ("", union, 128), ("ns", alias, 256))
    made.compound(STRUCT, "flagged", ("bit", integer, 1 << 24 | 65), ("whole", integer, 96), bit_fields=True)
    prototype = made.add(FUNC_PROTO, "", 0, made.pack(0, task) * 3, 3)
    made.add(FUNC, "tgid", prototype)
    made.add(TYPEDEF, "btf_trace_exit", made.add(PTR, "", prototype))
    made.add(TYPEDEF, "number", integer)
    return made.blob()


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_function_is_known_by_its_number(order: str) -> None:
    made = Maker(order)
    integer = made.add(INT, "int", 4, made.pack(32))
    type = made.add(FUNC_PROTO, "", integer)
    first, second = made.add(FUNC, "walk", type), made.add(FUNC, "bpf_iter_task", type)
    made.compound(STRUCT, "of_another_kind", ("x", integer, 0))
    found = Btf(made.blob())
    numbers = [found.function(name) for name in ("walk", "bpf_iter_task", "int", "of_another_kind", "none")]
    assert numbers == [first, second, None, None, None]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("name", "field", "offset"),
    [
        ("task_struct", "state", 0),
        ("task_struct", "pid", 16),
        ("task_struct", "tgid", 20),
        ("task_struct", "ns.inum", 40),
        ("flagged", "bit", 8),
        ("flagged", "whole", 12),
        ("task_struct", "tgi", None),
        ("task_struct", "state.inum", None),
        ("task_struct", "ns.nothing", None),
        ("task", "state", None),
        ("int", "state", None),
        ("ns_common_t", "inum", None),
    ],
)
def test_offsets(order: str, name: str, field: str, offset: int | None) -> None:
    assert Btf(kernel(order)).offset(name, field) == offset


@pytest.mark.parametrize(("name", "size"), [("task_struct", 64), ("nothing", None), ("int", None)])
def test_sizes(name: str, size: int | None) -> None:
    assert Btf(kernel()).size(name) == size


@pytest.mark.parametrize(("name", "count"), [("btf_trace_exit", 3), ("number", None), ("nothing", None)])
def test_parameters(name: str, count: int | None) -> None:
    assert Btf(kernel()).parameters(name) == count


@pytest.mark.parametrize(
    ("blob", "complaint"),
    [
        (b"", "cut short"),
        (b"\x9f\xeb\x01", "cut short"),
        (b"\x00" * 24, "format of its own"),
        (kernel()[:200], "cut short"),
        (kernel().replace(struct.pack("<I", ENUM64 << 24 | 2), struct.pack("<I", 25 << 24 | 2)), "does not know"),
    ],
)
def test_what_is_no_btf_is_refused(blob: bytes, complaint: str) -> None:
    with pytest.raises(ProbeError, match=complaint):
        Btf(blob)


def test_a_kernel_without_it_shows_so(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="CONFIG_DEBUG_INFO_BTF"):
        Btf.of_kernel(str(tmp_path / "vmlinux"))


@pytest.mark.skipif(not Path(btf.PATH).exists(), reason="this kernel has no BTF")
def test_the_running_kernel_is_read() -> None:
    kernel = Btf.of_kernel()
    assert kernel.offset("task_struct", "start_boottime") is not None
    assert kernel.size("upid") == 16
    assert kernel.parameters("btf_trace_sched_process_fork") == 3
