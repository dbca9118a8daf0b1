"""Thousands of short-lived processes through the whole sensor: every event of each bears exactly its GUID.

identity.c makes the processes and lets each write down its own inputs. Their events come out of the kernel, go through
auditd and the sensor, and are held against what the processes wrote, by code that shares nothing with the sensor's.
"""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.live.account import RULES, Account
from tests.live.sensed import crashes, sensed
from tests.live.stories import Story, compiled, reported

pytestmark = [pytest.mark.live, pytest.mark.root]

PROCESSES = int(os.environ.get("IDENTITY_PROCESSES", "2000"))
"""10,000 in the run that counts: IDENTITY_PROCESSES=10000."""

KINDS = {
    *("fork", "fork-exec", "vfork", "clone-parent-caller", "clone-parent", "middle", "double-fork", "thread-exec"),
    *("leader-first", "pid-namespace-init", "pid-namespace", "user-namespace", "cgroup-namespace"),
    *("user-and-pid-namespace", "traced-parent", "traced", "driver"),
}


def test_every_event_of_every_process_bears_its_guid(tmp_path: Path) -> None:
    report = tmp_path / "report"
    program = compiled(tmp_path)
    with sensed(tmp_path, RULES, enrich={"ancestors": 2}) as sensor:
        assert sensor.audit.run([str(program), str(report), str(PROCESSES)], stdout=subprocess.DEVNULL) == 0
        events = sensor.events()
        assert sensor.audit.lost() == 0
        now, highest = sensor.memory()
        messages = sensor.messages()

    stories = reported(report)
    account = Account(stories, events)
    print(f"{len(stories)} processes, {len(account.events)} events, resident {now:.1f} MB, at most {highest:.1f} MB")
    print(Counter(story.kind for story in stories))
    assert len(stories) >= PROCESSES
    assert {story.kind for story in stories} == KINDS
    assert account.wrong == {}
    assert account.silent == {}
    assert no_parents_but_these(account, stories) == []
    assert others(account, stories) == []
    assert crashes(events) == []
    assert [message for message in messages if "version" not in message] == []


def others(account: Account, stories: list[Story]) -> list[str]:
    """Events of nobody that wrote a line: only of who started all, and that has its own GUID, too."""
    (first,) = {story.parent for story in stories if story.kind == "driver"}
    guid = str(first.cpid(stories[0].boot))
    calls = [event["SYSCALL"] for event in account.others]
    assert calls
    return [str(call) for call in calls if (call["pid"], call["PID"].get("GUID")) != (first.tgid, guid)]


def no_parents_but_these(account: Account, stories: list[Story]) -> list[str]:
    """ANCESTORS that are not the parent and a parent of it; the latter where the parent wrote a line, too."""
    known = {story.me: story for story in stories}
    found = []
    for story in stories:
        for event in account.of[story.me]:
            line = event["SYSCALL"].get("ANCESTORS")
            if line is None:
                continue
            guids = [ancestor["GUID"] for ancestor in line]
            parent = next(who for who in (story.parent, story.adopter) if who.tgid == event["SYSCALL"]["ppid"])
            above = known[parent]
            grandparents = [str(who.cpid(story.boot)) for who in (above.parent, above.adopter)]
            if guids[0] != str(parent.cpid(story.boot)) or guids[1] not in grandparents:
                found.append(f"{story.kind} {event['ID']}: {line}")
    return found
