"""python -m sensor: the command host-sensor.

auditd sends its plugins SIGHUP as soon as they are there, and SIGHUP, USR1 and USR2 kill a process that has no handler
yet. So `run` blocks them in its first lines, before the imports that take a tenth of a second; they stay pending until
sensor.daemon has its handlers.
"""

import signal
import sys

if sys.argv[1:2] == ["run"]:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM})

from sensor.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
