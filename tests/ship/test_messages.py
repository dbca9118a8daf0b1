"""RFC 5424 messages."""

from __future__ import annotations

import re

import pytest

from sensor.options import OptionError
from sensor.ship.batch import Batch, Position
from sensor.ship.kinds import Common
from sensor.ship.messages import Messages, Options

# RFC 5424, section 6: HEADER SP STRUCTURED-DATA SP MSG
FORM = re.compile(
    rb"<(\d{1,3})>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32} - (.*)"
)


@pytest.mark.parametrize("host", ["web01", "two words", "münchen", "", "x" * 300])
def test_every_line_is_a_message(host: str) -> None:
    lines = [b'{"ID":"1700000000.123:1"}', b'{"ID":null}', b"\xff not json"]
    messages = Messages(Options(facility="local3"), Common("far", host)).of(Batch(Position(), Position(), lines))
    for message, line in zip(messages, lines):
        found = FORM.fullmatch(message)
        assert found is not None, message
        assert (found[1], found[2]) == (b"158", line)
    assert b" 2023-11-14T22:13:20.123Z " in messages[0]


@pytest.mark.parametrize("name", ["", "two words", "x" * 49, "ä"])
def test_a_name_that_the_protocol_does_not_take_is_a_mistake(name: str) -> None:
    with pytest.raises(OptionError):
        Options(app_name=name)
