"""The names that documents have besides those of the schema."""

from __future__ import annotations

import pytest

from sensor.tables.ecs_extensions import EXTENSIONS, is_extension


@pytest.mark.parametrize(
    ("field", "is_one"),
    [
        ("user.audit.id", True),
        ("user.saved.group.name", True),
        ("auditd.data.socket.family", True),
        ("auditd.session", True),
        ("host_sensor.notes", True),
        ("process.args_hex", True),
        ("auditd.other", False),
        ("user.ouid.id", False),
        ("process.name", False),
        ("user.audit", False),
    ],
)
def test_names(field: str, is_one: bool) -> None:
    assert is_extension(field) is is_one


def test_each_is_there_once_and_explained() -> None:
    names = [row.name for row in EXTENSIONS]
    assert len(set(names)) == len(names)
    assert all(len(row.meaning) > 10 for row in EXTENSIONS)
