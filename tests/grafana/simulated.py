"""Hosts that there are not: the counters of real sensors, moved by a model, as an hour of a Prometheus.

    Host.step ──► Stats ──► the sensor's own collector ──► OpenMetrics with times ──► promtool ──► a Prometheus

Everything is fixed by a seed, so a picture drawn twice shows the same hosts.
"""

from __future__ import annotations

import math
import random
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sensor.metrics import LossCollector, StatsCollector
from sensor.stats import Stats
from tests.support.prometheus import program

STEP = 30  # seconds between two scrapes
HOUR = 3600
GIB = 1 << 30
LINES_PER_EVENT = 5.0
CATEGORIES = {"process": 0.55, "file": 0.3, "network": 0.09, "authentication": 0.04, "iam": 0.01, "configuration": 0.01}
KEYS = {"exec": 0.5, "identity": 0.06, "network": 0.09, "persistence": 0.03, "privilege": 0.02, "(none)": 0.3}
STAGES = {"Identity.track": 1.9e-6, "Filters.decide": 1.1e-6, "Identity.add": 6e-6, "Labeller.label": 2.6e-6}
RING = 4 << 20


@dataclass
class Trouble:
    """What is wrong with a host, each as (from, to) in seconds since the start, and nothing where it is None."""

    down: tuple[int, int] | None = None
    disk_full: tuple[int, int] | None = None
    storm: tuple[int, int] | None = None  # more than the kernel's backlog holds
    no_probe: bool = False
    refused: bool = False
    garbage: bool = False


def during(span: tuple[int, int] | None, now: int) -> bool:
    return span is not None and span[0] <= now < span[1]


class Host:
    """One host; `rate` in events a second, `filtered` the share of them that rules leave out."""

    def __init__(self, name: str, rate: float, filtered: float, trouble: Trouble, seed: int) -> None:
        self.name = name
        self.trouble = trouble
        self.stats = Stats()
        self._collectors = (StatsCollector(self.stats), LossCollector(self.stats))
        self._rate, self._filtered = rate, filtered
        self._random = random.Random(seed)
        self._phase = self._random.random() * math.tau
        self._cpu = 0.0
        self._queued = self._most_queued = 0
        self._started = -self._random.randrange(HOUR, 40 * 24 * HOUR)
        self._begin()

    def _begin(self) -> None:
        stats = self.stats
        stats.input.connected = stats.kernel.enabled = stats.kernel.readable = stats.privileges.system_call_filter = 1
        stats.input.buffer_bytes = stats.output.buffer_bytes = stats.filterlog.buffer_bytes = 16 << 20
        stats.kernel.backlog_limit, stats.kernel.owner_pid = 8192, 700
        stats.process.limit, stats.process.lag = 32768, 0.004
        stats.output.retained_bytes, stats.output.disk_bytes = 11 * GIB, 20 * GIB
        stats.output.disk_free_bytes = int(self._random.uniform(6, 14) * GIB)
        stats.probe.attached = int(not self.trouble.no_probe)
        stats.probe.ring_bytes = RING * stats.probe.attached
        stats.pipeline.inflight_limit = 512
        stats.pipeline.keys.update(dict.fromkeys(KEYS, 0))
        stats.config.last_reload_successful = int(not self.trouble.refused)
        if self._filtered:
            stats.pipeline.filtered.update(cron=0, package_manager=0)

    def step(self, now: int, epoch: float) -> bool:
        """Let STEP seconds pass; returns whether the sensor can be scraped then."""
        if during(self.trouble.down, now):
            self._started = now + STEP
            return False
        storm = during(self.trouble.storm, now)
        wave = 1 + 0.5 * math.sin(now / 500 + self._phase) + 0.2 * self._random.random()
        events = int(self._rate * wave * STEP * (12 if storm else 1))
        self._queued = 2000 if storm else self._random.randrange(0, 30)
        self._most_queued = max(self._queued, self._most_queued)
        self._read(events, storm)
        self._write(events, during(self.trouble.disk_full, now), 4.0 if storm else 0.02)
        self._identify(events, storm)
        self.stats.daemon.last_event_time = epoch + now
        self._cpu += events * 0.00022 + 0.02
        return True

    def _read(self, events: int, storm: bool) -> None:
        stats, lines = self.stats, int(events * LINES_PER_EVENT)
        stats.pipeline.lines += lines
        stats.pipeline.ends += events
        stats.pipeline.records += lines - events
        stats.input.bytes += lines * 180
        stats.input.pending_bytes = (9 << 20) if storm else self._random.randrange(0, 30_000)
        stats.pipeline.inflight = 380 if storm else self._random.randrange(0, 6)
        for name, share in CATEGORIES.items():
            stats.pipeline.categories[name] += int(events * share)
        for name, share in KEYS.items():
            stats.pipeline.keys[name] += int(events * share * (1.6 if storm and name == "exec" else 1))
        for name, spent in STAGES.items():
            stats.pipeline.stage_samples[name] = stats.pipeline.stage_samples.get(name, 0) + events // 64
            before = stats.pipeline.stage_sample_seconds.get(name, 0.0)
            stats.pipeline.stage_sample_seconds[name] = before + events // 64 * spent * self._random.uniform(0.8, 1.3)
        stats.kernel.backlog = 8192 if storm else self._random.randrange(0, 60)
        if storm:
            stats.kernel.lost += 1311
            stats.kernel.waited += 4.2
            stats.loss.missing_serials += 55
            stats.input.dropped_lines += 420
            stats.pipeline.incomplete["path"] = stats.pipeline.incomplete.get("path", 0) + 37
        if self.trouble.garbage:
            odd = self._random.randrange(0, 9)
            stats.pipeline.unparsed["header"] = stats.pipeline.unparsed.get("header", 0) + odd
            stats.pipeline.records -= odd
            stats.pipeline.late += odd // 3

    def _write(self, events: int, full: bool, lag: float) -> None:
        stats, left_out = self.stats, int(events * self._filtered)
        for rule, share in (("cron", 0.3), ("package_manager", 0.7)):
            if rule in stats.pipeline.filtered:
                stats.pipeline.filtered[rule] += int(left_out * share)
        kept = events - left_out
        stats.pipeline.events += kept
        output = stats.output
        output.pending_bytes = min(output.buffer_bytes, output.pending_bytes + kept * 900) if full else 0
        if full:
            output.errors["ENOSPC"] = output.errors.get("ENOSPC", 0) + 270
            output.lost_lines["ENOSPC"] = output.lost_lines.get("ENOSPC", 0) + kept // 3
            output.disk_free_bytes = 0
            return
        output.lines += kept
        output.bytes += kept * 900
        if output.disk_free_bytes == 0:
            output.disk_free_bytes = GIB
        for _ in range(10):
            stats.daemon.written_lag.add(self._random.expovariate(1 / lag), kept // 10)

    def _identify(self, events: int, storm: bool) -> None:
        stats, execs = self.stats, events // 8
        stats.process.size = min(stats.process.limit, int(300 + self._rate * 4 + self._random.random() * 90))
        if self.trouble.no_probe:
            stats.process.lookups_proc += execs
            stats.process.lookups_dead += execs // 20
            stats.process.unidentified["no_probe"] += execs // 15
            stats.process.identified["proc"] += events - execs // 15
            return
        stats.process.identified["probe"] += events
        stats.probe.records += 3 * execs
        stats.probe.ring_pending_bytes = int(RING * (0.45 if storm else 0.004 * self._random.random()))
        for name, spent in (("on_fork", 2.1e-6), ("on_exec", 2.8e-6), ("on_exit", 1.7e-6)):
            runs = stats.probe.program_runs
            runs[name] = runs.get(name, 0) + execs
            stats.probe.program_seconds[name] = stats.probe.program_seconds.get(name, 0.0) + execs * spent
        if storm:
            stats.probe.uncovered_execs += 60
            stats.probe.lost_execs += 60

    def samples(self, now: int, epoch: float) -> Iterator[tuple[str, float]]:
        """What a scrape of this moment finds, as (name with labels, value)."""
        for metric in chain.from_iterable(collector.collect() for collector in self._collectors):
            for sample in metric.samples:
                yield _series(sample.name, **sample.labels), sample.value
        yield _series("host_sensor_build_info", version="1.3.0", python="3.11.2"), 1
        yield "process_start_time_seconds", epoch + self._started
        yield "process_cpu_seconds_total", self._cpu
        memory = (38 << 20) + self.stats.process.size * 1500
        yield "process_resident_memory_bytes", memory
        report = {"events": self._queued, "most_events": self._most_queued, "limit_events": 2000}
        flags = {"overflowed": int(self._most_queued >= 2000), "suspended": 0}
        yield "host_sensor_auditd_logging_suspended", 0
        for name, value in {**report, **flags}.items():
            yield f"host_sensor_auditd_queue_{name}", value
        for process, share, size in (("host-sensor", 1, memory), ("auditd", 0.35, 4 << 20), ("kauditd", 0.2, 0)):
            yield _series("host_sensor_audit_cpu_seconds_total", process=process), self._cpu * share
            yield _series("host_sensor_audit_resident_memory_bytes", process=process), size


def _series(name: str, **labels: str) -> str:
    return name + ("{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}" if labels else "")


def well() -> list[Host]:
    """Three hosts without any trouble."""
    return [Host(name, rate, share, Trouble(), seed) for seed, (name, rate, share) in enumerate(THREE)]


THREE = (("web-1", 60.0, 0.0), ("build-7", 220.0, 0.7), ("db-2", 9.0, 0.0))


def trouble() -> list[Host]:
    """The same three, one with a full disk, a storm, garbage, no probe, and a refused configuration."""
    bad = Trouble((3000, 3210), (1500, 1740), (2200, 2320), no_probe=True, refused=True, garbage=True)
    return [
        Host(name, rate, share, bad if name == "build-7" else Trouble(), seed)
        for seed, (name, rate, share) in enumerate(THREE)
    ]


def thirty() -> list[Host]:
    """Thirty hosts of four kinds; one is down, one lost records in a storm, one has no probe."""
    special = {4: Trouble(down=(2400, 9999)), 11: Trouble(storm=(3180, 3270)), 22: Trouble(no_probe=True)}
    kinds = (("web", 50.0, 0.0), ("build", 180.0, 0.6), ("db", 8.0, 0.0), ("mail", 20.0, 0.1))
    hosts = []
    for number in range(30):
        kind, rate, share = kinds[number % 4]
        name = f"{kind}-{number // 4 + 1}"
        hosts.append(Host(name, rate * (0.6 + number % 7 / 6), share, special.get(number, Trouble()), number))
    return hosts


def history(hosts: list[Host], end: float, strangers: bool = True) -> Iterator[str]:
    """An hour of scrapes up to `end`, as OpenMetrics; `strangers`: other jobs that the same Prometheus scrapes."""
    begin = end - HOUR
    for now in range(0, HOUR + 1, STEP):
        for host in hosts:
            up = host.step(now, begin)
            found: Iterable[tuple[str, float]] = host.samples(now, begin) if up else ()
            for series, value in (("up", float(up)), *found):
                yield _line(series, "host-sensor", host.name, value, begin + now)
        if strangers:
            for job in ("prometheus", "node"):
                for series, value in (("up", 0.0), ("process_resident_memory_bytes", 4.0 * GIB)):
                    yield _line(series, job, "monitor", value, begin + now)
    yield "# EOF\n"


def _line(series: str, job: str, instance: str, value: float, time: float) -> str:
    name, _, labels = series.partition("{")
    own = f'job="{job}",instance="{instance}"'
    return f"{name}{{{own}{',' + labels if labels else '}'} {value} {time:.3f}\n"


def fill(folder: Path, hosts: list[Host], end: float) -> None:
    """Make a Prometheus' data folder of the last hour of some hosts."""
    text = folder.with_suffix(".openmetrics")
    with text.open("w") as file:
        file.writelines(history(hosts, end))
    command = [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "-q", str(text), str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    text.unlink()
