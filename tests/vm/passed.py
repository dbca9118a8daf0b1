"""What has passed in the machines, kept until every case has: of the packages and the commands that are here.

All machines take most of an hour. After a failure only what failed is to be run again, unless the package has changed.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from tests.vm.machine import REPOSITORY

HERE = Path(__file__).parent
KEPT = REPOSITORY / "build" / "cache" / "vm-passed.json"


class Passed(NamedTuple):
    """A machine in which everything was as it should be.

    run: when that run of the tests began, RFC 3339.
    seconds: what the machine took.
    package: SHA-256 of the package that was installed.
    scripts: the names of what was run in it; commands: their checksum then.
    sections: what the report says of it: lines by title.
    """

    run: str
    seconds: float
    package: str
    scripts: list[str]
    commands: str
    sections: dict[str, list[str]]


def sha256(package: Path) -> str:
    """The checksum of a package."""
    return hashlib.sha256(package.read_bytes()).hexdigest()


def checksum(scripts: list[str], text: str = "") -> str:
    """The checksum of the commands of scripts, without their comments, and of a text."""
    lines = [line.strip() for name in scripts for line in (HERE / name).read_text(encoding="utf-8").splitlines()]
    commands = "\n".join(line for line in lines if line and not line.startswith("#"))
    return f"{zlib.crc32(f'{commands}{text}'.encode()):08x}"


def keep(one: Passed, file: Path = KEPT) -> None:
    """Keep what has passed, in the place of what has the same sections."""
    file.parent.mkdir(parents=True, exist_ok=True)
    others = [other for other in _all(file) if set(other.sections) != set(one.sections)]
    file.write_text(json.dumps([*others, one]), encoding="utf-8")


def kept(packages: Collection[str], file: Path = KEPT) -> list[Passed]:
    """What has passed with these packages, by their checksums, and with the commands as they are."""
    return [one for one in _all(file) if one.package in packages and one.commands == checksum(one.scripts)]


def _all(file: Path) -> list[Passed]:
    if not file.exists():
        return []
    return [Passed(*fields) for fields in json.loads(file.read_text(encoding="utf-8"))]
