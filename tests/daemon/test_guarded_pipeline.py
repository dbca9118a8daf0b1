"""The border around the pipeline: mistakes are survived, and a reload changes the configuration and nothing else."""

from __future__ import annotations

import dataclasses
import itertools
import logging
import lzma
import random
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from sensor.build import build
from sensor.config import Config, Enrich
from sensor.daemon.guard import Guard
from sensor.daemon.guarded_pipeline import GuardedPipeline
from sensor.forms import Lines
from sensor.stats import Stats


class FakePipeline:
    """Answers each line with "NAME:line"."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: list[str] = []
        self.error: type[Exception] = RuntimeError

    def feed(self, chunk: bytes, now: float) -> Lines:
        if b"poison" in chunk:
            raise self.error("poison")
        out = Lines()
        for line in chunk.decode().splitlines():
            out.append(f"{self.name}:{line}")
        return out

    def tick(self, now: float) -> Lines:
        return Lines()

    def end_line(self) -> None:
        self.waiting.append(f"{self.name}:ended")

    def close(self) -> Lines:
        lines = Lines()
        lines += self.waiting
        self.waiting = []
        return lines


def make() -> SimpleNamespace:
    sensor = SimpleNamespace(pipeline=FakePipeline("A"), stats=Stats(), before_chunk=None, every_second=[], settling=[])
    sensor.close = sensor.pipeline.close
    return sensor


def fail(*_: object) -> None:
    raise ValueError


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, "sensor")


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, RecursionError])
@pytest.mark.parametrize("chunk", [b"poison\n\xff\n", b"poison\nhalf a li"])
def test_a_chunk_that_fails_is_dropped_and_the_next_one_works(error, chunk):
    sensor = make()
    sensor.pipeline.error = error
    dropped: list[bytes] = []
    feed = GuardedPipeline(sensor, Guard(sensor.stats.daemon), dropped.append)
    assert feed.take(chunk, 0) == []
    assert sensor.pipeline.waiting == ["A:ended"]
    assert feed.take(b"next\n", 0) == ["A:next"]
    assert (sensor.stats.daemon.crashed, dropped) == (1, [chunk])


def test_where_there_is_no_memory_the_input_gives_up_some():
    sensor = make()
    sensor.pipeline.error = MemoryError
    relieved: list[bool] = []
    guard = Guard(sensor.stats.daemon, lambda: relieved.append(True))
    feed = GuardedPipeline(sensor, guard, lambda chunk: None)
    feed.take(b"poison\n", 0)
    assert relieved == [True]


def test_whatever_else_fails_costs_nothing():
    sensor = make()
    sensor.before_chunk = fail
    seen: list[float] = []
    sensor.every_second = [fail, seen.append]
    sensor.settling = [fail, seen.append]
    sensor.pipeline.tick = fail
    feed = GuardedPipeline(sensor, Guard(sensor.stats.daemon), drop=fail)
    assert feed.take(b"1\n", 0) == ["A:1"]
    assert feed.tick(0) == []
    feed.every_second(1234.5, 7.5)
    sensor.close = fail
    assert feed.close() == []
    assert seen == [1234.5, 7.5]
    assert sensor.stats.daemon.crashed == 5


def test_before_each_chunk_the_probe_is_asked():
    sensor = make()
    order: list[str] = []
    sensor.before_chunk = lambda: order.append("probe")
    sensor.pipeline.feed = lambda chunk, now: order.append("chunk") or Lines()
    GuardedPipeline(sensor, Guard(sensor.stats.daemon), drop=fail).take(b"1\n", 0)
    assert order == ["probe", "chunk"]


def test_what_only_the_filter_log_gets_is_not_lost():
    """At a tick and at the end as well there may be lines for it and none for the log of events."""
    sensor = make()

    def filtered(*_: object) -> Lines:
        lines = Lines()
        lines.filtered.append("{1}")
        return lines

    sensor.pipeline.feed = sensor.pipeline.tick = sensor.close = filtered
    feed = GuardedPipeline(sensor, Guard(sensor.stats.daemon), drop=fail)
    assert [lines.filtered for lines in (feed.take(b"1\n", 0), feed.tick(0), feed.close())] == [["{1}"]] * 3


def test_a_reload_that_fails_halfway_leaves_the_new_configuration_in_use():
    first, second = make(), make()
    second.pipeline.name = "B"
    second.continue_from = fail
    feed = GuardedPipeline(first, Guard(first.stats.daemon), drop=fail)
    assert feed.replace(second) == []
    assert feed.take(b"1\n", 0) == ["B:1"]
    assert first.stats.daemon.crashed == 1


QUIET = Config(enrich=Enrich(pid=False, spawned_by=False))  # processes of other hosts are forgotten
ECS = dataclasses.replace(QUIET, output="ecs")
CORPUS = Path(__file__).parent.parent / "data" / "corpora" / "session-mixed.raw.audit.xz"


class Played:
    """Text in random pieces, with the clock going on and a reload before some of them."""

    def __init__(self, seed: int, configs: list[Config]) -> None:
        self.stats = Stats()
        self._random = random.Random(seed)
        self._configs = configs
        self._feed = GuardedPipeline(build(configs[0], self.stats, live=False), Guard(self.stats.daemon), drop=fail)
        self._turn = 0

    def _reload(self) -> Lines:
        self._turn += 1
        config = self._configs[self._turn % len(self._configs)]
        return self._feed.replace(build(config, self.stats, live=False, host_state=self._feed.host_state()))

    def play(self, text: bytes, sizes: Sequence[int], share: float) -> list[str]:
        """share: of the pieces before which there is a reload."""
        lines: list[str] = []
        position, now = 0, 0.0
        while position < len(text):
            size = self._random.choice(sizes)
            if self._random.random() < share:
                lines += self._reload()
            lines += self._feed.take(text[position : position + size], now)
            position += size
            now += 0.001
            lines += self._feed.tick(now)
        return lines + self._feed.close()


def whole(config: Config, text: bytes) -> list[str]:
    pipeline = build(config, Stats(), live=False).pipeline
    return pipeline.feed(text, 0.0) + pipeline.close()


def test_a_reload_that_changes_nothing_changes_nothing():
    """A real feed in random chunks, with reloads in between, gives the lines it gives without."""
    text = lzma.decompress(CORPUS.read_bytes())[:2_000_000]
    played = Played(4, [QUIET])
    assert played.play(text, (10, 300, 5000, 70000), 0.1) == whole(QUIET, text)
    assert (played.stats.pipeline.crashed, played.stats.daemon.crashed) == (0, 0)


def line(type: str, serial: int, body: str = "", node: str = "") -> str:
    return f"{node}type={type} msg=audit(1700000000.001:{serial}): {body}\n"


def event(serial: int, node: str = "") -> str:
    """One whose body looks like the end of another."""
    return "".join(
        [
            line("SYSCALL", serial, 'pid=1 items=1 comm="x"', node),
            line("PATH", serial, 'item=0 name="type=EOE msg=audit(1.000:1): "', node),
            line("PROCTITLE", serial, "proctitle=78", node),
            line("EOE", serial, "", node),
        ]
    )


def interleaved(*events: str) -> str:
    return "".join([line for group in zip(*[event.splitlines(True) for event in events]) for line in group])


FEEDS = {
    "whole events": "".join([event(serial) for serial in range(1, 9)]),
    "of several nodes": "".join([event(serial, f"node=web0{serial % 2} ") for serial in range(1, 9)]),
    "mixed, never quiet": interleaved(*[event(serial) for serial in range(1, 9)]),
    "overlapping": line("SYSCALL", 9) + interleaved(event(1), event(2)) + event(3) + line("EOE", 9),
    "without any end": "".join([line("SYSCALL", 1, f"pid={n}") + line("CWD", 1, 'cwd="/"') for n in range(1, 9)]),
    "no records": "nonsense type=EOE \n" * 9 + event(1) + "type=EOE msg=audit(",
    "gaps": event(1) + "\0" * 70 + event(2) + line("CWD", 3, "cwd=2F" + "\0" * 40) + event(4),
    "a long line": event(1) + line("CWD", 2, "cwd=" + "41" * 40_000) + event(2),
    "a line without its end": event(1) + event(2)[:-40],
}


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_reload_anywhere_cuts_nothing(feed, share):
    """Within an event, a line, a gap; with none that ends; in a feed that is never quiet: all as without a reload."""
    text = FEEDS[feed].encode()
    played = Played(7, [QUIET])
    assert played.play(text, (1, 7, 40, 4000), share) == whole(QUIET, text)
    without = Played(7, [QUIET])
    without.play(text, (1, 7, 40, 4000), 0.0)
    for counter in ("lines", "records", "events", "late", "expired", "ends", "truncated", "unparsed", "crashed"):
        assert getattr(played.stats.pipeline, counter) == getattr(without.stats.pipeline, counter), counter


@pytest.mark.parametrize("feed", FEEDS)
def test_each_event_has_one_configuration(feed):
    """Of two that take turns: each line of output is as the one has it, or the other, and none is missing."""
    text = FEEDS[feed].encode()
    lines = Played(11, [QUIET, ECS]).play(text, (1, 7, 40, 4000), 0.5)
    for line, one, other in itertools.zip_longest(lines, whole(QUIET, text), whole(ECS, text)):
        assert line in (one, other)


def test_the_new_configuration_holds_from_the_next_event_on():
    text = event(1) + event(2)
    cut = text.index("PATH", len(event(1)))
    stats = Stats()
    feed = GuardedPipeline(build(QUIET, stats, live=False), Guard(stats.daemon), drop=fail)
    lines = feed.take(text[:cut].encode(), 0.0)
    lines += feed.replace(build(ECS, Stats(), live=False, host_state=feed.host_state()))
    lines += feed.take(text[cut:].encode(), 0.0)
    assert lines == [whole(QUIET, event(1).encode())[0], whole(ECS, event(2).encode())[0]]
