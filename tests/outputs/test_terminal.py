"""A terminal under the name of a log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_terminal_under_the_name_of_a_log_does_not_become_our_own(tmp_path):
    """The leader of a session without a terminal gets SIGHUP when its first one goes (credentials(7), open(2))."""
    reader, terminal = os.openpty()
    (tmp_path / "log").symlink_to(os.ttyname(terminal))
    code = """if True:
        import os, pathlib, sys
        from tests.outputs.test_file import Log
        Log(pathlib.Path(sys.argv[1]), size=4, age=60).output.write(["x"])
        os.open("/dev/tty", os.O_RDWR)
    """
    command = [sys.executable, "-c", code, tmp_path]
    done = subprocess.run(command, start_new_session=True, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    os.close(terminal)
    os.close(reader)
    assert done.stderr.endswith("OSError: [Errno 6] No such device or address: '/dev/tty'\n")
