"""The closed table of what can go missing, by place and reason, and where each is counted.

    output  ENOSPC  lines    the disk was full                        →  stats.output.lost_lines["ENOSPC"]
    filter  rule    events   intended: a rule left them out           →  the sum of stats.pipeline.filtered

Places are in the order of a record's way: kernel, stream, input, parser, bounds, redact, stage, filter, output,
filterlog, debug; then what the probe saw. A loss shows in every place that can see it: a record that the kernel dropped
may also leave a gap in the stream, or an event incomplete.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sensor.tables.metrics import LOSSES as OF_AN_OUTPUT

SUM = "*"
"""Key of a row that stands for all keys of a dictionary."""
OTHERS = "unknown"
"""Key of a row that stands for all keys without a row of their own."""


class LossRow(NamedTuple):
    """One reason in one place.

    intended: somebody configured it so; such losses are counted and never reported in the stream.
    part, attribute, key: where in Stats it is counted; key: "" for a plain number.
    """

    place: str
    reason: str
    unit: str
    intended: bool
    meaning: str
    part: str
    attribute: str
    key: str = ""


_ERRORS = {
    "crash": "a line could not be encoded: a mistake of the sensor",
    "slow": "the reader did not keep up, and the buffer was full",
    OTHERS: "writing failed with another error, and the buffer was full",
}


def _of_output(part: str) -> tuple[LossRow, ...]:
    """The rows of one log."""
    lines = [
        LossRow(
            part,
            reason,
            "lines",
            False,
            _ERRORS.get(reason, f"writing failed with {reason}, and the buffer was full"),
            part,
            "lost_lines",
            reason,
        )
        for reason in OF_AN_OUTPUT
    ]
    removed = "old files were removed before they were shipped"
    return (*lines, LossRow(part, "unshipped", "bytes", False, removed, part, "unshipped_bytes"))


ROWS: tuple[LossRow, ...] = (
    LossRow("kernel", "dropped", "records", False, "the backlog was full, or the rate limit reached", "kernel", "lost"),
    LossRow("stream", "gap", "events", False, "numbered by the kernel, and never came", "loss", "missing_serials"),
    LossRow(
        "restart",
        "crash",
        "events",
        False,
        "missed since a sensor was killed",
        "loss",
        "missed",
        "crash",
    ),
    LossRow("restart", "stop", "events", False, "missed since a sensor had ended", "loss", "missed", "stop"),
    LossRow(
        "restart", "unwritten", "lines", False, "a sensor was killed that could not write them", "loss", "unwritten"
    ),
    LossRow("stream", "path", "events", False, "PATH records are missing", "pipeline", "incomplete", "path"),
    LossRow("stream", "argument", "events", False, "arguments are missing", "pipeline", "incomplete", "argument"),
    LossRow("stream", "syscall", "events", False, "the SYSCALL record is missing", "pipeline", "incomplete", "syscall"),
    LossRow("stream", "eoe", "events", False, "the end was not seen", "pipeline", "incomplete", "eoe"),
    LossRow("input", "dropped", "lines", False, "no room, no memory, or no time at the end", "input", "dropped_lines"),
    LossRow(
        "parser", "header", "lines", False, "no audit record: written as it came", "pipeline", "unparsed", "header"
    ),
    LossRow("parser", "zeros", "lines", False, "bytes of zeros: written as a count", "pipeline", "unparsed", "zeros"),
    LossRow(
        "parser",
        "crash",
        "lines",
        False,
        "a mistake of the sensor: written as it came",
        "pipeline",
        "unparsed",
        "crash",
    ),
    LossRow("bounds", "line", "times", False, "a line was longer than is kept", "pipeline", "truncated", "line"),
    LossRow(
        "bounds",
        "records",
        "times",
        False,
        "an event had more records than are kept",
        "pipeline",
        "truncated",
        "records",
    ),
    LossRow(
        "bounds", "bytes", "times", False, "an event had more bytes than are kept", "pipeline", "truncated", "bytes"
    ),
    LossRow(
        "bounds",
        "waiting_bytes",
        "times",
        False,
        "unfinished events had more bytes than are kept: one left before its end",
        "pipeline",
        "truncated",
        "waiting_bytes",
    ),
    LossRow(
        "bounds",
        "events",
        "times",
        False,
        "more events were unfinished than are kept: one left before its end",
        "pipeline",
        "truncated",
        "events",
    ),
    LossRow(
        "bounds",
        "max_line",
        "times",
        True,
        "a line was longer than auditlog.max_line, and shows what it lacks",
        "pipeline",
        "truncated",
        "max_line",
    ),
    LossRow(
        "redact",
        "failed",
        "texts",
        False,
        "a mistake of the sensor: masked as a whole",
        "pipeline",
        "redacted",
        "failed",
    ),
    LossRow(
        "stage",
        "failed",
        "events",
        False,
        "a mistake of the sensor: not all is added",
        "pipeline",
        "stage_failures",
        SUM,
    ),
    LossRow("stage", "custom", "events", False, "a stage of your own failed", "pipeline", "custom_failures", SUM),
    LossRow("filter", "rule", "events", True, "a rule of the configuration left them out", "pipeline", "filtered", SUM),
    *_of_output("output"),
    *_of_output("filterlog"),
    LossRow(
        "debug", "lost", "lines", False, "copies for finding mistakes were not written", "debug", "lost_lines", SUM
    ),
    LossRow("probe", "ring", "records", False, "the probe's ring was full", "probe", "lost"),
    LossRow("coverage", "lost", "execs", False, "the probe saw them, audit lost them", "probe", "lost_execs"),
    LossRow(
        "coverage", "no_rule", "execs", True, "the probe saw them, no rule asked for them", "probe", "unasked_execs"
    ),
    LossRow("probe", "map", "processes", False, "the probe's map of living processes was full", "probe", "untracked"),
)


METRIC = (
    "losses_total",
    "All that can go missing, by place and reason, in its unit; intended: the configuration asks for it.",
)
"""Name and help of the metric that has them all."""


_PLACES = [(place, list(rows)) for place, rows in groupby(ROWS, lambda row: f"{row.part}.{row.attribute}")]
_VALUES = attrgetter(*[place for place, _ in _PLACES])
_NUMBER = ("",)
_KEYS = [tuple([row.key for row in rows]) for _, rows in _PLACES]


def counts(stats: object) -> list[int]:
    """How much is missing by now, in the order of ROWS; `stats` as sensor.stats.Stats."""
    found: list[int] = []
    for value, keys in zip(_VALUES(stats), _KEYS):  # asked for with every chunk, when hardly anything is missing
        if keys == _NUMBER:
            found.append(int(value))
        elif value:
            by_key: dict[str, int] = value.copy()  # another thread may add a key
            found += [_count(by_key, key) for key in keys]
        else:
            found += [0] * len(keys)
    return found


def _count(found: dict[str, int], key: str) -> int:
    if key == SUM:
        return sum(found.values())
    others = sum([found[name] for name in found if name not in OF_AN_OUTPUT]) if key == OTHERS else 0
    return found.get(key, 0) + others
