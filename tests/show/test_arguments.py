"""The arguments load nothing that `run` does not need."""

from __future__ import annotations

import subprocess
import sys


def test_the_command_line_does_not_load_what_shows() -> None:
    code = "import sys, sensor.cli; sensor.cli.make_parser(); print('sensor.show.screen' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
