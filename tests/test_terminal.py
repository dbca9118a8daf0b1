"""What a terminal shows: its width, harmless names, texts that fit."""

from __future__ import annotations

import io

import pytest

from sensor.terminal import Screen, displayable, pad, shortened, width

PLAIN = Screen(80, color=False, unicode=True)

HOSTILE = [
    ("\x1b[2J\x07", "\\x1b[2J\\x07"),
    ("a\tb\nc", "a\\x09b\\x0ac"),
    ("\u202e".encode().decode("latin-1"), "\\x202e"),
    ("\xff\xfe", "ÿþ"),
    ("日本".encode().decode("latin-1"), "日本"),
    ("日本", "日本"),
]


@pytest.mark.parametrize(("name", "shown"), HOSTILE)
def test_no_name_reaches_the_terminal_as_a_command(name: str, shown: str) -> None:
    assert displayable(name, PLAIN) == shown


def test_widths() -> None:
    assert [width(text) for text in ("abc", "日本", "e\u0301")] == [3, 4, 1]
    assert pad("日", 4) == "日  "
    assert shortened("/usr/lib/x86_64-linux-gnu/libc.so.6", 16, PLAIN) == "/usr/…/libc.so.6"
    assert shortened("short", 16, PLAIN) == "short"
    assert width(shortened("日本語" * 10, 16, PLAIN)) <= 16


def test_what_a_stream_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    latin = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    assert Screen.of(latin) == Screen(90, color=False, unicode=False)
    monkeypatch.setenv("COLUMNS", "10")
    assert Screen.of(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")) == Screen(40, color=False, unicode=True)
