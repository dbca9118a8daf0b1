"""How many events there are of each category, with each audit key, and with a GUID from each source.

    execve, key="exec"           category process   key exec
    USER_LOGIN                   category authentication   key (none)

The category is the first that ECS has for the main record or, where that is the system call, for the call: see `rules`.
The rules' author chooses the keys, and a forwarding host may invent some, so only the first ones get a counter of their
own. An event raises one counter; once a second the counters are added up.
"""

from __future__ import annotations

from typing import cast

from sensor.audit.event import Event
from sensor.audit.fields import Fields
from sensor.audit.syscall import Head, Rest
from sensor.cache import BoundedDict
from sensor.printable import printable
from sensor.stats import MOST_KEYS, NO_KEY, OTHER_KEYS, PipelineStats, ProcessStats
from sensor.summary.rules import call_rule, record_rule
from sensor.tables import syscalls, uring_ops
from sensor.translate.main_type import main_type

_LONGEST_KEY = 64
_ENTRIES = 4096
_CALLS = frozenset({"SYSCALL", "URINGOP"})


class _Tally:
    """Events of one category with the same keys that were counted since they were last added up.

    is_gone: it is added up no more.
    """

    __slots__ = ("category", "events", "is_gone", "keys")

    def __init__(self, category: str, keys: tuple[str, ...]) -> None:
        self.category = category
        self.keys = keys
        self.events = 0
        self.is_gone = False

    def count(self) -> None:
        """One more."""
        self.events += 1

    def take(self) -> int:
        """Return the number of events, and begin again at 0."""
        events, self.events = self.events, 0
        return events


class EventCounts:
    """The stage that counts, all events that are read; behind the one that finds their process."""

    def __init__(self, pipeline: PipelineStats, process: ProcessStats, entries: int = _ENTRIES) -> None:
        self._categories = pipeline.categories
        self._keys = pipeline.keys
        self._sources = process.identified
        self._tallies: BoundedDict[tuple[str, tuple[str, ...]], _Tally] = BoundedDict(entries)
        self._of_calls: BoundedDict[tuple[Head, Rest], _Tally] = BoundedDict(entries)
        self._mains: BoundedDict[tuple[str, ...], str] = BoundedDict(entries)

    def stage(self, event: Event) -> None:
        """Count an event."""
        known = event.template.counting
        tally = self._learn(event) if known is None else cast(_Tally, known)
        if tally.is_gone:
            tally = self._learn(event)
        tally.count()
        process = event.process
        if process is not None and process.program.source:
            self._sources[process.program.source] += 1

    def add_up(self, now: float = 0.0) -> None:
        """Bring the counters up to date, to be called about once a second; `now` is ignored."""
        for tally in self._tallies.values():
            events = tally.take()
            if events:
                self._categories[tally.category] += events
                for key in tally.keys:
                    self._keys[key] = self._keys.get(key, 0) + events

    def _learn(self, event: Event) -> _Tally:
        """The tally of an event with a new template; most of these have a known call."""
        names = tuple(event.template.records)
        main = self._mains.get(names) or self._mains.keep(names, main_type(names))
        syscall = event.syscall
        if main != "SYSCALL" or syscall is None:
            tally = self._tally(_category(event, main), self._keys_of(event))
        else:
            call = syscall.head, syscall.rest
            tally = self._of_calls.get(call) or self._of_call(event, call)
        event.template.counting = tally
        return tally

    def _of_call(self, event: Event, call: tuple[Head, Rest]) -> _Tally:
        name = syscalls.name(call[0].arch, call[0].number)
        tally = self._tally(call_rule(name or "").categories[0], self._keys_of(event))
        return self._of_calls.keep(call, tally)

    def _tally(self, category: str, keys: tuple[str, ...]) -> _Tally:
        tally = self._tallies.get((category, keys))
        if tally is None:
            if len(self._tallies) >= self._tallies.limit:
                self.add_up()
                for gone in self._tallies.values():
                    gone.is_gone = True
                self._of_calls.clear()
            tally = self._tallies.keep((category, keys), _Tally(category, keys))
        return tally

    def _keys_of(self, event: Event) -> tuple[str, ...]:
        """The names under which the keys of an event are counted."""
        if not event.is_call:
            return (NO_KEY,)
        syscall = event.syscall
        if syscall is not None and syscall.rest.found is not None:  # one key or none, and its fields are not parsed yet
            layout, values = syscall.rest.found
            key = layout.value("key", values)
            return (self._name(key) if key else NO_KEY,)
        subject = event.subject
        several = subject.get("KEYS")
        keys = several if isinstance(several, list) else [subject.get("key")]
        named = dict.fromkeys([self._name(key) for key in keys if isinstance(key, str)])
        return tuple(named) or (NO_KEY,)

    def _name(self, key: str) -> str:
        name = printable(key[:_LONGEST_KEY].encode("latin-1").decode("utf-8", "replace"))
        if name not in self._keys:
            if len(self._keys) >= MOST_KEYS + 2:  # beside those that are no keys
                return OTHER_KEYS
            self._keys[name] = 0
        return name


def _category(event: Event, main: str) -> str:
    """The category of an event whose main record is none of a system call."""
    fields: Fields = event.records[main][0].fields if event.records[main] else {}
    if main == "URINGOP":
        return call_rule(uring_ops.call(str(fields.get("uring_op")))).categories[0]
    message = fields.get("msg")
    return record_rule(main, {**message, **fields} if isinstance(message, dict) else fields).categories[0]
