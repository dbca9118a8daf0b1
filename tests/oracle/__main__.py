"""`python -m tests.oracle`: every corpus under every set of options against LAUREL, then a live session.

`python -m tests.oracle table` prints the deviations.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench import feeds
from tests.live import beside
from tests.oracle import laurel
from tests.oracle.deviations import table
from tests.oracle.options import OPTIONS
from tests.oracle.run import Verdict, compare
from tests.support.audit_session import NoAuditError


def main() -> int:
    """Print counts and what is unexplained; 1 if anything is."""
    if sys.argv[1:] == ["table"]:
        print(table())
        return 0
    try:
        laurel.command()
    except laurel.NoLaurelError as reason:
        print(f"not compared: {reason}")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        compared = itertools.chain(recorded(Path(folder)), live(Path(folder)))
        unexplained = sum(report(name, verdict) for name, verdict in compared)
    return 1 if unexplained else 0


def recorded(scratch: Path) -> Iterator[tuple[str, Verdict]]:
    """The recorded feeds, under every set of options."""
    feed = scratch / "feed"
    for name in feeds.names():
        feed.write_bytes(feeds.recorded(name))
        for options in OPTIONS:
            yield f"{name}, {options}", compare(feed, OPTIONS[options], scratch)


def live(scratch: Path) -> Iterator[tuple[str, Verdict]]:
    """Both as plugins of one auditd, where there can be one."""
    folder = scratch / "live"
    folder.mkdir()
    try:
        verdict, agreed = beside.compare(folder)
    except NoAuditError as reason:
        print(f"not compared live: {reason}")
        return
    yield "live, everything", verdict
    print("    the same live: " + ", ".join(f"{count} {path}" for path, count in agreed.items()))


def report(name: str, verdict: Verdict) -> int:
    """Print what was found; how much of it is unexplained."""
    counts = ", ".join(f"{count} {deviation}" for deviation, count in verdict.explained.most_common())
    print(f"{name}: {verdict.events} events; {counts}; {len(verdict.unexplained)} unexplained", flush=True)
    for difference in verdict.unexplained[:20]:
        print(f"    {str(difference)[:300]}")
    return len(verdict.unexplained)


if __name__ == "__main__":
    sys.exit(main())
