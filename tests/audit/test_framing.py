"""What marks a record and the end of an event is found in audit text, and written into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.framing import (
    EOE,
    find_near,
    first_time,
    id_by_expression,
    id_by_scan,
    id_of_eoe,
    last_time,
    line_of,
    whole_event,
)
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


# The lines of one event, cut where its id stands.

ID = "1700000000.001:7"
LINES = [
    f"type=SYSCALL msg=audit({ID}): arch=c000003e syscall=2",
    f'type=CWD msg=audit({ID}): cwd="/(x)"',
    f"type=UNKNOWN[4294967295] msg=audit({ID}): op=x",
    f'type=PROCTITLE msg=audit({ID}): proctitle="ls"',
]
END = f"type=EOE msg=audit({ID}): "


def text_of(lines: list[str], node: str = "") -> str:
    return "".join([f"{node}{line}\n" for line in lines])


@pytest.mark.parametrize("node", ["", "node=web01 ", "node=(a):(b) "])
@pytest.mark.parametrize("id", [ID, f"{10**16 - 1}.999:{10**10 - 1}", "1.000:0"])
@pytest.mark.parametrize("end", [END, END[:-1]])
@pytest.mark.parametrize("count", range(1, len(LINES) + 1))
def test_a_whole_event_is_cut_where_its_id_stands(node: str, id: str, end: str, count: int) -> None:
    before, block = "what was before\n", text_of(LINES[:count], node)[:-1].replace(ID, id)
    text = f"{before}{block}\n{node}{end}\n".replace(ID, id) + "what follows"
    whole = whole_event(text, len(before), node)
    assert whole is not None
    assert (whole.id, whole.pieces, whole.size) == (id, block.split(f"({id}):"), len(block))
    assert text[whole.end :] == "what follows"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SYSCALL", "CWD"),
        ("type=SYSCALL", "x type=SYSCALL"),
        (f"SYSCALL msg=audit({ID}):", f"SYSCALL msg=audit({ID}) :"),
        (f"SYSCALL msg=audit({ID}):", "SYSCALL msg=audit(1.1:7):"),
        (f"CWD msg=audit({ID})", "CWD msg=audit(1700000000.001:8)"),
        (f"CWD msg=audit({ID}):", f"CWD msg=audit({ID})"),
        ("type=CWD", f"type={'X' * 100}"),
        (END, END + " "),
        (END, END + "x=1"),
        (END, "node=web01 " + END),
        (END + "\n", END),
        (END + "\n", ""),
        (ID, "01700000000.001:7"),
        (ID, "1700000000.01:7"),
        (ID, "1700000000.001:07"),
    ],
)
def test_other_lines_are_left_to_others(old: str, new: str) -> None:
    text = text_of([*LINES, END])
    assert text.replace(old, new) != text
    assert whole_event(text.replace(old, new), 0, "") is None
    assert whole_event(text, 0, "node=web01 ") is None


@pytest.mark.parametrize(("records", "is_whole"), [(63, True), (64, True), (65, False), (1000, False)])
def test_an_event_of_very_many_records_is_left_to_others(records: int, is_whole: bool) -> None:
    """Before its end has come, the text would be cut again with each chunk."""
    text = text_of([LINES[0], *[LINES[1]] * (records - 1), END])
    assert (whole_event(text, 0, "") is not None) == is_whole


PARTS = ["\n", "\0", " ", "(", ")", ":", f"({ID}):", " msg=audit", "type=EOE", "type=CWD", "\n" + END, "x"]


@given(st.integers(0, 300), st.integers(0, 30), st.lists(st.sampled_from(PARTS), max_size=6))
def test_what_is_cut_is_the_text_as_it_was(place: int, length: int, parts: list[str]) -> None:
    """Its lines, cut at their ids, and an end with the same id; what those are is for others to say."""
    text = text_of([*LINES, END])
    text = text[:place] + "".join(parts) + text[place + length :]
    whole = whole_event(text, 0, "")
    if whole is not None:
        block = f"({whole.id}):".join(whole.pieces)
        assert text.startswith(block + "\n")
        assert "\n" not in whole.pieces[0]
        assert all("\n" in piece for piece in whole.pieces[1:-1])
        end = text[len(block) + 1 : whole.end]
        assert id_of_eoe(end[len(EOE) : -1]) == whole.id
        assert end.startswith(EOE)


@given(st.text("ab", max_size=40), st.sampled_from(["a", "ab", "bba"]), st.integers(0, 40))
def test_near_or_far_a_mark_is_found(text: str, mark: str, start: int) -> None:
    for far in (text, "c" * 20_000 + text):
        assert find_near(far, mark, start) == far.find(mark, start)
