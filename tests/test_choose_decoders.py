"""Which records are decoded by whom."""

from __future__ import annotations

import pytest

from sensor.audit.naming import Naming
from sensor.choose_decoders import choose_decoders
from sensor.config import Config
from sensor.redact import Options, Redactor
from sensor.translate.userdb import UserDatabase

PASSWORD = Redactor(Options(rules={"a": r"pw=([^\0]+)"}), b"", {})


@pytest.mark.parametrize(("redactor", "expected"), [(None, "pw=foo"), (PASSWORD, "pw=***")])
def test_arguments(redactor, expected):
    decoders = choose_decoders(Config(), Naming(""), UserDatabase(blocking=True), redactor)
    assert decoders.own.decode("EXECVE", 'argc=1 a0="pw=foo"').fields["ARGV"] == [expected]
    assert (decoders.concerns is None) == (redactor is None)
    assert decoders.others is None
