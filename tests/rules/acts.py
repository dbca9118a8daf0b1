"""Acts that audit rules are for: system calls of both word sizes, made with arguments that let nothing happen.

    python3 acts.py < acts.json          in an audited login session, in a root where what rules watch may be opened

An act is an object: `size` 64 or 32, `number` and `arguments` of the system call; `user` who makes it, 0 unless given.
An argument is a number, a path, or {"sockaddr": FAMILY}, {"socket": FAMILY}, {"socketcall": FAMILY}: pointers to such
things and a descriptor. Each is made by a process of its own. A 64-bit process makes 32-bit calls by int 0x80, as
malware may. It needs nothing but Python, so that it runs in any root.
"""

import ctypes
import json
import mmap
import os
import socket
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
MAP_32BIT = 0x40
# push rbx, rbp, rdi; eax, ebx, ecx, edx, esi, edi = rdi[0..5]; int 0x80; pop; ret
INT_80 = bytes.fromhex("5355578b078b5f048b4f088b570c8b77108b7f14cd805f5d5bc3")
ADDRESSES = {socket.AF_INET: ("127.0.0.1", 9), socket.AF_INET6: ("::1", 9)}


class Memory:
    """Memory below 4 GiB, which 32-bit calls can point to."""

    def __init__(self):
        LIBC.mmap.restype = ctypes.c_void_p
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_32BIT
        self.free = LIBC.mmap(None, 1 << 16, 7, flags, -1, 0)
        assert self.free < 1 << 32

    def put(self, data):
        """The address of a copy of some bytes."""
        address = self.free
        ctypes.memmove(address, data, len(data))
        self.free += (len(data) + 16) & ~15
        return address


def sockaddr(family):
    """struct sockaddr of a family: an address of this host where nobody listens."""
    if family == socket.AF_INET:
        return struct.pack("=H", family) + struct.pack("!H", 9) + socket.inet_aton("127.0.0.1") + bytes(8)
    if family == socket.AF_INET6:
        return struct.pack("=H", family) + struct.pack("!HI", 9, 0) + socket.inet_pton(family, "::1") + bytes(4)
    if family == socket.AF_UNIX:
        return struct.pack("=H", family) + b"/nonexistent/socket\0"
    return struct.pack("=HHII", family, 0, 0, 0)  # AF_NETLINK: the kernel


def argument(value, memory):
    """What stands in the register."""
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return memory.put(value.encode() + b"\0")
    ((kind, family),) = value.items()
    if kind == "sockaddr":
        return memory.put(sockaddr(family))
    kind_of = socket.SOCK_RAW if family == socket.AF_NETLINK else socket.SOCK_STREAM
    descriptor = socket.socket(family, kind_of).detach()
    if kind == "socket":
        return descriptor
    address = sockaddr(family)
    return memory.put(struct.pack("=III", descriptor, memory.put(address), len(address)))


def act(one):
    """Make one call, in this process."""
    memory = Memory()
    values = [argument(value, memory) for value in one["arguments"]]
    values += [-1] * (6 - len(values))
    if one.get("user"):
        os.setgroups([])
        os.setresuid(one["user"], one["user"], one["user"])
    if one["size"] == 64:
        LIBC.syscall(ctypes.c_long(one["number"]), *[ctypes.c_long(value) for value in values])
    else:
        registers = struct.pack("=6I", one["number"], *[value & 0xFFFFFFFF for value in values[:5]])
        ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(memory.put(INT_80))(memory.put(registers))


def main():
    """All acts, one after the other."""
    for one in json.load(sys.stdin):
        pid = os.fork()
        if pid == 0:
            try:
                act(one)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)


main()
