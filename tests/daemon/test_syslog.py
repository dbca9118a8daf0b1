"""The sensor's own messages: where they go, how they look, and how few they are."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time

import pytest

from sensor.daemon import syslog
from tests.support.clocks import Clock
from tests.support.program import ROOT


@pytest.fixture
def clock() -> Clock:
    return Clock()


def record(text: str, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("sensor", level, __file__, 1, "%s", (text,), None)


def shown(limit: syslog.MessageRateLimit, *texts: str) -> list[str]:
    records = [record(text) for text in texts]
    return [each.getMessage() for each in records if limit.filter(each)]


def test_the_same_message_once_a_minute_with_a_count(clock):
    limit = syslog.MessageRateLimit(clock.monotonic)
    assert shown(limit, "full", "full", "other", "full") == ["full", "other"]
    clock.now += 59
    assert shown(limit, "full") == []
    clock.now += 1
    assert shown(limit, "full", "full") == ["full (3 more like this)"]


def test_many_different_messages_are_few(clock):
    limit = syslog.MessageRateLimit(clock.monotonic)
    assert len(shown(limit, *map(str, range(1000)))) == syslog.BURST
    clock.now += 3 * syslog.REFILL
    assert len(shown(limit, *map(str, range(2000, 3000)))) == 3


def test_of_so_many_messages_it_is_known_that_they_were_held_back(clock):
    limit = syslog.MessageRateLimit(clock.monotonic)
    texts = [str(number) for number in range(1000)]
    assert len(shown(limit, *texts)) == syslog.BURST
    later = []
    for text in texts[syslog.BURST :]:
        clock.now += syslog.REFILL
        later += shown(limit, text)
    assert len(later) == 1000 - syslog.BURST
    assert len([text for text in later if text.endswith("(1 more like this)")]) == 256


@pytest.fixture
def daemon(tmp_path):
    """A log daemon's socket."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(tmp_path / "log"))
    receiver.settimeout(5)
    yield receiver
    receiver.close()


@pytest.fixture
def handler(daemon, tmp_path):
    handler = syslog.Syslog([str(tmp_path / "none"), str(tmp_path / "log")])
    yield handler
    handler.close()


@pytest.fixture(autouse=True)
def silent(monkeypatch):
    """As start_logging has it: what cannot be logged is no reason to write elsewhere."""
    monkeypatch.setattr(logging, "raiseExceptions", False)


FULL = """
import logging
from sensor.daemon.syslog import start_logging

class Full:
    def write(self, text):
        raise OSError(28, "full")

start_logging(at_terminal=True)
logging.getLogger("sensor").handlers[0].setStream(Full())
logging.getLogger("sensor").error("x")
"""


def test_what_cannot_be_logged_writes_nothing_elsewhere():
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("level", "priority"),
    [
        (logging.CRITICAL, 26),
        (logging.ERROR, 27),
        (logging.WARNING, 28),
        (logging.INFO, 30),
        (logging.DEBUG, 31),
    ],
)
def test_a_message_arrives_in_syslog_form(level, priority, daemon, handler):
    handler.emit(record("größer", level))
    assert daemon.recv(1000).decode() == f"<{priority}>host-sensor[{os.getpid()}]: größer"


def test_half_a_surrogate_pair_and_a_long_message_arrive(daemon, handler):
    handler.emit(record("a\ud800b"))
    assert daemon.recv(1000).endswith(b": a?b")
    handler.emit(record("ä" * 100_000))
    arrived = daemon.recv(100_000).decode()
    assert arrived.partition(": ")[2] == "ä" * syslog.LONGEST


def test_a_log_daemon_that_starts_again_is_found_again(daemon, handler, tmp_path):
    handler.emit(record("1"))
    daemon.close()
    (tmp_path / "log").unlink()
    handler.emit(record("nobody there"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as again:
        again.bind(str(tmp_path / "log"))
        handler.emit(record("2"))
        assert again.recv(1000).endswith(b": 2")


def test_one_that_starts_later_is_found(tmp_path):
    handler = syslog.Syslog([str(tmp_path / "none"), str(tmp_path / "later")])
    handler.emit(record("nobody there"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as later:
        later.bind(str(tmp_path / "later"))
        handler.emit(record("1"))
        assert later.recv(1000).endswith(b": 1")
    handler.close()


def test_a_log_daemon_that_hangs_is_not_waited_for(daemon, handler):
    begun = time.monotonic()
    for _ in range(2000):
        handler.emit(record("x" * 1000))
    assert time.monotonic() < begun + 10
    assert daemon.recv(2000).endswith(b"x")


@pytest.mark.parametrize("kind", ["pipe", "socket"])
def test_a_standard_error_that_nobody_reads_is_not_waited_for(kind):
    ours, theirs = os.pipe() if kind == "pipe" else [end.detach() for end in socket.socketpair()]
    handler = syslog.StandardError(theirs)
    begun = time.monotonic()
    for _ in range(300):
        handler.emit(record("\udc80" + "x" * 8000))
    assert time.monotonic() < begun + 5
    assert os.get_blocking(theirs)
    got = os.read(ours, 8000)
    assert got.startswith(b"\\udc80xxx")
    assert got.index(b"\n") == 4095
    os.close(ours)
    handler.emit(record("y"))  # to no reader at all
    os.close(theirs)
    handler.emit(record("z"))


@pytest.mark.parametrize(("path", "expected"), [("/dev/null", True), ("/dev/zero", False), (__file__, False)])
def test_what_leads_nowhere(path, expected):
    fd = os.open(path, os.O_RDONLY)
    assert syslog.leads_nowhere(fd) is expected
    os.close(fd)
    assert syslog.leads_nowhere(fd)


def test_nothing_in_a_message_is_obeyed(daemon, handler):
    handler.emit(record("a\u202eb\x9b31m\nc\x7f é"))
    assert daemon.recv(9000).decode().endswith(r"a\u202eb\x9b31m\nc\x7f é")
    plain = syslog.Plain("host-sensor: %(message)s")
    assert plain.format(record("a\x1b[2J\u2028b\nc")) == "host-sensor: a\\x1b[2J\\u2028b\nc"
