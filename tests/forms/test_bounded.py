"""`auditlog.max_line`: lines that are too long are shortened, say so, and stay what they are."""

from __future__ import annotations

import gc
import json
import lzma
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensor.build import build
from sensor.config import load
from sensor.errors import ConfigError
from sensor.forms.bounded import Shortener
from sensor.stats import Stats
from tests.converting import converted
from tests.forms.ocsf_schema import mistakes

CORPUS = Path(__file__).parents[1] / "data" / "corpora" / "session-mixed.raw.audit.xz"
HEAD = "msg=audit(1700000000.001:1): "
CALL = (
    f"type=SYSCALL {HEAD}arch=c000003e syscall=59 success=yes exit=0 a0=0 a1=1 a2=2 a3=3 items=0 ppid=1 pid=42 "
    'auid=7 uid=0 ses=3 comm="cat" exe="/bin/cat" key="k"\n'
)
END = "type=EOE msg=audit(1700000000.001:1): \n"
FORMS = {
    "laurel": ("", "SENSOR"),
    "distinct": ("transform: {keys: distinct}\n", "SENSOR"),
    "unicode": ("transform: {strings: unicode}\n", "SENSOR"),
    "all": ("translate: {universal: true, arguments: true, summary: true}\nenrich: {cmdline: true}\n", "SENSOR"),
    "ecs": ("output: ecs\n", "host_sensor"),
    "ocsf": ("output: ocsf\n", "unmapped"),
}
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 40), 1 << 40) | st.text(max_size=900),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=40), inner, max_size=30),
    max_leaves=60,
)


def line_of(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode("latin-1")


def read(line: str) -> Any:
    return json.loads(line.encode("latin-1").decode("utf-8"))


def shortened(records: str, options: str = "", limit: int = 2048) -> dict[str, Any]:
    """The document that an event becomes."""
    feed = (CALL + records + END).replace("type=", "node=web01 type=").encode("latin-1")
    (document,) = converted(feed, f"{options}auditlog: {{max_line: {limit}}}")
    return document


@given(st.dictionaries(st.text(max_size=20), values, max_size=20), st.integers(1024, 4096))
@settings(max_examples=60, deadline=None)
def test_any_object_becomes_json_within_the_limit(document: dict[str, Any], limit: int) -> None:
    line = line_of({"ID": "1.000:1", **document, "pad": "x" * limit})
    text = Shortener(limit, "SENSOR")(line)
    assert len(text) <= limit
    assert "\n" not in text
    out = read(text)
    assert out["SENSOR"]["shortened"]["bytes"] == len(line)
    assert out["ID"] == document.get("ID", "1.000:1") or isinstance(document.get("ID"), (str, list, dict))


@given(st.text(min_size=1, max_size=3000), st.integers(1024, 1400))
@settings(deadline=None)
def test_a_text_keeps_its_beginning_in_whole_characters(text: str, limit: int) -> None:
    text = text.encode("utf-8", "replace").decode()
    line = line_of({"ID": "1.000:1", "name": text, "pad": list(range(400))})
    out = read(Shortener(limit, "SENSOR")(line))
    assert text.startswith(out["name"])


@pytest.mark.parametrize("unit", ["%ef%bb%bf", "%2b", "ä", "%ff", "😀", "%25", "\\u202e"])
@pytest.mark.parametrize("shift", range(9))
def test_no_escape_is_cut(unit: str, shift: int) -> None:
    line = f'{{"ID":"1.000:1","name":"{"a" * shift}{unit * 900}"}}'.encode().decode("latin-1")
    name = read(Shortener(1100, "SENSOR")(line))["name"]
    undone = unquote_to_bytes(name)
    assert len(name) > 100
    if unit != "%ff":
        assert undone.decode("utf-8") == unquote_to_bytes(read(line)["name"]).decode()[: len(undone.decode())]


@pytest.mark.parametrize("form", ["all", "ecs", "ocsf"])
def test_a_recorded_session(form: str, tmp_path: Path) -> None:
    options, sign = FORMS[form]
    stats = Stats()
    whole, cut = (lines(tmp_path, f"{options}auditlog: {{max_line: {limit}}}", stats) for limit in (0, 2048))
    assert len(whole) == len(cut)
    assert sum(map(len, cut)) > 0.5 * sum(map(len, whole))
    reported = 0
    for before, after in zip(whole, cut):
        assert len(after) < 2048
        if len(before) < 2048:
            assert after == before
        else:
            reported += 1
            assert identity(read(before)) == identity(read(after))
            assert form != "ocsf" or mistakes("1.5.0", read(after)) == []
            assert read(after)[sign]["shortened"]["bytes"] == len(before)
            assert read(after)[sign]["shortened"]["members"]
    assert stats.pipeline.truncated == {"max_line": reported}


def lines(folder: Path, options: str, stats: Stats) -> list[str]:
    (folder / "config.yaml").write_text(options)
    pipeline = build(load(str(folder / "config.yaml")), stats, live=False).pipeline
    return pipeline.feed(lzma.decompress(CORPUS.read_bytes()), 0.0) + pipeline.close()


def identity(document: dict[str, Any]) -> list[Any]:
    call, event = document.get("SYSCALL", {}), document.get("event", {})
    process = document.get("process", {})
    return [
        document.get("ID"),
        *[call.get(key) for key in ("pid", "ppid", "uid", "auid", "ses", "syscall", "success", "exit", "comm", "PID")],
        document.get("@timestamp"),
        *[document.get(key) for key in ("class_uid", "activity_id", "status_id", "time")],
        *[event.get(key) for key in ("id", "action", "outcome", "category")],
        *[process.get(key) for key in ("pid", "name", "executable", "entity_id")],
    ]


MANY_PATHS = "".join(f'type=PATH {HEAD}item={number} name="/{number}" inode={number}\n' for number in range(3000))
MANY_FIELDS = (
    f"type=USER_CMD {HEAD}pid=1 uid=0 msg='" + " ".join(f"f{number}={number}" for number in range(6000)) + "'\n"
)
MANY_TYPES = "".join(f"type=TYPE{number} {HEAD}pid=1 uid=0 acct=a{number}\n" for number in range(500))
LONG_WORD = f'type=EXECVE {HEAD}argc=3 a0="sh" a1="-c" a2="{"x" * 60000}"\n'
LONG_NAME = f"type=CWD {HEAD}cwd={'C3A4' * 15000}\n"


@pytest.mark.parametrize("records", [MANY_PATHS, MANY_FIELDS, MANY_TYPES, LONG_WORD, LONG_NAME, MANY_PATHS + LONG_WORD])
@pytest.mark.parametrize("form", FORMS)
def test_whatever_makes_it_long_the_event_is_identified(form: str, records: str) -> None:
    options, sign = FORMS[form]
    document = shortened(records, options)
    assert len(line_of(document)) < 2048
    assert document[sign]["shortened"]["members"]
    if form == "ecs":
        assert document["event"]["id"] == "1700000000.001:1"
        assert document["process"]["pid"] == 42
    elif form == "ocsf":
        assert mistakes("1.5.0", document) == []
        assert document["metadata"]["uid"] == "1700000000.001:1"
        assert document.get("process", document["actor"]["process"])["pid"] == 42
    else:
        assert (document["ID"], document["NODE"]) == ("1700000000.001:1", "web01")
        call = document["SYSCALL"]
        assert [call[key] for key in ("pid", "uid", "auid", "ses", "exe")] == [42, 0, 7, 3, "/bin/cat"]
        assert call["x_pid" if form == "distinct" else "PID"]["EVENT_ID"] == "1700000000.001:1"


def test_the_first_words_stay() -> None:
    document = shortened(LONG_WORD)
    first, second, third = document["EXECVE"]["ARGV"]
    assert (first, second, set(third)) == ("sh", "-c", {"x"})
    assert document["SENSOR"]["shortened"]["members"] == ["EXECVE.ARGV"]


def test_what_the_sensor_reported_already_stays() -> None:
    torn = f'type=CWD {HEAD}cwd="{"x" * 70000}"\n'
    document = shortened(torn)
    assert document["SENSOR"]["notes"] == ["truncated_line"]
    assert document["SENSOR"]["shortened"]["bytes"] > 60000


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_record_is_shortened_as_well(form: str) -> None:
    options, sign = FORMS[form]
    (document,) = converted(b"\xff" * 9000 + b"\n", f"{options}auditlog: {{max_line: 2048}}")
    assert len(line_of(document)) < 2048
    assert document[sign]["shortened"]["bytes"] > 9000
    if form == "ocsf":
        assert mistakes("1.5.0", document) == []
        assert document["raw_data"].startswith("\ufffd\ufffd")
    else:
        assert document["PARSE_ERROR"]["reason"] == "header" if form != "ecs" else document["error"]["type"] == "header"


def test_prefix_and_newline_count() -> None:
    options = "auditlog: {max_line: 2048, line_prefix: '@cee: '}"
    (document,) = converted((CALL + LONG_WORD + END).encode(), options)
    assert len(line_of(document)) + len("@cee: \n") <= 2048


@pytest.mark.parametrize(
    ("value", "right"), [("0", True), ("2 KiB", True), ("2047", False), ("1", False), ("-1", False)]
)
def test_a_limit_that_is_too_small_is_a_mistake(value: str, right: bool, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"auditlog: {{max_line: {value}}}")
    if right:
        load(str(tmp_path / "config.yaml"))
    else:
        with pytest.raises(ConfigError, match="max_line"):
            load(str(tmp_path / "config.yaml"))


def seconds(count: int, make: Any) -> float:
    line = line_of(make(count))
    best = 9.0
    gc.disable()  # it looks at all objects again as they become more
    for _ in range(3):
        start = time.process_time()
        Shortener(32768, "SENSOR")(line)
        best = min(best, time.process_time() - start)
    gc.enable()
    return best


@pytest.mark.parametrize(
    "make",
    [
        lambda count: {"ID": "1", "a": {f"f{number}": number for number in range(count)}},
        lambda count: {"ID": "1", "a": [{"item": number} for number in range(count)]},
        lambda count: {"ID": "1", "a": "\x01ä" * count},
        lambda count: {"ID": "1", **{f"f{number}": ["x" * 9] * 9 for number in range(count // 9)}},
    ],
    ids=["fields", "records", "text", "lists"],
)
def test_time_is_linear(make: Any) -> None:
    assert seconds(80000, make) < 8 * max(seconds(20000, make), 0.01)
