"""Headers: the parts of a line, in every form auditd writes, and what is no header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.header import by_expression, by_scan, parse_line

ID = "1700000000.001:1"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f'type=CWD msg=audit({ID}): cwd="/"', ("", "CWD", ID, 'cwd="/"')),
        (f"node=web01 type=CWD msg=audit({ID}): x", ("web01", "CWD", ID, "x")),
        (f"node=web01  type=CWD  msg=audit({ID}): x", ("web01", "CWD", ID, "x")),
        (f"node=\xc3\xa0\x85 type=CWD msg=audit({ID}): x", ("\xc3\xa0\x85", "CWD", ID, "x")),
        (f"type=UNKNOWN[1423] msg=audit({ID}): x", ("", "UNKNOWN[1423]", ID, "x")),
        (f"type=EOE msg=audit({ID}): ", ("", "EOE", ID, "")),
        (f"type=EOE msg=audit({ID}):", ("", "EOE", ID, "")),
        (f"type=CWD msg=audit({ID}):x", ("", "CWD", ID, "x")),
        (f"type=CWD msg=audit({ID}):  x y \t\r", ("", "CWD", ID, "x y")),
        (f"type=CWD msg=audit({ID}): x\xa0\x1d", ("", "CWD", ID, "x\xa0\x1d")),
        ("type=A msg=audit(01.5:007): x", ("", "A", "1.005:7", "x")),
        ("type=A msg=audit(1.05:0): x", ("", "A", "1.005:0", "x")),
        (f"type=A msg=audit({10**16 - 1}.999:{10**10 - 1}): x", ("", "A", f"{10**16 - 1}.999:{10**10 - 1}", "x")),
    ],
)
def test_a_header_is_cut_into_its_parts(line, expected):
    assert seen(parse_line(line)) == seen(by_expression(line)) == expected


def seen(line):
    return line and (line.node, line.type, line.id, line.body)


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "\r",
        f" type=CWD msg=audit({ID}): x",
        f"TYPE=CWD msg=audit({ID}): x",
        f"type= msg=audit({ID}): x",
        f"type=X-Y msg=audit({ID}): x",
        f"type=UNKNOWN[] msg=audit({ID}): x",
        f"type=UNKNOWN[{10**10}] msg=audit({ID}): x",
        f"node= type=CWD msg=audit({ID}): x",
        f"node=a b type=CWD msg=audit({ID}): x",
        f"node=a\ttype=CWD msg=audit({ID}): x",
        "type=CWD msg=audit(1.1): x",
        "type=CWD msg=audit(1:1): x",
        "type=CWD msg=audit(1.1234:1): x",
        f"type=CWD msg=audit(1.1:{10**10}): x",
        f"type=CWD msg=audit({10**16}.1:1): x",
        "type=CWD msg=audit(-1.1:1): x",
        f"type=CWD msg=audit({ID})x",
        f"type=CWD msg=audit({ID})",
        f"type=CWD audit({ID}): x",
    ],
)
def test_what_has_another_form_is_no_header(line):
    assert parse_line(line) is None


@pytest.mark.parametrize("behind", ["): x", ") : x", ") x", "):x", "):   x "])
def test_the_colon_is_not_always_there(behind):
    line = parse_line(f"type=DAEMON_CONFIG msg=audit({ID}{behind}")
    assert line is not None
    assert (line.id, line.body) == (ID, "x")


WORDS = [
    "type=",
    "node=a ",
    "CWD",
    "UNKNOWN[1]",
    "_",
    " ",
    "msg=audit(",
    "1700000000",
    "01",
    ".",
    "001",
    ":",
    "7",
    "): ",
    ")",
    "x",
]


@given(st.lists(st.sampled_from(WORDS), max_size=4), st.integers(0, 40), st.integers(0, 8))
def test_a_scan_cuts_as_the_expression_does_or_not_at_all(words, place, length):
    line = f"type=CWD msg=audit({ID}): x"
    line = line[:place] + "".join(words) + line[place + length :]
    assert seen(by_scan(line)) in (None, seen(by_expression(line)))


def test_a_usual_line_is_cut_by_the_scan():
    assert seen(by_scan(f'type=BPRM_FCAPS msg=audit({ID}): cwd="/" ')) == ("", "BPRM_FCAPS", ID, 'cwd="/"')
