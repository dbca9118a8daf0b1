"""GUIDs: the published vector, and that every input counts."""

from __future__ import annotations

import hashlib
import uuid

import pytest

from sensor.process.guid import process_guid, session_guid

BOOT = uuid.UUID("2899dae4-4fa4-4eef-95b6-6bc95325f61a").bytes


def test_the_vector():
    assert process_guid(BOOT, 4026532263, 55558, 29) == "b770a0ed-8463-822c-b5f6-30d9081ddbd9"


def test_anybody_can_compute_it_again():
    data = BOOT + (4026532263).to_bytes(8, "little") + (55558).to_bytes(8, "little") + (29).to_bytes(8, "little")
    digest = hashlib.sha256(data).digest()[:16].hex()
    guid = process_guid(BOOT, 4026532263, 55558, 29).replace("-", "")
    assert guid[:12] + guid[13:16] + guid[17:] == digest[:12] + digest[13:16] + digest[17:]


@pytest.mark.parametrize(
    "guid",
    [process_guid(BOOT, 1, 2, 3), process_guid(bytes(16), 0, 0, 0), session_guid(BOOT, 0), session_guid(BOOT, 3)],
)
def test_it_is_a_uuid_of_version_8(guid):
    parsed = uuid.UUID(guid)
    assert (parsed.version, parsed.variant, str(parsed)) == (8, uuid.RFC_4122, guid)


def test_every_input_counts():
    other = bytes(15) + b"x"
    guids = [
        *[process_guid(*inputs) for inputs in [(BOOT, 1, 2, 3), (other, 1, 2, 3), (BOOT, 2, 1, 3), (BOOT, 1, 3, 2)]],
        *[session_guid(*inputs) for inputs in [(BOOT, 1), (BOOT, 2), (other, 1)]],
    ]
    assert len(set(guids)) == len(guids)


@pytest.mark.parametrize(("session", "known"), [(0, True), (4294967294, True), (4294967295, False), (-1, False)])
def test_the_unset_session_has_none(session, known):
    assert (session_guid(BOOT, session) is not None) is known
