"""A form whose lines that are no record come without secrets, even if it fails."""

from __future__ import annotations

from sensor.forms import unparsed
from sensor.forms.redacted import Redacted
from tests.support.forms import Passing
from tests.support.pipelines import laurel


class Failing(Passing):
    def error(self, reason, raw, notes):
        raise RuntimeError(raw)


def test_a_form_that_fails_shows_no_secret():
    form = Redacted(Failing(laurel()), lambda text: text.replace("secret", "***"))
    assert unparsed(form, "crash", "a secret") == '{"ID":null,"PARSE_ERROR":{"reason":"crash","raw":"a ***"}}'
