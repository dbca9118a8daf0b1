"""bpf(2), the few commands the probe needs, through libc's syscall(): neither BCC nor a callback is involved.

Each command takes a union of which the kernel reads only what it needs; ours are packed with struct. Errors are
OSError with the kernel's errno, for the caller to translate.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterator
from typing import NamedTuple

_NUMBERS = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "loongarch64": 280, "ppc64le": 361, "s390x": 351}
_MAP_CREATE, _UPDATE, _DELETE, _PROG_LOAD = 0, 2, 3, 5
_OBJ_PIN, _OBJ_GET, _GET_INFO = 6, 7, 15
_RUN_TIME_AT = 192
"""Of run_time_ns and then run_cnt in struct bpf_prog_info (include/uapi/linux/bpf.h), since Linux 5.1."""
_RAW_TRACEPOINT_OPEN, _LINK_CREATE, _ITER_CREATE = 17, 28, 33
_LOOKUP_BATCH = 24
_TRACE_ITER = 28
_NOEXIST = 1
_READ_ONLY = 1 << 3
_MAP_INFO = struct.Struct("@IIIIII")
_RAW_TRACEPOINT, _TRACING = 17, 26
_LICENSE = b"GPL"  # without it the kernel has no bpf_probe_read_kernel() for us
_LOG_SIZE = 1 << 20

_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long


class MapInfo(NamedTuple):
    """The head of struct bpf_map_info; sizes in bytes."""

    type: int
    id: int
    key_size: int
    value_size: int
    max_entries: int
    flags: int


def syscall_number(machine: str) -> int:
    """The number of bpf(2) on a machine, by its name in uname(2); raises OSError."""
    number = _NUMBERS.get(machine)
    if number is None:
        raise OSError(f"bpf(2) has no known number on {machine}")
    return number


def _bpf(command: int, attributes: ctypes.Array[ctypes.c_char]) -> int:
    number = syscall_number(platform.machine())
    size = ctypes.c_uint(len(attributes))
    result: int = _syscall(ctypes.c_long(number), ctypes.c_long(command), ctypes.byref(attributes), size)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _attributes(format: str, *values: int | bytes) -> ctypes.Array[ctypes.c_char]:
    size = struct.calcsize(format)
    return (ctypes.c_char * size).from_buffer_copy(struct.pack(format, *values))


def pin(descriptor: int, path: str) -> None:
    """Give a map or a link a name in bpffs, which keeps it alive when its descriptors are closed."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    _bpf(_OBJ_PIN, _attributes("@QII", ctypes.addressof(name), descriptor, 0))


def get(path: str, writable: bool = True) -> int:
    """A descriptor of what is pinned at `path`; one that is not writable takes no right to write to the file."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    return _bpf(_OBJ_GET, _attributes("@QII", ctypes.addressof(name), 0, 0 if writable else _READ_ONLY))


def map_info(descriptor: int) -> MapInfo:
    """Type and sizes of a map."""
    info = ctypes.create_string_buffer(_MAP_INFO.size)
    _bpf(_GET_INFO, _attributes("@IIQ", descriptor, len(info), ctypes.addressof(info)))
    return MapInfo._make(_MAP_INFO.unpack(info))


def create_map(name: str, shape: tuple[int, int, int, int, int]) -> int:
    """Make a map; returns its descriptor. shape: type, size of keys and of values, number of entries, flags."""
    return _bpf(_MAP_CREATE, _attributes("@IIIIIII16s", *shape, 0, 0, name.encode()))


def load_program(name: str, code: bytes, iterator: int = 0) -> int:
    """Load a program; returns its descriptor. The end of the verifier's report is in the OSError.

    iterator: BTF's number of the kernel's function that will call it; 0 for a program of a raw tracepoint.
    """
    kind, attach = (_TRACING, _TRACE_ITER) if iterator else (_RAW_TRACEPOINT, 0)
    text, license = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(_LICENSE)
    report = ctypes.create_string_buffer(_LOG_SIZE)
    head = kind, len(code) // 8, ctypes.addressof(text), ctypes.addressof(license)
    tail = 0, 0, name.encode()[:15], 0, attach, 0, 0, 0, 0, 0, 0, 0, iterator
    format = "@IIQQIIQII16sIIIIQIIQII"
    try:
        return _bpf(_PROG_LOAD, _attributes(format, *head, 0, 0, 0, *tail))
    except OSError:
        try:  # the verifier's report costs time, so it is asked for only now
            return _bpf(_PROG_LOAD, _attributes(format, *head, 1, len(report), ctypes.addressof(report), *tail))
        except OSError as error:
            lines = report.value.decode(errors="replace").splitlines() or ["no reason given"]
            raise OSError(error.errno, f"{error.strerror}: {' / '.join(lines[-3:])}") from error


def runs_of(program: int) -> tuple[int, int]:
    """How often a program ran and how many ns that took, since it was loaded, while kernel.bpf_stats_enabled was 1."""
    info = ctypes.create_string_buffer(_RUN_TIME_AT + 16)
    _bpf(_GET_INFO, _attributes("@IIQ", program, len(info), ctypes.addressof(info)))
    nanoseconds, runs = struct.unpack_from("@QQ", info, _RUN_TIME_AT)
    return runs, nanoseconds


def attach_raw_tracepoint(name: str, program: int) -> int:
    """Attach a loaded program; returns the link's descriptor, and the program runs until the link has no holder."""
    text = ctypes.create_string_buffer(name.encode())
    return _bpf(_RAW_TRACEPOINT_OPEN, _attributes("@QII", ctypes.addressof(text), program, 0))


def run_iterator(program: int) -> None:
    """Run a loaded iterator program once over all its objects."""
    link = _bpf(_LINK_CREATE, _attributes("@IIII", program, 0, _TRACE_ITER, 0))
    try:
        reader = _bpf(_ITER_CREATE, _attributes("@II", link, 0))
        try:
            while os.read(reader, 4096):
                pass
        finally:
            os.close(reader)
    finally:
        os.close(link)


def insert(descriptor: int, key: int, value: bytes) -> bool:
    """Add an entry to a hash map with u32 keys; False when there is one already."""
    where, what = ctypes.c_uint32(key), ctypes.create_string_buffer(value, len(value))
    addresses = ctypes.addressof(where), ctypes.addressof(what)
    try:
        _bpf(_UPDATE, _attributes("@IxxxxQQQ", descriptor, *addresses, _NOEXIST))
    except FileExistsError:
        return False
    return True


def delete(descriptor: int, key: int) -> None:
    """Take an entry out of a hash map with u32 keys, if it is there."""
    where = ctypes.c_uint32(key)
    try:
        _bpf(_DELETE, _attributes("@IxxxxQ", descriptor, ctypes.addressof(where)))
    except FileNotFoundError:
        pass


def values(descriptor: int, info: MapInfo, batch: int = 1024) -> Iterator[memoryview]:
    """Walk a hash map with u32 keys; yields whole values, back to back, some at a time.

    An entry that is there during the whole walk is seen exactly once; whole buckets are read at a time.
    """
    position = ctypes.c_uint32()
    first = True
    while True:
        keys, found = (ctypes.c_char * (batch * info.key_size))(), (ctypes.c_char * (batch * info.value_size))()
        where = ctypes.addressof(position)
        addresses = (0 if first else where, where, ctypes.addressof(keys), ctypes.addressof(found))
        attributes = _attributes("@QQQQIIQQ", *addresses, batch, descriptor, 0, 0)
        done = False
        try:
            _bpf(_LOOKUP_BATCH, attributes)
        except FileNotFoundError:
            done = True
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            batch *= 2
            continue
        count = struct.unpack_from("@I", attributes, 32)[0]
        yield memoryview(found)[: count * info.value_size].cast("B")
        if done:
            return
        first = False
