"""The file that a program was executed from: the same where its state is."""

from __future__ import annotations

from sensor.process.image import FileState, Image

STATE = FileState(2049, 12, 4096, 1_700_000_000_000_000_001, 1_700_000_000_000_000_002)


def test_the_same_state_is_the_same_image_wherever_it_was_found():
    one, other = Image(STATE, ("/proc/7/exe", "/bin/a"), own=True), Image(FileState(*STATE), ("/bin/b",))
    assert one == other
    assert hash(one) == hash(other)


def test_whatever_differs_makes_it_another_image():
    for place in range(len(STATE)):
        changed = list(STATE)
        changed[place] += 1
        assert Image(FileState(*changed)) != Image(STATE)
    assert Image(STATE) != STATE
