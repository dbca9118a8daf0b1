"""What is reported of a configuration that asks for what this host does not have."""

from __future__ import annotations

from fnmatch import fnmatchcase

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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "redact: {key_file: FOLDER/none}",
            "redact.key_file: FOLDER/none: No such file or directory; secrets are masked",
        ),
        ("redact: {key_file: FOLDER/open}", "redact.key_file: FOLDER/open: must be a file of root that no one else *"),
        ("redact: {key_file: FOLDER/short}", "redact.key_file: FOLDER/short: must hold 16 to 4096 bytes; *"),
        ("redact: {key_file: FOLDER/key}", None),
        ("metrics: {tls: {certificate: FOLDER/none}}", "metrics.tls: FOLDER/none: No such file or directory; *"),
        ("metrics: {tls: {certificate: FOLDER/key}}", "metrics.tls: FOLDER/key: *; nothing is listened on"),
        ("metrics: {textfile: FOLDER/none/x.prom}", "metrics.textfile: there is no folder FOLDER/none on this host; *"),
        ("metrics: {textfile: FOLDER/x.prom}", None),
        ("auditlog: {file: '| FOLDER/none -x'}", "auditlog.file: there is no program FOLDER/none on this host; *"),
        ("auditlog: {file: '| FOLDER/key'}", "auditlog.file: there is no program FOLDER/key on this host; *"),
        ("auditlog: {file: '| /bin/sh -c x'}", None),
        ("filterlog: {file: FOLDER/none/x}", "filterlog.file: there is no folder FOLDER/none on this host; *"),
        ("filterlog: {file: FOLDER/x}", None),
        (
            "directory: FOLDER\nauditlog: {file: none/x}",
            "auditlog.file: there is no folder FOLDER/none on this host; *",
        ),
        ("directory: FOLDER/none\nauditlog: {file: x}", None),
        ("debug: {inputlog: {file: FOLDER/none/x}}", "debug.inputlog.file: there is no folder FOLDER/none *"),
        ("auditlog: {file: 'unix:FOLDER/none/x'}", None),
    ],
)
def test_files_that_are_not_there(text, expected, tmp_path):
    for name, content, mode in (("open", 20 * "x", 0o644), ("short", "x", 0o600), ("key", 20 * "x", 0o600)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(mode)
    config = tmp_path / "config.yaml"
    config.write_text(f"user: root\n{text}".replace("FOLDER", str(tmp_path)))
    found = [str(each).replace(str(tmp_path), "FOLDER") for each in missing(load(str(config)))]
    if expected is None:
        assert found == []
    else:
        (text,) = found
        assert fnmatchcase(text, expected), text
