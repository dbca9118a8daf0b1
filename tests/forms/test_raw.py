"""Numbers are left out of the JSON where they were translated, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.audit.naming import Naming
from sensor.forms.raw import without_raw
from sensor.forms.values import Renderer

CASES: list[tuple[dict[str, Any], str]] = [
    ({"arch": "0xc000003e", "syscall": 59, "ARCH": "x86_64", "SYSCALL": "execve"}, "ARCH SYSCALL"),
    ({"arch": "0xc000003e", "syscall": 999, "ARCH": "x86_64"}, "syscall ARCH"),
    ({"uid": 0, "auid": 4711, "gid": 5, "UID": "root", "GID": "tty"}, "auid UID GID"),
    ({"uid": 0, "gid": 0}, "uid gid"),
    ({"saddr": "\2\0", "SADDR": {"saddr_fam": "inet", "port": 5}}, "SADDR"),
    ({"saddr": "\0\0", "SADDR": {"saddr_fam": "unspecified"}}, "SADDR"),
    ({"saddr": "\x63\0\1", "SADDR": {"saddr_fam": "unknown(99)"}}, "saddr SADDR"),
    ({"saddr": "\2\0", "SADDR": "{ saddr_fam=inet }"}, "saddr SADDR"),
    ({"mode": "0o644", "MODE": "-rw-r--r--", "sig": 9, "SIG": "SIGKILL", "exit": -1}, "mode MODE sig SIG exit"),
]


@pytest.mark.parametrize(("fields", "keys"), CASES)
def test_only_what_was_translated_is_left_out(fields: dict[str, Any], keys: str) -> None:
    before = dict(fields)
    shown: list[Any] = []
    without_raw(lambda seen: shown.append(seen) or "", Naming())(fields)  # type: ignore[func-returns-value]
    assert list(shown[0]) == keys.split()
    assert fields == before


def test_messages_are_looked_into() -> None:
    render = without_raw(Renderer("percent").render, Naming())
    assert render({"uid": 0, "msg": {"uid": 0, "UID": "root", "id": 5, "ID": "bob"}}) == (
        '"uid":0,"msg":{"UID":"root","ID":"bob"}'
    )


def test_keys_with_a_prefix_are_found() -> None:
    render = without_raw(Renderer("percent").render, Naming("x_"))
    assert render({"uid": 0, "x_uid": "root", "gid": 0, "GID": "root"}) == '"x_uid":"root","gid":0,"GID":"root"'
