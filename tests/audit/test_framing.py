"""What marks a record and the end of an event is found in audit text, and written into it."""

from __future__ import annotations

import pytest

from sensor.audit.framing import EOE, ID_OF_EOE, first_time, last_time, line_of
from sensor.audit.header import Line, parse_line

A, B = b"type=A msg=audit(1.500:1): x\n", b"node=n type=EOE msg=audit(2.250:7): \n"


@pytest.mark.parametrize(
    ("chunk", "time"),
    [
        (b"type=A msg=audit(1.500:1): x\ntype=B msg=audit(2.250:7): y\n", 2.25),
        (b"type=A msg=audit(1.500:1): x\ntype=B msg=au", 1.5),
        (b"no event at all", 0.0),
        (b"type=A msg=audit(soon:1): x", 0.0),
    ],
)
def test_the_time_of_a_chunk_is_that_of_its_last_event(chunk: bytes, time: float) -> None:
    assert last_time(chunk) == time


@pytest.mark.parametrize(
    ("chunk", "time"),
    [
        (A + B, 1.5),
        (b"cut): \n" + B + A, 2.25),
        (b"type=A msg=audit(soon:1): x", None),
        (b" " * 40 + A, None),
        (b"", None),
    ],
)
def test_the_first_record_near_the_beginning_shows_the_time(chunk: bytes, time: float | None) -> None:
    assert first_time(chunk, 60) == time


@pytest.mark.parametrize("node", ["", "web01"])
def test_a_line_is_read_as_it_was_written(node: str) -> None:
    assert parse_line(line_of(node, "CWD", "1.500:1", 'cwd="/"')) == Line(node, "CWD", "1.500:1", 'cwd="/"')


def test_the_id_of_an_end_is_found() -> None:
    end = line_of("", "EOE", "1.500:1", "")
    found = ID_OF_EOE.match(end[len(EOE) :])
    assert found is not None
    assert found.group(1) == "1.500:1"
