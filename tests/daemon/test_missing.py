"""Events that the kernel numbered and that never came: taken out of a feed, and counted, the same number."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.support.program import ROOT, command, write_config


def event(serial: int, node: str = "") -> bytes:
    id = f"msg=audit(1700000000.{serial % 1000:03}:{serial})"
    prefix = f"node={node} " if node else ""
    return f"{prefix}type=USER_CMD {id}: pid=1 uid=0 res=success\n".encode()


def missing(folder: Path, feed: Iterable[bytes]) -> int:
    """What the sensor counts as missing in a feed."""
    text = folder / "sensor.prom"
    config = write_config(folder, metrics={"textfile": str(text)}, loss={"kernel": False})
    ours, auditd = socket.socketpair()
    with ours, auditd:
        process = subprocess.Popen(
            command("run", "--config", str(config)), stdin=ours, stderr=subprocess.DEVNULL, cwd=ROOT
        )
        ours.close()
        for data in feed:
            auditd.sendall(data)
        auditd.close()
        assert process.wait(30) == 0
    (value,) = re.findall(r"^host_sensor_missing_serials_total (\S+)", text.read_text(), re.MULTILINE)
    return int(float(value))


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        ([event(serial) for serial in range(1, 500)], 0),
        ([event(serial) for serial in range(1, 500) if serial % 50], 9),
        ([event(serial % 2**32) for serial in range(2**32 - 100, 2**32 + 100) if serial % 40], 5),
        ([event(serial ^ 3) for serial in range(400)], 0),  # out of order
        ([event(serial, node) for serial in range(1, 300) for node in "ab" if node == "a" or serial % 100], 2),
    ],
    ids=["whole", "holes", "roll-over", "reordered", "two nodes"],
)
def test_what_was_taken_out_is_what_is_counted(tmp_path: Path, feed: list[bytes], expected: int) -> None:
    assert missing(tmp_path, feed) == expected
