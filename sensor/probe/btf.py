"""Reads the kernel's own description of its types: /sys/kernel/btf/vmlinux, the format of Documentation/bpf/btf.rst.

    header   magic 0xeb9f u16 | version u8 | flags u8 | length u32 | offset and length of types, of strings, u32 each
    type     name u32 | info u32: members 0-15, kind 24-28, bit fields 31 | size or type u32 | what the kind adds
    member   name u32 | type u32 | offset in bits u32

Types are numbered from 1 in their order, so finding one means walking all; that takes some 100 ms and is done once.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_right

from sensor.errors import ProbeError

PATH = "/sys/kernel/btf/vmlinux"

_MAGIC = 0xEB9F
_PTR, _STRUCT, _UNION, _TYPEDEF, _VOLATILE, _CONST, _RESTRICT = 2, 4, 5, 8, 9, 10, 11
_FUNC, _FUNC_PROTO, _TYPE_TAG = 12, 13, 18
_TRANSPARENT = frozenset((_TYPEDEF, _VOLATILE, _CONST, _RESTRICT, _TYPE_TAG))

# What follows the 12 bytes of a type: so much, and so much for each member. Kinds from 0 (void) to 19 (ENUM64).
_FIXED = (0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0)
_EACH = (0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12)


def read(path: str = PATH) -> bytes:
    """The running kernel's type information; ProbeError where it was built without."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ProbeError(f"the kernel has no type information (CONFIG_DEBUG_INFO_BTF): {error}") from error


class Btf:
    """The types of one kernel. A type that a kernel lacks is None, never an exception."""

    def __init__(self, blob: bytes) -> None:
        """Index `blob`, the whole content of the file; ProbeError when it is no BTF or of a kind not known here."""
        order = "<" if blob[:2] == b"\x9f\xeb" else ">"
        try:
            magic, _, _, length, types, types_size, strings, strings_size = struct.unpack_from(f"{order}HBBIIIII", blob)
        except struct.error as error:
            raise ProbeError("the kernel's type information is cut short") from error
        if magic != _MAGIC:
            raise ProbeError("the kernel's type information is in a format of its own")
        if len(blob) < length + max(types + types_size, strings + strings_size):
            raise ProbeError("the kernel's type information is cut short")
        self._types = blob[length + types : length + types + types_size]
        self._strings = blob[length + strings : length + strings + strings_size]
        self._head = struct.Struct(f"{order}III")
        self._places = array("I", [0])  # number of a type → where it is
        self._named: dict[tuple[int, int], int] = {}  # (kind, name) → where; the first of that name
        try:
            self._walk()
        except (IndexError, struct.error) as error:
            raise ProbeError("the kernel's type information has a kind of type this version does not know") from error

    @classmethod
    def of_kernel(cls, path: str = PATH) -> Btf:
        """The running kernel's; ProbeError where it was built without."""
        return cls(read(path))

    def _walk(self) -> None:
        at, end, types, head = 0, len(self._types), self._types, self._head
        places, named = self._places, self._named
        while at < end:
            name, info, _ = head.unpack_from(types, at)
            kind = info >> 24 & 31
            places.append(at)
            if name:
                named.setdefault((kind, name), at)
            at += 12 + _FIXED[kind] + _EACH[kind] * (info & 0xFFFF)

    def _find(self, kind: int, name: str) -> int | None:
        """Where the type is: names are looked for in the table of strings, where each stands once."""
        position = self._strings.find(b"\0" + name.encode() + b"\0")
        return None if position < 0 else self._named.get((kind, position + 1))

    def size(self, name: str) -> int | None:
        """sizeof(struct `name`), in bytes."""
        at = self._find(_STRUCT, name)
        return None if at is None else int(self._head.unpack_from(self._types, at)[2])

    def offset(self, name: str, field: str) -> int | None:
        """offsetof(struct `name`, `field`), in bytes; `field` may be a path, as in "ns.inum"."""
        at = self._find(_STRUCT, name)
        bits = 0
        for part in field.split("."):
            found = None if at is None else self._member(at, part)
            if found is None:
                return None
            bits += found[0]
            at = self._struct(found[1])
        return bits // 8

    def function(self, name: str) -> int | None:
        """The number of the kernel's function `name`, by which bpf(2) knows it."""
        at = self._find(_FUNC, name)
        return None if at is None else bisect_right(self._places, at) - 1

    def parameters(self, typedef: str) -> int | None:
        """Number of parameters of the function that the pointer type `typedef` points to."""
        at = self._find(_TYPEDEF, typedef)
        while at is not None:
            _, info, target = self._head.unpack_from(self._types, at)
            kind = info >> 24 & 31
            if kind == _FUNC_PROTO:
                return int(info & 0xFFFF)
            if kind != _PTR and kind not in _TRANSPARENT:
                return None
            at = self._places[target]
        return None

    def _struct(self, number: int) -> int | None:
        """Where the struct or union is that type `number` stands for."""
        while number:
            at = self._places[number]
            _, info, target = self._head.unpack_from(self._types, at)
            kind = info >> 24 & 31
            if kind in (_STRUCT, _UNION):
                return at
            if kind not in _TRANSPARENT:
                return None
            number = target
        return None

    def _member(self, at: int, wanted: str) -> tuple[int, int] | None:
        """(offset in bits, type) of a member, also of one in an anonymous struct or union within."""
        _, info, _ = self._head.unpack_from(self._types, at)
        name = wanted.encode() + b"\0"
        for place in range(at + 12, at + 12 + 12 * (info & 0xFFFF), 12):
            label, type, bits = self._head.unpack_from(self._types, place)
            if info >> 31:
                bits &= 0xFFFFFF
            if label and self._strings.startswith(name, label):
                return bits, type
            inner = None if label else self._struct(type)
            found = None if inner is None else self._member(inner, wanted)
            if found is not None:
                return bits + found[0], found[1]
        return None
