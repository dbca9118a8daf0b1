"""No text: what an event costs in another form, for counting (`host-sensor top`)."""

from __future__ import annotations

from typing import Callable

from sensor.audit.event import Event, Notice
from sensor.forms import Form
from sensor.forms.laurel import Laurel

Sizes = list[tuple[str, int]]
"""Record type and its bytes, for each record of an event."""
Observe = Callable[[Event, str, Sizes], None]
"""Takes an event, its line, and the bytes of its records."""


class Count(Form):
    """Measures events and lets others count; gives no line.

    form: the one whose lines are measured; laurel: the one in which records are.
    """

    def __init__(self, form: Form, laurel: Laurel, observe: Observe) -> None:
        self._form = form
        self._laurel = laurel
        self._observe = observe

    def event(self, event: Event) -> str:
        """Measure an event."""
        line = self._form.event(event)
        sizes: Sizes = []
        for name, group in event.records.items():
            if name == "SYSCALL" and event.syscall is not None:
                sizes.append((name, len(self._laurel.call(event.syscall, self._laurel.added(event)))))
            sizes += [(name, len(self._laurel.record(record))) for record in group]
        self._observe(event, line, sizes)
        return ""

    def plainly(self, event: Event) -> str:
        """The same, where the form has failed."""
        self._observe(event, self._form.plainly(event), [])
        return ""

    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        """Nothing: it is counted as it comes."""
        return ""

    def notice(self, notice: Notice) -> str:
        """Nothing: it is no event."""
        return ""

    def forget(self) -> None:
        """The meaning of the records' fields has changed."""
        self._form.forget()
        self._laurel.forget()
