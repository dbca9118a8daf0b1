"""What the kernel has in memory of a file, for those who may wait for neither a disk nor a server.

    state_of("/usr/bin/perl")       its state; None where that takes a look that may wait

openat2(2) with RESOLVE_CACHED (Linux 5.12) fails where a part of the way is not in memory, is to be asked of a server,
or is still to be mounted; statx(2) with AT_STATX_DONT_SYNC asks no server. A file system without a block device (of a
network, of FUSE, one made of others) is left to who can wait, for what is in memory of it may be old.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct

from sensor.process.image import FileState

_OPENAT2 = 437
"""Its number on most architectures; MIPS and ia64 have no call there, alpha another that refuses these arguments."""
_AT_FDCWD = -100
_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_SYMLINKS, _CACHED = 0x04, 0x20
_HOW = struct.pack("=QQQ", _HANDLE, 0, _NO_SYMLINKS | _CACHED)
"""struct open_how of linux/openat2.h."""
_EMPTY_PATH, _DONT_SYNC, _BASIC_STATS = 0x1000, 0x4000, 0x7FF
_STATX = struct.Struct("=28xH2xQQ48xqI4xqI4x8xII")
"""struct statx of linux/stat.h, the first 144 bytes of 256: mode, inode, size, ctime, mtime, device."""
_SIZE = 256
_BILLION = 1_000_000_000

_libc = ctypes.CDLL(None)
_statx = getattr(_libc, "statx", None)
"""None before GNU libc 2.28 and musl 1.2.5."""


def state_of(path: str) -> FileState | None:
    """The state of the regular file at an absolute path, with one character per byte, in which no component is a link.

    None if that is not known without waiting, or is not so. Takes 7 µs.
    """
    if _statx is None or path[:1] != "/" or "\0" in path:
        return None
    handle = _libc.syscall(
        ctypes.c_long(_OPENAT2), ctypes.c_long(_AT_FDCWD), path.encode("latin-1"), _HOW, ctypes.c_size_t(len(_HOW))
    )
    if handle < 0:
        return None
    buffer = ctypes.create_string_buffer(_SIZE)
    try:
        failed = _statx(handle, b"", _EMPTY_PATH | _DONT_SYNC, _BASIC_STATS, buffer)
    finally:
        os.close(handle)
    if failed:
        return None
    mode, inode, size, *times, major, minor = _STATX.unpack_from(buffer)
    if not stat.S_ISREG(mode) or not major:
        return None
    ctime, ctime_ns, mtime, mtime_ns = times
    return FileState(os.makedev(major, minor), inode, size, mtime * _BILLION + mtime_ns, ctime * _BILLION + ctime_ns)
