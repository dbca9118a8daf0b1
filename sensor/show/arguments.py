"""The arguments of `host-sensor show` and `host-sensor tree`; apart from `command`, so that `run` does not load it."""

from __future__ import annotations

import argparse


def add_show(parser: argparse.ArgumentParser) -> None:
    """The arguments of `show`."""
    conditions = parser.add_argument_group("conditions", "All that are given must hold.")
    conditions.add_argument("-k", "--key", help="key of an audit rule")
    conditions.add_argument(
        "-u", "--uid", metavar="USER", help="number or name, the log's or this host's: acting user or login user"
    )
    conditions.add_argument("-p", "--pid", type=int, help="the process or its parent")
    conditions.add_argument("-g", "--guid", help="of the process, its parent or its session")
    conditions.add_argument("-x", "--exe", help="path of the program, or its short name; DIRECTORY/ for all below it")
    conditions.add_argument("--path", help="a file in the event; or DIRECTORY/ for all below it")
    conditions.add_argument("--syscall", help="name of a system call, or record type")
    conditions.add_argument("--session", help="number or GUID")
    conditions.add_argument("--success", choices=("yes", "no"), help="whether the system call succeeded")
    conditions.add_argument("--since", metavar="TIME", help="`2026-11-28 10:05`, 10:05, today, recent, `2 h ago`")
    conditions.add_argument("--until", metavar="TIME", help="as for --since")
    parser.add_argument("-f", "--follow", action="store_true", help="go on with what is written from now on")
    parser.add_argument("--json", action="store_true", help="the lines as they stand in the log")
    parser.add_argument("files", nargs="*", metavar="LOG", help="what the sensor wrote, also .gz, .zst, .xz or .bz2")


def add_tree(parser: argparse.ArgumentParser) -> None:
    """The arguments of `tree`."""
    parser.add_argument("-g", "--guid", default="", help="the tree of this process")
    parser.add_argument("-p", "--pid", type=int, help="the trees of processes with this number")
    parser.add_argument("-x", "--exe", default="", help="the trees of processes that ran this program")
    parser.add_argument("--session", default="", help="the trees of this session: number or GUID")
    parser.add_argument("files", nargs="*", metavar="LOG", help="as for show")
