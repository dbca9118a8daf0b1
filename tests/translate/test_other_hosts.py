"""Users and groups of another host have no names of this one's: the number means somebody else there."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.converting import converted

CONFIG = "translate: {user_db: true, summary: true}"
IDS = "auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0"
CALL = (
    "type=SYSCALL msg=audit(1700000000.001:{0}): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=2 a2=3"
    f' a3=4 items=1 ppid=1 pid=2 {IDS} tty=pts0 ses=2 comm="cat" exe="/bin/cat" key="k"'
)
PATH = 'type=PATH msg=audit(1700000000.001:{0}): item=0 name="/x" inode=1 mode=0100644 ouid=0 ogid=0 nametype=NORMAL'
EOE = "type=EOE msg=audit(1700000000.001:{0}): "
USER = "type=ADD_USER msg=audit(1700000000.001:{0}): pid=1 uid=0 auid=0 ses=5 msg='op=x id=0 res=success'"
GROUP = "type=ADD_GROUP msg=audit(1700000000.001:{0}): pid=1 uid=0 auid=0 ses=5 msg='op=x id=0 res=success'"
OWN = os.uname().nodename


def feed(*records: str, node: str = "", number: int = 1) -> bytes:
    start = f"node={node} " if node else ""
    return "".join([f"{start}{record.format(number)}\n" for record in records]).encode()


def names(value: Any) -> set[str]:
    """Every name that anything is given in a document."""
    if isinstance(value, list):
        return set().union(*map(names, value)) if value else set()
    if not isinstance(value, dict):
        return {value} if isinstance(value, str) else set()
    return set().union(*(names(inner) for inner in value.values())) if value else set()


EVENTS = [[CALL, PATH, EOE], [CALL, PATH], [USER], [GROUP], [PATH, CALL, EOE]]


@pytest.mark.parametrize("records", EVENTS)
@pytest.mark.parametrize("config", [CONFIG, "translate: {user_db: true}\noutput: ecs"])
def test_names_are_of_the_host_that_the_records_are_from(records: list[str], config: str) -> None:
    """Interleaved and several times, so that neither is remembered for the other."""
    log = b""
    for number in range(1, 13, 3):
        log += feed(*records, number=number) + feed(*records, node="far-away", number=number + 1)
        log += feed(*records, node=OWN, number=number + 2)
    found = {"far-away": 0, OWN: 0, "": 0}
    for document in converted(log, config):
        node = document.get("NODE") or document.get("host", {}).get("name", "")
        found[node] += 1
        assert ("root" in names(document)) == (node != "far-away"), document
    assert found == {"far-away": 4, OWN: 4, "": 4}


def test_names_that_the_configuration_or_auditd_gives_hold_for_all() -> None:
    (document,) = converted(feed(USER, node="far-away"), 'translate: {user_db: true, user_map: {"0": chief}}')
    assert (document["ADD_USER"]["UID"], document["ADD_USER"]["msg"]["ID"]) == ("chief", "chief")
    reported = USER + '\x1dUID="boss" AUID="unset" ID="bob"'
    (document,) = converted(feed(reported, node="far-away"), "translate: {user_db: true}")
    assert (document["ADD_USER"]["UID"], document["ADD_USER"]["msg"]["ID"]) == ("boss", "bob")
    (document,) = converted(feed(USER.replace("auid=0", "auid=4294967295"), node="b"), "translate: {user_db: true}")
    assert document["ADD_USER"]["AUID"] == "unset"
