"""A load of short programs: `exec_load.py COUNT [PER_SECOND]` runs COUNT times `/bin/true load-N`, N from 0.

Each run differs from every other by its argument, so that a reader of the audit trail can tell which are missing
and which came twice. Without a rate, as fast as the machine makes them.
"""

from __future__ import annotations

import os
import sys
import time


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
