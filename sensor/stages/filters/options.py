"""Options of the filters. Not compiled: a configuration is read by the annotations, which a compiled class has not."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import OptionError, option
from sensor.stages.filters.addresses import parse_wanted
from sensor.stages.filters.records import RULE
from sensor.stages.filters.rules import ACTIONS, parse_rule

ANY_ID = "1700000000.000:1"
"""The id with which a line is shown to `filter_raw_lines`."""
_OWN_NAMES = ("", "filter_keys", "filter_null_keys", "filter_labels", "filter_sockaddr", "filter_raw_lines", RULE)


@dataclass(frozen=True)
class FilterOptions:
    """Which events are not written."""

    filter_keys: tuple[str, ...] = option((), "Filter events with one of these keys.")
    filter_null_keys: bool = option(False, "Filter system calls, and operations of io_uring, without a key.")
    filter_labels: tuple[str, ...] = option((), "Filter events of processes with one of these labels.")
    filter_sockaddr: tuple[str, ...] = option(
        (), "Filter events with one of these addresses: 10.0.0.1, 10.0.0.0/8:53, *:443, [fe80::/10]:53."
    )
    filter_raw_lines: tuple[str, ...] = option(
        (),
        f"Filter events with a line that one of these matches. Every line is seen with the id {ANY_ID}.",
        unit="regex",
    )
    rules: dict[str, str] = option(
        {},
        "Filter events for which all conditions of a rule hold: NAME: exe=/usr/bin/x syscall=open uid!=0 rate=10/s. "
        "What rate and repeat hold back is reported as SUPPRESSED; a rate counts the events of each process, per=user "
        "of each user, per=rule of all. A rule with exe, comm or path holds in the host's root only; root=any "
        "lets it hold in containers and jails as well, root=other there alone.",
    )
    filter_action: str = option("drop", "What becomes of a filtered event; log: see filterlog.", ACTIONS)
    keep_first_per_process: bool = option(True, "Keep the first event of each program in any case.")
    drop_records: tuple[str, ...] = option(
        (), "Types of records to leave out of all events, such as PROCTITLE; an event of nothing else is filtered."
    )

    def __post_init__(self) -> None:
        for address in self.filter_sockaddr:
            try:
                parse_wanted(address)
            except ValueError as error:
                raise OptionError("filter_sockaddr", f'"{address}": {error}') from None
        for name, text in self.rules.items():
            if name in _OWN_NAMES:
                raise OptionError("rules", f'a rule cannot be called "{name}"')
            try:
                parse_rule(name, text)
            except ValueError as error:
                raise OptionError("rules", f"{name}: {error}") from None
