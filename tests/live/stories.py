"""What the processes of identity.c wrote down about themselves, and the identifiers that follow from it.

    fork-exec 1 7  4026531836 55558 3148 3148  4026531836 55551 3103 3103  …  2899dae4-4fa4-4eef-95b6-6bc95325f61a
    kind execs status | the process: namespace, start in ticks, tgid in it, tgid | parent | spawner | adopter | boot

The identifiers are computed here from these, by code that shares nothing with the sensor's.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
import uuid
from pathlib import Path
from typing import NamedTuple

import pytest


class Who(NamedTuple):
    """A process: what makes its identifier, and its number in the initial namespace."""

    namespace: int
    ticks: int
    ns_tgid: int
    tgid: int

    def cpid(self, boot: str) -> uuid.UUID:
        """The Common Process Identifier, as its specification has it."""
        inputs = uuid.UUID(boot).bytes + struct.pack("=QQq", self.namespace, self.ticks, self.ns_tgid)
        digest = bytearray(hashlib.sha256(inputs).digest()[:16])
        digest[6] = digest[6] & 0x0F | 0x80
        digest[8] = digest[8] & 0x3F | 0x80
        return uuid.UUID(bytes=bytes(digest))


class Story(NamedTuple):
    """A line of the report."""

    kind: str
    execs: int
    status: int
    me: Who
    parent: Who
    spawner: Who
    adopter: Who
    boot: str


def compiled(folder: Path) -> Path:
    """The program, made in `folder`; the test is skipped without a compiler."""
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    binary = folder / "identity"
    source = Path(__file__).with_name("identity.c")
    subprocess.run(["cc", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", binary, source], check=True)
    return binary


def reported(report: Path) -> list[Story]:
    """What is in a report."""
    stories = []
    for line in report.read_text().splitlines():
        kind, execs, status, *numbers, boot = line.split()
        whos = (Who(*map(int, numbers[i : i + 4])) for i in range(0, 16, 4))
        stories.append(Story(kind, int(execs), int(status), *whos, boot))
    return stories
