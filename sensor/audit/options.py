"""What can be configured about reading the audit stream."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import option


@dataclass(frozen=True)
class TransformOptions:
    """How records are rewritten."""

    execve_argv: tuple[str, ...] = option(
        ("array",),
        "Form of a command line: `array` gives ARGV, a list; `string` gives ARGV_STR, joined by blanks.",
        choices=("array", "string"),
    )
    execve_argv_limit_bytes: int | None = option(
        None, "Leave out the middle of command lines longer than this.", minimum=0, unit="bytes"
    )
    strings: str = option(
        "percent",
        "How bytes that are no printable text are shown: `percent` as LAUREL does (%xx, also for % and +), "
        "`unicode` by JSON escapes, U+FFFD and the exact bytes in hexadecimal beside them. `output: ecs` is always as "
        "with `unicode`.",
        choices=("percent", "unicode"),
    )
    keys: str = option(
        "laurel",
        "Keys of LAUREL's form: `laurel` as LAUREL has them, `uid` a number and `UID` a name; `distinct` for SQL "
        "engines, which take the two for one: keys with capitals in records, the sensor's and auditd's own, begin with "
        "`enrich.prefix`, or with `x_` where that is not set, and go on in small letters, all but ARGV, ARGV_STR, KEYS "
        "and TEXT; ENV is a list.",
        choices=("laurel", "distinct"),
    )


@dataclass(frozen=True)
class CoalesceOptions:
    """How records are gathered into events, and the bounds on everything that is kept."""

    timeout: float = option(2.0, "An event without its end leaves after this time.", minimum=0.05, unit="seconds")
    settle: float = option(
        0.25,
        "A record that can stand alone waits this long for others of its event.",
        minimum=0,
        unit="seconds",
    )
    max_events: int = option(512, "Events waiting at once; beyond it the oldest leaves.", minimum=1)
    max_waiting_bytes: int = option(
        16 << 20,
        "Memory for the records of all events waiting at once; beyond it the oldest leaves.",
        minimum=65536,
        unit="bytes",
    )
    max_records: int = option(4096, "Records in one event; more are counted and left out.", minimum=1)
    max_event_bytes: int = option(4 << 20, "Bytes of records in one event.", minimum=1024, unit="bytes")
    max_line_bytes: int = option(
        64 << 10, "Length of a line; the rest of a longer one is cut off.", minimum=1024, unit="bytes"
    )
    cache_entries: int = option(4096, "Distinct records whose JSON is remembered.", minimum=16)
