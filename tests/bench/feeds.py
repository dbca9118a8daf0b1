"""The feeds the benchmark runs on: recorded ones, recorded ones over and over, and one in which nothing repeats.

A recorded feed that is repeated gets new event ids and times each time round, and keeps all else, as a machine does
that does the same work all day. In the other feed each record is unlike every one before: names, arguments,
directories, inodes, keys, titles; no cache helps with it.
"""

from __future__ import annotations

import lzma
import re
import time
from collections.abc import Iterator
from pathlib import Path

CORPORA = Path(__file__).resolve().parent.parent / "data" / "corpora"
STAMP = re.compile(rb"audit\((\d+)(\.\d+):(\d+)\)")
BEGIN = 1_700_000_000

UNIQUE = """\
type=SYSCALL msg=audit({stamp}): arch=c000003e syscall=59 success=yes exit=0 a0=55{n:010x} a1=56{n:010x} \
a2=57{n:010x} a3={n:x} items=2 ppid={ppid} pid={pid} auid=60321 uid={n} gid={n} euid={n} suid={n} fsuid={n} egid={n} \
sgid={n} fsgid={n} tty=pts{n} ses={n} comm="program{n}" exe="/usr/bin/program{n}" subj=unconfined key="key{n}"
type=EXECVE msg=audit({stamp}): argc=3 a0="program{n}" a1="--number={n}" a2={hex}
type=CWD msg=audit({stamp}): cwd="/home/user{n}/work"
type=PATH msg=audit({stamp}): item=0 name="/usr/bin/program{n}" inode={inode} dev=fe:00 mode=0100755 ouid={n} \
ogid={n} rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0
type=PATH msg=audit({stamp}): item=1 name="/lib64/loader{n}.so" inode={inode2} dev=fe:00 mode=0100755 ouid={n} \
ogid={n} rdev=00:00 nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0 cap_frootid=0
type=PROCTITLE msg=audit({stamp}): proctitle={title}
type=EOE msg=audit({stamp}):\x20
"""


def names() -> list[str]:
    """The recorded feeds."""
    return sorted(path.name[: -len(".audit.xz")] for path in CORPORA.glob("*.audit.xz"))


def recorded(name: str) -> bytes:
    """A feed of tests/data/corpora, for example `session-mixed.raw`."""
    return lzma.decompress((CORPORA / f"{name}.audit.xz").read_bytes())


def count_events(feed: bytes) -> int:
    """Distinct event ids."""
    return len({match[0] for match in STAMP.finditer(feed)})


def keys(feed: bytes) -> list[str]:
    """The keys of its events."""
    return sorted({match.decode() for match in re.findall(rb' key="([^"]+)"', feed)})


def one_event(feed: bytes) -> bytes:
    """The first event of a feed that has a SYSCALL record."""
    first = STAMP.search(feed[feed.index(b"type=SYSCALL") :])
    assert first is not None
    return b"".join(line for line in feed.splitlines(keepends=True) if first[0] in line)


def repeated(feed: bytes, rounds: int) -> Iterator[bytes]:
    """The feed again and again, an hour and a million serials later each time, and never in the future."""
    for number in range(rounds):
        yield moved(feed, (number - rounds) * 3600, number * 1_000_000)


def recent(feed: bytes) -> bytes:
    """The feed as if it had just happened here: then a sensor asks /proc about its processes."""
    return moved(feed, int(time.time()) - max(int(match[1]) for match in STAMP.finditer(feed)), 0)


def moved(feed: bytes, later: int, beyond: int) -> bytes:
    """The feed so many seconds later, and so many serials."""
    parts = STAMP.split(feed)
    parts[1::4] = [b"audit(%d" % (int(seconds) + later) for seconds in parts[1::4]]
    parts[3::4] = [b":%d)" % (int(serial) + beyond) for serial in parts[3::4]]
    return b"".join(parts)


def unique(events: int, first: int = 0) -> Iterator[bytes]:
    """Successful execs, each unlike all others, 1,000 events at a time."""
    for begin in range(first, first + events, 1000):
        yield "".join(_unlike(number) for number in range(begin, min(begin + 1000, first + events))).encode()


def _unlike(number: int) -> str:
    argument = f"argument with a blank {number}"
    return UNIQUE.format(
        stamp=f"{BEGIN + number // 1000}.{number % 1000:03}:{number + 1}",
        n=number,
        pid=number + 1000,
        ppid=number // 2 + 1000,
        inode=2 * number + 1,
        inode2=2 * number + 2,
        hex=argument.encode().hex().upper(),
        title=f"program{number}\0--number={number}\0{argument}".encode().hex().upper(),
    )


def write(path: Path, chunks: Iterator[bytes]) -> int:
    """Write a feed to a file; the number of distinct events in it."""
    events = 0
    with path.open("wb") as file:
        for chunk in chunks:
            file.write(chunk)
            events += count_events(chunk)
    return events
