"""`auditd` of a document: as text, under auditbeat's names, none of which is there twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sensor.config import Config
from tests.forms.ecs.test_form import SADDR, convert, document
from tests.summary.events import call, text

ENRICHED = '\x1dARCH=x86_64 SYSCALL=open AUID="alice" UID="root"'
CAPS = "BPRM_FCAPS fver=2 fp=0 fi=0 fe=1 old_pp=0 old_pi=0 old_pe=0 pp=3 pi=0 pe=1 pa=0 frootid=0"
CASES: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    # records, what is in auditd.data besides what each call has
    ((call(2) + ENRICHED,), {"syscall": "open"}),
    ((call(42), SADDR), {"syscall": "connect", "socket": {"family": "ipv4", "addr": "169.254.169.254", "port": "80"}}),
    ((call(42), SADDR, "SOCKADDR saddr=10000000"), {"socket_2": {"family": "netlink"}}),
    ((call(2), "CAPSET pid=7 cap_pi=0 cap_pp=1 cap_pe=1 cap_pa=0"), {"capset_pid": "7", "cap_pp": "0x1"}),
    ((call(2), "MQ_OPEN oflag=0x0 a0=5"), {"mq_open_a0": "5"}),
    ((call(2) + " a0=9", "UNKNOWN[1999] exit=7"), {"a0": "0", "a0_2": "9", "unknown[1999]_exit": "7"}),
    ((call(2) + " a0=9", "USER_LOGIN pid=1 uid=0 msg='exit=7 res=success'"), {"a0": "0", "a0_2": "9", "exit": "0"}),
    ((call(42) + " socket=9", "AVC avc: denied { read } for pid=1", SADDR), {"socket_2": "9"}),
]


@pytest.mark.parametrize(("records", "data"), CASES)
def test_what_is_in_the_data(records: tuple[str, ...], data: dict[str, Any]) -> None:
    found = document(*records)["auditd"]["data"]
    assert {name: found.get(name) for name in data} == data
    assert len({name.lower() for name in found}) == len(found)
    assert (found["arch"], found["tty"]) == ("x86_64", "pts0")


def test_numbers_that_are_no_users_of_the_act_are_data() -> None:
    found = document('AVC apparmor="DENIED" operation="open" class="file" profile="p" name="/x" pid=3 comm="c" ouid=7')
    assert (found["auditd"]["data"]["ouid"], found["auditd"]["data"]["class"]) == ("7", "file")
    assert "user" not in found


def test_names_that_differ_in_case_only_are_reported_apart() -> None:
    found = document("USER_CMD pid=7 uid=0 auid=1 ses=1 msg='op=x Op=y oP=z cmd=6C73 res=success'")
    assert {"op": "x", "Op_2": "y", "oP_3": "z"}.items() <= found["auditd"]["data"].items()


def test_the_capabilities_of_a_program_that_has_some() -> None:
    found = document(call(59), 'EXECVE argc=1 a0="ping"', CAPS)
    capabilities = {"permitted": ["CAP_CHOWN", "CAP_DAC_OVERRIDE"], "effective": ["CAP_CHOWN"]}
    assert found["process"]["thread"] == {"capabilities": capabilities}
    assert found["auditd"]["data"]["pe"] == "0x1"
    twice = document(call(59), CAPS, "CAPSET pid=31 cap_pi=0 cap_pp=0 cap_pe=0")
    assert twice["process"]["thread"] == {"capabilities": capabilities}


def test_text_is_plain_and_exact_bytes_stand_beside_it() -> None:
    found = document(
        call(59), 'EXECVE argc=3 a0="chmod" a1="u+s" a2=2F746D702FFF', "PATH item=0 name=2F746D702FFF nametype=NORMAL"
    )
    process = found["process"]
    assert process["args"] == ["chmod", "u+s", "/tmp/\ufffd"]
    assert process["args_hex"] == [None, None, "2f746d702fff"]
    assert process["command_line"] == "chmod u+s /tmp/\ufffd"
    assert (found["file"]["path"], found["file"]["path_hex"]) == ("/tmp/\ufffd", "2f746d702fff")
    assert found["auditd"]["paths"][0]["name_hex"] == "2f746d702fff"


def test_nothing_is_empty() -> None:
    assert "args" not in document(call(59), "EXECVE argc=0").get("process", {})


@pytest.mark.parametrize("forms", [("string",), ("array", "string"), ("array",)])
def test_arguments_stand_apart_whatever_is_configured(forms: tuple[str, ...]) -> None:
    options = replace(Config().transform, execve_argv=forms)
    (found,) = convert(text(call(59), 'EXECVE argc=2 a0="ls" a1="-l"'), transform=options)
    assert (found["process"]["args"], found["process"]["command_line"]) == (["ls", "-l"], "ls -l")
