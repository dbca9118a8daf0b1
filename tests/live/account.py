"""Holds the sensor's events against what the processes that made them wrote down about themselves.

    account = Account(reported(report), sensor.events())
    account.wrong        {}: event id → the kind of process, and what its event says that the process did not
    account.silent       {}: process → the events of it that are missing, or that are too many

Which process an event is of follows from its pid and its time: of those that wrote that pid down, the last that had
started by then.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Sequence

from tests.live.sensed import Event
from tests.live.stories import Story, Who
from tests.support.audit_session import AUID

RULES = (
    "-S execve,execveat -k exec",
    "-S clone,clone3,fork,vfork -k fork",
    "-S write -F a2>=150 -F a2<=1000 -k tell",
    "-S exit,exit_group -k exit",
    "-S prctl,ptrace,unshare -k other",
)
"""Of every process: each program it executes, the line it writes, its end; and what some do besides."""

STAMPED_EARLY = 1.0
"""Seconds by which an event may bear a time before the start of its process."""


class Account:
    """See the module's docstring.

    Args:
        source: what GUID_SOURCE is to be.
        spawner: whether SPAWNED_BY can be known, as it is not from /proc alone.
    """

    def __init__(
        self, stories: Sequence[Story], events: Sequence[Event], source: str = "probe", spawner: bool = True
    ) -> None:
        self._boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        self._stories: dict[int, list[Story]] = defaultdict(list)
        for story in sorted(stories, key=lambda story: story.me.ticks):
            self._stories[story.me.tgid].append(story)
        self.events = [event for event in events if event.get("SYSCALL", {}).get("auid") == AUID]
        self.of: dict[Who, list[Event]] = defaultdict(list)
        self.others: list[Event] = []
        self.wrong: dict[str, tuple[str, list[str]]] = {}
        for event in self.events:
            story = self._story(event)
            if story is None:
                self.others.append(event)
                continue
            self.of[story.me].append(event)
            if found := complaints(event, story, source, spawner):
                self.wrong[event["ID"]] = story.kind, found
        self.silent = {story: seen for story in stories if (seen := self._seen(story)) != _expected(story)}

    def _story(self, event: Event) -> Story | None:
        when = float(event["ID"].partition(":")[0]) - self._boot + STAMPED_EARLY
        begun = [story for story in self._stories[event["SYSCALL"]["pid"]] if story.me.ticks / 100 <= when]
        return begun[-1] if begun else None

    def _seen(self, story: Story) -> Counter[str]:
        keys = (event["SYSCALL"]["key"] for event in self.of[story.me])
        return Counter(key for key in keys if key in {"exec", "tell", "exit"})


def complaints(event: Event, story: Story, source: str = "probe", spawner: bool = True) -> list[str]:
    """What an event says of its process that is not what the process wrote; the arguments as those of Account."""
    call = event["SYSCALL"]
    parents = {who.tgid: who for who in (story.parent, story.adopter)}
    if call["ppid"] not in parents:
        return [f"ppid {call['ppid']} is neither {story.parent} nor {story.adopter}"]
    expected = {"PID": story.me, "PPID": parents[call["ppid"]]}
    if spawner:
        expected["SPAWNED_BY"] = story.spawner
    found = []
    for key, who in expected.items():
        reported = call.get(key, {})
        if (reported.get("GUID"), reported.get("GUID_SOURCE")) != (str(who.cpid(story.boot)), source):
            found.append(f"{key} is not {who} but {reported}")
        if reported.get("pid", who.tgid) != who.tgid:
            found.append(f"{key} has not the pid {who.tgid}: {reported}")
    return found


def _expected(story: Story) -> Counter[str]:
    expected = Counter({"exec": story.execs, "tell": 1, "exit": 2 if story.kind == "leader-first" else 1})
    return +expected
