"""Records as LAUREL lays them out come out as if every field were written by itself, whatever is remembered."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.fields import Fields
from sensor.audit.options import TransformOptions
from sensor.audit.record import Record, RecordDecoder
from sensor.audit.syscall_decoder import SyscallDecoder
from sensor.forms.records import RecordTexts
from sensor.forms.values import Style

PATH = 'item={} name="/{}" inode={} dev=fd:01 mode={} ouid={} ogid=0 nametype=NORMAL'
ENRICHED = PATH + '\x1dOUID="{}" OGID="root"'
LAYOUTS = st.lists(
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


class Translation:
    """Adds a name, sometimes; replaces what is there, sometimes; and counts what it sees."""

    def __init__(self) -> None:
        self.seen = 0

    def transform(self, name: str, fields: Fields) -> None:
        self.seen += 1
        if isinstance(fields.get("ouid"), int):
            fields["OUID"] = f"user{fields['ouid']}"
        if fields.get("mode") == "0o777":
            fields["MODE"] = "open"
        if fields.get("ouid") == 13:
            del fields["mode"]

    @staticmethod
    def concerns(name: str, field: str) -> bool:
        return field in ("ouid", "mode", "OUID")


def texts(strings: str = "percent", entries: int = 4096, **options: Any) -> RecordTexts:
    return RecordTexts(Style(strings), TransformOptions(strings=strings, **options), entries=entries)


def decoder(**options: Any) -> RecordDecoder:
    return RecordDecoder(TransformOptions(**options), (), 64)


@pytest.mark.parametrize("strings", ["percent", "unicode"])
@given(records=LAYOUTS)
def test_a_record_comes_out_as_field_by_field(strings: str, records: list[tuple[str, ...]]) -> None:
    translation = Translation()
    options = TransformOptions(strings=strings)
    style = Style(strings)
    fast = RecordDecoder(options, (translation.transform,), 4096)
    form = RecordTexts(style, options, translation.concerns, entries=3)
    for layout, *values in records:
        body = layout.format(*values)
        slow = RecordDecoder(options, (translation.transform,), 4096).parse("PATH", body)
        assert form.member(fast.decode("PATH", body)) == f'"PATH":[{{{style.render(slow)}}}]'


def test_what_few_values_decide_is_worked_out_for_few_records() -> None:
    translation = Translation()
    records = RecordDecoder(TransformOptions(), (translation.transform,), 4096)
    form = RecordTexts(Style(), TransformOptions(), translation.concerns)
    for number in range(100):
        form.member(records.decode("PATH", PATH.format(0, number, number, "0644", "0")))
    assert translation.seen <= 3  # two until the layout is known, one for its values
    form.forget()
    form.member(records.decode("PATH", PATH.format(0, "new", 1, "0644", "0")))
    assert translation.seen <= 4


@pytest.mark.parametrize(
    ("name", "body", "member"),
    [
        ("CWD", 'cwd="/"', '"CWD":{"cwd":"/"}'),
        ("PATH", "item=0", '"PATH":[{"item":0}]'),
        ("USER_AUTH", "pid=1", '"USER_AUTH":{"pid":1}'),
        ("PATH", "", '"PATH":[{}]'),
        ("ID", "a=b", '"ID_2":[{"a":"b"}]'),
    ],
)
def test_a_record_has_its_place_in_the_event(name: str, body: str, member: str) -> None:
    assert texts().member(decoder().decode(name, body)) == member


def test_records_of_one_type_stand_in_a_list() -> None:
    records = decoder()
    group = [records.decode("PATH", f"item={number}").extended({"X": number}) for number in range(3)]
    text = texts().members("PATH", [records.decode("PATH", "item=9"), *group])
    items: list[Fields] = [{"item": 9}, *[{"item": number, "X": number} for number in range(3)]]
    assert json.loads(f"{{{text}}}") == {"PATH": items}


@pytest.mark.parametrize(
    ("options", "execve", "title"),
    [
        ({}, '"argc":2,"ARGV":["g%2b%2b","-l"]', '"ARGV":["g%2b%2b","-l"]'),
        ({"strings": "unicode"}, '"argc":2,"ARGV":["g++","-l"]', '"ARGV":["g++","-l"]'),
        ({"execve_argv": ("string",)}, '"argc":2,"ARGV_STR":"g%2b%2b -l"', '"ARGV":["g%2b%2b","-l"]'),
        ({"execve_argv_limit_bytes": 0}, '"argc":2,"ARGV":[{"skipped_args":2,"skipped_bytes":6}]',
         '"ARGV":["g%2b%2b","-l"]'),
    ],
)  # fmt: skip
def test_command_lines_are_what_the_options_ask_for(options: dict[str, Any], execve: str, title: str) -> None:
    records, form = decoder(**options), texts(**options)
    assert form.member(records.decode("EXECVE", 'argc=2 a0="g++" a1=2D6C')) == f'"EXECVE":{{{execve}}}'
    assert form.member(records.decode("PROCTITLE", "proctitle=672B2B002D6C")) == f'"PROCTITLE":{{{title}}}'


def test_a_call_is_written_in_its_segments() -> None:
    syscalls, form = SyscallDecoder(decoder()), texts()
    body = 'arch=c000003e syscall=2 success=yes exit=0 a0=1 a1=2 a2=0 a3=0 items=1 ppid=30 pid=31 uid=0 comm="{}"'
    for name in ("a", "b", "c", "c"):
        call = syscalls.decode(body.format(name))
        assert form.head(call.head) == '"arch":"0xc000003e","syscall":2'
        assert form.rest(call.rest) == f'"uid":0,"comm":"{name}"'


@pytest.mark.parametrize("name", ["arch", "syscall", "per", "success", "exit", "items", "ppid", "pid", "a0", "a3"])
def test_a_key_of_a_call_occurs_once(name: str) -> None:
    """Also if a field of the first part stands once more in the last, where no kernel writes it."""
    first = "arch=c000003e syscall=135 per=8 success=yes exit=0 a0=1 a1=2 a2=0 a3=0 items=1 ppid=30 pid=31"
    call = SyscallDecoder(decoder()).decode(f"{first} uid=0 {name}=7")
    form = texts()
    cut = ["success", "exit", "items", "ppid", "pid"]
    keys = [*json.loads(f"{{{form.head(call.head)}}}"), *cut] if call.usual else []
    keys += [key for key, _ in json.loads(f"{{{form.rest(call.rest)}}}", object_pairs_hook=list)]
    assert len(keys) == len(set(keys))


def test_another_way_to_write_fields_counts_for_all_of_them() -> None:
    form = RecordTexts(Style(), TransformOptions(), render=lambda fields: '"only":1')
    records = decoder()
    assert [form.member(records.decode("PATH", f"item={n}")) for n in range(3)] == ['"PATH":[{"only":1}]'] * 3
    assert isinstance(records.decode("PATH", "item=0"), Record)
