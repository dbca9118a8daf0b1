"""The kernel's own account of audit: AUDIT_GET over netlink, which no record in the stream has.

`lost` counts records that the kernel dropped at a full backlog; they leave no hole in the serials. What comes back is
struct audit_status of linux/audit.h, eleven numbers of 32 bits, fewer from older kernels:

    mask enabled failure pid rate_limit backlog_limit lost backlog feature_bitmap backlog_wait_time
    backlog_wait_time_actual

The kernel answers from a thread of its own, so a question and its answer are two calls and neither waits. It answers
those that have CAP_AUDIT_CONTROL when they ask (kernel/audit.c, audit_netlink_ok), in the first user and pid namespace.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import struct
from dataclasses import dataclass

NETLINK_AUDIT = 9
AUDIT_GET = 1000
_NLM_F_REQUEST, _NLM_F_ACK = 1, 4
_NLMSG_ERROR = 2
_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_LARGEST = 8192  # bytes; an answer has some sixty
_MOST_MESSAGES = 64  # read at one time: a socket that is flooded is left for the next time

UNKNOWN = -1
"""A field that the running kernel does not have."""


@dataclass(frozen=True)
class AuditStatus:
    """struct audit_status; times in jiffies as the kernel counts them, see auditctl(8)."""

    enabled: int  # 0 off, 1 on, 2 on and immutable until the next boot
    failure: int  # 0 silent, 1 printk, 2 panic
    pid: int  # the daemon that the records go to; 0 for none
    rate_limit: int  # records a second, 0 for no limit
    backlog_limit: int  # records
    lost: int  # records, until somebody resets it
    backlog: int  # records that wait for the daemon
    backlog_wait_time: int = UNKNOWN  # longest that a process is held up when the backlog is full
    backlog_wait_time_actual: int = UNKNOWN  # how long processes were held up altogether; Linux 5.9

    @classmethod
    def parse(cls, body: bytes) -> AuditStatus:
        """Read struct audit_status of any length that has `backlog`; ValueError for less."""
        numbers = struct.unpack(f"={len(body) // 4}I", body[: len(body) // 4 * 4])
        if len(numbers) < 8:
            raise ValueError(f"struct audit_status of {len(body)} bytes")
        return cls(*numbers[1:8], *numbers[9:11])


class KernelAudit:
    """A netlink socket to the kernel's audit; made once, asked again and again. Raises OSError as socket(2) does."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_AUDIT)
        self._socket.bind((0, 0))
        self._sequence = 0

    def request(self) -> None:
        """Ask for the status. Raises OSError: EPERM without CAP_AUDIT_CONTROL, ECONNREFUSED in a user namespace."""
        self._sequence = self._sequence + 1 & 0xFFFFFFFF
        header = _HEADER.pack(_HEADER.size, AUDIT_GET, _NLM_F_REQUEST | _NLM_F_ACK, self._sequence, 0)
        self._socket.sendto(header, (0, 0))

    def receive(self) -> AuditStatus | None:
        """The newest answer that has come; None for none. Raises OSError when the kernel refused the request."""
        newest = None
        for _ in range(_MOST_MESSAGES):
            try:
                data, sender = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno == errno.ENOBUFS:  # answers were lost; the next request has one again
                    continue
                raise
            if sender[0] == 0:  # the kernel, not a process that sends to our port
                newest = self._read(data) or newest
        return newest

    def ask(self, timeout: float) -> AuditStatus:
        """Request, and wait `timeout` seconds for the answer: for a command, not for the daemon. Raises OSError."""
        self.request()
        waiting = select.poll()
        waiting.register(self._socket, select.POLLIN)
        while waiting.poll(timeout * 1000):
            status = self.receive()
            if status is not None:
                return status
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _read(self, data: bytes) -> AuditStatus | None:
        """The status in one datagram; older kernels give its length without the header's."""
        _, kind, _, sequence, _ = _HEADER.unpack_from(data)
        body = data[_HEADER.size :]
        if kind == _NLMSG_ERROR and sequence == self._sequence:
            code = -int(struct.unpack_from("=i", body)[0])
            if code:
                raise OSError(code, os.strerror(code))
        return AuditStatus.parse(body) if kind == AUDIT_GET else None


class ResettableCounter:
    """Makes a total that only grows out of a 32-bit counter that may be reset, or may overflow.

    `auditctl --reset-lost` sets `lost` to 0: what is counted after it is new, and nothing is taken back.
    """

    def __init__(self) -> None:
        self.total = 0
        self._last: int | None = None

    def update(self, value: int) -> int:
        """Take the counter's value of now; return what was added to the total. The first value is the base."""
        last, self._last = self._last, value
        if last is None or value == last:
            return 0
        added = value - last if value > last else value
        self.total += added
        return added
