"""What `host-sensor ship` was asked to do: ship, or show the options, the state, or what a test line met with."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from sensor.errors import ShipError
from sensor.printable import printable
from sensor.ship.build import state_folder
from sensor.ship.check import check
from sensor.ship.options import Destination
from sensor.ship.program import FOLDER, become, load, path_of, ship
from sensor.ship.status import names, status

Print = Callable[[str], None]

HEADER = """\
# A destination for host-sensor ship: every key, with its default. Take away the # before a key to change it.
# `host-sensor ship --check NAME` shows what is wrong with it, and tries it.
# Numbers of bytes may have a unit (kB, MB, GB, KiB, MiB, GiB), and so may seconds (ms, s, min, h, d).
"""


def command(parsed: argparse.Namespace, print_line: Print) -> int:
    """Do what the command line asks; returns the exit code. Raises SensorError."""
    if parsed.options:
        print_line(reference().rstrip("\n"))
        return 0
    if parsed.status and not parsed.name and not parsed.config:
        return _show(list(names(FOLDER)), print_line)
    if not parsed.name and not parsed.config:
        raise ShipError("which destination? give its NAME, or its file with -c")
    name = parsed.name or os.path.basename(parsed.config).partition(".")[0]
    path = parsed.config or path_of(name)
    if parsed.status:
        return _show([(name, path)], print_line)
    config = _checked(path)
    if config is None:
        return 1
    if parsed.check:
        become(config, state_folder(name, config))
        return _check(name, config, print_line)
    return ship(name, config, parsed.once)


def reference() -> str:
    """The reference of a destination, as a configuration file in which every key stands commented out."""
    from sensor.config.describe import describe

    return describe(Destination(), HEADER)


def _show(found: list[tuple[str, str]], print_line: Print) -> int:
    if not found:
        print_line(f"no destination is configured in {FOLDER}")
        return 1
    all_well = True
    for name, path in found:
        config, mistakes = load(path)
        if mistakes:
            lines, well = [str(mistake) for mistake in mistakes], False
        else:
            lines, well = status(name, config)
        all_well &= well
        for line in lines:
            print_line(line)
    return 0 if all_well else 1


def _check(name: str, config: Destination, print_line: Print) -> int:
    all_well = True
    for line, well in check(name, config, config.host or os.uname().nodename):
        print_line(line)
        all_well &= well
    return 0 if all_well and _is_readable(config.log) else 1


def _is_readable(log: str) -> bool:
    """Whether the user that ships may read the log; reports on standard error why not. It may not be there yet."""
    try:
        os.close(os.open(log, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC))
    except FileNotFoundError:
        sys.stderr.write(f"{printable(log)}: is not there; nothing is shipped until it is\n")
    except OSError as error:
        sys.stderr.write(f"{printable(log)}: {error.strerror}; nothing can be shipped\n")
        return False
    return True


def _checked(path: str) -> Destination | None:
    """The configuration; None, and all mistakes on standard error, where there are any."""
    config, mistakes = load(path)
    for mistake in mistakes:
        sys.stderr.write(f"{printable(str(mistake))}\n")
    return None if mistakes else config
