"""Audit text with a secret in one place, and what of it could be seen in output."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from sensor.build import build
from sensor.config import load
from sensor.stats import Stats

EXAMPLES = Path(__file__).parents[2] / "packaging/examples/redact/secrets.yaml"
ENRICHED = '\x1dARCH=x86_64 SYSCALL=execve AUID="unset" UID="root"'
_CALL = (
    "type=SYSCALL msg=audit(1700000000.001:7): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=1 "
    "ppid=1 pid=77 auid=4294967295 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 tty=pts0 ses=1 "
    'comm="mysql" exe="/usr/bin/mysql" key="k"'
)


def quoted(text: bytes) -> str:
    """A text as the kernel writes one."""
    plain = all(0x20 < byte < 0x7F and byte != 0x22 for byte in text)
    return f'"{text.decode()}"' if plain else text.hex().upper()


def exec_of(arguments: list[bytes], pieces: int = 0) -> list[str]:
    """The records of an exec; pieces: in how many the last argument is."""
    *first, last = [*arguments]
    parts = [f"a{place}={quoted(word)}" for place, word in enumerate(first)]
    bodies = [f"argc={len(arguments)} {' '.join(parts)}"]
    if pieces:
        step = max(1, len(last) // pieces)
        cut = [last[at : at + step] for at in range(0, len(last), step)]
        bodies[0] += f" a{len(first)}_len={len(last) * 2}"
        bodies += [f"a{len(first)}[{place}]={piece.hex().upper()}" for place, piece in enumerate(cut)]
    else:
        bodies[0] += f" a{len(first)}={quoted(last)}"
    title = b"\0".join(arguments)[:128]
    return [
        _CALL,
        *[f"type=EXECVE msg=audit(1700000000.001:7): {body}" for body in bodies],
        'type=CWD msg=audit(1700000000.001:7): cwd="/root"',
        'type=PATH msg=audit(1700000000.001:7): item=0 name="/usr/bin/mysql" inode=1 dev=fe:00 mode=0100755 ouid=0',
        f"type=PROCTITLE msg=audit(1700000000.001:7): proctitle={quoted(title)}",
    ]


def user_command(text: bytes) -> list[str]:
    """What sudo reports."""
    message = f'msg=\'cwd="/home" cmd={text.hex().upper()} exe="/usr/bin/sudo" terminal=pts/0 res=success\''
    return [f"type=USER_CMD msg=audit(1700000000.001:8): pid=5 uid=1000 auid=1000 ses=1 {message}"]


def typed(text: bytes) -> list[str]:
    """What pam_tty_audit reports."""
    data = text.hex().upper()
    return [
        f'type=TTY msg=audit(1700000000.001:9): tty pid=5 uid=0 auid=0 ses=1 major=136 minor=0 comm="sh" data={data}'
    ]


def feed(records: list[str], enriched: bool) -> bytes:
    """One event as auditd sends it."""
    id = records[0].partition("audit(")[2].partition(")")[0]
    lines = [
        line + (ENRICHED if enriched and line.startswith(("type=SYSCALL", "type=USER")) else "") for line in records
    ]
    return ("\n".join([*lines, f"type=EOE msg=audit({id}): "]) + "\n").encode("latin-1")


def output(text: bytes, config: str, rules: str | None = None, live: bool = False) -> tuple[list[str], dict[str, int]]:
    """All lines of all logs for some input, and the counts by rule; rules: a fragment, else the examples."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(config)
        (path.parent / "conf.d").mkdir()
        (path.parent / "conf.d/secrets.yaml").write_text(EXAMPLES.read_text() if rules is None else rules)
        stats = Stats()
        sensor = build(load(str(path)), stats, live=live)
    lines = sensor.pipeline.feed(text, 0.0)
    lines.take(sensor.close())
    return [*lines, *lines.filtered, *lines.unparsed], stats.pipeline.redacted


def seen(lines: list[str], secret: bytes) -> list[str]:
    """The lines in which a secret can be read: as it is, percent-encoded, escaped, or as hexadecimal digits."""
    return [line for line in lines if any(_holds(view, secret) for view in _views(line))]


def _holds(view: bytes, secret: bytes) -> bool:
    return secret in view or secret.hex().encode() in view.lower()


def _views(line: str) -> Iterator[bytes]:
    raw = line.encode("latin-1")
    yield raw
    yield unquote_to_bytes(raw)
    for text in _texts(json.loads(raw)):
        yield text.encode("utf-8", "surrogatepass")
        yield unquote_to_bytes(text.encode("utf-8", "surrogatepass"))
        if all(ord(char) < 256 for char in text):
            yield text.encode("latin-1")


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from (name, *_texts(each))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
