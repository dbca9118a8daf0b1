"""What records share that transforms treat alike."""

from __future__ import annotations

from sensor.audit.fields import Fields
from sensor.audit.options import TransformOptions
from sensor.audit.picks import Picks
from sensor.audit.record import RecordDecoder

PATH = 'item=0 name="/{}" inode={} mode=0100{} ouid={}'


def decoder() -> RecordDecoder:
    """One that knows the layout of PATH."""
    records = RecordDecoder(TransformOptions(), (), 64)
    for number in range(2):
        records.parse("PATH", PATH.format("x", number, 644, 0))
    return records


def test_records_share_the_values_that_matter() -> None:
    records, asked = decoder(), []

    def concerns(name: str, field: str) -> bool:
        asked.append((name, field))
        return field in ("mode", "ouid")

    picks = Picks(concerns)
    shared = []
    for name, inode, mode, owner in (("a", 1, 644, 0), ("b", 2, 644, 0), ("a", 1, 755, 0), ("a", 1, 644, 1)):
        found = records.find("PATH", PATH.format(name, inode, mode, owner))
        assert found is not None
        shared.append(picks.shared("PATH", *found))
    assert [picked for _, _, picked in shared] == [("100644", "0"), ("100644", "0"), ("100755", "0"), ("100644", "1")]
    assert shared[0] == shared[1]
    assert asked == [("PATH", field) for field in ("item", "name", "inode", "mode", "ouid")]  # once for a layout


def test_of_a_layout_that_does_not_matter_all_share_everything() -> None:
    found = decoder().find("PATH", PATH.format("a", 7, 644, 0))
    assert found is not None
    assert Picks(lambda name, field: False).shared("PATH", *found) == ("PATH", found[0], None)


def test_what_is_remembered_of_layouts_is_bounded() -> None:
    records, asked = RecordDecoder(TransformOptions(), (), 64), []

    def concerns(name: str, field: str) -> bool:
        asked.append(field)
        return True

    picks = Picks(concerns, entries=1)
    for field in ("a", "b", "a"):
        body = f"{field}_x=1"
        for _ in range(2):
            records.parse("PATH", body)
        found = records.find("PATH", body)
        assert found is not None
        fields: Fields = found[0].fields(found[1])
        assert picks.shared("PATH", *found)[2] == str(fields[f"{field}_x"])
    assert asked == ["a_x", "b_x", "a_x"]
