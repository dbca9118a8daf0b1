"""A load of short programs: `exec_load.py COUNT [PER_SECOND]` runs COUNT times `/bin/true load-N`, N from 0.

Each run differs from every other by its argument, so that a reader of the audit trail can tell which are missing
and which came twice. Without a rate, as fast as the machine makes them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path


def logged(log: Path) -> Counter[int]:
    """How often each run of the load is in a log."""
    found: Counter[int] = Counter()
    with log.open("rb") as lines:
        for line in lines:
            if b'"EXECVE"' in line:
                words = json.loads(line)["EXECVE"]["ARGV"]
                if len(words) == 2 and str(words[1]).startswith("load-"):
                    found[int(words[1][len("load-") :])] += 1
    return found


def compiled_load(folder: Path) -> Path:
    """A program `COUNT RATE PROGRAM` that does the same, faster than this one can, and prints the seconds it took."""
    program = folder / "exec_rate"
    subprocess.run(["cc", "-O2", "-o", program, Path(__file__).with_name("exec_rate.c")], check=True)
    return program


def main(count: int, per_second: float | None) -> None:
    """Run them, several at a time, and wait for each."""
    begin = time.monotonic()
    running: list[int] = []
    for number in range(count):
        if per_second:
            time.sleep(max(0.0, begin + number / per_second - time.monotonic()))
        running.append(os.posix_spawn("/bin/true", ["true", f"load-{number}"], {}))
        if len(running) == 4:
            os.waitpid(running.pop(0), 0)
    for pid in running:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else None)
