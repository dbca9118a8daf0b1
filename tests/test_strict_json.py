"""Whatever records hold, each line is strict JSON in every form: UTF-8, each key once, nothing invisible."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from sensor.build import build
from sensor.config import load
from sensor.stats import Stats

DATA = Path(__file__).parent / "data" / "laurel-special-cases"
EVENTS = [path.read_text("latin-1").splitlines() for path in sorted(DATA.glob("*.audit"))]
SAID: dict[str, Any] = {
    "translate": {"universal": True, "user_db": True, "arguments": True, "time": "iso", "type": True, "summary": True},
    "enrich": {"cmdline": True, "parent_info": True, "ancestors": 3, "session": True, "container_info": True},
}
FORMS: dict[str, dict[str, Any]] = {
    "default": {},
    "all": SAID,
    "unicode": {"transform": {"strings": "unicode"}},
    "prefix": {"enrich": {**SAID["enrich"], "prefix": "x_"}, "translate": SAID["translate"]},
    "capitals": {"enrich": {"prefix": "X-"}, "transform": {"strings": "unicode"}},
    "without raw": {**SAID, "translate": {**SAID["translate"], "drop_raw": True}},
    "distinct": {**SAID, "transform": {"keys": "distinct"}},
    "distinct unicode": {"transform": {"keys": "distinct", "strings": "unicode"}},
    "distinct without raw": {
        "transform": {"keys": "distinct"},
        "translate": {**SAID["translate"], "drop_raw": True},
        "enrich": {"prefix": "X-"},
    },
    "ecs": {"output": "ecs"},
    "ocsf": {"output": "ocsf"},
    "ocsf prefix": {"output": "ocsf", "enrich": {"prefix": "x_"}, "translate": SAID["translate"]},
    "ecs unicode": {"output": "ecs", "transform": {"strings": "unicode"}},
    "ecs prefix": {"output": "ecs", "enrich": {"prefix": "x_"}},
}
NAMES = """
x_pid x_ppid x_PID X-pid x_opid PID ppid pid SPAWNED_BY x_session_guid SESSION_GUID CMDLINE LABELS x_labels ARGV KEYS
x_keys KEY_hex name_hex ID NODE TIME TYPE SUMMARY SENSOR x_summary SYSCALL arch ARCH x_arch uid_hex data result session
paths a0 exit tty auid comm exe title cwd msg acct addr res op UID x_uid EXIT x_exit denied granted name_2 name_3 text
TEXT pid_2 terminal x_argv argv args ARGS x_args summary sequence message_type syscall unit x_env root
"""
VALUES = [
    *("1", '"a"', "61FF85", "C285E280AE", "\xff", "\xc2\x85", "\xe2\x80\xae", "\xe2\x80\xa8", "x\x7f", "(null)", "?"),
    *('"\xe2\x80\xae\xff"', "E281A6", "4294967295", "0x1", "\xf3\xa0\x81\x81", "\xed\xa0\x80", "EDA080", "\x1b[31m"),
]


def spoiled(event: list[str], serial: int, chance: random.Random) -> str:
    """An event whose records have other names and values, more of both, and bytes in any place."""
    lines = []
    for line in event:
        line = re.sub(r"audit\([^)]*\)", f"audit(1700000000.000:{serial})", line)
        for _ in range(chance.randrange(4)):
            act = chance.randrange(4)
            if act == 0:
                line += f" {chance.choice(NAMES.split())}={chance.choice(VALUES)}"
            elif act == 1:
                place = chance.randrange(len(line))
                line = line[:place] + chance.choice(VALUES) + line[place:]
            else:
                words = line.split(" ")
                word = chance.randrange(len(words))
                name, equals, value = words[word].partition("=")
                if equals and word > 1:
                    names = (chance.choice(NAMES.split()), value), (name, chance.choice(VALUES))
                    words[word] = "=".join(names[act - 2])
                line = " ".join(words)
        lines.append(f"node={chance.choice(VALUES)} {line}" if chance.random() < 0.05 else line)
    return "\n".join([*lines, f"type=EOE msg=audit(1700000000.000:{serial}): ", ""])


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


def unlike(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The same, where no two keys may differ in case only."""
    unique([(name.lower(), value) for name, value in pairs])
    return dict(pairs)


def refuse(constant: str) -> None:
    raise AssertionError(constant)


@pytest.mark.parametrize("form", FORMS)
def test_every_line(form: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(json.dumps(FORMS[form]))
    sensor, chance, count = build(load(str(file)), Stats(), live=False), random.Random(form), 0
    for serial in range(1, 500):
        text = spoiled(chance.choice(EVENTS), serial, chance)
        for line in sensor.pipeline.feed(text.encode("latin-1"), serial) + sensor.pipeline.tick(serial + 0.9):
            shown = line.encode("latin-1").decode("utf-8")
            hook = unlike if form.startswith("distinct") else unique
            json.loads(shown, object_pairs_hook=hook, parse_constant=refuse)
            assert not any(unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") for character in shown)
            count += 1
    assert count > 400


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("x_pid=7", "x_pid_2"),
        ("x_pid=7 x_pid_2=8", "x_pid_2_2"),
        ("x_anything=7", "x_anything_2"),
        ("y_pid=7", "y_pid"),
    ],
)
def test_a_field_that_is_called_like_an_added_key_gets_another_name(tmp_path: Path, field: str, name: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("enrich: {prefix: x_}")
    sensor = build(load(str(file)), Stats(), live=False)
    text = f"type=USER_CMD msg=audit(1700000000.000:1): pid=1 uid=0 ses=3 msg='{field} cmd=ls res=success' {field}\n"
    for _ in range(4):  # the first few times a record is parsed, later its form is known
        sensor.pipeline.feed(text.encode(), 0.0)
        (line,) = sensor.pipeline.close()
        record = (
            json.loads(line)["USER_CMD"][0]
            if isinstance(json.loads(line)["USER_CMD"], list)
            else json.loads(line)["USER_CMD"]
        )
        assert record[name] in (7, "7")
        assert record["msg"][name] in (7, "7")
