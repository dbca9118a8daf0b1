"""The compiled probe: what the compiler made of bpf/process.c, as it is kept and as it is put into the kernel.

A program's instructions name maps by descriptor, which is another one in each process. So each place is noted, and
filled in when the maps have been made:

    18 11 00 00 xx xx xx xx 00 00 00 00 00 00 00 00        r1 = map: ld_imm64, source register 1, descriptor

The instruction is struct bpf_insn of linux/bpf.h.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from typing import NamedTuple

from sensor import jsonl
from sensor.errors import ProbeError
from sensor.probe import bpf, layout

_INSTRUCTION = struct.Struct("@BBhi")
_LOAD_64, _FROM_MAP = 0x18, 1


class MapShape(NamedTuple):
    """What a map is made with: its type, sizes in bytes, and flags, as in union bpf_attr."""

    type: int
    key_size: int
    value_size: int
    entries: int
    flags: int


class ProbeProgram(NamedTuple):
    """Instructions, and for the number of each that loads a map the map's name."""

    code: bytes
    maps: Mapping[int, str]


class ProbeImage(NamedTuple):
    """The compiled probe.

    flags, missing, iterator: as in the recipe it was made from; the iterator among `programs` is named by layout.
    compiler: which version of BCC made it.
    """

    maps: Mapping[str, MapShape]
    programs: Mapping[str, ProbeProgram]
    flags: tuple[str, ...]
    missing: tuple[str, ...]
    iterator: int
    compiler: str


def program(code: bytes, descriptors: Mapping[int, str]) -> ProbeProgram:
    """A program whose instructions name maps by `descriptors`; ProbeError where they name anything else."""
    blank, maps, number = bytearray(code), {}, 0
    while number < len(code) // _INSTRUCTION.size:
        operation, registers, offset, value = _INSTRUCTION.unpack_from(code, number * _INSTRUCTION.size)
        if operation == _LOAD_64:
            source = registers >> 4 if sys.byteorder == "little" else registers & 15
            if source not in (0, _FROM_MAP) or (source and value not in descriptors):
                raise ProbeError(f"instruction {number} of the compiled probe refers to what is not known")
            if source:
                maps[number] = descriptors[value]
                _INSTRUCTION.pack_into(blank, number * _INSTRUCTION.size, operation, registers, offset, 0)
            number += 1  # it takes two places
        number += 1
    return ProbeProgram(bytes(blank), maps)


def pack(image: ProbeImage) -> bytes:
    """One line of JSON."""
    programs = {
        name: {"code": program.code.hex(), "maps": {str(number): map for number, map in program.maps.items()}}
        for name, program in image.programs.items()
    }
    shapes = {name: list(shape) for name, shape in image.maps.items()}
    return jsonl.dumps({**image._asdict(), "maps": shapes, "programs": programs})


def unpack(data: bytes) -> ProbeImage:
    """What pack() made; ValueError for anything else."""
    try:
        fields = jsonl.loads(data)
        maps = {name: MapShape(*map(int, shape)) for name, shape in fields["maps"].items()}
        programs = {
            name: ProbeProgram(bytes.fromhex(one["code"]), {int(number): map for number, map in one["maps"].items()})
            for name, one in fields["programs"].items()
        }
        flags, missing = (tuple(map(str, fields[name])) for name in ("flags", "missing"))
        image = ProbeImage(maps, programs, flags, missing, int(fields["iterator"]), str(fields["compiler"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no compiled probe: {error}") from error
    known = set(layout.MAPS) == set(maps) and set(layout.PROGRAMS) <= set(programs)
    used = (map for program in programs.values() for map in program.maps.values())
    if not known or not set(used) <= set(maps):
        raise ValueError("no compiled probe: it has other parts")
    return image


def create_maps(image: ProbeImage, stack: ExitStack) -> dict[str, int]:
    """Make the maps; their descriptors by name, which `stack` closes."""
    descriptors = {}
    for name, shape in image.maps.items():
        descriptors[name] = bpf.create_map(name, shape)
        stack.callback(os.close, descriptors[name])
    return descriptors


def load(name: str, program: ProbeProgram, maps: Mapping[str, int], iterator: int = 0) -> int:
    """Hand a program to the kernel's verifier; returns its descriptor. ProbeError where it is refused.

    iterator: the kernel's function that walks over tasks, for the program that it calls; else it is for a tracepoint.
    """
    code = bytearray(program.code)
    for number, map in program.maps.items():
        struct.pack_into("@i", code, number * _INSTRUCTION.size + 4, maps[map])
    try:
        return bpf.load_program(name, bytes(code), iterator)
    except OSError as error:
        raise ProbeError(f"the kernel does not accept the probe: {error.strerror}") from error
