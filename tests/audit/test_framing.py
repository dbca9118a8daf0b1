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
    interleaved_events,
    last_time,
    line_of,
    uncut,
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


# The lines of several events that are interleaved.


def event_of(serial: int, records: int, node: str = "") -> list[str]:
    lines = "".join([f"{node}{line}\n" for line in [*LINES[:records], END]])
    return (
        lines.replace(ID, f"1700000000.001:{serial}").replace("UNKNOWN[4294967295]", "PATH").splitlines(keepends=True)
    )


def merged(events: list[list[str]], turns: list[int]) -> str:
    """Their lines, each event's in their order; turns: which event is next, of those that have lines."""
    left, lines = [list(event) for event in events], []
    for turn in [*turns, *[0] * 100]:
        if any(left):
            left = [event for event in left if event]
            lines.append(left[turn % len(left)].pop(0))
    return "".join(lines)


@given(
    st.lists(st.integers(1, len(LINES)), min_size=1, max_size=4),
    st.lists(st.integers(0, 3), max_size=24),
    st.booleans(),
)
def test_interleaved_events_are_cut_as_each_is_on_its_own(records: list[int], turns: list[int], has_node: bool) -> None:
    node = "node=web01 " if has_node else ""
    events = [event_of(serial, count, node) for serial, count in enumerate(records)]
    before, text = "what was before\n", merged(events, turns)
    found, place = [], len(before)
    while place < len(before + text):
        several = interleaved_events(before + text + "what follows", place, node)
        assert several is not None
        assert several.size == several.end - 1 - place
        place = several.end
        found += several.events
    assert place == len(before + text)
    ends = sorted(range(len(events)), key=lambda number: text.index(events[number][-1]))
    assert [each.id for each in found] == [f"1700000000.001:{number}" for number in ends]
    for each, number in zip(found, ends):
        alone = whole_event("".join(events[number]), 0, node)
        assert alone is not None
        assert (each.pieces, each.size) == (alone.pieces, alone.size)
        assert uncut(each.pieces, each.id, node) + "\n" == "".join(events[number])


@pytest.mark.parametrize(("turns", "most"), [([0] * 10, 1), ([0, 1, 0, 1], 2), ([0, 1, 2], 3)])
def test_how_many_are_open_at_a_time(turns: list[int], most: int) -> None:
    several = interleaved_events(merged([event_of(serial, 2) for serial in range(3)], turns), 0, "")
    assert several is not None
    assert several.most == most


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("type=SYSCALL msg=audit(1700000000.001:1)", "type=CWD msg=audit(1700000000.001:1)"),
        ("type=SYSCALL msg=audit(1700000000.001:1):", "type=SYSCALL msg=audit(1700000000.001:1)"),
        ("type=SYSCALL msg=audit(1700000000.001:1)", "type=SYSCALL msg=audit(1.1:1)"),
        ("type=CWD msg=audit(1700000000.001:1)", "type=USER_LOGIN msg=audit(1700000000.001:9)"),
        ("type=CWD msg=audit(1700000000.001:1)", "no header"),
        ("type=CWD", "node=web01 type=CWD" + "X" * 100),
        ("type=CWD", "node=b type=CWD"),
        ("type=CWD", "type=C:WD"),
        ("type=CWD", "type=UNKNOWN[1307]"),
        ("type=CWD", "type=CWD "),
        ("CWD msg=audit(1700000000.001:1): ", "CWD msg=audit(1700000000.001:1):"),
        ('cwd="/(x)"', "cwd= type=CWD msg=audit(1700000000.001:0): cwd=x"),
        ("type=EOE msg=audit(1700000000.001:1): ", "type=EOE msg=audit(1700000000.001:1): x"),
        ("type=EOE msg=audit(1700000000.001:1)", "type=EOE msg=audit(1700000000.001:9)"),
        ("type=EOE msg=audit(1700000000.001:1): \n", ""),
        ("type=EOE msg=audit(1700000000.001:1): \n", "type=EOE msg=audit(1700000000.001:1): "),
    ],
)
def test_what_is_not_of_events_that_begin_and_end_is_left_to_others(old: str, new: str) -> None:
    """One line of the second event is another."""
    text = merged([event_of(0, 2), event_of(1, 2)], [0, 1, 0, 1, 0, 1])
    assert text.replace(old, new) != text
    assert interleaved_events(text, 0, "") is not None
    assert interleaved_events(text.replace(old, new), 0, "") is None


@pytest.mark.parametrize(("records", "are_few"), [(30, True), (31, True), (32, False), (1000, False)])
def test_very_many_lines_are_left_to_others(records: int, are_few: bool) -> None:
    lines = [event_of(serial, 2) for serial in range(2)]
    events = [[first, *[second] * (records - 1), end] for first, second, end in lines]
    assert (interleaved_events(merged(events, [0, 1] * records), 0, "") is not None) == are_few


@given(st.text("ab", max_size=40), st.sampled_from(["a", "ab", "bba"]), st.integers(0, 40))
def test_near_or_far_a_mark_is_found(text: str, mark: str, start: int) -> None:
    for far in (text, "c" * 20_000 + text):
        assert find_near(far, mark, start) == far.find(mark, start)
