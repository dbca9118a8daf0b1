"""Options of the filters: what cannot be meant is refused, with the key."""

from __future__ import annotations

import pytest

from sensor.options import OptionError
from sensor.stages.filters.options import FilterOptions


@pytest.mark.parametrize(
    ("options", "key", "why"),
    [
        ({"filter_sockaddr": ("1.2.3",)}, "filter_sockaddr", "1.2.3"),
        ({"rules": {"a": "uid=0", "b": "uix=0"}}, "rules", "b: "),
        ({"rules": {"filter_keys": "uid=0"}}, "rules", "cannot be called"),
        ({"rules": {"drop_records": "uid=0"}}, "rules", "cannot be called"),
    ],
)
def test_mistakes_are_found_in_the_configuration(options, key, why):
    with pytest.raises(OptionError, match=why) as caught:
        FilterOptions(**options)
    assert caught.value.key == key
