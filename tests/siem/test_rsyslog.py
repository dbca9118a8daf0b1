"""packaging/siem/rsyslog: rsyslogd takes the file, reads a log, and sends each line whole."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ship.far_ends import wait_until
from tests.siem.written import FORMS, INTRUDERS, SIEM, content, written

FILE = SIEM / "rsyslog" / "host-sensor.conf"
HEAD = 'global(workDirectory="{folder}" maxMessageSize="1m")\n'

pytestmark = pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="needs rsyslog")


class Receiver:
    """What arrives at a port of the loopback address."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.bytes = b""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._thread.join(10)
        self._socket.close()

    def messages(self) -> list[bytes]:
        """The messages so far, each behind its length (RFC 6587, octet counting)."""
        found, rest = [], self.bytes
        while rest:
            length, _, rest = rest.partition(b" ")
            if not length.isdigit() or len(rest) < int(length):
                break
            found.append(rest[: int(length)])
            rest = rest[int(length) :]
        return found

    def _run(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            while part := connection.recv(1 << 16):
                self.bytes += part


def configuration(folder: Path, log: Path, port: int) -> Path:
    """The file as it is shipped, but for where the log is and where it goes."""
    text = FILE.read_text()
    for usual, here in (
        ("/var/log/host-sensor/audit.jsonl", str(log)),
        ("logs.example", "127.0.0.1"),
        ("5514", str(port)),
    ):
        assert text.count(f'"{usual}"') == 1
        text = text.replace(f'"{usual}"', f'"{here}"')
    path = folder / "rsyslog.conf"
    path.write_text(HEAD.format(folder=folder) + text)
    return path


@contextmanager
def running(path: Path) -> Iterator[None]:
    process = subprocess.Popen(["rsyslogd", "-n", "-f", str(path), "-i", str(path.with_suffix(".pid"))])
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_rsyslog_accepts_the_file(tmp_path: Path) -> None:
    path = configuration(tmp_path, tmp_path / "audit.log", 5514)
    done = subprocess.run(["rsyslogd", "-N1", "-f", str(path)], capture_output=True, text=True)
    assert (done.returncode, "error" in done.stderr) == (0, False), done.stderr
    path.write_text(path.read_text().replace("queue.filename", "queue.fielname"))
    assert (
        "queue.fielname" in subprocess.run(["rsyslogd", "-N1", "-f", str(path)], capture_output=True, text=True).stderr
    )


@pytest.mark.parametrize("form", FORMS)
def test_each_line_of_a_log_arrives_whole(form: str, tmp_path: Path) -> None:
    log = written(content(INTRUDERS), FORMS[form], tmp_path)
    lines = log.read_bytes().splitlines()
    with log.open("ab") as out:
        out.write(b'{"long":"' + b"x" * 40_000 + b'"}\nno JSON\n{"last":1}\n')
    receiver = Receiver()
    with running(configuration(tmp_path, log, receiver.port)):
        wait_until(lambda: b'{"last":1}\n' in receiver.messages(), 20)
    receiver.close()
    found = [message.rstrip(b"\n") for message in receiver.messages()]
    assert found[: len(lines)] == lines
    assert [len(message) for message in found[len(lines) :]] == [40_011, 10]
