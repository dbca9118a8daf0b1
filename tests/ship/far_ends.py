"""Far ends on the loopback address that behave, or misbehave, as asked; and what the tests do with `ship`."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SHIP = [sys.executable, "-m", "sensor", "ship"]


def wait_until(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """Wait until something is true, and return it; fails when it is not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError("not in time")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ship:
    """A destination's configuration, and the program run with it."""

    def __init__(self, folder: Path, log: Path, **options: Any) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.config = folder / "far.yaml"
        usual = {"log": str(log), "state": str(self.state), "user": None, "retry": {"first": 0.05, "longest": 0.2}}
        self.configure(**{**usual, **options})
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self, **options: Any) -> None:
        self.config.write_text(json.dumps(options))  # JSON is YAML

    def __enter__(self) -> Ship:
        return self

    def __exit__(self, *about: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.folder / "journal").open("ab") as journal:
            command = [*SHIP, "-c", str(self.config), *arguments]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=journal, stderr=journal)
        return self.process

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run it to its end; modules in a folder `beside` stand in the way of libraries."""
        command = [*SHIP, "-c", str(self.config), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(self.folder / "beside")}
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, env=environment)

    def kill(self, number: int = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(30)

    @property
    def journal(self) -> str:
        return (self.folder / "journal").read_text()


def numbers_in(lines: list[bytes]) -> list[int]:
    """The numbers of events that tests.ship.logs.Log wrote."""
    return [int(line.partition(b'"ID":"')[2].partition(b'"')[0].rpartition(b":")[2]) for line in lines]


def account(received: list[int], count: int) -> dict[str, int]:
    """What arrived, compared with 0 … count-1: the first of each number must be in order."""
    seen: dict[int, None] = dict.fromkeys(received)
    firsts = list(seen)
    return {
        "sent": count,
        "received": len(received),
        "missing": count - len(seen),
        "repeated": len(received) - len(seen),
        "out of order": sum(one > other for one, other in zip(firsts, firsts[1:])),
    }


class Receiver:
    """Takes lines over TCP, or TLS; with `counts` it acknowledges them; `hang_up` may end a connection at any time."""

    def __init__(self, port: int = 0, counts: bool = False, context: ssl.SSLContext | None = None) -> None:
        self.lines: list[bytes] = []
        self.connections = 0
        self._counts = counts
        self._context = context
        self._open: list[socket.socket] = []
        self._paused = threading.Event()
        self._paused.set()
        self.port = port
        self.start()

    def start(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Die: nobody listens, and every connection is reset."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Reset all connections."""
        for connection in self._open:
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RD)
                connection.close()
        self._open.clear()

    def pause(self) -> None:
        """Read nothing any more."""
        self._paused.clear()

    def resume(self) -> None:
        self._paused.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
                if self._context is not None:
                    connection = self._context.wrap_socket(connection, server_side=True)
            except (OSError, ValueError):
                if listener.fileno() < 0:
                    return
                continue
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        rest, count = b"", 0
        with suppress(OSError, ValueError):
            while True:
                self._paused.wait()
                data = connection.recv(1 << 18)
                self._paused.wait()
                if not data:
                    connection.close()
                    return
                *lines, rest = (rest + data).split(b"\n")
                self.lines += lines
                count += len(lines)
                if self._counts:
                    connection.sendall(b"%d\n" % count)


class Collector:
    """An HTTP server; `plan` has what it does with the next requests, and after these it takes everything.

    An entry is a function that is given the request's handler and returns whether the body is taken; see the functions
    below. `form` makes the body of an answer to what was taken.
    """

    def __init__(self, form: Callable[[bytes], Any] | None = None, context: ssl.SSLContext | None = None) -> None:
        self.lines: list[bytes] = []
        self._context = context
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.plan: list[Callable[[Any], bool]] = []
        self._form = form or (lambda body: {})
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                collector.serve(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass

        self._handler, self._class = Handler, Server
        self.port = 0
        self.start()

    def start(self) -> None:
        self._server = self._class(("127.0.0.1", self.port), self._handler)
        self.port = self._server.server_address[1]
        if self._context is not None:
            self._server.socket = self._context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, handler: Any) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        if handler.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        handler.body = body
        self.requests.append((handler.path, dict(handler.headers), body))
        action = self.plan.pop(0) if self.plan else None
        if action is None or action(handler):
            self.lines += [line for line in body.split(b"\n") if b'"ID"' in line]
            if action is None:
                answer(handler, 200, json.dumps(self._form(body)).encode())


def answer(handler: Any, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def responds(status: int, body: bytes = b"no", taken: bool = False, **headers: str) -> Callable[[Any], bool]:
    """Answer so, and take the body or not."""

    def act(handler: Any) -> bool:
        answer(handler, status, body, **headers)
        return taken

    return act


def resets(taken: bool = False) -> Callable[[Any], bool]:
    """Reset the connection in the middle of the answer, after taking the body or not."""

    def act(handler: Any) -> bool:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
        handler.wfile.flush()
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True
        return taken

    return act


def stalls(seconds: float) -> Callable[[Any], bool]:
    """Say nothing for so long, then hang up."""

    def act(handler: Any) -> bool:
        time.sleep(seconds)
        handler.close_connection = True
        return False

    return act


def lies_about_the_length(difference: int, taken: bool = False) -> Callable[[Any], bool]:
    """Announce another length than the body of the answer has: its status stands in both cases."""

    def act(handler: Any) -> bool:
        body = b'{"errors":false}'
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) + difference))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True
        return taken

    return act


class Part:
    """A real program, started for a test: kill and start it anew as you like."""

    def __init__(self, command: list[str], folder: Path, port: int) -> None:
        self.command, self.folder, self.port = command, folder, port
        self.start()

    def start(self) -> None:
        with (self.folder / "part.log").open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                start_new_session=True,
            )
        wait_until(self.answers)

    def answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.command[0]} ended: {(self.folder / 'part.log').read_text()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Kill it with its workers."""
        os.killpg(self.process.pid, number)
        self.process.wait(30)

    def stop(self) -> None:
        with suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


def cpu_of(pid: int) -> float:
    """Seconds of CPU time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
