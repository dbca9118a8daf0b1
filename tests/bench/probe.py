"""`python -m tests.bench.probe`: what the kernel probe costs the host and the sensor, as a Markdown table.

The kernel itself adds up the time spent in each BPF program (kernel.bpf_stats_enabled), which tells a difference of
some µs from the noise of starting a process; the same workload timed with and without the probe is shown beside it.
Needs root and BCC; uses a probe of its own and takes it away again.
"""

from __future__ import annotations

import gc
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sensor.probe import DEFAULTS, Options, bpf, layout, loader
from sensor.probe.ring import Ring
from tests.probe.loaded import obstacle, options_of_a_test

STATS = Path("/proc/sys/kernel/bpf_stats_enabled")
PROGRAMS = 2000
ROUNDS = 7
PROGRAM_BY_ID = 13

# The reader as the sensor uses it; prints resident memory in kB after each step.
READER = """
import sys
def resident():
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
import fcntl, mmap, os, platform, struct, threading, typing, dataclasses, collections.abc
resident()
from sensor.probe.ring import Ring
ring = Ring.open(sys.argv[1])
resident()
while ring.drain(1024):
    pass
resident()
"""


class Row(NamedTuple):
    """One line of the table; `bar` is what the design promises, None where it promises nothing."""

    what: str
    value: float
    unit: str
    bar: float | None = None


class Kernel:
    """What the kernel says it spent in the programs of one probe."""

    def __init__(self, pins: str) -> None:
        self._programs = []
        for name in layout.PROGRAMS:
            link = bpf.get(f"{pins}/{name}")
            program = bpf.map_info(link).key_size  # struct bpf_link_info: type, id, id of the program
            os.close(link)
            self._programs.append(bpf._bpf(PROGRAM_BY_ID, bpf._attributes("@III", program, 0, 0)))

    def spent(self) -> list[tuple[int, int]]:
        """(ns, runs) of the programs for fork, exec and exit."""
        found = []
        for program in self._programs:
            text = Path(f"/proc/self/fdinfo/{program}").read_text(encoding="ascii")
            lines = dict(line.split(":\t", 1) for line in text.splitlines())
            found.append((int(lines["run_time_ns"]), int(lines["run_cnt"])))
        return found

    def close(self) -> None:
        for program in self._programs:
            os.close(program)


def workload(programs: int = PROGRAMS) -> float:
    """Run so many programs one after the other; µs of CPU time each, ours and theirs."""
    begin = sum(os.times()[:4])
    for _ in range(programs):
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
    return (sum(os.times()[:4]) - begin) / programs * 1e6


@contextmanager
def kernel_statistics() -> Iterator[None]:
    before = STATS.read_text()
    STATS.write_text("1")
    try:
        yield
    finally:
        STATS.write_text(before)


def load_elsewhere(options: Options) -> None:
    """Load as the service does, in a process that then ends: the compiler is not in this one."""
    script = f"from sensor.probe import Options, loader; loader.load(Options(path={options.path!r}))"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=loader.SOURCE.parent)


def in_the_kernel(options: Options) -> Iterator[Row]:
    """Time in each program, and in the three that a program started and ended takes."""
    load_elsewhere(options)
    kernel = Kernel(layout.pins(options.path))
    with kernel_statistics():
        workload()
        averages = [ns / runs for ns, runs in kernel.spent()]
    kernel.close()
    for name, average in zip(layout.PROGRAMS, averages):
        yield Row(f"kernel: {name}, one run", average / 1000, "µs")
    yield Row("kernel: fork + exec + exit, in the probe", sum(averages) / 1000, "µs")


def beside_each_other(options: Options) -> Iterator[Row]:
    """The same workload without and with the probe, in turn; its noise is several times what the probe costs."""
    times: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS):
        loader.unload(options)
        times[False].append(workload(PROGRAMS // 4))
        load_elsewhere(options)
        times[True].append(workload(PROGRAMS // 4))
    without, with_it = statistics.mean(times[False]), statistics.mean(times[True])
    yield Row("fork + exec + exit of /bin/true, without it", without, "µs CPU")
    yield Row("fork + exec + exit of /bin/true, with it", with_it, "µs CPU")
    yield Row("difference, mostly noise", (with_it / without - 1) * 100, "%")


def draining(options: Options) -> Iterator[Row]:
    """Time to take records out of the real ring, many at once and few at a time."""
    load_elsewhere(options)
    ring = Ring.open(layout.pins(options.path))
    for limit, calls in ((1024, 1000000), (3, 1000)):
        ring.drain()
        workload()
        gc.collect()
        records, begin = 0, time.perf_counter()
        while calls and (found := ring.drain(limit)):
            records += len(found)
            calls -= 1
        cost = (time.perf_counter() - begin) / records * 1e6
        yield Row(f"drain, {limit} at a time, each record", cost, "µs", 1.5)
    ring.drain()
    begin = time.perf_counter()
    for _ in range(1000):
        ring.drain()
    yield Row("drain of an empty ring", (time.perf_counter() - begin) * 1000, "µs")
    begin = time.perf_counter()
    living = sum(1 for _ in ring.live())
    yield Row("walk over the living, each process", (time.perf_counter() - begin) / living * 1e6, "µs")
    ring.close()


def memory(options: Options) -> Iterator[Row]:
    """What the reader adds to a sensor, before and after it has read a full ring; what the loader took meanwhile."""
    load_elsewhere(options)
    before = loader.status(options)
    needed = (options.ring_size // layout.SLOT.size - before.made) // 3 + 100
    workload(max(needed, 0))
    command = [sys.executable, "-c", READER, before.path]
    steps = [int(step) for step in subprocess.check_output(command, cwd=loader.SOURCE.parent, text=True).split()]
    yield Row("reader: resident when open", (steps[1] - steps[0]) / 1024, "MB", 12)
    yield Row(
        f"reader: resident after a full ring of {options.ring_size >> 20} MB", (steps[2] - steps[0]) / 1024, "MB", 12
    )


def loading(options: Options) -> Iterator[Row]:
    """A loader of its own, as the service runs it."""
    loader.unload(options)
    begin = time.perf_counter()
    load_elsewhere(options)
    yield Row("loader: time", time.perf_counter() - begin, "s")
    yield Row(
        "loader: largest resident, gone when it ends",
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "MB",
    )
    locked = 0
    for name in layout.MAPS:
        descriptor = bpf.get(f"{layout.pins(options.path)}/{name}")
        text = Path(f"/proc/self/fdinfo/{descriptor}").read_text(encoding="ascii")
        locked += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("memlock"))
        os.close(descriptor)
    yield Row("kernel memory of the maps", locked / (1 << 20), "MB")


def main() -> int:
    """Measure and print; returns 0 whatever the numbers are: they are bars, not tests."""
    if reason := obstacle():
        print(f"Not measured: {reason}.")
        return 0
    rows = []
    with options_of_a_test(DEFAULTS) as options:
        for part in (in_the_kernel, beside_each_other, draining, memory, loading):
            rows += list(part(options))
    print(f"Linux {platform.release()}, {os.cpu_count()} CPUs, Python {platform.python_version()}\n")
    print("| what | | bar |\n| --- | --: | --: |")
    for row in rows:
        bar = "" if row.bar is None else f"≤ {row.bar:g} {row.unit}{'' if row.value <= row.bar else ' **missed**'}"
        print(f"| {row.what} | {row.value:.2f} {row.unit} | {bar} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
