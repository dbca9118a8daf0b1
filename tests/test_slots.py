"""A value in a file that is overwritten in place: the last whole one is read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor.slots import SLOT, Slots, read

VALUES = st.recursive(
    st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20),  # JSON readers need not know more
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
)


@given(values=st.lists(VALUES, min_size=1, max_size=5), cut=st.integers(0, 2 * SLOT), noise=st.binary(max_size=64))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_last_value_or_the_one_before_is_read_whatever_a_write_left(
    values: list, cut: int, noise: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "slots"
    path.unlink(missing_ok=True)
    slots = Slots(str(path))
    for value in values:
        slots.write(value)
    slots.close()
    assert read(str(path)) == values[-1]
    content = path.read_bytes()
    assert len(content) == 2 * SLOT
    path.write_bytes(content[:cut] + noise + content[cut + len(noise) :])
    found = read(str(path))
    assert found in (values[-1], values[-2] if len(values) > 1 else None, None)
    again = Slots(str(path))
    assert again.value == found
    again.write("next")
    again.close()
    assert read(str(path)) == "next"


def test_a_value_that_does_not_fit_leaves_the_one_before(tmp_path: Path) -> None:
    slots = Slots(str(tmp_path / "slots"))
    slots.write("first")
    with pytest.raises(ValueError, match="do not fit"):
        slots.write("x" * SLOT)
    assert read(str(tmp_path / "slots")) == "first"


def test_a_slot_is_text(tmp_path: Path) -> None:
    slots = Slots(str(tmp_path / "slots"))
    slots.write({"offset": 4711})
    line = (tmp_path / "slots").read_bytes()[SLOT:].decode()
    check, turn, value = line.strip().split(" ")
    assert (len(check), turn, json.loads(value)) == (8, "1", {"offset": 4711})


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic links"):
        Slots(str(tmp_path / "link"))


def test_its_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        Slots(str(tmp_path / "slots")).close()
    finally:
        os.umask(before)
    assert (tmp_path / "slots").stat().st_mode & 0o777 == 0o644
