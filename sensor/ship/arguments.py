"""The command line of `host-sensor ship`; what it needs is imported when it runs."""

from __future__ import annotations

import argparse
from typing import Any


def add_ship(add: Any) -> None:
    """Add the command to a parser by `add(name, function, help, more)`, which returns the command's own parser."""
    sub = add(
        "ship",
        _ship,
        "Send the log's events to another machine, at least once and in order, and follow the log.",
        "A destination is /etc/host-sensor/ship/NAME.yaml; the service host-sensor-ship@NAME ships to it. With "
        "--status and no name all destinations are shown; the exit status is 1 unless all is well.",
    )
    sub.add_argument("name", nargs="?", metavar="NAME", help="of the destination")
    sub.add_argument("-c", "--config", metavar="FILE", help="its configuration, where it is in another file")
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--status", action="store_true", help="show how far the far end has everything, and end")
    how.add_argument("--check", action="store_true", help="send one test line, show what came back, and end")
    how.add_argument("--once", action="store_true", help="end when everything that is there has been acknowledged")
    how.add_argument("--options", action="store_true", help="print every option, as a configuration file, and end")


def _ship(parsed: argparse.Namespace) -> int:
    from sensor.printable import printable
    from sensor.ship.command import command

    def show(text: str) -> None:
        print("\n".join(map(printable, text.split("\n"))), flush=True)

    return command(parsed, show)
