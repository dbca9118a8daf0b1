"""A form that fails for an event costs that event its form, and no other event anything."""

from __future__ import annotations

import json

import pytest

from sensor.audit.event import Event
from sensor.forms import Form
from sensor.stats import PipelineStats
from tests.pipeline.test_mistakes import SPOILT, spoil
from tests.pipeline.test_pipeline import ID, Subject, event, keep, log_all
from tests.support.forms import Passing
from tests.support.pipelines import make_pipeline


class Failing(Passing):
    """A form that fails for events and errors that hold a word, and maybe even to write them plainly."""

    def __init__(self, form: Form, word: str, plain: bool = False) -> None:
        super().__init__(form)
        self.word, self.plain = word, plain

    def event(self, event: Event) -> str:
        return self._unless(event, self.form.event(event))

    def plainly(self, event: Event) -> str:
        return self.form.plainly(event) if self.plain else self._unless(event, self.form.plainly(event))

    def error(self, reason: str, raw: str, notes: list[str]) -> str:
        if reason == "crash" and "spoilt" in raw:
            raise ValueError(raw)
        return self.form.error(reason, raw, notes)

    def _unless(self, event: Event, line: str) -> str:
        if self.word in line:
            raise ZeroDivisionError
        return line


def test_of_an_event_that_cannot_be_written_the_lines_are():
    subject = Subject(wrap=lambda form: Failing(form, ID.format(2)))
    output = [json.loads(one) for one in subject.feed(event(1) + event(2) + event(3))]
    assert [one.get("PARSE_ERROR", {}).get("reason") for one in output] == [None, "crash", "crash", None]
    assert [one["PARSE_ERROR"]["raw"][:13] for one in output[1:3]] == ["type=SYSCALL ", "type=CWD msg="]
    assert [part for part, _ in subject.failures] == ["the pipeline"]
    assert (subject.stats.events, subject.stats.crashed) == (2, 1)


def test_an_event_that_can_be_written_plainly_is():
    subject = Subject([keep], wrap=lambda form: Failing(form, ID.format(2), plain=True))
    output = [json.loads(one) for one in subject.feed(event(1) + event(2))]
    assert [one.get("SENSOR") for one in output] == [None, {"notes": ["stage_failed"]}]
    assert [one["KEPT"] for one in output] == [1, 1]
    assert subject.stats.stage_failures == {"Failing.event": 1}
    assert (subject.stats.events, subject.stats.crashed) == (2, 1)


def test_a_chunk_of_which_nothing_can_be_made_counts_once():
    """Without memory not even the lines as they came: then the chunk is dropped by the caller, and counted there."""

    def fail(part: str, error: Exception) -> None:
        raise MemoryError

    stats = PipelineStats()
    pipeline = make_pipeline(stats=stats, failed=fail, wrap=lambda form: Failing(form, ID.format(2)))
    assert len(pipeline.feed(event(1).encode(), 0.0)) == 1
    with pytest.raises(MemoryError):
        pipeline.feed((event(2) + event(3)).encode(), 0.0)
    assert (stats.lines, stats.unparsed) == (3, {})
    assert len(pipeline.feed(event(4).encode(), 0.0)) == 1
    assert stats.lines == 6


def test_of_an_event_for_the_filter_log_that_cannot_be_written_nothing_goes_elsewhere():
    lines = Subject([log_all], wrap=lambda form: Failing(form, "ID")).pipeline.feed(event(1).encode(), 0.0)
    assert (list(lines), lines.unparsed) == ([], [])
    assert ["crash" in one for one in lines.filtered] == [True, True]


def test_an_event_that_the_form_cannot_write_at_all_goes_out_as_a_parse_error():
    subject = Subject(transforms=[spoil], wrap=lambda form: Failing(form, "nothing"))
    (output,) = subject.feed(SPOILT["no system call"])
    assert json.loads(output)["PARSE_ERROR"]["raw"].endswith("flags=spoilt")
