"""Additions: with them a record comes out as it would without, byte for byte, and far more seldom the general way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit import additions
from sensor.audit.additions import Additions
from sensor.audit.fields import Fields
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.syscall import SyscallDecoder

PATH = 'item={} name="/{}" inode={} dev=fd:01 mode={} ouid={} ogid=0 nametype=NORMAL'
ENRICHED = PATH + '\x1dOUID="{}" OGID="root"'


def translate(name: str, fields: Fields) -> None:
    """Adds a name, sometimes; replaces what is there, sometimes; and counts what it sees."""
    translate.seen += 1  # type: ignore[attr-defined]
    if isinstance(fields.get("ouid"), int):
        fields["OUID"] = f"user{fields['ouid']}"
    if fields.get("mode") == "0o777":
        fields["MODE"] = "open"
    if fields.get("ouid") == 13:
        del fields["mode"]


def concerns(name: str, field: str) -> bool:
    return field in ("ouid", "mode", "OUID")


def decoders(**options: str) -> tuple[RecordDecoder, RecordDecoder]:
    """One with additions, one without."""
    translate.seen = 0  # type: ignore[attr-defined]
    transform = TransformOptions(**options)
    return RecordDecoder(transform, (translate,), 4096, concerns), RecordDecoder(transform, (translate,), 4096)


@pytest.mark.parametrize("strings", ["percent", "unicode"])
@given(
    st.lists(
        st.tuples(
            st.sampled_from([PATH, ENRICHED]),
            st.integers(0, 3),
            st.sampled_from(["a", "a+b", "ä".encode().decode("latin-1"), "x y", ""]),
            st.integers(0, 5),
            st.sampled_from(["0100644", "0777", "00777", "0", "x"]),
            st.sampled_from(["0", "13", "1000", "?", "unset"]),
            st.sampled_from(["root", "user0"]),
        ),
        max_size=40,
    )
)
def test_a_record_comes_out_as_without_additions(strings: str, records: list[tuple[str, ...]]) -> None:
    fast, slow = decoders(strings=strings)
    for form, *values in records:
        body = form.format(*values)
        assert fast.decode("PATH", body).member == slow.decode("PATH", body).member


def test_records_with_known_values_are_not_parsed() -> None:
    fast, _ = decoders()
    for number in range(1000):
        fast.decode("PATH", PATH.format(number, f"file{number}", number, "0100644", number % 3, ""))
    assert translate.seen < 10  # type: ignore[attr-defined]


def test_what_was_added_can_be_forgotten() -> None:
    fast, _ = decoders()
    for number in range(10):
        assert fast.decode("PATH", PATH.format(number, number, 1, "0777", 0, "")).member
    assert isinstance(fast.usual, Additions)
    assert fast.usual.known
    fast.forget()
    assert not fast.usual.known
    assert fast.decode("PATH", PATH.format(0, 0, 1, "0777", 0, "")).fields["MODE"] == "open"


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(additions, "_ENTRIES", 16)
    fast, slow = decoders()
    for number in range(100):
        body = PATH.format(0, "x", 1, "0777", number, "")
        assert fast.decode("PATH", body).member == slow.decode("PATH", body).member
    assert isinstance(fast.usual, Additions)
    assert len(fast.usual.known) <= 16


def test_without_transforms_or_their_word_there_is_nothing_to_add() -> None:
    assert not isinstance(RecordDecoder(TransformOptions(), (), 16, concerns).usual, Additions)
    assert RecordDecoder(TransformOptions(), (translate,), 16).usual is None


def test_the_rest_of_a_system_call_comes_out_as_without_additions() -> None:
    fast, slow = decoders()
    syscalls = [SyscallDecoder(decoder) for decoder in (fast, slow)]
    for number in range(50):
        body = (
            f"arch=c000003e syscall=2 success=yes exit=3 a0=1 a1=0 a2=0 a3=0 items=1 ppid=1 pid=2 auid={number}"
            f' ouid={number % 3} comm="x{number}" exe="/x" key=(null)'
        )
        members = [decoder.decode(body).member for decoder in syscalls]
        assert members[0] == members[1]
        assert f'"OUID":"user{number % 3}"' in members[0]
