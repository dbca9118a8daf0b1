"""LAUREL's form: where additions go, what is added by the form itself, lines that are no events."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sensor.audit.event import Addition, Event, Notice, Template
from sensor.audit.number import Number
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.syscall_decoder import SyscallDecoder
from sensor.translate.options import TranslateOptions
from tests.support.pipelines import laurel

RECORDS = RecordDecoder(TransformOptions(), (), 16)
SYSCALL = (
    "arch=c000003e syscall=2 success=no exit=-2 a0=1 a1=2 a2=0 a3=0 items=1 ppid=30 pid=31 auid=0 uid=0 key=(null)"
)
DATES = [
    ("1626611363.720:348501", "2021-07-18T12:29:23.720Z"),
    ("1626611363.721:348502", "2021-07-18T12:29:23.721Z"),
    ("1626611364.000:1", "2021-07-18T12:29:24.000Z"),
    ("0.000:1", "1970-01-01T00:00:00.000Z"),
    ("1709164800.999:1", "2024-02-29T00:00:00.999Z"),
    ("4294967296.000:1", "2106-02-07T06:28:16.000Z"),
    ("253402300799.999:1", "9999-12-31T23:59:59.999Z"),
    ("253402300800.000:1", None),
    ("9999999999999999.000:1", None),
]


def empty(id: str = "1.000:1", *names: str) -> Event:
    return Event(id, "", Template({name: [] for name in names}), None)


def of_call(*additions: Addition) -> Event:
    syscall = SyscallDecoder(RECORDS).decode(SYSCALL)
    event = Event("1.000:1", "", Template({"SYSCALL": []}, 1, syscall), syscall)
    event.additions += additions
    return event


def written(event: Event, prefix: str = "", **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(laurel(translate=TranslateOptions(**options), prefix=prefix).event(event))
    return found


def test_an_id_has_a_date() -> None:
    form = laurel(translate=TranslateOptions(time="iso"))
    for id, date in [*DATES, *DATES]:  # one second after another is not the same
        assert json.loads(form.event(empty(id))).get("TIME") == date


def test_the_main_record_gives_the_type() -> None:
    form = laurel(translate=TranslateOptions(type=True))
    for names, type in [(("SYSCALL", "AVC"), "AVC"), (("CWD", "PATH"), "CWD"), ((), None)] * 2:
        assert f'"TYPE":"{type}"' in form.event(empty("1.000:1", *names)) or type is None
    assert "TYPE" not in form.event(empty())


@pytest.mark.parametrize(("prefix", "keys"), [("", ["TIME", "TYPE"]), ("x_", ["x_time", "x_type"])])
def test_keys_bear_the_prefix(prefix: str, keys: list[str]) -> None:
    line = written(of_call(), prefix, time="iso", type=True)
    assert list(line)[2:] == keys


def test_additions_stand_where_they_belong_in_their_order() -> None:
    inner = Addition({"B": 2}, {"TOP_B": True}), Addition({"C": None})
    event = of_call(Addition({"A": {"a": ["x", 1]}}), Addition(parts=inner), Addition(top={"TOP_D": 0.5}))
    form = laurel()
    first = form.event(event)
    line = json.loads(first)
    assert list(line) == ["ID", "SYSCALL", "TOP_B", "TOP_D"]
    assert list(line["SYSCALL"].items())[-3:] == [("A", {"a": ["x", 1]}), ("B", 2), ("C", None)]
    assert (line["TOP_B"], line["TOP_D"]) == (True, 0.5)
    assert form.event(event) == first  # written once, then remembered


def test_all_ways_to_write_a_call_agree() -> None:
    added = Addition({"X": 1})
    usual, altered, noted = of_call(added), of_call(added), of_call(added)
    altered.altered = True
    noted.note("late")
    line = written(usual)
    assert written(altered) == line
    assert written(noted) == {**line, "SENSOR": {"notes": ["late"]}}


@pytest.mark.parametrize(
    ("prefix", "notice", "line"),
    [
        ("", Notice("1.5:probe-1", "PROBE_EXEC", {"pid": 1, "comm": 'a"'}, {"PID": {"GUID": None}}), {
            "ID": "1.5:probe-1", "PROBE_EXEC": {"pid": 1, "comm": 'a"', "PID": {"GUID": None}}
        }),
        ("x_", Notice("1.5:probe-1", "PROBE_EXIT", {"time": Number("0.250")}, {"PID": {"GUID": None}}), {
            "ID": "1.5:probe-1", "PROBE_EXIT": {"time": 0.25, "x_pid": {"GUID": None}}
        }),
        ("x_", Notice(None, "", {}, {"SUPPRESSED": {"rule": 3}}), {"ID": None, "x_suppressed": {"rule": 3}}),
    ],
)  # fmt: skip
def test_notices(prefix: str, notice: Notice, line: dict[str, Any]) -> None:
    text = laurel(prefix=prefix).notice(notice)
    assert json.loads(text) == line
    assert ("0.250" in text) == ("time" in text)  # as many decimals as are known


@pytest.mark.parametrize("notes", [[], ["truncated_line"]])
def test_what_is_no_record_goes_out_as_it_came(notes: list[str]) -> None:
    line = json.loads(laurel().error("header", 'what "came"\t', notes))
    assert line["ID"] is None
    assert line["PARSE_ERROR"] == {"reason": "header", "raw": 'what "came"%09'}
    assert line.get("SENSOR") == ({"notes": notes} if notes else None)
