"""A form that leaves all to another one."""

from __future__ import annotations

from sensor.audit.event import Event, Notice
from sensor.forms import Form


class Passing(Form):
    """To be inherited by those that want to see, or change, a part of it."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def event(self, event: Event) -> str:
        return self.form.event(event)

    def plainly(self, event: Event) -> str:
        return self.form.plainly(event)

    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        return self.form.error(reason, raw, notes)

    def notice(self, notice: Notice) -> str:
        return self.form.notice(notice)

    def forget(self) -> None:
        self.form.forget()
