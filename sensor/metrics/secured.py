"""TLS for the metrics: a certificate and its key, read again at each reload, and connections that block none other.

    certificate: /etc/host-sensor/tls/cert.pem     and those between it and its authority
    key: /etc/host-sensor/tls/key.pem              readable for the sensor's user, and not for everybody

The first read or write of a connection begins the handshake, which goes on as the client sends: it is a part of the
request, and so within the request's deadline.
"""

from __future__ import annotations

import os
import select
import socket
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sensor.errors import OutputError
from sensor.options import OptionError, option

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True)
class Options:
    """TLS of the endpoint; the sensor reads the files again at each reload."""

    certificate: str | None = option(
        None, "File with the certificate, and those between it and its authority; null: no TLS.", unit="path"
    )
    key: str | None = option(
        None,
        "File with its private key, which others must not be able to read; null: in the same file. Both belong below "
        "/etc/host-sensor, where the AppArmor profile lets them be read.",
        unit="path",
    )
    minimum: str = option("TLSv1.2", "Oldest version that is spoken.", ("TLSv1.2", "TLSv1.3"))

    def __post_init__(self) -> None:
        if self.key and not self.certificate:
            raise OptionError("key", "expected `certificate` beside it")


def context(options: Options) -> ssl.SSLContext:
    """Make what connections are wrapped with; raises OutputError for files that cannot be used."""
    import ssl

    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_3 if options.minimum == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    certificate = str(options.certificate)
    key = options.key or certificate
    try:
        if not stat.S_ISREG(os.stat(certificate).st_mode):
            raise OutputError(f"metrics.tls.certificate: {certificate}: is no file")
        with open(os.open(key, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OutputError(f"metrics.tls.key: {key}: is no file")
            if status.st_mode & stat.S_IRWXO:
                raise OutputError(
                    f"metrics.tls.key: {key}: others may read or write it, so it is not used; chmod o= it"
                )
            made.load_cert_chain(certificate, f"/proc/self/fd/{file.fileno()}", lambda: "")  # what was looked at
    except OSError as error:
        name = "key" if error.filename == key else "certificate"
        raise OutputError(f"metrics.tls.{name}: {getattr(options, name) or certificate}: {_why(error)}") from None
    return made


def _why(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or error)


class SecuredConnection:
    """A server's end of a TLS connection, with the few methods of a non-blocking socket that the endpoint calls.

    event: what to poll for when a call raised BlockingIOError.
    """

    def __init__(self, context: ssl.SSLContext, connection: socket.socket) -> None:
        self._socket = context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )
        self.event = select.POLLIN

    def fileno(self) -> int:
        """The descriptor to poll."""
        return self._socket.fileno()

    def recv(self, size: int) -> bytes:
        """As of a socket. With a size of a TLS record at least, nothing is left that poll(2) does not know of."""
        data: bytes = self._waiting(self._socket.recv, size)
        return data

    def send(self, data: bytes) -> int:
        """As of a socket."""
        sent: int = self._waiting(self._socket.send, data)
        return sent

    def shutdown(self, how: int) -> None:
        """Announce that nothing more is sent: in TLS, then in TCP."""
        with suppress(OSError, ValueError):  # the client's own end of TLS is not waited for
            self._socket.unwrap()
        self._socket.shutdown(how)

    def close(self) -> None:
        """As of a socket."""
        self._socket.close()

    def _waiting(self, call: Callable[[Any], Any], argument: Any) -> Any:
        import ssl

        try:
            return call(argument)
        except ssl.SSLWantReadError:
            self.event = select.POLLIN
        except ssl.SSLWantWriteError:
            self.event = select.POLLOUT
        raise BlockingIOError
