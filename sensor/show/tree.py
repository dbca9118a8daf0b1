"""The process tree of a log, by GUID: what started what, when, with which command line, and how it ended.

    10:05:03.123  /usr/bin/bash (3103)  alice, session 3  684768c7-19bb-8b9e-b765-3e5bb0069afb
    10:05:04.001  ├─ ls -l /tmp (3148)  exit 0 after 0.002 s
    10:05:05.120  └─ /usr/bin/sudo (3150)

A process that no event is about is shown if it is the parent of one. Pids are used again and GUIDs are not, so a tree
never joins strangers. Of the processes `limit` are kept, those with the newest events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sensor.show.event import LogEvent, LogProcess
from sensor.show.screen import clock, paint
from sensor.terminal import Screen, displayable, shortened

LIMIT = 200_000
"""Processes; one takes about a kilobyte."""
_DEEPEST = 200


@dataclass
class Node:
    """One process. `runs` are the command lines of its execs, in their order."""

    guid: str
    parent: str = ""
    pid: int | None = None
    name: str = ""
    user: str = ""
    session: int | None = None
    session_guid: str = ""
    since: float = 0.0
    runs: list[str] = field(default_factory=list)
    end: str = ""
    children: dict[str, None] = field(default_factory=dict)


_MOST_RUNS = 8


class ProcessTree:
    """Processes by GUID; `dropped` counts those for which there was no room."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._nodes: dict[str, Node] = {}
        self.dropped = 0

    def add(self, event: LogEvent) -> None:
        """Take what an event knows of its process and its parent."""
        if not event.process.guid:
            return
        node = self._node(event.process, event.time)
        if event.user and not node.user:
            node.user = event.user
        if event.session is not None:
            node.session, node.session_guid = event.session, event.session_guid
        if event.is_exec and event.success is not False and event.words and len(node.runs) < _MOST_RUNS:
            node.runs.append(" ".join(event.words))
        if event.ended is not None:
            code, signal, seconds = event.ended
            node.end = f"killed by signal {signal}" if signal else f"exit {code}"
            node.end += f" after {seconds:.3f} s" if seconds is not None else ""
        if event.parent.guid and not node.parent and event.parent.guid != node.guid:
            parent = self._node(event.parent, event.time)
            if not self._is_above(node.guid, parent):
                node.parent = parent.guid
                parent.children[node.guid] = None

    def roots(self) -> list[Node]:
        """The processes whose parent is not known, the oldest first."""
        roots = [node for node in self._nodes.values() if node.parent not in self._nodes]
        return sorted(roots, key=lambda node: node.since)

    def select(self, guid: str = "", pid: int | None = None, exe: str = "", session: str = "") -> list[Node]:
        """The tops of the trees that have such a process: the process, below those that started it."""
        found = [
            node
            for node in self._nodes.values()
            if (not guid or node.guid == guid)
            and (pid is None or node.pid == pid)
            and (not exe or node.name == exe or any(run.split(" ")[0] == exe for run in node.runs))
            and (not session or session in (node.session_guid, str(node.session)))
        ]
        inside = {node.guid for node in found}
        tops = [node for node in found if not inside.intersection(self._above(node))]
        return sorted(tops, key=lambda node: node.since)

    def lines(self, tops: list[Node], screen: Screen) -> Iterator[str]:
        """The trees below some processes, each preceded by those that started it."""
        for top in tops:
            above = [self._nodes[guid] for guid in self._above(top)][::-1]
            for depth, node in enumerate(above):
                yield self._line(node, "   " * depth, screen)
            yield from self._below(top, "   " * len(above), "   " * len(above), screen)

    def _node(self, process: LogProcess, time: float) -> Node:
        node = self._nodes.pop(process.guid, None)
        if node is None:
            if len(self._nodes) >= self._limit:
                self._drop()
            node = Node(process.guid, since=time)
        self._nodes[process.guid] = node  # to the end: the one without news for the longest time comes first
        if process.pid is not None:
            node.pid = process.pid
        if process.exe or not node.name:
            node.name = process.name
        return node

    def _drop(self) -> None:
        """Forget the process that has not been heard of for the longest time."""
        node = self._nodes.pop(next(iter(self._nodes)))
        self.dropped += 1
        parent = self._nodes.get(node.parent)
        if parent is not None:
            parent.children.pop(node.guid, None)

    def _above(self, node: Node) -> list[str]:
        """The GUIDs of those that started it, the nearest first."""
        found: list[str] = []
        while node.parent in self._nodes and len(found) < _DEEPEST:
            found.append(node.parent)
            node = self._nodes[node.parent]
        return found

    def _is_above(self, guid: str, node: Node) -> bool:
        return node.guid == guid or guid in self._above(node)

    def _below(self, node: Node, first: str, rest: str, screen: Screen) -> Iterator[str]:
        """A process and its descendants, without recursion: a log may hold any depth."""
        waiting = [(node, first, rest)]
        branch, last, bar = ("├─ ", "└─ ", "│  ") if screen.unicode else ("|- ", "`- ", "|  ")
        while waiting:
            node, first, rest = waiting.pop()
            yield self._line(node, first, screen)
            children = [self._nodes[guid] for guid in node.children if guid in self._nodes]
            children.sort(key=lambda child: child.since)
            for child in reversed(children):
                end = child is children[-1]
                waiting.append((child, rest + (last if end else branch), rest + ("   " if end else bar)))

    def _line(self, node: Node, indent: str, screen: Screen) -> str:
        who = ", ".join(filter(None, [node.user, f"session {node.session}" if node.session is not None else ""]))
        about = "  ".join(filter(None, [node.end, who if not node.parent else "", node.guid]))
        head = f"{clock(node.since)}  {indent}"
        room = max(screen.width - len(head) - len(about) - 12, 20)
        name = shortened(
            displayable((" → " if screen.unicode else " -> ").join(node.runs) or node.name or "?", screen), room, screen
        )
        return f"{head}{paint(name, '1', screen)} ({node.pid})  {paint(displayable(about, screen), '2', screen)}"
