"""The border around the pipeline: mistakes are survived, and a new pipeline takes over between two events."""

from __future__ import annotations

import logging
import lzma
import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from sensor.build import build
from sensor.config import Config, Enrich
from sensor.daemon.guarded_pipeline import GuardedPipeline
from sensor.forms import Lines
from sensor.stats import Stats
from tests.support.pipelines import laurel


class FakePipeline:
    """Answers each whole line with "NAME:line", and keeps a line that begins with "open" until it is closed."""

    def __init__(self, name: str, stats: Stats) -> None:
        self.name, self.stats = name, stats
        self.waiting: list[str] = []
        self.form = laurel()
        self.error: type[Exception] = RuntimeError

    def feed(self, chunk: bytes, now: float) -> Lines:
        if b"poison" in chunk:
            raise self.error("poison")
        out = Lines()
        for line in chunk.decode().splitlines():
            if line.startswith("open"):
                self.waiting.append(f"{self.name}:{line}")
            elif line.startswith("type=EOE"):
                out += self.close()
            else:
                out.append(f"{self.name}:{line}")
        self.stats.pipeline.inflight = len(self.waiting)
        return out

    def tick(self, now: float) -> Lines:
        return Lines()

    def end_line(self) -> None:
        self.waiting.append(f"{self.name}:ended")

    def close(self) -> Lines:
        lines = Lines()
        lines += self.waiting
        self.waiting = []
        self.stats.pipeline.inflight = 0
        return lines


def make(name: str = "A", stats: Stats | None = None) -> SimpleNamespace:
    stats = stats or Stats()
    host_state = SimpleNamespace(table=SimpleNamespace(invalidate_derived=lambda: None))
    sensor = SimpleNamespace(
        pipeline=FakePipeline(name, stats), stats=stats, before_chunk=None, every_second=[], host_state=host_state
    )
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
    feed = GuardedPipeline(sensor, dropped.append)
    assert feed.take(chunk, 0) == []
    assert sensor.pipeline.waiting == ["A:ended"]
    assert feed.take(b"next\n", 0) == ["A:next"]
    assert (sensor.stats.daemon.crashed, dropped) == (1, [chunk])


def test_whatever_else_fails_costs_nothing():
    sensor = make()
    sensor.before_chunk = fail
    seen: list[float] = []
    sensor.every_second = [fail, seen.append]
    sensor.pipeline.tick = fail
    feed = GuardedPipeline(sensor, drop=fail)
    assert feed.take(b"1\n", 0) == ["A:1"]
    assert feed.tick(0) == []
    feed.every_second(1234.5)
    sensor.close = fail
    assert feed.close() == []
    assert seen == [1234.5]
    assert sensor.stats.daemon.crashed == 4


def test_before_each_chunk_the_probe_is_asked():
    sensor = make()
    order: list[str] = []
    sensor.before_chunk = lambda: order.append("probe")
    sensor.pipeline.feed = lambda chunk, now: order.append("chunk") or Lines()
    GuardedPipeline(sensor, drop=fail).take(b"1\n", 0)
    assert order == ["probe", "chunk"]


EOE = b"type=EOE msg=audit(1.000:1): \n"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([b"1\n" + EOE + b"2\n"], "A:1 B:2", id="behind the end of an event"),
        pytest.param([b"1\n2\n", b"3\n" + EOE + b"4\n"], "A:1 A:2 A:3 B:4", id="not before there was one"),
        pytest.param([b"1\n", 0.5, b"2\n"], "A:1 A:2", id="not while more may come"),
        pytest.param([b"1\n", 1.0, b"2\n"], "A:1 B:2", id="when nothing comes"),
        pytest.param([b"1\nopen\n", 1.0, EOE + b"2\n"], "A:1 A:open B:2", id="not within an event"),
        pytest.param([b"1", 1.0, b"\n" + EOE + b"2\n"], "A:1 A: B:2", id="not within a line"),
        pytest.param([b"open\n", 3.0, b"1\n2\n3"], "A:open B:1 B:2 B:3", id="within an event that never ends"),
    ],
)
def test_a_new_pipeline_takes_over(steps, expected):
    """A number in the steps: so many seconds pass without input."""
    stats = Stats()
    feed = GuardedPipeline(make("A", stats), drop=fail)
    feed.replace(make("B", stats), 0.0)
    now, lines = 0.0, []
    for step in steps:
        if isinstance(step, bytes):
            lines += feed.take(step, now)
        else:
            now += step
            lines += feed.tick(now)
    assert " ".join(lines) == expected


CORPUS = Path(__file__).parent.parent / "data" / "corpora" / "session-mixed.raw.audit.xz"


def test_a_reload_that_changes_nothing_changes_nothing():
    """A real feed in random chunks, with reloads in between, gives the lines it gives without."""
    config = Config(enrich=Enrich(pid=False, spawned_by=False))  # processes of other hosts are forgotten
    text = lzma.decompress(CORPUS.read_bytes())[:2_000_000]
    whole = build(config, Stats(), live=False).pipeline
    expected = whole.feed(text, 0.0) + whole.close()
    generator = random.Random(4)
    stats = Stats()
    feed = GuardedPipeline(build(config, stats, live=False), drop=fail)
    lines: list[str] = []
    position, now = 0, 0.0
    while position < len(text):
        size = generator.choice((10, 300, 5000, 70000))
        if generator.random() < 0.1:
            feed.replace(build(config, stats, live=False, host_state=feed.host_state()), now)
        lines += feed.take(text[position : position + size], now)
        position += size
        now += 0.001
        lines += feed.tick(now)
    lines += feed.close()
    assert lines == expected
    assert (stats.pipeline.crashed, stats.daemon.crashed) == (0, 0)
