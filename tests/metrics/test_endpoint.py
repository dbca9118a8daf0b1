"""The endpoint answers, whatever others do to it, and what they do costs little."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from sensor.metrics.endpoint import ClientLimits, Endpoint, Response

SECONDS = 2.0


class Served:
    """An endpoint in a thread; `made` counts the pages."""

    def __init__(self, limits: ClientLimits) -> None:
        self.listener = listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = listener.getsockname()
        self.made = 0
        self.endpoint = Endpoint(listener, self.page, lambda accept: "x" if "x" in accept else "", limits)
        self.thread = threading.Thread(target=self.endpoint.serve)
        self.thread.start()

    def page(self, path: str, variant: str) -> Response:
        self.made += 1
        if path == "/wrong":
            raise ValueError
        if path == "/big":
            return Response(200, "text/plain", b"b" * 20_000_000)
        return Response(200 if path == "/" else 404, "text/plain", f"page{variant}".encode())

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=10)

    def ask(self, request: bytes = b"GET / HTTP/1.1\r\n\r\n") -> bytes:
        with self.connect() as client:
            client.sendall(request)
            return read_all(client)

    def close(self) -> float:
        """Seconds that closing took."""
        start = time.monotonic()
        self.endpoint.close()
        self.thread.join(20)
        assert not self.thread.is_alive()
        self.listener.close()
        return time.monotonic() - start


@contextmanager
def serving(**limits: float) -> Iterator[Served]:
    served = Served(ClientLimits(**{"seconds": SECONDS, "pause": 0.01, **limits}))
    try:
        yield served
    finally:
        served.close()


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


def read_all(client: socket.socket) -> bytes:
    """What comes until the end, or until the connection is reset."""
    parts = []
    with suppress(ConnectionResetError):
        while data := client.recv(1 << 20):
            parts.append(data)
    return b"".join(parts)


def test_an_answer_is_whole(served):
    assert served.ask() == (
        b"HTTP/1.1 200 OK\r\nServer: host-sensor\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n"
        b"Connection: close\r\n\r\npage"
    )


@pytest.mark.parametrize(
    ("request_head", "status", "body"),
    [
        (b"GET /?x=1 HTTP/1.0\r\n\r\n", 200, b"page"),
        (b"GET / HTTP/1.1\r\nHost: h\r\nACCEPT: a/x\r\n\r\n", 200, b"pagex"),
        (b"GET / HTTP/1.1\r\nAccept: a\r\naccept: x\r\n\r\n", 200, b"pagex"),
        (b"HEAD / HTTP/1.1\r\n\r\n", 200, b""),
        (b"GET /none HTTP/1.1\r\n\r\n", 404, b"page"),
        (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", 404, b"page"),
        (b"GET /wrong HTTP/1.1\r\n\r\n", 500, b"500 Internal Server Error\n"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n123456789", 501, b"501 Not Implemented\n"),
        (b"get / HTTP/1.1\r\n\r\n", 501, b"501 Not Implemented\n"),
        (b"GET /\r\n\r\n", 400, b"400 Bad Request\n"),
        (b"GET http://h/ HTTP/1.1\r\n\r\n", 400, b"400 Bad Request\n"),
        (b"GET / SPDY\r\n\r\n", 400, b"400 Bad Request\n"),
        (b"\r\n\r\n", 400, b"400 Bad Request\n"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, b"400 Bad Request\n"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 431, b"431 Request Header Fields Too Large\n"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", 431, b"431 Request Header Fields Too Large\n"),
        (b"x" * 1_000_000, 431, b"431 Request Header Fields Too Large\n"),
    ],
)
def test_requests(served, request_head, status, body):
    head, _, answered = served.ask(request_head).partition(b"\r\n\r\n")
    assert (int(head.split()[1]), answered) == (status, body)
    assert served.ask().endswith(b"page")


def test_a_head_may_come_in_pieces(served):
    with served.connect() as client:
        for byte in b"GET / HTTP/1.1\r\n\r\n":
            client.sendall(bytes([byte]))
            time.sleep(0.002)
        assert read_all(client).endswith(b"page")


def test_a_large_page_to_a_slow_reader_is_whole():
    with serving(seconds=20.0) as served, served.connect() as client:
        client.sendall(b"GET /big HTTP/1.1\r\n\r\n")
        time.sleep(0.3)
        assert served.ask().endswith(b"page")
        assert read_all(client).count(b"b") >= 20_000_000


@pytest.mark.parametrize("what", [b"", b"GET ", b"GET / HTTP/1.1\r\nX: y\r\n", b"GET /big HTTP/1.1\r\n\r\n"])
def test_a_client_that_is_silent_is_cut_off_and_keeps_nobody_out(served, what):
    with served.connect() as client:
        client.sendall(what)
        start = time.monotonic()
        assert served.ask().endswith(b"page")
        assert time.monotonic() - start < SECONDS
        time.sleep(SECONDS + 0.3)
        assert len(read_all(client)) < 20_000_000


@pytest.mark.parametrize("piece", [b"X: a\r\n", b"a", b"\r\n"], ids=["lines", "bytes", "empty-lines"])
def test_the_deadline_is_for_the_whole_request(served, piece):
    """However often something comes."""
    start = time.monotonic()
    with served.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nB:" if piece != b"\r\n" else b"")
        with suppress(OSError):
            while time.monotonic() < start + 20:
                client.sendall(piece)
                time.sleep(0.05)
                if time.monotonic() < start + SECONDS / 2:
                    assert served.ask().endswith(b"page")
    assert time.monotonic() - start < SECONDS + 5


@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_idle_connections_keep_nobody_out(count):
    with serving(seconds=60.0) as served, ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(served.connect())
        for _ in range(5):
            assert served.ask().endswith(b"page")


def test_many_at_once_are_all_answered(served):
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(served.ask())) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer[-4:] for answer in answers] == [b"page"] * 40


def test_a_flood_makes_few_pages_and_looks():
    """With 50 ms between looks no more than 20 pages a second of each variant, whoever asks how often."""
    with serving(pause=0.05) as served:
        over = time.monotonic() + 1

        def flood() -> None:
            while time.monotonic() < over:
                with suppress(OSError):
                    served.ask(b"GET / HTTP/1.1\r\nAccept: %r\r\n\r\n" % time.monotonic())

        threads = [threading.Thread(target=flood) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 2 <= served.made <= 30


@pytest.mark.parametrize("what", [None, b"", b"GET / HTTP", b"GET /big HTTP/1.1\r\n\r\n"])
def test_closing_waits_for_nobody(what):
    with serving(seconds=60.0, pause=10.0 if what is None else 0.01) as served, ExitStack() as stack:
        if what is not None:
            client = stack.enter_context(served.connect())
            client.sendall(what)
            time.sleep(0.1)
        assert served.close() < 5


def test_serving_goes_on_after_an_exception():
    """As of memory that is short; who guards the thread calls again."""
    wrong = [MemoryError, None]

    def variant(accept: str) -> str:
        error = wrong.pop(0)
        if error is not None:
            raise error
        return ""

    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoint = Endpoint(
            listener, lambda path, variant: Response(200, "text/plain", b"page"), variant, ClientLimits()
        )
        for _ in range(2):
            with socket.create_connection(listener.getsockname()) as client:
                client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                thread = threading.Thread(target=lambda: suppress_memory_error(endpoint.serve))
                thread.start()
                answer = read_all(client)
            if not answer:
                thread.join(10)
        assert answer.endswith(b"page")
        endpoint.close()
        thread.join(10)


def suppress_memory_error(function: Callable[[], None]) -> None:
    with suppress(MemoryError):
        function()


def test_clients_that_go_away(served):
    for request in (b"", b"GET /big HTTP/1.1\r\n\r\n", b"GET"):
        client = served.connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
        client.sendall(request)
        client.close()
    assert served.ask().endswith(b"page")


def test_it_sleeps_when_nobody_is_there(served):
    served.ask()
    time.sleep(0.2)
    path = f"/proc/self/task/{served.thread.native_id}/status"

    def switches() -> list[str]:
        with open(path) as status:
            return re.findall(r".*ctxt_switches.*", status.read())

    before = switches()
    time.sleep(0.5)
    assert switches() == before
