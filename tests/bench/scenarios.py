"""What is measured: each scenario yields rows of the table.

Both programs read the same feed from a file on standard input and write a file, with the same things switched on.
LAUREL writes a state file once, when it ends, with the events of the last two minutes in it. No event costs that in
daily life, but a short feed makes it look so; the bars are held against LAUREL without it, and what it would be with
it is reported beside.
"""

from __future__ import annotations

import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor.compiled import is_compiled
from tests.bench import feeds, options
from tests.bench.flood import floods
from tests.bench.measure import Program, compare, cpu_seconds, cpu_so_far, memory_after
from tests.oracle import laurel
from tests.support import exec_load, program
from tests.support.audit_session import AuditSession

CORPORA = ("session-mixed.raw", "session-mixed.enriched", "session-exec-open.raw", "session-exec-open.enriched")
TRACKING = {"pid": True, "spawned-by": True}  # ours has GUIDs in it, and sessions
UNIQUE_EVENTS = 20_000
PER_SECOND, SECONDS = 300, 20
STATE = "laurel.jsonl.state"  # beside the log, removed with it before each run
FORMS = ("ecs", "ocsf")
MILLION = 1_000_000
MEGABYTES, MEGABYTES_IF_UNIQUE = 40, 45
START = 250
READ_AHEAD = 212_992


@dataclass(frozen=True)
class Row:
    """One line of the table; numbers are in `unit`, None where there is nothing to compare with."""

    what: str
    unit: str
    ours: float
    theirs: float | None
    bar: str
    met: bool | None
    with_state: float | None = None


class Bench:
    """The two programs, a scratch folder for each, and how often to measure."""

    def __init__(self, scratch: Path, rounds: int) -> None:
        self.scratch, self.rounds = scratch, rounds
        self.no_laurel = ""
        try:
            laurel.command()
        except laurel.NoLaurelError as reason:
            self.no_laurel = str(reason)

    def ours(self, **sections: Any) -> Program:
        """host-sensor with these sections of its configuration."""
        folder = self._folder()
        config = program.write_config(folder, **sections)
        return Program("host-sensor", program.command("run", "--config", str(config)), folder / "audit.jsonl")

    def theirs(self, **sections: Any) -> list[Program]:
        """LAUREL with these sections of its configuration, in a list that is empty where LAUREL cannot be had."""
        if self.no_laurel:
            return []
        folder = self._folder()
        config = laurel.write_config(folder, sections)
        return [Program("LAUREL", [*laurel.command(), "--config", str(config)], folder / "laurel.jsonl")]

    def pair(self, extra: dict[str, Any]) -> list[Program]:
        """Ours, LAUREL and LAUREL with its state file, all enrichments off but `extra`, which names LAUREL's keys."""
        renamed = {key.replace("-", "_"): value for key, value in extra.items()}
        ours = self.ours(enrich={**program.no_enrichment(), **renamed})
        sections = {"enrich": {**laurel.NO_ENRICHMENT, **extra}}
        return [ours, *self.theirs(**sections), *self.theirs(**sections, state={"file": STATE, "max-age": 0})]

    def per_event(self, what: str, chunks: Iterator[bytes], extra: dict[str, Any], bar: float) -> Row:
        """CPU time per event on a feed, ours to be at most `bar` times LAUREL's."""
        return self.compared(what, chunks, self.pair(extra), bar)

    def compared(self, what: str, chunks: Iterator[bytes], programs: Sequence[Program], bar: float) -> Row:
        """CPU time per event on a feed, that of the first program to be at most `bar` times that of the second."""
        feed, one = self.scratch / "feed", self.scratch / "one-event"
        events = feeds.write(feed, chunks)
        with feed.open("rb") as file:
            one.write_bytes(feeds.one_event(file.read(1 << 20)))
        seconds = compare(programs, feed, one, self.rounds)
        ours, theirs, with_state, *_ = [*(value / events * 1e6 for value in seconds), None, None]
        assert ours is not None
        met = None if theirs is None else ours <= bar * theirs
        return Row(what, "µs per event", ours, theirs, f"≤ {bar:.2g} ×", met, with_state)

    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.scratch))


def plain(bench: Bench) -> Iterator[Row]:
    """(a) Enrichment off."""
    for name in CORPORA:
        yield bench.per_event(f"enrichment off: {name}", iter([feeds.recorded(name)]), {}, 0.5)
    again = feeds.repeated(feeds.recorded(CORPORA[0]), 10)
    yield bench.per_event(f"enrichment off: {CORPORA[0]}, ten times over", again, {}, 0.3)


def tracking(bench: Bench) -> Iterator[Row]:
    """(b) Process tracking on."""
    for name in CORPORA:
        yield bench.per_event(f"process tracking: {name}", iter([feeds.recorded(name)]), TRACKING, 0.5)
    again = feeds.repeated(feeds.recorded(CORPORA[0]), 10)
    yield bench.per_event(f"process tracking: {CORPORA[0]}, ten times over", again, TRACKING, 0.35)


def worst(bench: Bench) -> Iterator[Row]:
    """(c) Nothing ever repeats."""
    yield bench.per_event("every record unique, enrichment off", feeds.unique(UNIQUE_EVENTS), {}, 1)


def everything(bench: Bench) -> Iterator[Row]:
    """(d) Every option on, of recorded feeds that seem to have happened just now; LAUREL has all of its own on."""
    mixed, storm = (feeds.recent(feeds.recorded(name)) for name in (CORPORA[0], CORPORA[2]))
    kinds = {CORPORA[0]: iter([mixed]), CORPORA[2]: iter([storm])}
    kinds[f"{CORPORA[0]}, six times over"] = feeds.repeated(mixed, 6)
    for name, chunks in kinds.items():
        programs = [bench.ours(**options.everything()), *bench.theirs(**options.LAUREL)]
        yield bench.compared(f"every option on: {name}", chunks, programs, 1)
    programs = [bench.ours(**options.ours(options.LAUREL)), *bench.theirs(**options.LAUREL)]
    yield bench.compared(f"the options that LAUREL has on: {CORPORA[0]}", iter([mixed]), programs, 0.6)


def filtered(bench: Bench) -> Iterator[Row]:
    """(e) An event that a filter drops, beside one that is written."""
    mixed = feeds.recent(feeds.recorded(CORPORA[0]))
    for name, sections in {"every option": options.everything(), "the default options": {}}.items():
        programs = [bench.ours(**options.dropping(feeds.keys(mixed), sections)), bench.ours(**sections)]
        what = f"an event that is filtered, {name} on; in the other column: written"
        yield bench.compared(what, iter([mixed]), programs, 0.35)


def live(bench: Bench) -> Iterator[Row]:
    """(f) As the plugin of a real auditd, each with what it enriches unless reported otherwise."""
    what = f"live, {PER_SECOND} execs a second for {SECONDS} s"
    others = [_live(other) for other in bench.theirs()]
    theirs = others[0][0] if others else None
    ours, auditd = _live(bench.ours(probe={"use": False}))
    kinds = {what: ours}
    with program.own_probe() as probe:
        if not isinstance(probe, str):
            kinds[f"{what}, with the kernel probe"] = _live(bench.ours(probe={"use": True, "path": probe.path}))[0]
    for kind, cost in kinds.items():
        met = None if theirs is None else cost <= 0.35 * theirs
        yield Row(kind, "µs per exec", cost, theirs, "≤ 0.35 ×", met)
    what = f"{what}; in the other column: auditd itself"
    yield Row(what, "µs per exec", ours, auditd, "≤ 0.5 ×", ours <= 0.5 * auditd)


def _live(plugin: Program) -> tuple[float, float]:
    """CPU time per exec of a plugin and of its auditd, in µs."""
    with AuditSession(plugin.command, rules=["-S execve,execveat -k exec"], quiet=True) as session:
        for count in (PER_SECOND, PER_SECOND * SECONDS):  # the first time to warm up
            (pid,) = session.plugin_pids()
            before = cpu_so_far(pid), cpu_so_far(session.auditd_pid)
            session.run([sys.executable, exec_load.__file__, str(count), str(PER_SECOND)])
            session.drain(plugin.log)
            after = cpu_so_far(pid), cpu_so_far(session.auditd_pid)
    plugin_cost, auditd_cost = ((late - early) / count * 1e6 for early, late in zip(before, after))
    return plugin_cost, auditd_cost


def memory(bench: Bench) -> Iterator[Row]:
    """(g) Resident memory after a million events.

    A feed from a pipe comes faster than any auditd; what is read ahead of the work is kept as small as auditd's socket
    would.
    """
    mixed = feeds.recorded(CORPORA[0])
    rounds = -(-MILLION // feeds.count_events(mixed))
    kinds: dict[str, tuple[Callable[[], Iterator[bytes]], int]] = {
        f"{CORPORA[0]} over and over": (lambda: feeds.repeated(mixed, rounds), MEGABYTES),
        "every record unique": (lambda: feeds.unique(MILLION), MEGABYTES_IF_UNIQUE),
    }
    for kind, (chunks, most) in kinds.items():
        small = {"auditlog": {"size": 50_000_000, "generations": 1}}
        ours, highest = memory_after(bench.ours(**small, input_buffer=READ_AHEAD), chunks())
        theirs = [memory_after(other, chunks())[0] for other in bench.theirs(**small)]
        what = f"resident after a million events: {kind} (highest {highest:.1f})"
        yield Row(what, "MB", ours, theirs[0] if theirs else None, f"≤ {most} MB", ours <= most)


def forms(bench: Bench) -> Iterator[Row]:
    """(h) Other forms of output, each beside LAUREL's form of the same records, with the default options."""
    mixed = feeds.recorded(CORPORA[0])
    for form in FORMS:
        what = f"output: {form}; in the other column: laurel"
        yield bench.compared(what, iter([mixed]), [bench.ours(output=form), bench.ours()], 2)
    programs = [bench.ours(output="ecs"), *bench.theirs(**options.LAUREL)]
    yield bench.compared("output: ecs; LAUREL has every option on", iter([feeds.recent(mixed)]), programs, 1)


def flood(bench: Bench) -> Iterator[Row]:
    """(j) As many execs as there may be; under a flood the sensor must not be the first to lose."""
    programs = [bench.ours(auditlog={"size": None}), *bench.theirs()]
    for rate, queue, found in floods(programs, bench.scratch):
        ours, theirs = found[0], found[1] if len(found) > 1 else None
        made = " and ".join([f"{each.rate:.0f}" for each in found])
        what = f"flood: {rate} execs a second asked for, {made} made, auditd's queue {queue}"
        lost, missing, cost = (None, None, None) if theirs is None else (theirs.lost, theirs.missing, theirs.cost)
        yield Row(f"{what}: lost by the kernel", "records", ours.lost, lost, "–", None)
        yield Row(f"{what}: not in the log", "execs", ours.missing, missing, "0", ours.missing == 0)
        yield Row(f"{what}: the plugin", "µs per exec", ours.cost, cost, "–", None)


def start(bench: Bench) -> Iterator[Row]:
    """(i) From the start of `host-sensor run` to its first event."""
    one = bench.scratch / "one-event"
    one.write_bytes(feeds.one_event(feeds.recorded(CORPORA[0])[: 1 << 20]))
    cost = statistics.median([cpu_seconds(bench.ours(), one) * 1000 for _ in range(bench.rounds)])
    yield Row("start, to the first event", "ms", cost, None, f"≤ {START} ms", cost <= START)


SCENARIOS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "plain": plain,
    "tracking": tracking,
    "worst": worst,
    "everything": everything,
    "filtered": filtered,
    "live": live,
    "memory": memory,
    "forms": forms,
    "start": start,
    "flood": flood,
}


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        "| what | unit | host-sensor | LAUREL 0.8.2 | ratio | bar | met | LAUREL with its state file |",
        "| --- | --- | ---: | ---: | ---: | --- | --- | ---: |",
    ]
    for row in rows:
        theirs, with_state = ("–" if value is None else f"{value:.1f}" for value in (row.theirs, row.with_state))
        ratio = "–" if not row.theirs else f"{row.ours / row.theirs:.2f}"
        met = {True: "yes", False: "**no**", None: "not measured"}[row.met]
        lines.append(
            f"| {row.what} | {row.unit} | {row.ours:.1f} | {theirs} | {ratio} | {row.bar} | {met} | {with_state} |"
        )
    return "\n".join(lines)


def machine() -> str:
    """What it was measured on."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = cpu[0].partition(": ")[2] if cpu else platform.machine()
    how = "compiled" if is_compiled() else "interpreted"
    return f"{model}, {len(cpu)} cores, Linux {platform.release()}, Python {platform.python_version()}, {how}"
