"""What `host-sensor rules` does with its arguments: print, install, check."""

from __future__ import annotations

import argparse
import os
import textwrap
from collections.abc import Iterable, Iterator

from sensor import __version__
from sensor.config import read
from sensor.doctor.host import HostView
from sensor.printable import printable
from sensor.rules import render
from sensor.rules.check import check
from sensor.rules.install import install, remove
from sensor.rules.table import RULES
from sensor.rules.target import this_host

_WIDTH = 100


def run(parsed: argparse.Namespace, configuration: str) -> int:
    """The command, with the path of the sensor's configuration; raises RulesError where nothing could be installed."""
    host = HostView()
    target = this_host(host, os.uname().machine)
    if parsed.print:
        print(render.text(parsed.print, render.render(parsed.print, target), __version__), end="")
    elif parsed.install:
        _show(install(host, parsed.install, target))
    elif parsed.remove:
        _show(remove(host))
    elif parsed.check:
        config, _ = read(configuration)
        well, lines = check(host, config, target)
        _show(lines)
        return int(not well)
    else:
        _show(listed())
    return 0


def listed() -> Iterator[str]:
    """Every key: its set, techniques, and what it is for."""
    for rule in RULES:
        name = "minimal" if rule.minimal else "recommended"
        yield f"{rule.key:18} {name:12} {', '.join(rule.techniques)}"
        yield from textwrap.wrap(rule.why, _WIDTH, initial_indent="    ", subsequent_indent="    ")


def _show(lines: Iterable[str]) -> None:
    for line in lines:
        print(printable(line))
