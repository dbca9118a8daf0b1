"""A TCP connection, plain or with TLS, that knows how much of what was written the far end's kernel has.

    stream = Stream(("logs.example", 6514), context, 30.0)
    mark = stream.write(data)
    stream.acknowledged(mark)      the far end's kernel has all of `data`: not yet what reads from it

The kernel counts bytes on the wire, so with TLS as well (struct tcp_info in linux/tcp.h, SIOCOUTQ in tcp(7)).
"""

from __future__ import annotations

import fcntl
import select
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sensor.errors import UnavailableError

SIOCOUTQ = 0x5411
BYTES_ACKED = 120
"""Offset of tcpi_bytes_acked, u64, in struct tcp_info."""
MOST_READ = 65536


class Stream:
    """Connects; `context` None is plain TCP. Every method raises UnavailableError when the connection is broken."""

    def __init__(
        self, address: tuple[str, int], context: ssl.SSLContext | None, timeout: float, server_name: str | None = None
    ) -> None:
        host, port = address
        with _translated():
            connected = socket.create_connection((host, port), timeout)
            try:
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(timeout * 1000))
                if context is not None:
                    connected = context.wrap_socket(connected, server_hostname=server_name or host)
            except BaseException:
                connected.close()
                raise
        self._socket = connected

    def describe(self) -> str:
        """What was agreed on, for people."""
        if not isinstance(self._socket, ssl.SSLSocket):
            return "TCP"
        subject: Any = (self._socket.getpeercert() or {}).get("subject", ())
        names = [value for part in subject for _, value in part]
        return f"{self._socket.version()} with {names[-1] if names else 'a certificate without a name'}"

    def write(self, data: bytes) -> int:
        """Write all of `data`; returns a mark for acknowledged()."""
        with _translated():
            self._socket.sendall(data)
            # This order, so that what is acknowledged between the two makes the mark too high, never too low.
            unsent = self._unacknowledged()
            return self._acknowledged() + unsent

    def acknowledged(self, mark: int) -> bool:
        """Whether the far end's kernel has everything up to a mark."""
        with _translated():
            return self._acknowledged() >= mark or self._unacknowledged() == 0

    def read(self, seconds: float) -> bytes:
        """Return what the far end has sent, after waiting so long at most; empty for nothing."""
        with _translated():
            pending = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
            if not pending and not select.select([self._socket], [], [], seconds)[0]:
                return b""
            timeout = self._socket.gettimeout()
            self._socket.settimeout(0)
            try:
                data = self._socket.recv(MOST_READ)
            except (BlockingIOError, ssl.SSLWantReadError):
                return b""
            finally:
                self._socket.settimeout(timeout)
        if not data:
            raise UnavailableError("the far end has closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()

    def _acknowledged(self) -> int:
        info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        (count,) = struct.unpack_from("=Q", info, BYTES_ACKED)
        return int(count)

    def _unacknowledged(self) -> int:
        (count,) = struct.unpack("=i", fcntl.ioctl(self._socket, SIOCOUTQ, b"\0\0\0\0"))
        return int(count)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what a socket raises into UnavailableError."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise UnavailableError(f"its certificate is not accepted: {error.verify_message}") from error
    except socket.timeout as error:
        raise UnavailableError("it did not answer, or took nothing, in time") from error
    except OSError as error:
        raise UnavailableError(str(getattr(error, "reason", None) or error.strerror or error)) from error
