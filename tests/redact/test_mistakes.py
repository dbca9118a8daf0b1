"""What holds where rules were written and cannot be read."""

from __future__ import annotations

import json

import pytest

from sensor.config import check
from sensor.errors import ConfigError
from sensor.redact import Redactor
from sensor.redact.mistakes import closed, is_about_redaction
from tests.redact.places import feed, output, typed


def test_where_rules_cannot_be_read_all_is_masked():
    made = Redactor(closed(), b"", {})
    assert made.command(("ls", "-l\nx"), False) == ("***", "***")
    assert made.line("any thing") == "*** ***"
    lines, _ = output(feed(typed(b"secret words\r"), False), "", "redact: {rules: {all: '(?s)(.+)'}}")
    assert json.loads(lines[0])["TTY"][0]["data"] == "*** ***%0d"


def test_which_mistakes_are_about_redaction(tmp_path):
    fragment = tmp_path / "secrets.yaml"
    fragment.write_text("redact: {rules: [")
    other = tmp_path / "other.yaml"
    other.write_text("filter: [")
    found = [
        is_about_redaction(ConfigError(str(file), None, key, "x"))
        for file, key in [
            (fragment, ""),
            (other, ""),
            (other, "redact.rules"),
            (other, "filter"),
            (tmp_path / "no", ""),
        ]
    ]
    assert found == [True, False, True, False, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redact: {rules: {a: b}, actoin: hash}", True),
        ("redaction: {rules: {a: b}}", True),
        ("Redact: {rules: {a: b}}", True),
        ("redcat: {rules: {a: b}}", True),
        ("redact:\nrules: {a: b}", True),
        ("rules: {a: b}", True),
        ("key_file: /etc/host-sensor/key", True),
        ("filter: {redact: {rules: {a: b}}}", True),
        ("enrich: {rules: {a: b}}", True),
        ("filter: {rules: {a: b}}", False),
        ("filter: {rulez: {a: b}}", False),
        ("input: nowhere", False),
        ("auditlog: {read_other: perhaps}", False),
        ("action: drop", False),
    ],
)
def test_where_rules_were_meant(text, expected, tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(text)
    mistakes = check(str(file))
    assert mistakes
    assert any(map(is_about_redaction, mistakes)) is expected
