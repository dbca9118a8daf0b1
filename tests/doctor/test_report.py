"""The screen for any terminal, and the same as JSON; nothing in a text moves the cursor."""

from __future__ import annotations

import json

from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.report import as_json, show
from sensor.terminal import Screen

FINDINGS = [
    Finding(OK, "audit.enabled", "auditing is on"),
    Finding(FAILURE, "rules.loaded", "no audit rule is loaded", "load some"),
    Finding(WARNING, "x.y", "a name \x1b[31m\x9b2J of an attacker"),
    Finding(NOTE, "x.z", "note"),
]


def test_the_screen() -> None:
    assert list(show(FINDINGS[:2], Screen(80, False, True))) == [
        "ok       audit.enabled              auditing is on",
        "FAILURE  rules.loaded               no audit rule is loaded",
        "                                    → load some",
        "",
        "1 failure, 0 warnings, 0 notes",
    ]


def test_nothing_moves_the_cursor() -> None:
    text = "\n".join(show(FINDINGS, Screen(200, False, False)))
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert "\x9b" not in text


def test_lines_fit_the_screen() -> None:
    long = Finding(WARNING, "a.b", "word " * 50, "advice " * 50)
    lines = list(show([long], Screen(60, False, True)))
    assert len(lines) > 10
    assert max(map(len, lines)) <= 60


def test_a_terminal_shows_the_level_in_colour() -> None:
    assert next(show(FINDINGS[1:2], Screen(80, True, True))).startswith("\x1b[31;1mFAILURE \x1b[0m ")


def test_json() -> None:
    assert json.loads(as_json(FINDINGS))[1] == {
        "level": "failure",
        "name": "rules.loaded",
        "text": "no audit rule is loaded",
        "advice": "load some",
    }
