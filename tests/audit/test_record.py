"""Records: prefixes, keys, transforms, what is remembered, and where a record stands in the JSON."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.argv import arguments_of
from sensor.audit.fields import Fields, Kinds, parse_fields
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder


def decoder(entries: int = 64) -> RecordDecoder:
    return RecordDecoder(TransformOptions(), (), entries)


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("PATH", "item=0 inode=12", {"item": 0, "inode": 12}),
        ("TTY", "tty pid=5 data=6C73", {"pid": 5, "data": "ls"}),
        ("PATH", "tty pid=5", {"TEXT": "tty", "pid": 5}),
        ("MAC_POLICY_LOAD", "policy loaded auid=0", {"auid": 0}),
        ("MAC_UNLBL_ALLOW", "netlabel: auid=0 old=0", {"auid": 0, "old": 0, "netlabel": None}),
        ("MAC_UNLBL_ALLOW", "netlabel: netlabel=x", {"netlabel": "x", "netlabel_2": None}),
        ("CONFIG_CHANGE", "key=61016200", {"key": "a\x01b\0", "KEYS": ["a", "b\0"]}),
        ("CONFIG_CHANGE", 'key="a"', {"key": "a", "KEYS": ["a"]}),
        ("CONFIG_CHANGE", "key=(null)", {"key": None}),
        ("CONFIG_CHANGE", "KEYS=x key=b", {"KEYS_2": "x", "key": "b", "KEYS": ["b"]}),
        ("EXECVE", 'argc=1 a0="ls"', {"argc": 1, "ARGV": ["ls"]}),
        ("PROCTITLE", "proctitle=6C73", {"ARGV": ["ls"]}),
        ("SOCKETCALL", "nargs=3 a0=3 a1=bf", {"nargs": 3, "a0": "0x3", "a1": "0xbf"}),
        ("AVC", "saddr=10.0.0.1", {"saddr": "10.0.0.1"}),
        ("NOBODY_KNOWS_ME", "pid=5 x=64", {"pid": 5, "x": "64"}),
        ("USER_AUTH", "msg='res=success'", {"msg": {"res": "success"}}),
        ("CONFIG_CHANGE", "res=1", {"res": 1}),
    ],
)
def test_a_body_is_parsed_as_its_type_asks(name, body, expected):
    assert decoder().parse(name, body) == expected


@pytest.mark.parametrize(
    "rest",
    [
        *("01002F6465762F6C6F67", "0A", "", "0", "ABC", "01002f", "010G", "(null)", "?", '"0100"', "'01'", "{ 01 }"),
        *("0100 x=1", "0100 saddr=02", "0100 key=a", "0100\x1dSADDR={ saddr_fam=local path=/a }", "01 00", "0100\n"),
    ],
)
def test_an_address_is_read_as_any_field(rest):
    fields = parse_fields(f"saddr={rest}", Kinds({"saddr": "encoded"}))
    found = decoder().parse("SOCKADDR", f"saddr={rest}")
    assert [*found.items()] == [*{**fields, **({"KEYS": ["a"]} if "key" in fields else {})}.items()]


def test_a_layout_is_learned_of_records_whose_fields_are_asked_for():
    records = decoder()
    for inode in (1, 2):
        assert records.find("PATH", "item=0 inode=3") is None
        assert records.decode("PATH", f"item=0 inode={inode}").fields == {"item": 0, "inode": inode}
    assert records.find("PATH", "item=0 inode=3") is not None
    assert records.decode("PATH", "item=0 inode=3").fields == {"item": 0, "inode": 3}


def test_a_record_can_be_extended_without_changing_what_others_see():
    records = decoder()
    record = records.decode("PATH", "item=0")
    once = record.extended({"X": 1})
    twice = once.extended({"Y": 2})
    assert (once.added, twice.added, twice.fields) == ({"X": 1}, {"X": 1, "Y": 2}, {"item": 0})
    assert (once.origin, twice.origin) == (record, record)
    assert records.decode("PATH", "item=0").added == {}


@pytest.mark.parametrize(
    ("body", "pids"),
    [
        ("pid=5 opid=6 ppid=7", [("PID", 5), ("OPID", 6), ("PPID", 7)]),
        ("pid=0 vm-pid=4 spid=-1", [("VM-PID", 4)]),
        ("pid=x rapid=1 ses=3", []),
        ("ipid=1234", []),  # the number of a packet
    ],
)
def test_the_processes_that_a_record_names(body, pids):
    assert list(decoder().decode("OBJ_PID", body).pids) == pids


@pytest.mark.parametrize(
    ("key", "name", "fields"),
    [
        ('type=CWD\0cwd="/"', "CWD", {"cwd": "/"}),
        ('type=CWD\0 cwd="/" \r', "CWD", {"cwd": "/"}),
        ("type=UNKNOWN[1334]\0op=LOAD", "BPF", {"op": "LOAD"}),
        ("type=CWD\0", "CWD", {}),
    ],
)
def test_a_line_without_its_id_is_decoded(key, name, fields):
    record = decoder().decode_key(key)
    assert record is not None
    assert (record.name, record.fields) == (name, fields)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "type=CWD",
        " type=CWD\0x=1",
        "type=X-Y\0x=1",
        "type=CWD\0x\0y",
        "type=SYSCALL\0x=1",
        "type=UNKNOWN[1300]\0x=1",
        "type=EOE\0",
        "type=UNKNOWN[1320]\0",
        "type=DAEMON_START\0op=start",
    ],
)
def test_what_goes_another_way_is_not_decoded(key):
    assert decoder().decode_key(key) is None


def test_a_record_is_decoded_once():
    records = decoder()
    assert records.decode("CWD", 'cwd="/"') is records.decode("CWD", 'cwd="/"')
    assert records.decode_key('type=CWD\0cwd="/"') is not None
    assert records.cache['type=CWD\0cwd="/"'].fields == {"cwd": "/"}


@pytest.mark.parametrize(
    ("name", "body"),
    [("CWD", "cwd=" + "x" * 1100), ("CWD", "cwd=a\0b"), ("DAEMON_START", "op=start")],
)
def test_some_records_are_not_remembered(name, body):
    """Long ones for the memory, auditd's own because they belong to no event, NULs because of the fast way."""
    records = decoder()
    records.decode(name, body)
    assert records.cache == {}


def test_the_memory_is_bounded_and_can_be_emptied():
    records = decoder(entries=16)
    for number in range(100):
        records.decode("CWD", f"cwd={number}")
    assert 0 < len(records.cache) <= 16
    records.forget()
    assert records.cache == {}


def test_transforms_are_applied_in_their_order():
    def count(name: str, fields: Fields) -> None:
        fields["N"] = len(fields)

    def double(name: str, fields: Fields) -> None:
        number = fields["N"]
        assert isinstance(number, int)
        fields["N"] = f"{name} {2 * number}"

    records = RecordDecoder(TransformOptions(), (count, double), 64)
    for _ in range(3):
        assert records.decode("PATH", "item=0 inode=12").fields == {"item": 0, "inode": 12, "N": "PATH 4"}


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from(["0", "7", "13", "?"]), st.booleans()),
        max_size=30,
    )
)
def test_what_transforms_add_is_worked_out_for_few_and_the_same_for_all(bodies):
    """ "7" gets a name, "13" replaces what is there, and what is added to others is none of theirs."""
    seen: list[str] = []

    def transform(name: str, fields: Fields) -> None:
        seen.append(name)
        if fields.get("ouid") is not None:
            fields["OUID"] = f"user{fields['ouid']}"
        if fields.get("ouid") == 13:
            fields["mode"] = "gone"

    shared, each = (RecordDecoder(TransformOptions(), (transform,), 4) for _ in range(2))
    shared.share(lambda name, field: field in ("ouid", "mode"))
    for inode, mode, ouid, is_written_first in bodies:
        body = f"item=0 inode={inode} mode=0{mode} ouid={ouid}"
        record = shared.decode("PATH", body)
        if is_written_first:
            record.find()
        assert list(record.fields.items()) == list(each.parse("PATH", body).items())
        found = record.find()
        assert found is None or list(found[0].names) == ["item", "inode", "mode", "ouid"]


def test_what_is_added_is_forgotten_with_the_rest():
    owner = "alice"
    seen = []

    def transform(name: str, fields: Fields) -> None:
        seen.append(fields["inode"])
        fields["OUID"] = owner

    records = RecordDecoder(TransformOptions(), (transform,), 64)
    records.share(lambda name, field: field == "ouid")
    for number in range(10):
        assert records.decode("PATH", f"inode={number} ouid=7").fields["OUID"] == "alice"
    assert len(seen) == 3  # two until the layout is known
    owner = "bob"
    records.forget()
    assert records.decode("PATH", "inode=1 ouid=7").fields["OUID"] == "bob"


@pytest.mark.parametrize(
    "body",
    ['argc=2 a0="ls" a1=2D6C', "argc=1", 'argc=3 a0="ls" a2="x"', 'argc=1 a0_len=9 a0[0]="abc"', "", "nonsense"],
)
def test_all_arguments_of_a_body_are_known_however_it_is_written(body):
    records = decoder()
    for each in (body, 'argc=1 a0="other"', body, body):
        assert records.all_arguments(each) == arguments_of(each)
    records.all_arguments(body).append("not to be seen by others")
    assert records.all_arguments(body) == arguments_of(body)
