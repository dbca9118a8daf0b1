"""Rules are found by system call, by record type, by the fields of a record; and there is one for everything."""

from __future__ import annotations

import pytest

from sensor.summary.rules import MOST_MADE_UP, SummaryRule, _other, call_rule, record_rule

CALLS = [
    ("openat", "opened-file", "file", 0, "file", "info"),
    ("creat", "opened-file", "file", 0, "file", "creation"),
    ("renameat2", "renamed", "file", 2, "file", "change"),
    ("mount", "mounted", "filesystem", 1, "file", "creation"),
    ("connect", "connected-to", "socket", 0, "network", "connection start"),
    ("landlock_add_rule", "changed-security-policy", "security-policy", 0, "process", "change"),
    ("io_uring_setup", "called-io_uring_setup", "", 0, "process", "info"),
    ("9999", "called-9999", "", 0, "process", "info"),
]


@pytest.mark.parametrize(("name", "action", "object", "path", "categories", "types"), CALLS)
def test_a_call_has_its_rule(name: str, action: str, object: str, path: int, categories: str, types: str) -> None:
    assert call_rule(name) == SummaryRule(
        action, object, path, tuple(categories.split()), tuple(types.split()), call_rule(name).fields
    )


RECORDS = [
    ("USER_LOGIN", {}, "logged-in"),
    ("AVC", {"apparmor": "DENIED"}, "violated-apparmor-policy"),
    ("AVC", {"scontext": "x"}, "violated-selinux-policy"),
    ("BPF", {"op": "LOAD"}, "loaded-bpf-program"),
    ("BPF", {"op": "UNLOAD"}, "unloaded-bpf-program"),
    ("BPF", {}, "unloaded-bpf-program"),
    ("MAC_UNLBL_ALLOW", {"unlbl_accept": 1}, "is-allowing-unlabeled-network-traffic"),
    ("MAC_UNLBL_ALLOW", {"unlbl_accept": 0}, "is-disallowing-unlabeled-network-traffic"),
    ("UNKNOWN[1999]", {}, "unknown[1999]"),
    ("KERNEL_OTHER", {}, "kernel-other"),
]


@pytest.mark.parametrize(("type", "fields", "action"), RECORDS)
def test_a_record_has_its_rule(type: str, fields: dict[str, object], action: str) -> None:
    assert record_rule(type, fields).action == action


def test_options_show_where_to_look() -> None:
    rule = record_rule("CRYPTO_SESSION", {})
    assert rule.fields["object"] == ("addr",)  # its own, not that of @session
    assert rule.fields["subject2"] == ("acct", "id", "msg_uid", "uid")
    assert rule.fields["source"] == ("addr",)
    assert record_rule("ANOM_EXEC", {}).fields["kind"] == ("alert",)
    assert call_rule("setuid").fields == {"how": ("syscall",)}


def test_what_is_remembered_of_made_up_types_is_bounded() -> None:
    for number in range(MOST_MADE_UP + 100):
        record_rule(f"UNKNOWN[{number}]", {})
    assert _other.cache_info().currsize <= MOST_MADE_UP
