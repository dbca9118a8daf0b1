"""Why programs that ran while auditd was restarted are in no log, by the serials of the events that are.

    40 restart-7 · 41 rules removed · 42 … 60 rules added · 61 restart-12     8 to 11 were not asked for
    40 restart-7 · 43 restart-10                                              41 and 42 were read, and not written

systemd loads the rules anew before it starts auditd, on Debian 13: between the one and the other there are none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple


class Absent(NamedTuple):
    """How many programs are not in a log, by the reason.

    unread: as many serials are missing; auditd, which was stopped, had taken the records from the kernel.
    unasked: no serial is missing; the rules had been removed since the program before.
    unexplained: neither, or behind the last that is there.
    """

    unread: int
    unasked: int
    unexplained: int


def absent(log: Iterable[str], name: str, programs: int) -> Absent:
    """The programs that are not in a log.

    log: its lines, each of them JSON.
    name: the programs' only arguments are NAME-0, NAME-1 and so on.
    programs: so many ran.
    """
    unread = unasked = unexplained = 0
    number, serial, others, removed = -1, 0, 0, False
    events = [event for event in map(json.loads, log) if "SENSOR" not in event]
    for event in sorted(events, key=_serial):
        argument = str(event.get("EXECVE", {}).get("ARGV", [""])[-1])
        if not argument.startswith(f"{name}-"):
            others += 1
            removed |= any(change.get("op") == "remove_rule" for change in event.get("CONFIG_CHANGE", []))
            continue
        found = int(argument.rpartition("-")[2])
        missing = found - number - 1
        by_serial = min(missing, _serial(event) - serial - 1 - others) if number >= 0 else 0
        unread += by_serial
        unasked += missing - by_serial if removed else 0
        unexplained += 0 if removed else missing - by_serial
        number, serial, others, removed = found, _serial(event), 0, False
    return Absent(unread, unasked, unexplained + programs - number - 1)


def _serial(event: dict[str, str]) -> int:
    return int(event["ID"].rpartition(":")[2])
