"""Plain counters, one object per part, gathered in Stats.

A part adds to integers it alone writes (`stats.lines += 1` costs 43 ns where a
Prometheus counter costs 500); sensor/metrics reads them when it is scraped.
Counters only grow; what can fall is called a gauge in its comment. Dictionaries
are keyed by reasons from closed sets, never by anything an audit record holds;
but for audit keys, of which only a few are counted apart.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

UNIDENTIFIED = {
    "no_probe": "no kernel probe is read, and the process had ended when /proc was asked",
    "before_probe": "the process had ended before the sensor read the kernel probe",
    "probe_lost": "the ring of the kernel probe was full as the process started",
    "forgotten": "the process table was full",
    "unexplained": "the kernel probe did not report the process, and lost nothing",
    "before_boot": "the event is of an earlier boot",
    "other_host": "the event is of another host",
}
"""Why an event has no GUID."""

ENDS = {
    "crash": "it was killed, or the machine's memory was full",
    "stop": "it ended by itself",
}
"""How a sensor ends."""


CATEGORIES = (
    *("authentication", "configuration", "driver", "file", "host", "iam"),
    *("intrusion_detection", "network", "package", "process", "session"),
)
"""The categories of ECS that events are counted by."""
SOURCES = ("probe", "proc")
"""Who knew the start of a process, see sensor.tables.output_schema."""
NO_KEY, OTHER_KEYS = "(none)", "(other)"
"""Events without an audit key, and those whose key is not counted apart."""
MOST_KEYS = 64


class Histogram:
    """How often something took how long: counts by upper bounds, which may be included."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float, times: int) -> None:
        """Count a value so many times."""
        self._counts[bisect_left(self._bounds, value)] += times
        self.sum += value * times

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    def cumulated(self) -> list[tuple[float, int]]:
        """Each bound with the number of values that are not above it."""
        return list(zip(self._bounds, accumulate(self._counts)))


class InputStats:
    """What came from auditd."""

    __slots__ = (
        "buffer_bytes",
        "bytes",
        "chunks",
        "connected",
        "dropped_bytes",
        "dropped_lines",
        "pending_bytes",
        "reader_failures",
        "reconnects",
    )

    def __init__(self) -> None:
        self.buffer_bytes = 0  # gauge: room for what is pending
        self.bytes = 0
        self.chunks = 0
        self.connected = 0  # gauge: 1 while the input is open
        self.dropped_bytes = 0  # the bounded buffer was full, there was no memory, or no time at the end
        self.dropped_lines = 0
        self.pending_bytes = 0  # gauge: read, not yet processed
        self.reader_failures = 0
        self.reconnects = 0


class PipelineStats:
    """From bytes to events."""

    __slots__ = (
        "categories",
        "crashed",
        "custom_failures",
        "custom_off",
        "custom_seconds",
        "duplicates",
        "ends",
        "events",
        "expired",
        "fast_events",
        "filtered",
        "incomplete",
        "inflight",
        "inflight_limit",
        "keys",
        "late",
        "lines",
        "records",
        "redacted",
        "stage_failures",
        "stage_sample_seconds",
        "stage_samples",
        "truncated",
        "unparsed",
    )

    def __init__(self) -> None:
        self.lines = 0  # lines in, empty ones left out
        self.records = 0  # lines that became part of an event
        self.redacted: dict[str, int] = {}  # rule → secrets replaced; FAILED → texts dropped for want of knowing
        self.ends = 0  # EOE lines
        self.events = 0  # JSON lines made of records
        self.fast_events = 0  # of these, taken as a whole block
        self.expired = 0  # events that ended by time-out
        self.late = 0  # records whose event had left already
        self.duplicates = 0  # records that were the same as one before
        self.crashed = 0  # unexpected exceptions that were caught in the pipeline
        self.inflight = 0  # gauge: events waiting for more records
        self.inflight_limit = 0  # gauge: how many may
        self.categories = dict.fromkeys(CATEGORIES, 0)  # category → events read
        self.keys = {NO_KEY: 0, OTHER_KEYS: 0}  # audit key → events read
        self.unparsed: dict[str, int] = {}  # reason → lines reported as they are
        self.truncated: dict[str, int] = {}  # bound → times it was hit
        self.incomplete: dict[str, int] = {}  # part, see sensor.audit.completeness → events without it
        self.filtered: dict[str, int] = {}  # rule → events dropped on purpose
        self.stage_failures: dict[str, int] = {}  # stage → events for which it raised
        self.stage_samples: dict[str, int] = {}  # stage → calls that were timed
        self.stage_sample_seconds: dict[str, float] = {}  # stage → how long these took
        self.custom_failures: dict[str, int] = {}  # custom stage → events in which it raised
        self.custom_seconds: dict[str, float] = {}  # custom stage → time it took
        self.custom_off: dict[str, int] = {}  # gauge: custom stage → 1 when it is switched off


class DaemonStats:
    """All that is around the pipeline."""

    __slots__ = ("crashed", "last_event_time", "written_lag")

    def __init__(self) -> None:
        self.last_event_time = 0.0  # gauge: of the newest event read, in seconds since 1970; 0: none
        self.written_lag = Histogram((0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0))  # seconds from an event to its line
        self.crashed = 0  # unexpected exceptions that were caught outside the pipeline


class ProcessStats:
    """The process table."""

    __slots__ = (
        "evicted",
        "identified",
        "lag",
        "limit",
        "lookups_dead",
        "lookups_proc",
        "reused",
        "size",
        "unidentified",
    )

    def __init__(self) -> None:
        self.size = 0  # gauge: processes known
        self.limit = 0  # gauge: how many there may be
        self.evicted = 0  # pushed out of the full table
        self.reused = 0  # a pid that turned out to be another process
        self.lookups_proc = 0  # identities read from /proc
        self.lookups_dead = 0  # /proc was asked too late
        self.lag = 0.0  # gauge: seconds, see sensor.process.clock.Lag
        self.identified = dict.fromkeys(SOURCES, 0)  # source of the GUID → events whose process has one
        self.unidentified = dict.fromkeys(UNIDENTIFIED, 0)  # reason → events whose process has no GUID


class OutputStats:
    """One log."""

    __slots__ = (
        "buffer_bytes",
        "bytes",
        "disk_bytes",
        "disk_free_bytes",
        "errors",
        "lines",
        "lost_lines",
        "pending_bytes",
        "retained_bytes",
        "retries",
        "rotations",
        "unshipped_bytes",
        "unshipped_files",
    )

    def __init__(self, lost_lines: dict[str, int] | None = None) -> None:
        self.lines = 0
        self.bytes = 0
        self.rotations = 0
        self.unshipped_files = 0  # old files removed before they were shipped
        self.unshipped_bytes = 0
        self.retries = 0
        self.pending_bytes = 0  # gauge: taken, not yet written
        self.buffer_bytes = 0  # gauge: room for what is pending
        self.disk_bytes = 0  # gauge: size of the file system; 0: the output is no file
        self.disk_free_bytes = 0  # gauge: what the sensor may still use of it
        self.retained_bytes = 0  # gauge: most that this file and its old ones may take; 0: no limit, or no file
        self.errors: dict[str, int] = {}  # errno name → failed writes
        # reason → lines that were given up; with other logs in a dictionary that they share
        self.lost_lines: dict[str, int] = {} if lost_lines is None else lost_lines


class DebugStats:
    """The copies for finding mistakes, together."""

    __slots__ = ("lost_lines",)

    def __init__(self) -> None:
        self.lost_lines: dict[str, int] = {}  # reason → lines that were given up


class ConfigStats:
    """The configuration file."""

    __slots__ = ("last_reload_success_time", "last_reload_successful")

    def __init__(self) -> None:
        self.last_reload_successful = 0  # gauge: 1 when the file, as last read, is in use as a whole
        self.last_reload_success_time = 0.0  # gauge: when that was, in seconds since 1970; 0: never


class LossStats:
    """What the stream shows to be missing."""

    __slots__ = ("missed", "missing_serials", "unwritten")

    def __init__(self) -> None:
        self.missing_serials = 0  # numbers of events that never came
        self.missed = dict.fromkeys(ENDS, 0)  # how the sensor before ended → events between its last and our first one
        self.unwritten = 0  # lines that the sensor before had not written when it was killed


class KernelStats:
    """The kernel's account of audit; everything but `lost`, `waited` and `owner_changes` is a gauge."""

    __slots__ = (
        "backlog",
        "backlog_limit",
        "enabled",
        "failure_mode",
        "lost",
        "owner_changes",
        "owner_pid",
        "rate_limit",
        "readable",
        "waited",
    )

    def __init__(self) -> None:
        self.readable = 0  # 1 while the kernel answers
        self.enabled = 0  # 2: immutable
        self.failure_mode = 0
        self.owner_pid = 0  # of the daemon that receives the records
        self.owner_changes = 0
        self.rate_limit = 0  # records a second
        self.backlog = 0  # records
        self.backlog_limit = 0
        self.lost = 0  # records that the kernel dropped since the sensor started
        self.waited = 0.0  # seconds that processes were held up by a full backlog


class ProbeStats:
    """The kernel probe's ring."""

    __slots__ = (
        "attached",
        "lost",
        "lost_execs",
        "program_runs",
        "program_seconds",
        "records",
        "ring_bytes",
        "ring_pending_bytes",
        "unasked_execs",
        "uncovered_execs",
        "untracked",
    )

    def __init__(self) -> None:
        self.attached = 0  # gauge: 1 while the ring is open
        self.ring_bytes = 0  # gauge: room in the ring; 0: there is none
        self.ring_pending_bytes = 0  # gauge: in the ring, not yet read, as of the last look about once a second
        self.program_runs: dict[str, int] = {}  # program → times it ran, where the kernel counts that
        self.program_seconds: dict[str, float] = {}  # program → how long these took
        self.records = 0  # read from the ring
        self.lost = 0  # did not fit into the ring
        self.uncovered_execs = 0  # seen by the probe, not reported by audit
        self.lost_execs = 0  # of these, lost on the way
        self.unasked_execs = 0  # the others: no rule asked for them
        self.untracked = 0  # times a process had no room in the map of living ones


class PrivilegeStats:
    """What the sensor may do."""

    __slots__ = ("system_call_filter", "user_missing")

    def __init__(self) -> None:
        self.system_call_filter = 0  # gauge: 1 while the kernel refuses system calls that the sensor never makes
        self.user_missing = 0  # gauge: 1 when the configured user is unknown and another stands in


class Stats:
    """All counters of one sensor."""

    __slots__ = (
        "config",
        "daemon",
        "debug",
        "filterlog",
        "input",
        "kernel",
        "loss",
        "output",
        "pipeline",
        "privileges",
        "probe",
        "process",
    )

    def __init__(self) -> None:
        self.config = ConfigStats()
        self.daemon = DaemonStats()
        self.input = InputStats()
        self.pipeline = PipelineStats()
        self.process = ProcessStats()
        self.output = OutputStats()
        self.kernel = KernelStats()
        self.loss = LossStats()
        self.filterlog = OutputStats()
        self.debug = DebugStats()
        self.probe = ProbeStats()
        self.privileges = PrivilegeStats()
