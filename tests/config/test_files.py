"""No two parts of a configuration write the same file."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from sensor.config import check


def write(folder, text: str) -> str:
    path = folder / "config.yaml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        (
            "auditlog: {file: x}\nfilterlog: {file: x}",
            "filterlog.file",
            '"x" is a file that auditlog.file ("x") writes, too',
        ),
        ("filterlog: {file: audit.jsonl}", "filterlog.file", "*auditlog.file (*"),
        ("auditlog: {file: filtered.jsonl}", "auditlog.file", "*filterlog.file (*"),
        ("auditlog: {file: state}", "auditlog.file", "*state.file (*"),
        ("state: {file: audit.jsonl}", "state.file", "*auditlog.file (*"),
        ("auditlog: {file: state.run}", "auditlog.file", "*state.file (*"),
        ("state: {file: audit.jsonl.1}", "state.file", "*auditlog.file (*"),
        ("filterlog: {file: audit.jsonl.12}", "filterlog.file", "*auditlog.file (*"),
        ("auditlog: {file: filtered.jsonl.tmp}", "auditlog.file", "*filterlog.file (*"),
        ("directory: /d\nauditlog: {file: /d/./filtered.jsonl}", "auditlog.file", "*filterlog.file (*"),
        ("directory: /d\nauditlog: {file: /a/../d/state}", "auditlog.file", "*state.file (*"),
        ("directory: /d\nmetrics: {textfile: /d/audit.jsonl}", "metrics.textfile", "*auditlog.file (*"),
        ("debug: {inputlog: {file: audit.jsonl}}", "debug.inputlog.file", "*auditlog.file (*"),
        (
            "debug: {inputlog: , parse_error_log: {file: input.log}}",
            "debug.parse_error_log.file",
            "*debug.inputlog.file (*",
        ),
    ],
)
def test_two_parts_write_no_file_together(text, key, message, tmp_path):
    (mistake,) = check(write(tmp_path, text))
    assert mistake.key == key
    assert fnmatchcase(mistake.message, message), mistake.message


@pytest.mark.parametrize(
    "text",
    [
        "auditlog: {file: '-'}\nfilterlog: {file: '-'}",
        "auditlog: {file: /dev/null}\nfilterlog: {file: /dev/null}",
        "auditlog: {file: unix:/run/x}\nfilterlog: {file: unix:/run/x}",
        "auditlog: {file: '| /bin/cat'}\nfilterlog: {file: '| /bin/cat'}",
        "auditlog: {file: a/x}\nfilterlog: {file: b/x}",
        "auditlog: {file: x}\nfilterlog: {file: x.jsonl}",
        "auditlog: {file: x}\nfilterlog: {file: x1}",
        "auditlog: {file: x}\nfilterlog: {file: x.1a}",
        "auditlog: {file: state}\nstate: {file: null}",
        "directory: /d\nauditlog: {file: /e/filtered.jsonl}",
        "debug: {inputlog: , parse_error_log: }",
    ],
)
def test_other_files_are_apart(text, tmp_path):
    assert check(write(tmp_path, text)) == []
