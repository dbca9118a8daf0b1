"""Runs LAUREL and `host-sensor convert` on one feed, with the same options, and explains each difference.

A set of options is given in LAUREL's words; ours are the same with `_` for `-`. LAUREL looks at /proc while it reads,
and a recorded feed's processes are gone; so it gets a /proc of its own, in which each process of the feed has a
folder, hence is alive, but with nothing in it to be read.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import program
from tests.oracle import laurel
from tests.oracle.compare import Difference, differences
from tests.oracle.deviations import context, explain

OPTIONS: dict[str, dict[str, dict[str, Any]]] = {
    "plain": {},
    "tracked": {"enrich": {"pid": True, "spawned-by": True}},
    "translated": {"translate": {"universal": True, "user-db": True}},
}
QUIET_PROC = 'mount -t tmpfs none /proc && cd /proc && xargs mkdir <"$0" && cd / && exec "$@"'


@dataclass
class Verdict:
    """What a comparison found.

    Attributes:
        events: lines of ours.
        explained: deviation → differences.
        unexplained: the rest.
    """

    events: int = 0
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[Difference] = field(default_factory=list)


def judge(theirs: list[bytes], ours: list[bytes], errors: int) -> Verdict:
    """Compare two logs; `errors` lines of the feed were refused by LAUREL."""
    verdict = Verdict(len(ours))
    known = context(theirs, ours, errors)
    for difference in differences(theirs, ours):
        deviation = explain(difference, known)
        if deviation is None:
            verdict.unexplained.append(difference)
        else:
            verdict.explained[deviation.name] += 1
    return verdict


def compare(feed: Path, options: dict[str, dict[str, Any]], scratch: Path) -> Verdict:
    """Run both on a feed."""
    theirs, errors = run_laurel(feed, options, scratch)
    return judge(theirs, run_ours(feed, options, scratch), errors)


def run_ours(feed: Path, options: dict[str, dict[str, Any]], scratch: Path) -> list[bytes]:
    """What we make of a feed, in lines."""
    sections = {name: {key.replace("-", "_"): value for key, value in keys.items()} for name, keys in options.items()}
    sections["enrich"] = {**program.no_enrichment(), **sections.get("enrich", {})}
    config = program.write_config(scratch, **sections)
    convert = program.command("convert", "--config", str(config), str(feed))
    return subprocess.run(convert, stdout=subprocess.PIPE, check=True).stdout.splitlines()


def run_laurel(feed: Path, options: dict[str, dict[str, Any]], scratch: Path) -> tuple[list[bytes], int]:
    """What LAUREL makes of a feed, in lines, and how many lines it refused. Needs root for the /proc it gets."""
    config = laurel.write_config(scratch, {**options, "enrich": {**laurel.NO_ENRICHMENT, **options.get("enrich", {})}})
    log = scratch / "laurel.jsonl"
    log.unlink(missing_ok=True)
    pids = scratch / "pids"
    found = {int(pid) for pid in re.findall(rb" (?:p|op)?pid=(\d+)", feed.read_bytes())} - {0}
    pids.write_text(" ".join(map(str, sorted(found | {1}))))
    command = ["unshare", "-m", "sh", "-c", QUIET_PROC, str(pids), *laurel.command(), "--config", str(config)]
    with feed.open("rb") as source:
        done = subprocess.run(command, stdin=source, capture_output=True, check=True)
    lines = log.read_bytes().splitlines() if log.exists() else []
    return lines, len(re.findall(rb"ERROR \[laurel\] Error", done.stdout))
