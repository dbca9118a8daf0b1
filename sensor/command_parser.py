"""The parser of the command line: its error messages quote arguments, whose control characters it makes printable."""

from __future__ import annotations

import argparse
from typing import NoReturn

from sensor.printable import printable


class CommandParser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are printable; the parsers of its subcommands are of this class, too."""

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit with status 2."""
        super().error(printable(message))
