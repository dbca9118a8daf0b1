"""Events for the tests of summaries, made of lines as auditd writes them."""

from __future__ import annotations

import json
from typing import Any

from sensor.audit.event import Event
from sensor.audit.header import parse_line
from sensor.audit.naming import Naming
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder, Transform
from tests.support.pipelines import make_pipeline

PLAIN = Naming()
IDS = "auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0"


def call(number: int, how: str = "success=yes exit=0", ids: str = IDS, args: str = "a0=0 a1=0 a2=0 a3=0") -> str:
    """A SYSCALL record of a process that everybody knows."""
    return (
        f"type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall={number} {how} {args} items=0 ppid=30 pid=31"
        f' {ids} tty=pts0 ses=3 comm="cat" exe="/usr/bin/cat" key="k"'
    )


def text(*records: str) -> bytes:
    """The lines of one event; a record without a header gets one."""
    lines = [
        record if " msg=audit(" in record else record.replace(" ", " msg=audit(1.000:1): ", 1) for record in records
    ]
    return "".join([f"type={line.removeprefix('type=')}\n" for line in lines]).encode("latin-1")


def events(*records: str, transforms: tuple[Transform, ...] = (), prefix: str = "") -> list[Event]:
    """What becomes of some records, before anything is added."""
    found: list[Event] = []

    pipeline = make_pipeline(stages=[found.append], transforms=transforms)
    pipeline.feed(text(*records), 0.0)
    pipeline.close()
    return found


def summary(*records: str, transforms: tuple[Transform, ...] = (), prefix: str = "") -> dict[str, Any]:
    """The SUMMARY of one event; made three times, because the third time it is remembered."""
    pipeline = make_pipeline(transforms=transforms, prefix=prefix, summary=True)
    lines: list[str] = []
    for _ in range(3):
        lines += pipeline.feed(text(*records).replace(b":1)", b":%d)" % (len(lines) + 1)), 0.0)
        lines += pipeline.close()
    first, second, third = (json.loads(line.encode("latin-1"))[Naming(prefix).key("SUMMARY")] for line in lines)
    assert first == second == third
    return dict(first)


def fields(name: str, body: str) -> dict[str, Any]:
    """The decoded fields of a record."""
    assert parse_line(f"type={name} msg=audit(1.000:1): {body}") is not None
    return dict(RecordDecoder(TransformOptions(), (), 16).parse(name, body))
