"""A load of short programs by many users: `exec_users.py COUNT FIRST` runs `/bin/true load-N` as user FIRST + N.

Every tenth is root's. Each run differs from every other by its argument.
"""

from __future__ import annotations

import os
import sys


def main(count: int, first: int) -> None:
    """Run them one after the other."""
    for number in range(count):
        pid = os.fork()
        if not pid:
            if number % 10:
                os.setgid(first + number)
                os.setuid(first + number)
            os.execv("/bin/true", ["true", f"load-{number}"])
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
