"""Process and session GUIDs: pure functions of what the kernel reports.

    boot 2899dae4-4fa4-4eef-95b6-6bc95325f61a, pid namespace 4026532263, ticks 55558, tgid 29
    → b770a0ed-8463-822c-b5f6-30d9081ddbd9

The process GUID is OCSF's Common Process Identifier (CPID): SHA-256 over boot id, inode
of the pid namespace, start time in clock ticks since boot and tgid within that
namespace, as a UUID of version 8 (RFC 9562). It stays the same through exec, restarts
of the sensor and steps of the clock, inside and outside a container, and anybody can
compute it again from /proc. The session GUID is the same recipe over boot id, the
bytes "session", and the kernel's session number (/proc/PID/sessionid).
"""

from __future__ import annotations

import struct
from typing import Final

from sensor.digest import sha256

NANOSECONDS_PER_TICK: Final = 10_000_000
"""start_boottime in nanoseconds // this = field 22 of /proc/PID/stat (USER_HZ is 100)."""

_UNSET = 0xFFFFFFFF
"""The kernel's session number of processes that belong to none."""
_AGENT = b"host-sensor"
_PROCESS = struct.Struct("<16sQQq")
_SESSION = struct.Struct("<16s7sI")


def process_guid(boot_id: bytes, namespace: int, ticks: int, tgid: int) -> str:
    """The GUID of a process.

    boot_id: 16 bytes of /proc/sys/kernel/random/boot_id.
    namespace: inode of /proc/PID/ns/pid.
    ticks: field 22 of /proc/PID/stat.
    tgid: last number of NStgid in /proc/PID/status.
    """
    return _uuid8(_PROCESS.pack(boot_id, namespace, ticks, tgid))


def session_guid(boot_id: bytes, session: int) -> str | None:
    """The GUID of a login session; None for the kernel's unset session."""
    if not 0 <= session < _UNSET:
        return None
    return _uuid8(_SESSION.pack(boot_id, b"session", session))


def agent_guid(machine_id: str) -> str:
    """The GUID of the sensor on a host; machine_id: the 32 hexadecimal digits of /etc/machine-id."""
    return _uuid8(bytes.fromhex(machine_id) + _AGENT)


def _uuid8(data: bytes) -> str:
    digest = bytearray(sha256(data).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()  # uuid.UUID takes four times as long
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
