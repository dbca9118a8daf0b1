"""What every form of output can do."""

from __future__ import annotations

from abc import ABC, abstractmethod

from sensor.audit.event import Event, Notice

try:
    from mypy_extensions import mypyc_attr
except ImportError:  # read by mypyc, and by nothing else

    def mypyc_attr(**_: bool):  # type: ignore[misc,no-untyped-def]
        """Leave a class as it is."""
        return lambda cls: cls


@mypyc_attr(allow_interpreted_subclasses=True)
class Form(ABC):
    """One form of output. Each method gives one line, without its newline.

    No Protocol: compiled, a call of one of those takes the time of 400 instructions, of these methods that of 10.
    """

    @abstractmethod
    def event(self, event: Event) -> str:
        """Write an event."""

    @abstractmethod
    def plainly(self, event: Event) -> str:
        """Write an event for which `event` has failed: what its records hold."""

    @abstractmethod
    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        """Write a line that is no audit record."""

    @abstractmethod
    def notice(self, notice: Notice) -> str:
        """Write a line of the sensor's own."""

    @abstractmethod
    def forget(self) -> None:
        """Write everything anew: the meaning of the records' fields has changed."""
