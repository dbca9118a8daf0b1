"""`transform.keys: distinct`: what becomes of keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.forms.distinct import DistinctKeys
from tests.converting import converted, lines_of

HEAD = "msg=audit(1700000000.001:1): "
CALL = f"type=SYSCALL {HEAD}arch=c000003e syscall=257 success=no exit=-13 a0=0 a1=1 a2=2 a3=3 items=0 ppid=1 pid=2 "


def only(line: str, options: str = "") -> dict[str, Any]:
    (document,) = converted(f"{line}\n".encode("latin-1"), "transform: {keys: distinct}\n" + options)
    return document


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("uid", "uid"),
        ("UID", "x_uid"),
        ("SYSCALL", "x_syscall"),
        ("Op", "x_op"),
        ("KEYS", "KEYS"),
        ("keys", "keys_2"),
        ("ARGV_STR", "ARGV_STR"),
        ("argv_str", "argv_str_2"),
        ("text", "text_2"),
        ("TEXT_2", "TEXT_2"),
        ("KEYS_HEX", "KEYS_HEX"),
        ("uid_HEX", "x_uid_hex"),
        ("x_pid", "x_pid"),
        ("X_PID", "X_PID_2"),
        ("Keys", "x_keys"),
        ("PID", "x_pid"),
        ("Pid", "x_pid_2"),
        ("pID", "x_pid_2"),
        ("pid", "pid"),
        ("Env", "x_env_2"),
        ("Session_Guid", "x_session_guid_2"),
        ("Uid", "x_uid"),
    ],
)
def test_a_key_becomes(name: str, key: str) -> None:
    assert DistinctKeys("x_").key(name) == key


@given(st.lists(st.text("aAbB_2xX", min_size=1, max_size=5), unique=True))
def test_no_two_are_alike_but_for_case(names: list[str]) -> None:
    keys = DistinctKeys("x_").all(names)
    assert len({key.lower() for key in keys}) == len(names)


@given(st.lists(st.sampled_from(["uid", "UID", "argv", "ARGV", "pid", "text", "TEXT", "mode", "MODE"]), unique=True))
def test_what_a_key_becomes_does_not_depend_on_the_others(names: list[str]) -> None:
    distinct = DistinctKeys("x_")
    assert distinct.all(names) == [distinct.key(name) for name in names]


def test_many_spellings_of_one_name_take_linear_time() -> None:
    names = [
        f"{'aA'[n & 1]}{'aA'[n >> 1 & 1]}" + "".join("bB"[n >> bit & 1] for bit in range(2, 15)) for n in range(1 << 15)
    ]
    keys = DistinctKeys("x_").all(names)
    assert len({key.lower() for key in keys}) == len(names)


def test_what_auditd_translated_stands_beside_its_number() -> None:
    record = only(f'{CALL}auid=0 uid=0 comm="a" exe="/a" key="k"\x1dARCH=x86_64 SYSCALL=openat AUID="root" UID="root"')[
        "SYSCALL"
    ]
    assert (record["uid"], record["x_uid"], record["x_auid"]) == (0, "root", "root")
    assert (record["syscall"], record["x_syscall"], record["x_arch"]) == (257, "openat", "x86_64")
    assert record["KEYS"] == ["k"]


def test_our_translation_stands_where_auditds_would() -> None:
    options = "translate: {universal: true, user_db: true, user_map: {'0': toor}}"
    for enriched in ("", '\x1dARCH=x86_64 SYSCALL=openat UID="root"'):
        record = only(f'{CALL}uid=0 comm="a" exe="/a" key=(null){enriched}', options)["SYSCALL"]
        assert (record["x_uid"], record["x_syscall"], record["x_exit"]) == ("toor", "openat", "EACCES")
        assert len(record) == len({key.lower() for key in record})


def test_the_prefix_is_that_of_the_configuration() -> None:
    record = only(f'{CALL}uid=0 comm="a" exe="/a"\x1dUID="root"', "enrich: {prefix: our_}")["SYSCALL"]
    assert record["our_uid"] == "root"
    assert "our_pid" in record


def test_a_message_of_user_space_has_its_own_names_apart() -> None:
    line = f"type=USER_CMD {HEAD}pid=1 uid=0 Cwd=a msg='Op=1 op=2 OP=3 keys=4 KEYS=5 res=success'"
    record = only(line)["USER_CMD"]
    record = record[0] if isinstance(record, list) else record
    assert record["x_cwd"] == "a"
    assert record["msg"] == {"x_op": "1", "op": "2", "x_op_2": "3", "keys_2": "4", "KEYS_2_2": "5", "res": "success"}


def test_a_learned_layout_gives_the_same_keys() -> None:
    lines = "".join(
        f'type=PATH msg=audit(1700000000.001:{serial}): item=0 name="/{serial}" inode=1 Mode=5 '
        'nametype=NORMAL\x1dOUID="a"\n'
        for serial in range(9)
    )
    documents = converted(lines.encode(), "transform: {keys: distinct}")
    assert {tuple(document["PATH"][0]) for document in documents} == {
        ("item", "name", "inode", "x_mode", "nametype", "x_ouid")
    }


def test_a_type_in_small_letters_is_that_type() -> None:
    lines = [f"type={name} {HEAD}item=0" for name in ("PATH", "path", "X_TIME", "id")]
    (document,) = converted("\n".join([*lines, ""]).encode(), "transform: {keys: distinct}\ntranslate: {time: iso}")
    assert list(document) == ["ID", "PATH", "X_TIME_2", "ID_2", "x_time"]
    assert len(document["PATH"]) == 2


def test_lines_without_records_keep_their_keys() -> None:
    assert list(only("nothing")["PARSE_ERROR"]) == ["reason", "raw"]
    assert only(f"node=a type=CWD {HEAD}cwd=/")["NODE"] == "a"
    unparsed = only("\xff\xffn", "")
    assert json.dumps(unparsed)


@pytest.mark.parametrize("name", ["Pid", "pID", "PID", "PId", "x_pid", "X_PID", "x_Pid", "X_pid"])
@pytest.mark.parametrize("options", ["", "transform: {keys: distinct, strings: unicode}\n"])
def test_no_field_is_called_like_what_is_added_beside_it(name: str, options: str) -> None:
    feed = f'{CALL}auid=0 uid=0 comm="a" exe="/a" {name}=7 key="k"\ntype=EOE {HEAD}\n'
    with_twins: list[list[str]] = []

    def keep(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [key.lower() for key, _ in pairs]
        if len(set(names)) != len(names):
            with_twins.append(names)
        return dict(pairs)

    for line in lines_of(feed.encode("latin-1"), options or "transform: {keys: distinct}\n"):
        document = json.loads(line, object_pairs_hook=keep)
        assert document["SYSCALL" if "SYSCALL" in document else "x_syscall"]["x_pid"] == {
            "EVENT_ID": "1700000000.001:1"
        }
    assert with_twins == []
