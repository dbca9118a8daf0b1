"""Lines to LogEvents, in whichever form they are; lines that are none are counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sensor.jsonl import loads
from sensor.show import ecs_form, laurel_form, ocsf_form
from sensor.show.conditions import Conditions
from sensor.show.event import LogEvent


class Reader:
    """Reads lines; `prefix` is `enrich.prefix` of the configuration that they were written with."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self.skipped = 0
        """Lines that are no events."""
        self.events = 0
        """Lines that are."""

    def event(self, line: bytes) -> LogEvent | None:
        """The event of a line, or None."""
        try:
            document = loads(line)
            if not isinstance(document, dict):
                raise ValueError("no object")
            if "@timestamp" in document or "ecs" in document:
                event = ecs_form.read(document)
            elif "class_uid" in document:
                event = ocsf_form.read(document)
            else:
                event = laurel_form.read(document, self._prefix)
        except ValueError:
            self.skipped += 1
            return None
        self.events += 1
        return event

    def chosen(self, lines: Iterable[bytes | None], conditions: Conditions) -> Iterator[tuple[bytes, LogEvent] | None]:
        """The lines that match, each with its event; None is passed on, so that who follows a log can write."""
        for line in lines:
            if line is None:
                yield None
            elif line and conditions.may_match(line):
                event = self.event(line)
                if event is not None and conditions.match(event):
                    yield line, event
