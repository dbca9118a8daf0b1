"""Defaults are LAUREL's: nothing is translated unless asked for; maps are by number."""

from __future__ import annotations

import pytest

from sensor.options import OptionError
from sensor.translate.options import TranslateOptions


def test_nothing_is_on_by_itself() -> None:
    options = TranslateOptions()
    assert not any([options.universal, options.user_db, options.drop_raw, options.arguments, options.type])
    assert options.time == ""


@pytest.mark.parametrize("key", ["user_map", "group_map"])
@pytest.mark.parametrize("number", ["root", "", "-1", "4294967296", "\u0661", "1.0", "9" * 5000, "0" * 11])
def test_a_map_is_by_number(key: str, number: str) -> None:
    with pytest.raises(OptionError, match="no user or group number") as caught:
        TranslateOptions(**{key: {"0": "root", number: "x"}})
    assert caught.value.key == key


@pytest.mark.parametrize("key", ["user_map", "group_map"])
def test_the_highest_number_will_do(key: str) -> None:
    assert getattr(TranslateOptions(**{key: {"4294967294": "x"}}), key) == {"4294967294": "x"}
