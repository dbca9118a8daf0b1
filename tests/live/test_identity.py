"""Thousands of processes, started in every way Linux knows: the probe knows each exactly as it knew itself.

identity.c makes the processes and lets each write down its own inputs, which are held against the probe's raw records.
"""

from __future__ import annotations

import collections
import os
import subprocess
import time
from pathlib import Path

import pytest

from sensor.probe import DEFAULTS
from sensor.probe.layout import EXEC, EXIT, FORK, ProbeRecord
from sensor.probe.loader import recipe_for
from sensor.probe.ring import Ring
from tests.live.stories import Story, Who, compiled, reported
from tests.probe.loaded import drained, loaded, obstacle

pytestmark = [pytest.mark.root, pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))]

PROCESSES = int(os.environ.get("IDENTITY_PROCESSES", "1000"))
"""10,000 in the run that counts: IDENTITY_PROCESSES=10000."""


def recorded(record: ProbeRecord, prefix: str = "") -> Who:
    start, *rest = (getattr(record, prefix + name) for name in ("start", "pidns", "ns_tgid", "tgid"))
    return Who(rest[0], start // 10_000_000, rest[1], rest[2])


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("identity"))


def run(ring: Ring, program: Path, *arguments: str) -> tuple[list[Story], list[ProbeRecord]]:
    """Run the program while the ring is read; returns what the processes wrote, and all records of that time."""
    report = program.with_name(f"report-{time.monotonic_ns()}")
    before = ring.lost()
    ring.drain()
    records: list[ProbeRecord] = []
    with subprocess.Popen([program, report, *arguments], stdout=subprocess.PIPE) as process:
        while process.poll() is None:
            records += drained(ring)
            time.sleep(0.01)
        assert process.stdout is not None
        promised = sum(map(int, process.stdout.read().split()))
    records += drained(ring)
    assert process.returncode == 0
    assert ring.lost() == before
    stories = reported(report)
    assert len(stories) == promised
    return stories, records


def by_process(records: list[ProbeRecord]) -> dict[Who, list[ProbeRecord]]:
    processes = collections.defaultdict(list)
    for record in records:
        processes[recorded(record)].append(record)
    return processes


def complaints(story: Story, records: list[ProbeRecord]) -> list[str]:
    """What the records say of a process that is not its own report."""
    kinds = [record.kind for record in records]
    found = []
    if kinds != [FORK, *[EXEC] * story.execs, EXIT]:
        return [f"records {kinds}"]
    for record in records:
        if recorded(record).cpid(story.boot) != story.me.cpid(story.boot):
            found.append("its own identity")
        if recorded(record, "spawner_").cpid(story.boot) != story.spawner.cpid(story.boot):
            found.append("its spawner")
        parent = story.parent if record.kind == FORK else story.adopter
        if recorded(record, "parent_").cpid(story.boot) != parent.cpid(story.boot):
            found.append(f"its parent at {record.kind}")
    if records[-1].status != story.status << 8:
        found.append(f"its status {records[-1].status}")
    return found


@pytest.mark.parametrize("reported", [True, False], ids=["as-it-is", "before-linux-6.16"])
def test_every_process_is_who_it_shows(program: Path, reported: bool) -> None:
    """Older kernels do not tell which thread is the last of its process; the probe then finds out for itself."""
    recipe = recipe_for(DEFAULTS)
    if not reported:
        recipe = recipe._replace(flags=tuple(flag for flag in recipe.flags if "GROUP_DEAD" not in flag))
    with loaded(recipe=recipe) as ring:
        stories, records = run(ring, program, str(PROCESSES))
        processes = by_process(records)
        wrong = {story: found for story in stories if (found := complaints(story, processes.get(story.me, [])))}
        known = {story.me for story in stories}
        silent = [one for one in records if recorded(one, "spawner_") in known and recorded(one) not in known]
        alive = known.intersection(map(recorded, ring.live()))

    assert len(stories) >= PROCESSES
    assert len({story.me for story in stories}) == len(stories)
    assert wrong == {}
    assert silent == []
    assert alive == set()
    assert {story.kind for story in stories} >= {"vfork", "clone-parent", "double-fork", "thread-exec", "pid-namespace"}


def test_one_process_id_used_again_and_again_is_never_the_same_process(program: Path) -> None:
    with loaded() as ring:
        stories, records = run(ring, program, str(PROCESSES // 10), "reuse")
        processes = by_process(records)

    assert len({story.me.tgid for story in stories}) == 1
    assert len({story.me.cpid(story.boot) for story in stories}) == len(stories) == PROCESSES // 10
    assert [found for story in stories if (found := complaints(story, processes.get(story.me, [])))] == []
