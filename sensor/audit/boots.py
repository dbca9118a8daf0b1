"""A node has booted: in what was recorded, or came from elsewhere, its pids and sessions are others from then on.

    type=SYSTEM_BOOT msg=audit(1700009000.001:1): …          marks a boot (systemd-update-utmp)
    type=KERNEL msg=audit(1700009000.001:1): state=init…     marks one, if the kernel's serials begin again with it
    type=DAEMON_START msg=audit(1700009000.002:500): …       auditd was started; by a boot, if they begin again after it

auditd counts the serials of its own records (DAEMON_*) apart. The records around a boot come in any order.
"""

from __future__ import annotations

from typing import Callable

from sensor.audit.event import Event
from sensor.cache import BoundedDict

_MOST_NODES = 64
_BY_THEN = 600.0
"""Seconds after the first records of a boot by which SYSTEM_BOOT, which is of the same boot, has come."""


class _Node:
    """last: id of its last event, but for auditd's own; started: when auditd was, if a boot may have done it; noticed:
    when it booted, if no SYSTEM_BOOT has shown it; both in seconds since 1970."""

    __slots__ = ("last", "noticed", "started")

    def __init__(self) -> None:
        self.last = ""
        self.started: float | None = None
        self.noticed: float | None = None


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
        if event.syscall is None or node.started is not None:
            if any(name.startswith("DAEMON_") for name in event.records):
                node.started = event.time if "DAEMON_START" in event.records else node.started
                return
            self._look(event, node)
        node.last = event.id

    def _look(self, event: Event, node: _Node) -> None:
        begins_again = bool(node.last) and _serial(event.id) < _serial(node.last)
        after_start = node.started is not None and event.time >= node.started
        if "SYSTEM_BOOT" in event.records:
            was_noticed = node.noticed is not None and 0 <= event.time - node.noticed < _BY_THEN
            if not was_noticed:
                self._notify(event, node)
            node.noticed = None
        elif begins_again and (after_start or "KERNEL" in event.records):
            self._notify(event, node)
            node.noticed = event.time
        elif after_start:
            node.started = None

    def _notify(self, event: Event, node: _Node) -> None:
        node.started = None
        for observer in self.observers:
            observer(event.node)


def _serial(event_id: str) -> int:
    return int(event_id.rpartition(":")[2])
