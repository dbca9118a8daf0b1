"""What metrics cost: next to nothing on the way of an event, and little for a scrape, whoever asks for it.

Times are of the CPU, the best of several runs, as others use the machine too.
"""

from __future__ import annotations

import lzma
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition

from sensor.audit.event import Event
from sensor.build import build
from sensor.config import Config
from sensor.metrics import Exporter, Options, make_registry
from sensor.stats import MOST_KEYS, PipelineStats, ProcessStats, Stats
from sensor.summary.counts import EventCounts
from tests.metrics.test_metrics import get
from tests.support.pipelines import make_pipeline

CORPORA = Path(__file__).resolve().parents[1] / "data/corpora"
RUNS = 4


def best(run: Callable[[], object]) -> float:
    """The least CPU time of some runs, in seconds."""
    times = []
    for _ in range(RUNS):
        start = time.thread_time()
        run()
        times.append(time.thread_time() - start)
    return min(times)


def twice(feed: str) -> tuple[bytes, bytes]:
    """A recorded feed, and the same a little later."""
    first = lzma.decompress((CORPORA / f"{feed}.audit.xz").read_bytes())
    return first, re.sub(rb"(?<=audit\()1(\d+\.\d{3}:)", rb"3\1", first)


@pytest.mark.parametrize("feed", ["session-exec-open.raw", "session-mixed.raw", "session-mixed.enriched"])
def test_counting_costs_two_per_cent_at_most(feed: str) -> None:
    """Of an event at default options, once it is warm; the whole is measured without the counts, then they alone."""
    first, second = twice(feed)
    stats = Stats()

    def whole() -> float:
        sensor = build(Config(), stats, live=False)
        sensor.pipeline.feed(first, 0.0)
        start = time.thread_time()
        sensor.pipeline.feed(second, 0.0)
        return time.thread_time() - start

    events: list[Event] = []
    pipeline = make_pipeline(stages=[events.append])
    pipeline.feed(first, 0.0)
    events.clear()
    pipeline.feed(second, 0.0)
    counts = EventCounts(PipelineStats(), ProcessStats())

    def count() -> None:
        for event in events:
            counts.stage(event)
        counts.add_up()

    count()
    spent, price = whole(), best(count)
    for _ in range(RUNS * 3):  # in turn, as the machine may be slower for some seconds
        spent, price = min(spent, whole()), min(price, best(count))
        if price < 0.02 * spent:
            break
    print(f"{feed}: {spent / len(events) * 1e6:.1f} µs an event, {price / len(events) * 1e6:.2f} of it for the counts")
    assert price < 0.02 * spent


def grown() -> Stats:
    """Every label that there can be."""
    stats = Stats()
    stats.pipeline.keys.update({f"key-{number}": number for number in range(MOST_KEYS)})
    stats.pipeline.filtered.update({f"rule-{number}": number for number in range(200)})
    return stats


@pytest.mark.parametrize("encode", [generate_latest, exposition.generate_latest], ids=["text", "openmetrics"])
def test_a_scrape_takes_twenty_milliseconds_at_most(encode: Callable[..., bytes]) -> None:
    registry = make_registry(grown())
    page = encode(registry)
    spent = best(lambda: encode(registry))
    print(f"{len(page):,} bytes in {spent * 1000:.1f} ms")
    assert spent < 0.020


def test_a_flood_of_scrapes_takes_a_tenth_of_a_processor() -> None:
    """The thread that serves rests nine times as long as it works."""
    exporter = Exporter(Options(listen="127.0.0.1:0"), grown())
    exporter.start()
    (server,) = [thread for thread in threading.enumerate() if thread.name == "metrics_serve"]
    path = Path(f"/proc/self/task/{server.native_id}/stat")

    def ticks() -> int:
        fields = path.read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    try:
        get(exporter, "/metrics")
        over = time.monotonic() + 3

        def flood() -> None:
            while time.monotonic() < over:
                get(exporter, "/metrics")

        before, start = ticks(), time.monotonic()
        threads = [threading.Thread(target=flood) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        share = (ticks() - before) / 100 / (time.monotonic() - start)
    finally:
        exporter.close()
    print(f"{share:.1%} of a processor")
    assert share < 0.13
