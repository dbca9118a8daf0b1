"""The command line of `host-sensor rules`."""

from __future__ import annotations

import argparse

NAMES = ("minimal", "recommended")
HELP = "Show, install and check the audit rules that we recommend."
MORE = (
    "A set is installed as one file, /etc/audit/rules.d/50-host-sensor.rules, and loaded beside the rules of others, "
    "which are never changed. host-sensor-audit-rules(7) explains each rule. With --check the exit status is 1 unless "
    "a set is installed and loaded."
)


def add_rules(sub: argparse.ArgumentParser) -> None:
    """Add what can be asked for; without any of it the rules are listed."""
    how = sub.add_mutually_exclusive_group()
    how.add_argument("--list", action="store_true", help="show every key: its set, techniques, and what it is for")
    how.add_argument("--print", choices=NAMES, help="print a set as this host would load it, and change nothing")
    how.add_argument("--install", choices=NAMES, help="install and load a set, in the place of the one before")
    how.add_argument("--check", action="store_true", help="show what is loaded, and what each key costs by the log")
    how.add_argument("--remove", action="store_true", help="remove the installed set, also from the kernel")
