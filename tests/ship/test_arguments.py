"""The command line costs `run` nothing."""

from __future__ import annotations

import subprocess
import sys


def test_a_parser_is_made_without_what_ships() -> None:
    code = "import sys, sensor.cli; sensor.cli.make_parser(); print([n for n in sys.modules if 'sensor.ship' in n])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "['sensor.ship', 'sensor.ship.arguments']\n"
