"""`make bench`: measure every scenario, or those named, and print a Markdown table in which no miss is hidden."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.bench.scenarios import SCENARIOS, Bench, Row, machine, table
from tests.support.audit_session import NoAuditError


def main() -> int:
    """Measure, print, and return 0 whatever the numbers are: they are bars, not tests."""
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}; all if none")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program on each feed (default: 5)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.scenarios if name not in SCENARIOS]
    if unknown:
        parser.error(f"no such scenario: {', '.join(unknown)}")

    scratch = Path(tempfile.mkdtemp(prefix="host-sensor-bench-"))
    rows: list[Row] = []
    remarks = []
    try:
        bench = Bench(scratch, arguments.rounds)
        if bench.no_laurel:
            remarks.append(f"Not compared: {bench.no_laurel}.")
        for name in arguments.scenarios or SCENARIOS:
            try:
                for row in SCENARIOS[name](bench):
                    rows.append(row)
                    print(table([row]).splitlines()[-1], file=sys.stderr, flush=True)
            except NoAuditError as reason:
                remarks.append(f"`{name}` not measured: {reason}.")
    finally:
        shutil.rmtree(scratch)
    missed = sum(row.met is False for row in rows)
    print(f"\n{machine()}\n\n{table(rows)}\n")
    print("\n".join([*remarks, f"{len(rows)} rows, {missed} miss their bar."]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
