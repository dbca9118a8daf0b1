"""A small HTTP server for pages that anybody may read, at a cost that no client decides.

    GET /metrics HTTP/1.1        one thread, one poll(2) for all clients
    Accept: text/plain           one request for each connection, answered and closed

A request has one deadline for all of it, from accept to the last byte read; who is slower is cut off. When there are
more than `clients` connections the oldest that has not asked yet gives way, so idle ones block no other. The thread
looks at its sockets at most once in `pause` seconds and makes each page at most once a look, so a flood of requests
costs no more than 1 / `pause` pages a second. Without clients it sleeps. HTTP is RFC 9112, as little as GET and HEAD
take.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

log = logging.getLogger(__name__)

_PHRASES = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
}
_READ = 4096
_ACCEPTS = 16
"""Connections taken at one look; the others wait in the kernel."""
_MOST_HEAD = 8192


class Answer(NamedTuple):
    """A page: status code of HTTP, media type, body."""

    status: int
    kind: str
    body: bytes


class Limits(NamedTuple):
    """What clients can take: connections at once, seconds for one request, seconds between two looks."""

    clients: int = 64
    seconds: float = 5.0
    pause: float = 0.05


USUAL = Limits()


class _Client:
    """A connection: what it has sent, and what it is still to be sent."""

    __slots__ = ("asked", "deadline", "head", "reply", "socket")

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self.socket = connection
        self.deadline = deadline
        self.head = bytearray()
        self.reply = b""
        self.asked = False


class Endpoint:
    """Serves `listener`, a listening socket.

    page: makes a page from a path, without what follows `?`, and a variant.
    variant: which variant of a page suits the value of Accept; as few as there are forms of pages.
    """

    def __init__(
        self,
        listener: socket.socket,
        page: Callable[[str, str], Answer],
        variant: Callable[[str], str],
        limits: Limits = USUAL,
    ) -> None:
        self._listener = listener
        self._page = page
        self._variant = variant
        self._limits = limits
        self._clients: dict[int, _Client] = {}
        self._pages: dict[tuple[str, str], Answer] = {}
        self._poll = select.poll()
        self._closing = threading.Event()

    def serve(self) -> None:
        """Serve until close(), which another thread calls; may be called again after it was left by an exception."""
        self._listener.setblocking(False)
        self._poll.register(self._listener, select.POLLIN)
        try:
            while not self._closing.is_set():
                self._look()
                self._closing.wait(self._limits.pause)
        finally:
            for client in list(self._clients.values()):
                self._drop(client)

    def close(self) -> None:
        """Let serve() return now; clients that wait are cut off."""
        self._closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that sleeps in poll

    def _look(self) -> None:
        """Sleep until something happens or a deadline passes, and see to it."""
        now = time.monotonic()
        first = min((client.deadline for client in self._clients.values()), default=None)
        ready = self._poll.poll(None if first is None else max(0.0, first - now) * 1000 + 1)
        self._pages.clear()
        for number, _ in ready:
            client = self._clients.get(number)
            if client is not None:
                self._go_on(client)
            elif number == self._listener.fileno():
                self._accept()
        now = time.monotonic()
        for client in [client for client in self._clients.values() if client.deadline <= now]:
            self._drop(client)

    def _accept(self) -> None:
        for _ in range(_ACCEPTS):
            try:
                connection, _address = self._listener.accept()
            except OSError:  # no more; or no descriptor is free, and there may be one at the next look
                return
            connection.setblocking(False)
            if len(self._clients) >= self._limits.clients:
                idle = (client for client in self._clients.values() if not client.asked)
                self._drop(next(idle, next(iter(self._clients.values()))))
            client = _Client(connection, time.monotonic() + self._limits.seconds)
            self._clients[connection.fileno()] = client
            self._poll.register(connection, select.POLLIN)
            self._go_on(client)

    def _go_on(self, client: _Client) -> None:
        """Read or write what can be now."""
        try:
            if client.reply:
                self._send(client)
            else:
                self._receive(client)
        except BlockingIOError:
            return
        except OSError:  # it went away
            self._drop(client)

    def _receive(self, client: _Client) -> None:
        data = client.socket.recv(_READ)
        if not data:
            self._drop(client)
        elif not client.asked:
            client.head += data
            answer = self._answer(client.head)
            if answer is not None:
                client.asked = True
                client.reply = _encoded(answer, not client.head.startswith(b"HEAD "))
                self._poll.modify(client.socket, select.POLLOUT)
                self._send(client)

    def _send(self, client: _Client) -> None:
        client.reply = client.reply[client.socket.send(client.reply) :]
        if not client.reply:
            # Closing now would reset the connection if more was sent than read, and the answer might be lost.
            client.socket.shutdown(socket.SHUT_WR)
            self._poll.modify(client.socket, select.POLLIN)

    def _drop(self, client: _Client) -> None:
        del self._clients[client.socket.fileno()]
        self._poll.unregister(client.socket)
        client.socket.close()

    def _answer(self, head: bytearray) -> Answer | None:
        """The answer to a request; None while its head is not complete."""
        end = head.find(b"\r\n\r\n")
        if end < 0 and len(head) < _MOST_HEAD:
            return None
        if not 0 <= end < _MOST_HEAD:
            return _failed(431)
        line, *fields = head[:end].decode("latin-1").split("\r\n")
        method, _, rest = line.partition(" ")
        target, _, version = rest.partition(" ")
        if not version.startswith("HTTP/1.") or not target.startswith("/"):
            return _failed(400)
        if method not in ("GET", "HEAD"):
            return _failed(501)
        accepted = [field.partition(":")[2] for field in fields if field.lower().startswith("accept:")]
        return self._made(target.partition("?")[0], self._variant(",".join(accepted)))

    def _made(self, path: str, variant: str) -> Answer:
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


def _failed(status: int) -> Answer:
    return Answer(status, "text/plain; charset=utf-8", f"{status} {_PHRASES[status]}\n".encode())


def _encoded(answer: Answer, with_body: bool) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status} {_PHRASES[answer.status]}\r\nServer: host-sensor\r\nContent-Type: {answer.kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (answer.body if with_body else b"")
