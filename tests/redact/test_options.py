"""Options of redaction: mistakes are named."""

from __future__ import annotations

import pytest

from sensor.options import OptionError
from sensor.redact import Options


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ({"a": "fields=ARGV,EXE x"}, "none of"),
        ({"a": "fields=exe x"}, "none of"),
        ({"a": "action=drop x"}, "expected action=mask"),
        ({"a": "(x.*)y"}, "not linear"),
        ({"a": "if=( x"}, "missing"),
        ({"a": ""}, "nothing at all"),
        ({"failed": "x"}, "cannot be called"),
    ],
)
def test_mistakes_are_named(rules, reason):
    with pytest.raises(OptionError, match=reason) as caught:
        Options(rules=rules)
    assert caught.value.key == "rules"
