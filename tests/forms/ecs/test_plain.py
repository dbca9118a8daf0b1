"""Records that are written without values in between come out as those that are read value by value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.naming import Naming
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.forms.ecs.names import tidy
from sensor.forms.ecs.plain import PlainRecords
from sensor.forms.values import Style
from sensor.summary.circumstances import READERS

STYLE = Style("unicode")
OPTIONS = [
    TransformOptions(),
    TransformOptions(execve_argv=("array", "string")),
    TransformOptions(execve_argv=("string",)),
]


def both(name: str, body: str, style: Style = STYLE, options: TransformOptions = OPTIONS[0]) -> tuple[str, str]:
    """The members, as they are written at once, and value by value."""
    fields = RecordDecoder(options, (), 8, style.naming.prefix).parse(name, body)
    given = tidy(READERS[name](fields, style.naming))
    return PlainRecords(style).write(name, fields), f",{style.render(given)}" if given else ""


USUAL = 'item=0 name="/a" inode=12 dev=fd:01 mode=0100644 ouid=0 ogid=0 rdev=00:00'
PATHS = [
    (USUAL, True),
    (f"{USUAL} nametype=NORMAL cap_fp=0 cap_fi=0 cap_fe=0 cap_fver=0", True),
    ("item=0 name=(null) nametype=UNKNOWN", True),
    ("item=0 name=2F612062220A", True),  # /a b"\n
    ('name="0oabc"', True),
    ("name=2FFF", False),  # no UTF-8: exact bytes beside it
    ("name=2FC3A4", False),
    (f'{USUAL} nametype=NORMAL\x1dOUID="root" OGID="root"', False),
    ("ouid=4294967295", False),  # unset
    ("ouid=-1", False),
    ("arch=c000003e syscall=2", False),
    ("uring_op=1", False),
    ("Item=0", False),
    ("msg='a=1'", False),
    ("", False),
]


@pytest.mark.parametrize(("body", "plain"), PATHS)
def test_paths(body: str, plain: bool) -> None:
    at_once, by_value = both("PATH", body)
    assert at_once == (by_value if plain else "")


def test_beside_marked_names_nothing_is_plain() -> None:
    assert both("PATH", USUAL, Style("unicode", Naming("x_")))[0] == ""


COMMANDS = [
    ('argc=2 a0="ls" a1="-l"', True),
    ('argc=2 a0="ls" a1=""', True),
    ('argc=1 a0=""', True),
    ("argc=3 a0=2D63 a1=6120220A5C62 a2=00", True),  # quotes, newline, NUL
    ("argc=1 a0=C3A4", False),
    ("argc=1 a0=FF", False),
    ('argc=2 a0="ls"', False),  # one is missing
    ('a0="ls"', False),
    ("argc=0", False),
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("body", "plain"), COMMANDS)
def test_command_lines(body: str, plain: bool, options: TransformOptions) -> None:
    at_once, by_value = both("EXECVE", body, options=options)
    assert at_once == (by_value if plain and "array" in options.execve_argv else "")


@given(st.lists(st.binary(max_size=12), min_size=1, max_size=5))
def test_any_command_line(words: list[bytes]) -> None:
    body = " ".join([f"a{place}={word.hex().upper()}" for place, word in enumerate(words)])
    at_once, by_value = both("EXECVE", f"argc={len(words)} {body}")
    assert at_once in ("", by_value)
    assert bool(at_once) == b"".join(words).isascii()


@given(
    st.dictionaries(
        st.sampled_from(["item", "name", "Name", "inode", "mode", "ouid", "obj", "msg", "x"]),
        st.sampled_from(["0", "-1", "4294967295", "0644", "(null)", "?", "/a", '"/a"', "C3A4", "'x'"]),
    )
)
def test_any_path(words: dict[str, str]) -> None:
    at_once, by_value = both("PATH", " ".join([f"{name}={value}" for name, value in words.items()]))
    assert at_once in ("", by_value)


def test_other_records_are_read_by_value() -> None:
    assert both("CWD", 'cwd="/"')[0] == ""
