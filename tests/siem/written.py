"""Logs as the sensor writes them, for what loads them."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sensor.build import Sensor, build
from sensor.config import load
from sensor.host_state import HostState
from sensor.process.files import ProcFiles
from sensor.stats import Stats
from tests.support.fake_host import BOOTED, FakeHost, event, exec_event, syscall

SIEM = Path(__file__).resolve().parents[2] / "packaging" / "siem"
DATA = Path(__file__).resolve().parents[1] / "data"
INTRUDERS = DATA / "ecs" / "intruders.audit.xz"
PLANTED = DATA / "origin" / "sudoers-umlaut.audit"
MIXED = DATA / "corpora" / "session-mixed.raw.audit.xz"
DISTINCT = "transform: {keys: distinct, strings: unicode}\ntranslate: {summary: true, time: iso, type: true}\n"
FORMS = {"ecs": "output: ecs\n", "distinct": DISTINCT}
LOGIN = """USER_LOGIN pid=30 uid=0 auid=1000 ses=3 msg='op=login acct="root" exe="/usr/sbin/sshd" hostname=? \
addr=192.0.2.7 terminal=ssh res=success'"""


def written(feed: bytes, options: str, folder: Path) -> Path:
    """The file of lines that a log becomes."""
    return _written(build(_configured(options, folder), Stats(), live=False), feed, folder)


def content(path: Path) -> bytes:
    """A recorded feed."""
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def with_guids(options: str, folder: Path) -> Path:
    """A session on a host where GUIDs are known: sshd (30) has a shell (31), in which sudo becomes tee (32)."""
    host = FakeHost(folder)
    for pid, parent, exe in ((1, 0, "/usr/lib/systemd/systemd"), (30, 1, "/usr/sbin/sshd")):
        host.process(pid, parent, exe, start=pid)
    for pid, parent, exe in ((31, 30, "/usr/bin/bash"), (32, 31, "/usr/bin/sudo")):
        host.process(pid, parent, exe, start=100_000 + pid)
    config = _configured(options, folder)
    state = HostState(config, Stats(), live=False)
    state.live, state.table, state.host = True, host.table, host.proc.host(BOOTED)
    state.files = ProcFiles(host.proc)
    path = 'PATH item=0 name="/etc/sudoers.d/job" inode=5 dev=fd:01 mode=0100644 ouid=0 ogid=0 nametype=CREATE'
    events = (
        event(LOGIN),
        exec_event(31, 30, "/usr/bin/bash", ["-bash"], uid=1000),
        exec_event(32, 31, "/usr/bin/sudo", ["sudo", "tee", "/etc/sudoers.d/job"], uid=1000),
        exec_event(32, 31, "/usr/bin/tee", ["tee", "/etc/sudoers.d/job"]),
        event(syscall(32, 31, "/usr/bin/tee"), 'CWD cwd="/"', path),
    )
    return _written(build(config, Stats(), host_state=state), "".join(events).encode(), folder)


def documents(path: Path) -> Iterable[dict[str, Any]]:
    """What the lines of a file hold."""
    return map(json.loads, path.read_bytes().splitlines())


def _configured(options: str, folder: Path) -> Any:
    (folder / "config.yaml").write_text(options)
    return load(str(folder / "config.yaml"))


def _written(sensor: Sensor, feed: bytes, folder: Path) -> Path:
    lines = [*sensor.pipeline.feed(feed, 0.0), *sensor.pipeline.close()]
    out = folder / "audit.log"
    out.write_bytes(("\n".join(lines) + "\n").encode("latin-1"))
    return out
