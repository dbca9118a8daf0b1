"""Runs LAUREL and `host-sensor convert` on one feed, with the same options, and explains each difference.

LAUREL looks at /proc while it reads,
and a recorded feed's processes are gone; so it gets a /proc of its own, in which each process of the feed has a
folder, hence is alive, but with nothing in it to be read.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.oracle import laurel
from tests.oracle.compare import Difference, differences
from tests.oracle.deviations import explain
from tests.oracle.explanations import Context, context
from tests.oracle.options import Options, without_filters
from tests.oracle.options import ours as in_our_words
from tests.support import program

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


def judge(theirs: list[bytes], ours: list[bytes], known: Context) -> Verdict:
    """Compare two logs."""
    verdict = Verdict(len(ours))
    for difference in differences(theirs, ours, known.option("enrich", "prefix") or ""):
        deviation = explain(difference, known)
        if deviation is None:
            verdict.unexplained.append(difference)
        else:
            verdict.explained[deviation.name] += 1
    return verdict


def compare(feed: Path, options: Options, scratch: Path) -> Verdict:
    """Run both on a feed; once more without filters and prefix, to see what is filtered and why."""
    theirs, errors = run_laurel(feed, options, scratch)
    ours = run_ours(feed, options, scratch)
    whole = without_filters(options)
    if whole == options:
        return judge(theirs, ours, context(options, theirs, ours, errors))
    known = context(options, run_laurel(feed, whole, scratch)[0], run_ours(feed, whole, scratch), errors)
    return judge(theirs, ours, known)


def run_ours(feed: Path, options: Options, scratch: Path) -> list[bytes]:
    """What we make of a feed, in lines."""
    sections = in_our_words(options)
    sections["enrich"] = {**program.no_enrichment(), **sections.get("enrich", {})}
    config = program.write_config(scratch, **sections)
    convert = program.command("convert", "--config", str(config), str(feed))
    return subprocess.run(convert, stdout=subprocess.PIPE, check=True).stdout.splitlines()


def run_laurel(feed: Path, options: Options, scratch: Path) -> tuple[list[bytes], int]:
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
    return lines, len(re.findall(rb"ERROR \[laurel\] Error (?!writing state)", done.stdout))
