"""The parser of the command line, whose complaints reach no terminal as a command: file names are others' words."""

from __future__ import annotations

import argparse
from typing import NoReturn

from sensor.printable import printable


class CommandParser(argparse.ArgumentParser):
    """Reports what is wrong as argparse does, but printable; the parsers of its subcommands are of this kind, too."""

    def error(self, message: str) -> NoReturn:
        """Exit with the message."""
        super().error(printable(message))
