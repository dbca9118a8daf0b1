"""Plain command lines and addresses are written from text to text; what is not plain is left to others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.options import TransformOptions
from sensor.audit.record import Record, RecordDecoder
from sensor.forms.command_lines import PlainCommandLines
from sensor.forms.text import quote_percent
from sensor.forms.values import Renderer

LINES = PlainCommandLines(quote_percent)


def record(name: str, body: str) -> Record:
    return RecordDecoder(TransformOptions(), (), 10).decode(name, body)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "argc=0",
        'argc=1 a0="ls" ',
        'argc=2 a0="ls"',
        'argc=1 a0="ls" a1="x"',
        'argc=2 a1="x" a0="ls"',
        'argc=2 a0="ls" a0="x"',
        'argc=1 a00="ls"',
        'argc=1  a0="ls"',
        'argc=1 a0="l s"',
        "argc=1 a0=ls",
        "argc=1 a0=6c73",
        "argc=1 a0=(null)",
        'argc=1 a0[0]="ls"',
        'argc=1 a0_len=2 a0[1]="ls"',
        'argc=1 a0="ls"\x1dX="y"',
        'a0="ls" argc=1',
    ],
)
def test_a_command_line_that_is_not_plain_is_left_to_others(body):
    assert LINES.execve(record("EXECVE", body)) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('argc=1 a0="ls"', '"argc":1,"ARGV":["ls"]'),
        ('argc=2 a0="g++" a1=2D63', '"argc":2,"ARGV":["g%2b%2b","-c"]'),
        ("argc=2 a0=61206222 a1=0A00", '"argc":2,"ARGV":["a b\\"","%0a%00"]'),
        ('argc=2 a0_len=4 a0[0]="ab" a0[1]=6364 a1="x"', '"argc":2,"ARGV":["abcd","x"]'),
        (" ".join(["argc=300", *[f'a{place}="x"' for place in range(300)]]), f'"argc":300,"ARGV":{["x"] * 300}'),
    ],
)
def test_command_lines(body, expected):
    assert LINES.execve(record("EXECVE", body)) == expected.replace("', '", '","').replace("'", '"')


WORDS = st.lists(st.text(' ab%+"\\\n\xe4\xff', min_size=1, max_size=6), min_size=1, max_size=5)


@pytest.mark.parametrize("forms", [(), ("array",), ("string",), ("array", "string"), ("string", "array")])
@given(words=WORDS)
def test_a_command_line_is_written_as_field_by_field(forms, words):
    hexadecimal = [f"a{place}={word.encode('latin-1').hex().upper()}" for place, word in enumerate(words)]
    body = " ".join([f"argc={len(words)}", *hexadecimal])
    options = TransformOptions(execve_argv=forms)
    lines = PlainCommandLines(quote_percent, forms)
    fields = RecordDecoder(options, (), 10).parse("EXECVE", body)
    assert lines.execve(record("EXECVE", body)) == Renderer("percent").render(fields)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("proctitle=", None),
        ("proctitle=(null)", None),
        ("proctitle=6C730", None),
        ("proctitle=6c73", None),
        ('proctitle="ls"', None),
        ("proctitle=6C73 x=y", None),
        ("proctitle=6C7300", '"ARGV":["ls",""]'),
        ("proctitle=6720002B22", '"ARGV":["g ","%2b\\""]'),
    ],
)
def test_titles(body, expected):
    assert LINES.proctitle(record("PROCTITLE", body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("saddr=", None),
        ("saddr=(null)", None),
        ("saddr=0100F", None),
        ("saddr=02ab", None),
        ("saddr=0200 x=y", None),
        ("saddr=0200\x1dSADDR={ saddr_fam=inet }", None),
        ("addr=0200", None),
        ("saddr=01002F72756E", '"saddr":"%01%00/run"'),
        ("saddr=0100222B5C", '"saddr":"%01%00\\"%2b\\\\"'),
    ],
)
def test_addresses(body, expected):
    assert LINES.address(record("SOCKADDR", body)) == expected


@given(st.binary(max_size=30))
def test_an_address_is_written_as_field_by_field(address):
    body = f"saddr={address.hex().upper()}"
    fields = RecordDecoder(TransformOptions(), (), 10).parse("SOCKADDR", body)
    assert LINES.address(record("SOCKADDR", body)) in (None, Renderer("percent").render(fields))
