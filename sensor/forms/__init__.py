"""Forms of output: what an event looks like when it leaves. The only place where JSON is written.

    laurel   {"ID":"1626611363.720:348501","SYSCALL":{…},"PATH":[{…}],…}     the layout that LAUREL has
    ecs      {"@timestamp":"2021-07-18T12:29:23.720Z","event":{…},…}          the words of the Elastic Common Schema
    ocsf     {"class_uid":1001,"activity_id":14,…,"metadata":{…},…}           the Open Cybersecurity Schema Framework
    count    no text at all: what `host-sensor top` counts

A form is given to the pipeline when that is made. It gets values and owns every text that is
remembered: what is worth remembering has a slot for it (Record.text, Template.text, Addition.text
…), which only the form looks at, so an object that many events share is written once.
"""

from __future__ import annotations

from collections.abc import Sequence

from sensor.forms.form import Form
from sensor.forms.text import quote_percent

__all__ = ["Form", "Lines", "unparsed"]


class Lines(list[str]):
    """JSON lines without their newlines, one byte per character: those of the log of events, and besides

    filtered: those of the filter log.
    unparsed: those of the log of events that hold what could not be parsed, again.
    own: how many of the log of events are the sensor's own, which are no event of the audit stream.
    """

    __slots__ = ("filtered", "own", "unparsed")

    def __init__(self) -> None:
        super().__init__()
        self.own = 0
        self.filtered: list[str] = []
        self.unparsed: list[str] = []

    def take_own(self, line: str) -> None:
        """Add a line of the sensor's own, where all so far are that."""
        self.append(line)
        self.own += 1

    def take_unparsed(self, lines: Sequence[str]) -> None:
        """Add lines that hold what could not be parsed."""
        self += lines
        self.unparsed += lines

    def take(self, others: Lines) -> None:
        """Add all of others, each where it belongs."""
        self += others
        self.own += others.own
        self.filtered += others.filtered
        self.unparsed += others.unparsed


def unparsed(form: Form, reason: str, raw: str) -> str:
    """A line that is no audit record, whatever is the matter with the form."""
    try:
        return form.error(reason, raw, [])
    except Exception:  # noqa: BLE001  the border: better in another form than not at all
        return f'{{"ID":null,"PARSE_ERROR":{{"reason":"{reason}","raw":{quote_percent(raw)}}}}}'
