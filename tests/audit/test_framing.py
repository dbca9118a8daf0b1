"""What marks a record and the end of an event is found in audit text, and written into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.framing import EOE, first_time, id_by_expression, id_by_scan, id_of_eoe, last_time, line_of
from sensor.audit.header import parse_line

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
    line = parse_line(line_of(node, "CWD", "1.500:1", 'cwd="/"'))
    assert line is not None
    assert (line.node, line.type, line.id, line.body) == (node, "CWD", "1.500:1", 'cwd="/"')


@pytest.mark.parametrize(
    ("ending", "id"),
    [
        ("1.500:1): ", "1.500:1"),
        ("1700000000.000:0):", "1700000000.000:0"),
        (f"{10**16 - 1}.999:{10**10 - 1}): ", f"{10**16 - 1}.999:{10**10 - 1}"),
        ("1.500:1):  ", None),
        ("1.500:1): x", None),
        ("1.500:1)", None),
        ("1.500:01): ", None),
        ("0.500:1): ", None),
        ("01.500:1): ", None),
        ("1.50:1): ", None),
        ("1.5000:1): ", None),
        (f"{10**16}.000:1): ", None),
        (f"1.500:{10**10}): ", None),
        ("1.5\u00b20:1): ", None),
        (".500:1): ", None),
        ("", None),
    ],
)
def test_the_id_of_an_end(ending: str, id: str | None) -> None:
    assert (id_of_eoe(ending), id_by_scan(ending), id_by_expression(ending)) == (id, id, id)


@given(st.text("0123456789.:) x", max_size=24))
def test_both_ways_find_the_same_id(ending: str) -> None:
    assert id_by_scan(ending) == id_by_expression(ending)


def test_the_end_of_an_event_is_what_is_looked_for() -> None:
    assert line_of("", "EOE", "1.500:1", "").startswith(EOE)
