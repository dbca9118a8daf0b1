"""The parser of the command line: its error messages quote arguments, whose control characters it makes printable."""

from __future__ import annotations

import argparse
import os
from typing import Any, NoReturn

from sensor.printable import printable

_COLUMNS = 80


class CommandParser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are printable; the parsers of its subcommands are of this class, too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_Formatter, **options)

    def error(self, message: str) -> NoReturn:
        """Print usage and message, and exit with status 2."""
        super().error(printable(message))


def positive(text: str) -> int:
    """An argument that is a number of things, at least one."""
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f'expected a whole number, at least 1, found "{text}"')
    return int(text)


class _Formatter(argparse.HelpFormatter):
    """Help as wide as the terminal.

    argparse asks shutil for the width, which loads bz2 and lzma, on every start: 0.5 MB resident.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """The width of the terminal, as shutil.get_terminal_size finds it: COLUMNS goes first."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    try:
        return os.get_terminal_size(1).columns or _COLUMNS
    except OSError:
        return _COLUMNS
