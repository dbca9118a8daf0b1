"""What it costs to read 100 MB of log: time in proportion, memory within bounds, whatever is in it."""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.bench import feeds
from tests.bench.measure import memory
from tests.converting import converted
from tests.support import program

pytestmark = pytest.mark.slow

SIZE = 100_000_000
SECONDS = 60.0
"""CPU time for 100 MB, several times what it takes on a quiet machine."""
MEGABYTES = {"top": 64, "show": 64, "tree": 256}
"""Resident at the most; a tree keeps up to 200,000 processes."""
EVENT = (
    '{"ID":"17%08d.%03d:%d","SYSCALL":{"arch":"0xc000003e","syscall":59,"success":"yes","exit":0,"items":2,"ppid":%d,"pid":%d,'
    '"auid":1000,"uid":1000,"gid":1000,"tty":"pts0","ses":%d,"comm":"program%d","exe":"/usr/bin/program%d","key":"exec%d",'
    '"KEYS":["exec%d"],"ARGV":["0x1","0x2","0x3","0x4"],"PID":{"EVENT_ID":"17%08d.%03d:%d","GUID":"%s"},"PPID":{"GUID":"%s"}},'
    '"EXECVE":{"argc":2,"ARGV":["program%d","%s"]},"CWD":{"cwd":"/home/user%d"},"PATH":[{"item":0,"name":"/usr/bin/program%d",'
    '"inode":%d,"dev":"fe:00","mode":"0o100755","ouid":0,"ogid":0,"rdev":"00:00","nametype":"NORMAL"}]}\n'
)


def unlike() -> Iterator[bytes]:
    """Lines each of which is of another process, program and file, with another key."""
    for n in range(SIZE // 800):
        guid, parent = (str(uuid.UUID(int=(number + 1) << 64)) for number in (n, n // 2))
        stamp = (n // 1000, n % 1000, n)
        line = EVENT % (*stamp, n // 2 + 1, n + 1, n, n, n, n, n, *stamp, guid, parent, n, "x" * 120, n, n, n)
        yield line.encode()


def repeated() -> Iterator[bytes]:
    """A recorded session over and over, as it is written."""
    lines = [
        json.dumps(line, separators=(",", ":")).encode() for line in converted(feeds.recorded("session-mixed.raw"))
    ]
    text = b"\n".join(lines) + b"\n"
    for _ in range(SIZE // len(text)):
        yield text


@pytest.fixture(scope="module", params=[unlike, repeated])
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "audit.jsonl"
    with path.open("wb") as file:
        for text in request.param():
            file.write(text)
    assert path.stat().st_size > 0.85 * SIZE
    return path


def measured(command: list[str]) -> tuple[float, float]:
    """CPU time of a program in seconds, and its highest resident memory in MB, without that of the test before exec."""
    highest = 0.0
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            try:
                highest = memory(process.pid)[1]
            except (AssertionError, OSError, psutil.Error):  # gone, or not there yet
                continue
            time.sleep(0.05)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1)
    return usage.ru_utime + usage.ru_stime, highest


@pytest.mark.parametrize("command", MEGABYTES)
def test_a_log_of_100_megabytes(command: str, log: Path) -> None:
    seconds, megabytes = measured(program.command(command, str(log)))
    assert 0.5 < seconds < SECONDS
    assert 10 < megabytes < MEGABYTES[command]
