"""Names beside numbers of users and groups: in records, in messages, from auditd, from the configuration."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

import pytest

from sensor.audit.naming import Naming
from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.pipeline import Parts, Pipeline
from sensor.stats import PipelineStats
from sensor.translate.options import TranslateOptions
from sensor.translate.userdb import AccountNames, UserDatabase
from sensor.translate.users import Users
from tests.support.pipelines import laurel


class Known(AccountNames):
    """A database that knows some names, knows that 7 has none, and has not heard of the rest."""

    def __init__(self, names: dict[int, str]) -> None:
        super().__init__(os.devnull, names.__getitem__)
        self.names = {**names, 7: "unknown(7)"}

    def get(self, number: int) -> str | None:
        return self.names.get(number)


def decoder(prefix: str = "", **options: Any) -> RecordDecoder:
    database = UserDatabase(blocking=True)
    database.users = Known({0: "root", 1000: "alice"})
    database.groups = Known({0: "wheel", 1000: "staff"})
    users = Users(TranslateOptions(**options), Naming(prefix), database)
    return RecordDecoder(TransformOptions(), (users.transform,), 16)


CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("LOGIN", "uid=0 gid=0 auid=1000", {"UID": "root", "GID": "wheel", "AUID": "alice"}),
    ("LOGIN", "old-auid=4294967295 auid=-1 fsgid=unset", {"OLD-AUID": "unset", "AUID": "unset", "FSGID": "unset"}),
    ("PATH", "item=0 ouid=7 ogid=1000", {"OUID": "unknown(7)", "OGID": "staff"}),
    ("PATH", "item=0 ouid=4711 ogid=1000", {"OGID": "staff"}),
    ("LOGIN", "uid=? auid=(null) ses=1", {}),
    ("SYSCALL", 'uid=0 auid=4711\x1dUID="root" AUID="remote"', {"UID": "root", "AUID": "remote"}),
    ("SYSCALL", 'uid=1000 auid=4711\x1dUID="unknown(1000)" AUID="unknown(4711)"', {"UID": "alice"}),
    ("SYSCALL", 'uid=0 auid=4294967295\x1dUID="root" AUID="unset"', {"UID": "root", "AUID": "unset"}),
    ("AVC", "avc:  denied  { read } for  pid=1 fsuid=1000 uuid=1000", {"FSUID": "alice"}),
    ("USER_CMD", "pid=1 uid=0 msg='op=x res=success'", {"UID": "root"}),
]


@pytest.mark.parametrize(("name", "body", "names"), CASES)
def test_a_number_has_its_name_beside_it(name: str, body: str, names: dict[str, Any]) -> None:
    fields = decoder().parse(name, body)
    assert {key: value for key, value in fields.items() if key.isupper()} == names
    raw = RecordDecoder(TransformOptions(), (), 16).parse(name, body)
    assert {key: fields[key] for key in raw if not key.isupper()} == {
        key: value for key, value in raw.items() if not key.isupper()
    }


@pytest.mark.parametrize(
    ("name", "body", "message", "names"),
    [
        ("USER_LOGIN", "uid=0 msg='uid=1000 suid=74'", {"uid": 1000, "UID": "alice", "suid": 74}, {"UID": "root"}),
        ("ADD_USER", "uid=0 msg='op=add-user id=1000'", {"op": "add-user", "id": 1000, "ID": "alice"}, {"UID": "root"}),
        ("ADD_GROUP", "msg='op=add-group id=1000'", {"op": "add-group", "id": 1000, "ID": "staff"}, {}),
        ("USER_AVC", "msg='id=1000'", {"id": 1000}, {}),
        (
            "DEL_USER",
            'uid=0 msg=\'op=x id=1501\'\x1dUID="root" ID="bob"',
            {"op": "x", "id": 1501, "ID": "bob"},
            {"UID": "root"},
        ),
        (
            "USER_LOGIN",
            'uid=0 msg=\'uid=1501\'\x1dUID="root" UID="bob"',
            {"uid": 1501, "UID": "bob"},
            {"UID": "root"},
        ),
        ("USER_LOGIN", "msg='uid=1501'\x1dUID=\"bob\"", {"uid": 1501, "UID": "bob"}, {}),
    ],
)
def test_a_message_of_user_space_has_its_own_names(
    name: str, body: str, message: dict[str, Any], names: dict[str, Any]
) -> None:
    fields = decoder().parse(name, body)
    assert fields["msg"] == message
    assert {key: value for key, value in fields.items() if key.isupper()} == names


def test_the_configuration_has_the_first_word() -> None:
    records = decoder(user_map={"1000": "b\u00e4r", "4294967295": "daemon"}, group_map={"0": "admins"})
    fields = records.parse("SYSCALL", 'auid=4294967295 uid=1000 gid=0 egid=1000\x1dAUID="unset" UID="alice"')
    assert (fields["AUID"], fields["UID"], fields["GID"], fields["EGID"]) == ("daemon", "b\xc3\xa4r", "admins", "staff")


def test_an_added_key_bears_the_prefix_and_auditd_s_is_replaced() -> None:
    fields = decoder("x_").parse("SYSCALL", 'uid=0 auid=1000 gid=4711\x1dUID="root" AUID="alice" GID="far"')
    assert {key for key in fields if key not in ("uid", "auid", "gid")} == {"x_uid", "x_auid", "x_gid"}
    assert fields["x_gid"] == "far"


def test_names_that_come_late_are_in_what_follows_and_nobody_waits_for_them() -> None:
    """A database that hangs costs names, never time; when it answers, what was remembered is decoded anew."""
    hang = threading.Event()

    def ask(number: int) -> str:
        hang.wait(60)
        return f"user{number}"

    database = UserDatabase(blocking=True)
    database.users = AccountNames(os.devnull, ask)
    users = Users(TranslateOptions(), Naming(), database)
    records = RecordDecoder(TransformOptions(), (users.transform,), 4096)
    form = laurel()
    pipeline = Pipeline(Parts(records, [], form), CoalesceOptions(), PipelineStats())

    def feed(serial: int, uids: range) -> list[dict[str, Any]]:
        ids = [f"msg=audit(1.000:{serial + uid})" for uid in uids]
        text = "".join(
            f"type=SYSCALL {id}: arch=c000003e syscall=2 success=yes exit=3 a0=1 a1=0 a2=0 a3=0 items=1 ppid=1 pid=2"
            f' auid={uid} uid={uid} key=(null)\ntype=PATH {id}: item=0 name="/x" ouid={uid}\ntype=EOE {id}: \n'
            for id, uid in zip(ids, uids)
        )
        return [json.loads(line) for line in pipeline.feed(text.encode(), 0.0)]

    start = time.perf_counter()
    events = feed(0, range(1000, 3000))
    assert time.perf_counter() - start < 5
    assert len(events) == 2000
    assert not any("UID" in event["SYSCALL"] or "OUID" in event["PATH"][0] for event in events)

    hang.set()
    deadline = time.perf_counter() + 10
    while not database.refresh() and time.perf_counter() < deadline:
        time.sleep(0.01)
    assert "UID" not in feed(5000, range(1000, 1001))[0]["SYSCALL"]
    records.forget()
    form.forget()
    (event,) = feed(10000, range(1000, 1001))
    assert (event["SYSCALL"]["UID"], event["PATH"][0]["OUID"]) == ("user1000", "user1000")
