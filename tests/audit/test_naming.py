"""Added keys are in capitals, or in small letters behind the prefix."""

from __future__ import annotations

import pytest

from sensor.audit.naming import Naming


@pytest.mark.parametrize(("prefix", "key"), [("", "UID_GROUPS"), ("x_", "x_uid_groups")])
def test_keys(prefix, key):
    assert Naming(prefix).key("UID_GROUPS") == key
