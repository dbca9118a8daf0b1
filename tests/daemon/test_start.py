"""The start: what cannot be built is replaced by the defaults, and the input is what the configuration names."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.config import Config
from sensor.daemon import CANNOT_BE_BUILT, make_input
from sensor.probe import DEFAULTS
from sensor.stats import Stats
from tests.support.program import ROOT
from tests.support.running import events

DIRECTORY = Path(DEFAULTS.path)
UNBUILDABLE = """
import sys
from dataclasses import replace
from sensor.config import Config
from sensor.daemon import Daemon, Signals
from sensor.daemon.syslog import start_logging
from sensor.metrics import SensorOptions as Metrics
from sensor.probe import Options as Probe
from sensor.stages.filters.options import FilterOptions

start_logging()
config = replace(
    Config(user=None, directory=sys.argv[1], metrics=Metrics(listen="")),
    filter=FilterOptions(filter_raw_lines=("(",)),  # which no check of a file lets through
)
Daemon("/nowhere", config, Signals()).run()
"""


@pytest.fixture
def no_probe_waited_for():
    """The defaults wait for the probe of this machine, in a directory that is made for it."""
    was_there = DIRECTORY.exists()
    yield
    if not was_there:
        with suppress(OSError):  # there is no such file system here, or a probe was loaded
            DIRECTORY.rmdir()


def test_what_cannot_be_built_is_replaced_by_the_defaults(tmp_path, no_probe_waited_for):
    """A plugin that ends is soon dead for ever."""
    ours, auditd = socket.socketpair()
    command = [sys.executable, "-c", UNBUILDABLE, str(tmp_path)]
    with ours, auditd, subprocess.Popen(command, stdin=ours, stderr=subprocess.PIPE, cwd=ROOT) as process:
        ours.close()
        auditd.sendall(events(0, 5))
        auditd.close()
        _, output = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert b"what is configured cannot be built (PatternError at regex/" in output
    assert b"going on with the defaults" in output
    start, *lines, _ = map(json.loads, (tmp_path / "audit.jsonl").read_text().splitlines())
    assert [line["SYSCALL"]["exit"] for line in lines] == list(range(5))
    assert start["SENSOR"]["mistakes"] == [CANNOT_BE_BUILT]


def test_the_path_of_a_socket_is_taken_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where a path without its first character leads elsewhere
    path = tmp_path / "socket"
    stats = Stats()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        source = make_input(replace(Config(), input=f"unix:{path}"), stats)
        source.open()
        assert stats.input.connected == 1
        source.start()
        source.stop()
        assert source.queue.get(10) == b""
