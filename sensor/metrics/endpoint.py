"""A small HTTP server, with TLS and passwords where they are asked for, at a cost that no client decides.

    GET /metrics HTTP/1.1        one thread, one poll(2) for all clients
    Accept: text/plain           one request for each connection, answered and closed

A request has one deadline for all of it, from accept over TLS's handshake to the last byte read; a slower
client is cut off. When there are more than `clients` connections the oldest that has not asked yet gives way, so idle
ones block no other. The thread looks at its sockets at most once in `pause` seconds, makes each page at most once a
look, and rests for nine times the CPU time that a look took, so a flood of handshakes or requests costs a tenth of one
processor at most. Without clients it sleeps. HTTP is RFC 9112, as little as GET and HEAD take.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol

log = logging.getLogger(__name__)

_PHRASES = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
}
_READ = 16384
"""As much as a record of TLS can hold (RFC 8446, 5.1)."""
_ACCEPTS = 16
"""Connections taken at one look; the others wait in the kernel."""
_MOST_HEAD = 8192
_REST, _LONGEST_REST = 9.0, 0.5
"""Seconds of rest for a second of CPU time, and at most: hashes of passwords, which take longer, have a bound too."""


class Response(NamedTuple):
    """A page: status code of HTTP, media type, body."""

    status: int
    kind: str
    body: bytes


class ClientLimits(NamedTuple):
    """What clients can take: connections at once, seconds for one request, least seconds between two looks."""

    clients: int = 64
    seconds: float = 5.0
    pause: float = 0.05


USUAL = ClientLimits()


class Connection(Protocol):
    """What is called of a socket; recv and send raise BlockingIOError when `event` has to be polled for first."""

    event: int

    def fileno(self) -> int: ...
    def recv(self, size: int) -> bytes: ...
    def send(self, data: bytes) -> int: ...
    def shutdown(self, how: int) -> None: ...
    def close(self) -> None: ...


class Gatekeeper(Protocol):
    """Knows the users."""

    def last_wrong(self, address: str) -> float:
        """When a wrong password last came from an address, in monotonic seconds; 0: not lately."""

    def admits(self, authorization: str, address: str) -> bool | None:
        """Whether the value of Authorization is right; None: ask again at the next look."""


class Access(NamedTuple):
    """Who gets in.

    secure: makes TLS of a new connection; raises OSError for one that cannot be used. None: plain TCP.
    users: None: everybody.
    """

    secure: Callable[[socket.socket], Connection] | None = None
    users: Gatekeeper | None = None


ANYBODY = Access()


class _Plain:
    """A connection without TLS."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.event = select.POLLIN
        self.fileno, self.shutdown, self.close = connection.fileno, connection.shutdown, connection.close

    def recv(self, size: int) -> bytes:
        self.event = select.POLLIN
        return self._socket.recv(size)

    def send(self, data: bytes) -> int:
        self.event = select.POLLOUT
        return self._socket.send(data)


class _Client:
    """A connection: what it has sent, what it wants and from whom that is, and what it is still to be sent."""

    __slots__ = ("address", "asked", "connection", "deadline", "head", "reply", "request")

    def __init__(self, connection: Connection, address: str, deadline: float) -> None:
        self.connection = connection
        self.address = address
        self.deadline = deadline
        self.head = bytearray()
        self.request: _Request | None = None
        self.reply = b""
        self.asked = False


class _Request(NamedTuple):
    """The head of a request, or the status to answer it with."""

    status: int
    method: str = ""
    path: str = ""
    accept: str = ""
    authorization: str = ""


class Endpoint:
    """Serves `listener`, a listening socket.

    page: makes a page from a path, without what follows `?`, and a variant.
    variant: which variant of a page suits the value of Accept; as few as there are forms of pages.
    access: None refuses all.
    """

    def __init__(
        self,
        listener: socket.socket,
        page: Callable[[str, str], Response],
        variant: Callable[[str], str],
        limits: ClientLimits = USUAL,
        access: Access | None = ANYBODY,
    ) -> None:
        self._access = access
        self._listener = listener
        self._page = page
        self._variant = variant
        self._limits = limits
        self._clients: dict[int, _Client] = {}
        self._pages: dict[tuple[str, str], Response] = {}
        self._poll = select.poll()
        self._closing = threading.Event()

    def serve(self) -> None:
        """Serve until close(), which another thread calls; may be called again after it was left by an exception."""
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.POLLIN)
        try:
            while not self._closing.is_set():
                start = time.thread_time()
                self._look()
                rest = min(_REST * (time.thread_time() - start), _LONGEST_REST)
                self._closing.wait(max(self._limits.pause, rest))
        finally:
            for client in list(self._clients.values()):
                self._drop(client)

    @property
    def access(self) -> Access | None:
        """Who gets in."""
        return self._access

    def admit(self, access: Access | None) -> None:
        """Let others in from the next look on; may be called by another thread."""
        self._access = access

    def close(self) -> None:
        """Let serve() return now; clients that wait are cut off."""
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that sleeps in poll

    def _look(self) -> None:
        """Sleep until something happens or a deadline passes, and see to it."""
        now = time.monotonic()
        first = min((client.deadline for client in self._clients.values()), default=None)
        unanswered = any(client.request is not None for client in self._clients.values())
        ready = self._poll.poll(0 if unanswered else None if first is None else max(0.0, first - now) * 1000 + 1)
        self._pages.clear()
        for number, _ in ready:
            client = self._clients.get(number)
            if client is not None:
                self._go_on(client)
            elif number == self._listener.fileno():
                self._accept()
        self._answer_all()
        now = time.monotonic()
        for client in [client for client in self._clients.values() if client.deadline <= now]:
            self._drop(client)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS):
            try:
                accepted, address = self._listener.accept()
            except OSError:  # no more; or no descriptor is free, and there may be one at the next look
                return
            try:
                connection = self._let_in(accepted)
            except (OSError, ValueError):  # it went away
                accepted.close()
                continue
            if len(self._clients) >= self._limits.clients:
                idle = (client for client in self._clients.values() if not client.asked)
                self._drop(next(idle, next(iter(self._clients.values()))))
            client = _Client(connection, address[0], time.monotonic() + self._limits.seconds)
            self._clients[connection.fileno()] = client
            self._poll.register(connection, select.POLLIN)
            self._go_on(client)

    def _let_in(self, accepted: socket.socket) -> Connection:
        """Make a connection of a socket; raises OSError."""
        access = self._access
        if access is None:
            raise ConnectionRefusedError
        accepted.setblocking(False)
        return access.secure(accepted) if access.secure else _Plain(accepted)

    def _go_on(self, client: _Client) -> None:
        """Read or write what can be now."""
        try:
            if client.reply:
                self._send(client)
            else:
                self._receive(client)
        except BlockingIOError:
            pass
        except OSError:  # it went away, or speaks no TLS
            self._drop(client)
            return
        if client.connection.fileno() in self._clients:
            self._poll.modify(client.connection, client.connection.event)

    def _receive(self, client: _Client) -> None:
        data = client.connection.recv(_READ)
        if not data:
            self._drop(client)
        elif not client.asked:
            client.head += data
            client.request = _request(client.head)
            client.asked = client.request is not None

    def _answer_all(self) -> None:
        """Answer complete requests, except those whose password has not been checked yet."""
        waiting = [client for client in self._clients.values() if client.request is not None]
        access = self._access
        users = access.users if access is not None else None
        if users is not None:
            waiting.sort(key=lambda client: users.last_wrong(client.address))
        for client in waiting:
            assert client.request is not None
            answer = self._answer(client.request, client.address)
            if answer is not None:
                client.reply = _encoded(answer, client.request.method != "HEAD")
                client.request = None
                self._go_on(client)

    def _send(self, client: _Client) -> None:
        while client.reply:
            client.reply = client.reply[client.connection.send(client.reply) :]
        # Closing now would reset the connection if more was sent than read, and the answer might be lost.
        client.connection.shutdown(socket.SHUT_WR)
        client.connection.event = select.POLLIN

    def _drop(self, client: _Client) -> None:
        del self._clients[client.connection.fileno()]
        self._poll.unregister(client.connection)
        client.connection.close()

    def _answer(self, request: _Request, address: str) -> Response | None:
        """The answer to a request; None while it is not known whether it may be given."""
        if request.status != 200:
            return _failed(request.status)
        access = self._access
        if access is None:
            return _failed(401)
        if access.users is not None:
            admitted = access.users.admits(request.authorization, address)
            if not admitted:
                return None if admitted is None else _failed(401)
        return self._made(request.path, self._variant(request.accept))

    def _made(self, path: str, variant: str) -> Response:
        """A page, made once a look; a failure to make one is that request's only."""
        answer = self._pages.get((path, variant))
        if answer is None:
            try:
                answer = self._page(path, variant)
            except Exception:  # the border: a mistake must not end the thread
                log.exception("a page cannot be made")
                answer = _failed(500)
            self._pages[path, variant] = answer
        return answer


def _request(head: bytearray) -> _Request | None:
    """What a client wants; None while its head is not complete."""
    end = head.find(b"\r\n\r\n")
    if end < 0 and len(head) < _MOST_HEAD:
        return None
    if not 0 <= end < _MOST_HEAD:
        return _Request(431)
    line, *fields = head[:end].decode("latin-1").split("\r\n")
    method, _, rest = line.partition(" ")
    target, _, version = rest.partition(" ")
    if not version.startswith("HTTP/1.") or not target.startswith("/"):
        return _Request(400, method)
    if method not in ("GET", "HEAD"):
        return _Request(501, method)
    accept, authorization = (",".join(_values(fields, name)) for name in ("accept:", "authorization:"))
    return _Request(200, method, target.partition("?")[0], accept, authorization)


def _values(fields: list[str], name: str) -> list[str]:
    """The values of the fields that are called so, in lower case with a colon."""
    return [field[len(name) :] for field in fields if field.lower().startswith(name)]


def _failed(status: int) -> Response:
    return Response(status, "text/plain; charset=utf-8", f"{status} {_PHRASES[status]}\n".encode())


def _encoded(answer: Response, with_body: bool) -> bytes:
    scheme = 'WWW-Authenticate: Basic realm="host-sensor", charset="UTF-8"\r\n' if answer.status == 401 else ""
    head = (
        f"HTTP/1.1 {answer.status} {_PHRASES[answer.status]}\r\nServer: host-sensor\r\nContent-Type: {answer.kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\n{scheme}Connection: close\r\n\r\n"
    )
    return head.encode() + (answer.body if with_body else b"")
