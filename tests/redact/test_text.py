"""Texts and their secrets: what fails is masked, what was replaced stays."""

from __future__ import annotations

from sensor.redact.options import RedactionRule, parse_rules
from sensor.redact.text import Secrets


def broken(text):
    raise RuntimeError(text)


def test_what_fails_is_masked_and_counted():
    counts = {}
    secrets = Secrets([RedactionRule("a", (), False, None, broken)], b"", counts)
    assert secrets.words(["x", "y"]) == ["***", "***"]
    assert secrets.text("x") == "***"
    assert secrets.line("x") == "***"
    assert counts == {"failed": 3}


def test_what_is_replaced_once_stays():
    secrets = Secrets(parse_rules({"a": r"(?s)(.+)"}, "hash"), b"k" * 16, {})
    once = secrets.words(["x", "two words"])
    assert once != ["x", "two words"]
    assert secrets.words(once) == once
