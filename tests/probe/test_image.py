"""A compiled probe as bytes: every image comes back, nothing else does, and places of maps are found by the format."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.errors import ProbeError
from sensor.probe import layout
from sensor.probe.image import MapShape, ProbeImage, ProbeProgram, pack, program, unpack

numbers = st.integers(0, 2**32 - 1)
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
programs = st.builds(
    ProbeProgram,
    st.binary(max_size=64),
    st.dictionaries(st.integers(0, 4096), st.sampled_from(layout.MAPS), max_size=4),
)
images = st.builds(
    ProbeImage,
    st.fixed_dictionaries({name: st.builds(MapShape, *[numbers] * 5) for name in layout.MAPS}),
    st.fixed_dictionaries(dict.fromkeys((*layout.PROGRAMS, layout.ITERATOR), programs)),
    st.lists(words, max_size=3).map(tuple),
    st.lists(words, max_size=3).map(tuple),
    numbers,
    words,
)


@given(images)
def test_an_image_comes_back(image: ProbeImage) -> None:
    assert unpack(pack(image)) == image
    assert b"\n" not in pack(image)


@given(images, st.sampled_from([*layout.MAPS, *layout.PROGRAMS]))
def test_a_part_that_is_missing_is_an_error(image: ProbeImage, name: str) -> None:
    maps = {other: shape for other, shape in image.maps.items() if other != name}
    programs = {other: program for other, program in image.programs.items() if other != name}
    with pytest.raises(ValueError, match="no compiled probe"):
        unpack(pack(image._replace(maps=maps, programs=programs)))


@given(st.one_of(st.binary(), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr).map(str.encode)))
def test_anything_else_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^."):
        unpack(data)


def instruction(operation: int, target: int = 0, source: int = 0, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("<BBhi", operation, source << 4 | target, offset, value)


LOAD_64, MOVE, CALL, EXIT = 0x18, 0xB7, 0x85, 0x95
PLAIN = instruction(MOVE, 1, value=5) + instruction(EXIT)
SECOND_HALF = instruction(0, value=LOAD_64)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (PLAIN, (PLAIN, {})),
        # A number of 64 bits, whose second half looks like what it is not.
        (instruction(LOAD_64, 2, 0, 0, 7) + SECOND_HALF, (instruction(LOAD_64, 2, 0, 0, 7) + SECOND_HALF, {})),
        (
            PLAIN + instruction(LOAD_64, 1, 1, 0, 7) + instruction(0),
            (PLAIN + instruction(LOAD_64, 1, 1) + instruction(0), {2: "live"}),
        ),
        (
            (instruction(LOAD_64, 3, 1, 0, 9) + instruction(0)) * 2,
            ((instruction(LOAD_64, 3, 1) + instruction(0)) * 2, {0: "ring", 2: "ring"}),
        ),
        (b"", (b"", {})),
    ],
)
def test_where_a_program_names_a_map(code: bytes, expected: tuple[bytes, dict[int, str]]) -> None:
    assert program(code, {7: "live", 9: "ring"}) == expected


@pytest.mark.parametrize(("source", "value"), [(1, 8), (2, 7), (3, 0)])
def test_what_cannot_be_made_again_is_refused(source: int, value: int) -> None:
    """Another map, or data that the compiler put beside the program."""
    code = PLAIN + instruction(LOAD_64, 1, source, 0, value) + instruction(0)
    with pytest.raises(ProbeError, match="instruction 2 "):
        program(code, {7: "live"})
