"""The time of an event as a date, at the edges of what a date can say."""

from __future__ import annotations

import pytest

from sensor.audit.render import Style
from sensor.audit.text import quote_percent
from sensor.event import Event, Template
from sensor.translate.timestamp import IsoTime

STYLE = Style(quote_percent)
CASES = [
    ("1626611363.720:348501", ',"TIME":"2021-07-18T12:29:23.720Z"'),
    ("1626611363.721:348502", ',"TIME":"2021-07-18T12:29:23.721Z"'),
    ("1626611364.000:1", ',"TIME":"2021-07-18T12:29:24.000Z"'),
    ("0.000:1", ',"TIME":"1970-01-01T00:00:00.000Z"'),
    ("1709164800.999:1", ',"TIME":"2024-02-29T00:00:00.999Z"'),
    ("4294967296.000:1", ',"TIME":"2106-02-07T06:28:16.000Z"'),
    ("253402300799.999:1", ',"TIME":"9999-12-31T23:59:59.999Z"'),
    ("253402300800.000:1", ""),
    ("9999999999999999.000:1", ""),
]


@pytest.mark.parametrize(("id", "top"), CASES)
def test_an_id_has_a_date(id: str, top: str) -> None:
    event = Event(id, "", Template({}), None)
    assert IsoTime(STYLE).stage(event)
    assert event.top == top


def test_one_second_after_another_is_not_the_same() -> None:
    stage = IsoTime(STYLE).stage
    for id, top in [*CASES, *CASES]:
        event = Event(id, "", Template({}), None)
        event.top = ',"x":1'
        assert stage(event)
        assert event.top == ',"x":1' + top


def test_the_key_bears_the_prefix() -> None:
    event = Event("0.000:1", "", Template({}), None)
    assert IsoTime(Style(quote_percent, "x_")).stage(event)
    assert event.top == ',"x_time":"1970-01-01T00:00:00.000Z"'
