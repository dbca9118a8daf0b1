"""`python -m tests.oracle`: every corpus under every set of options against LAUREL; `table` prints the deviations."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench import feeds
from tests.oracle import laurel
from tests.oracle.deviations import table
from tests.oracle.options import OPTIONS
from tests.oracle.run import compare


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
    unexplained = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        feed = scratch / "feed"
        for name in feeds.names():
            feed.write_bytes(feeds.recorded(name))
            for options in OPTIONS:
                verdict = compare(feed, OPTIONS[options], scratch)
                counts = ", ".join(f"{count} {name}" for name, count in verdict.explained.most_common())
                print(f"{name}, {options}: {verdict.events} events; {counts}; {len(verdict.unexplained)} unexplained")
                for difference in verdict.unexplained[:20]:
                    print(f"    {str(difference)[:300]}")
                unexplained += len(verdict.unexplained)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
