"""Counts as a table with shares and bars, for a terminal of any width or a pipe.

    22,795 events, 90,877 records, 19.5 MB as JSON lines, 2026-11-22 10:05:45 to 10:05:55 UTC, 2,301 events/s

    PROGRAM                        share                                    bytes      events
      /usr/bin/bash                31.2% █████████▍                         6.1 MB       7,120
      /usr/bin/git                 12.0% ███▋                               2.3 MB       2,511
      … others                      5.1% █▌                                 1.0 MB       1,020

An event with several files counts for each of them, so that their shares may add up to more
than all. ≥ means that a name may have been there before it was one of the heaviest. Names
are chosen by the processes watched, so nothing in them may reach the terminal as a command.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import NamedTuple

from sensor.terminal import Screen, displayable, pad, shortened, width
from sensor.top.heavy_hitters import Entry, HeavyHitters
from sensor.top.read import DIMENSIONS, Counts

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NUMBERS = 33  # columns of share, bytes and events, with their blanks
_BOTH = 64  # from this width on there is room for bytes and events
_LEAST_NAME, _MOST_NAME = 14, 60
_LEAST_BAR, _MOST_BAR = 10, 30
_UNITS = ("B", "kB", "MB", "GB", "TB")


class _Layout(NamedTuple):
    """What the tables look like.

    name, bar: columns for them; both: whether there is room for bytes and events.
    """

    by_events: bool
    name: int
    bar: int
    both: bool


def show(counts: Counts, by: Sequence[str], rows: int, by_events: bool, screen: Screen) -> Iterator[str]:
    """The lines of the table."""
    yield from textwrap.wrap(_headline(counts), screen.width)
    for rule, number in sorted(counts.filtered.items(), key=lambda item: -item[1]):
        yield f"{number:,} events dropped by the filter {displayable(rule, screen)}"
    tables = {name: counts.heavies[name].top(rows, by_events) for name in by}
    names = [displayable(entry.name, screen) for entries in tables.values() for entry in entries]
    both = screen.width >= _BOTH
    room = screen.width - (_NUMBERS if both else _NUMBERS - 12)
    name_width = min(max([_LEAST_NAME, *map(width, names)]), _MOST_NAME, max(room - _LEAST_BAR, _LEAST_NAME))
    layout = _Layout(by_events, name_width, max(min(room - name_width, _MOST_BAR), 0), both)
    for name, entries in tables.items():
        if entries:
            yield ""
            yield from _table(name, entries, counts, layout, screen)


def _headline(counts: Counts) -> str:
    parts = [f"{counts.events:,} events", f"{counts.records:,} records", f"{size(counts.bytes)} as JSON lines"]
    if counts.events and 0 <= counts.first <= counts.last < 253402300799:
        first, last = (datetime.fromtimestamp(time, timezone.utc) for time in (counts.first, counts.last))
        end = f"{last:%H:%M:%S}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M:%S}"
        parts.append(f"{first:%Y-%m-%d %H:%M:%S} to {end} UTC")
        if last > first:
            parts.append(f"{counts.events / (counts.last - counts.first):,.0f} events/s")
    if counts.skipped:
        parts.append(f"{counts.skipped:,} lines that cannot be read")
    return ", ".join(parts)


def _table(dimension: str, entries: list[Entry], counts: Counts, layout: _Layout, screen: Screen) -> Iterator[str]:
    number = "records" if dimension == "type" else "events"
    heads = [f"{DIMENSIONS[dimension].upper():{layout.name + 2}} {'share':>7} {'':{layout.bar}}"]
    yield _emphasized(" ".join([*heads, *_chosen(f"{'bytes':>9}", f"{number:>11}", layout)]), screen)
    heavy = counts.heavies[dimension]
    whole = counts.bytes
    if layout.by_events:
        whole = counts.records if dimension == "type" else counts.events
    for entry in [*entries, *_rest(heavy, entries, screen)]:
        value = entry.events if layout.by_events else entry.bytes
        yield _row(entry, value / whole if whole else 0.0, layout, screen)


def _rest(heavy: HeavyHitters, shown: Sequence[Entry], screen: Screen) -> list[Entry]:
    """All that is not shown, as one entry."""
    events = heavy.total_events - sum(entry.events for entry in shown)
    bytes = heavy.total_bytes - sum(entry.bytes for entry in shown)
    return [Entry("… others" if screen.unicode else "... others", events, bytes, 0)] if events > 0 else []


def _row(entry: Entry, share: float, layout: _Layout, screen: Screen) -> str:
    least = "≥" if screen.unicode else ">"
    percent = f"{least if entry.doubt else ''}{share:.1%}"
    name = pad(shortened(displayable(entry.name, screen), layout.name, screen), layout.name)
    columns = _chosen(f"{size(entry.bytes):>9}", f"{entry.events:>11,}", layout)
    return " ".join([f"  {name} {percent:>7} {_bar(min(share, 1.0), layout.bar, screen.unicode)}", *columns])


def _chosen(bytes: str, events: str, layout: _Layout) -> list[str]:
    """Both columns, or where there is no room the one by which entries are ordered."""
    if layout.both:
        return [bytes, events]
    return [events] if layout.by_events else [bytes]


def _bar(share: float, columns: int, unicode: bool) -> str:
    if not unicode:
        return pad("#" * round(share * columns), columns)
    eighths = round(share * columns * 8)
    whole, part = divmod(eighths, 8)
    return pad("█" * whole + (_EIGHTHS[part] if part else ""), columns)


def _emphasized(line: str, screen: Screen) -> str:
    return f"\x1b[1m{line}\x1b[0m" if screen.color else line


def size(bytes: int) -> str:
    """A number of bytes, in the unit that suits it."""
    number = float(bytes)
    for unit in _UNITS:
        if number < 999.5 or unit == _UNITS[-1]:
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" or number >= 99.95 else f"{number:.1f} {unit}"
