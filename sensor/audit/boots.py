"""A node has booted: in what was recorded, or came from elsewhere, its pids and sessions are others from then on.

    type=SYSTEM_BOOT msg=audit(1700009000.001:1): …          marks a boot (systemd-update-utmp)
    type=KERNEL msg=audit(1700009000.001:1): state=init…     marks one (kernel/audit.c, once at each boot)
    type=DAEMON_START msg=audit(1700009000.002:500): …       auditd was started; by a boot, if serials begin again after
                                                             it, or SYSTEM_SHUTDOWN was before it

Where none of them is in the log, as with an auditd that starts late, serials that fall by half show it: late events are
out of order by a few only, and not later than those before them. auditd counts the serials of its own records
(DAEMON_*) apart. The records around a boot come in any order.
"""

from __future__ import annotations

from typing import Callable, Final

from sensor.audit.event import Event
from sensor.cache import BoundedDict

_MOST_NODES: Final = 64
_BY_THEN: Final = 600.0
"""Seconds after the first records of a boot by which SYSTEM_BOOT, which is of the same boot, has come."""


_AT_LEAST: Final = 64
_BOOTING: Final = 5.0
"""By how much serials fall and how much later in seconds an event is than the last before the boot, where no record
shows it."""
_TENS: Final = 9
"""Digits of an event's id that are the same for ten seconds."""


class _Node:
    """What is known of a node.

    last: id of its last event, but for auditd's own; tens: what that begins with.
    started: when auditd was, if a boot may have done it; noticed: when it booted, if no SYSTEM_BOOT has shown it; both
        in seconds since 1970.
    down: it was shut down.
    """

    __slots__ = ("down", "last", "noticed", "started", "tens")

    def __init__(self) -> None:
        self.last = ""
        self.tens = ""
        self.started: float | None = None
        self.noticed: float | None = None
        self.down = False


class Boots:
    """Notices them.

    observers: called with the node that has booted, before its first event goes on.
    """

    def __init__(self, nodes: int = _MOST_NODES) -> None:
        self.observers: list[Callable[[str], None]] = []
        self._nodes: BoundedDict[str, _Node] = BoundedDict(nodes)

    def see(self, event: Event) -> None:
        """Look at an event that is not of this host in this boot."""
        node = self._nodes.get(event.node) or self._nodes.keep_newest(event.node, _Node())
        id = event.id
        is_soon = bool(node.tens) and id.startswith(node.tens)  # nearly always: then its serial need not be looked at
        if event.syscall is None or node.started is not None or (not is_soon and _falls(id, node.last)):
            if any(name.startswith("DAEMON_") for name in event.records):
                node.started = event.time if "DAEMON_START" in event.records else node.started
                return
            self._look(event, node)
        node.last = id
        if not is_soon:
            node.tens = id[:_TENS]

    def _look(self, event: Event, node: _Node) -> None:
        begins_again = bool(node.last) and _serial(event.id) < _serial(node.last)
        after_start = node.started is not None and event.time >= node.started
        was_noticed = node.noticed is not None and 0 <= event.time - node.noticed < _BY_THEN
        if "SYSTEM_BOOT" in event.records:
            if not was_noticed:
                self._notify(event, node)
            node.noticed = None
        elif (
            (_is_of_boot(event) and (begins_again or not was_noticed))
            or (after_start and (begins_again or node.down))
            or _falls(event.id, node.last)
        ):
            self._notify(event, node)
            node.noticed = event.time
        elif after_start:
            node.started = None
        if "SYSTEM_SHUTDOWN" in event.records:
            node.down = True

    def _notify(self, event: Event, node: _Node) -> None:
        node.started = None
        node.down = False
        for observer in self.observers:
            observer(event.node)


def _is_of_boot(event: Event) -> bool:
    """Return whether it is what the kernel reports first of all; records of that type may report other things later."""
    return "KERNEL" in event.records and "initialized" in event.records["KERNEL"][0].body


def _falls(event_id: str, last: str) -> bool:
    """Return whether the serials begin again, as they do at a boot only, and after 2^32 of them."""
    if event_id[:_TENS] == last[:_TENS] or not last:
        return False
    serial, before = _serial(event_id), _serial(last)
    return serial <= before // 2 and before - serial >= _AT_LEAST and _time(event_id) - _time(last) >= _BOOTING


def _time(event_id: str) -> float:
    return float(event_id.partition(":")[0])


def _serial(event_id: str) -> int:
    return int(event_id.rpartition(":")[2])
