"""What is reported of a configuration that asks for what this host does not have."""

from __future__ import annotations

import pytest

from sensor.config import load
from sensor.config.warnings import missing
from sensor.rights.accounts import stand_in

NO_USER = f"user: there is no user %s on this host; the sensor would run as {stand_in().name}"
NO_READER = "%s: there is no %s no-such on this host; left out of the readers"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user: root", []),
        ("user: null", []),
        ("user: no-such", [NO_USER % "no-such"]),
        ("user: '0'", [NO_USER % "0"]),
        ("auditlog: {read_users: [root, '0', '4711'], read_groups: [root, '0']}", []),
        ("auditlog: {read_users: no-such}", [NO_READER % ("auditlog.read_users", "user")]),
        ("filterlog: {read_groups: [root, no-such]}", [NO_READER % ("filterlog.read_groups", "group")]),
        ("debug: {inputlog: {read_groups: no-such}}", [NO_READER % ("debug.inputlog.read_groups", "group")]),
        ("stages: [FOLDER/none*.py]", []),
        ("stages: ['FOLDER/non?.py', 'FOLDER/[a-d].py']", []),
        (
            "stages: FOLDER/none.py",
            ["stages: there is no file FOLDER/none.py on this host; no stage is loaded from it"],
        ),
        (
            "stages: [none.py, FOLDER/none/*.py, FOLDER/config.yaml]",
            ["stages: there is no file none.py on this host; no stage is loaded from it"],
        ),
        (
            "stages: [FOLDER/config.yaml, FOLDER/evil.py]",
            ["stages: not loaded: FOLDER/evil.py: must be owned by root and writable by no one else"],
        ),
    ],
)
def test_warnings(text, expected, tmp_path):
    config, evil = tmp_path / "config.yaml", tmp_path / "evil.py"
    evil.write_text("raise SystemExit")
    evil.chmod(0o666)
    text = text if "user:" in text else f"user: root\n{text}"
    config.write_text(text.replace("FOLDER", str(tmp_path)))
    assert [str(each) for each in missing(load(str(config)))] == [
        each.replace("FOLDER", str(tmp_path)) for each in expected
    ]
