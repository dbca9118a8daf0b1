"""A form whose lines that are no record come without secrets; all others are made of what has none already."""

from __future__ import annotations

from typing import Callable

from sensor.audit.event import Event, Notice
from sensor.forms import Form, unparsed


class Redacted(Form):
    """The form.

    redact: what came as text → the same without secrets; it never raises.
    """

    def __init__(self, form: Form, redact: Callable[[str], str]) -> None:
        self._form = form
        self._redact = redact

    def event(self, event: Event) -> str:
        """Write an event."""
        return self._form.event(event)

    def plainly(self, event: Event) -> str:
        """Write an event for which `event` has failed."""
        return self._form.plainly(event)

    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        """Write a line that is no audit record, without the secrets in it."""
        text = self._redact(raw)
        try:
            return self._form.error(reason, text, notes)
        except Exception:  # noqa: BLE001  the border: a handler further up would write the text unredacted
            return unparsed(self._form, reason, text)

    def notice(self, notice: Notice) -> str:
        """Write a line of the sensor's own."""
        return self._form.notice(notice)

    def forget(self) -> None:
        """The meaning of the records' fields has changed."""
        self._form.forget()
