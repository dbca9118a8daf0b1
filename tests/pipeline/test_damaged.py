"""Logs that a power cut, a full disk or a collector has damaged: every record that is still whole is read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.pipelines import make_pipeline

CALL = (
    "type=SYSCALL msg=audit(1.00{0}:{0}): arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=0"
    ' ppid=1 pid=2 auid=0 uid=0 tty=(none) ses=1 comm="id" exe="/usr/bin/id" key="k"'
)
EXECVE = 'type=EXECVE msg=audit(1.00{0}:{0}): argc=1 a0="id"'
TORN = 'type=PATH msg=audit(1.001:1): item=0 name="/etc/shadow" mode=01006'
START = "type=DAEMON_START msg=audit(9.000:700): op=start auid=4294967295 pid=590 res=success"
END = "type=USER_END msg=audit(1.00{0}:{0}): pid=1 uid=0 auid=0 ses=5 msg='op=x acct=\"root\" res=success'"


def read(text: str, size: int = 1 << 20) -> list[dict[str, Any]]:
    """The documents that a log becomes, which comes in pieces of this size."""
    data = text.encode("latin-1")
    pipeline = make_pipeline()
    lines = [line for start in range(0, len(data), size) for line in pipeline.feed(data[start : start + size], 0.0)]
    return [json.loads(line) for line in [*lines, *pipeline.close()]]


def by_id(text: str) -> dict[str, dict[str, Any]]:
    return {document["ID"]: document for document in read(text)}


TORN_NOTE = {"notes": ["truncated_line"]}
ONE_LINE = [
    ("torn, and another event", f"{CALL.format(1)}\n{TORN}{START}\n", {"1.001:1": True, "9.000:700": False}),
    ("the newline lost", f"{CALL.format(1)}{EXECVE.format(1)}\n{END.format(2)}\n", {"1.001:1": True, "1.002:2": False}),
    ("blanks between", f"{CALL.format(1)} {EXECVE.format(1)} {START}\n", {"1.001:1": False, "9.000:700": False}),
    ("several events", f"{CALL.format(1)} {CALL.format(2)} {CALL.format(3)}\n", dict.fromkeys("123", False)),
    ("torn, with nodes", f"node=a {TORN}node=a {START}\n", {"1.001:1": True, "9.000:700": False}),
    ("a torn message, and a call", f"{END.format(1)[:60]}{CALL.format(2)}\n", {"1.001:1": True, "1.002:2": False}),
]


@pytest.mark.parametrize(("name", "text", "torn"), ONE_LINE, ids=[case[0] for case in ONE_LINE])
def test_records_in_one_line(name: str, text: str, torn: dict[str, bool]) -> None:
    documents = by_id(text)
    wanted = {(id if ":" in id else f"1.00{id}:{id}"): TORN_NOTE if cut else None for id, cut in torn.items()}
    assert {id: document.get("SENSOR") for id, document in documents.items()} == wanted
    for document in documents.values():
        assert "type=" not in json.dumps(document)


def test_the_fields_of_one_record_are_not_those_of_another() -> None:
    documents = by_id(f"{CALL.format(1)}\n{TORN}{START}\n")
    assert documents["1.001:1"]["PATH"] == [{"item": 0, "name": "/etc/shadow", "mode": "0o1006"}]
    assert documents["9.000:700"]["DAEMON_START"]["pid"] == 590


@pytest.mark.parametrize("piece", ["type=SYSCALL msg=audit(1.0", "type=", "typ", "t", "no", "node=a type"])
def test_a_header_that_was_not_finished(piece: str) -> None:
    first, second = read(f"{piece}{START}\n")
    assert first == {
        "ID": None,
        "PARSE_ERROR": {"reason": "header", "raw": piece},
        "SENSOR": TORN_NOTE,
    }
    assert second["DAEMON_START"]["op"] == "start"


FORGED = [
    f"x {CALL.format(7)}",
    f"x' {CALL.format(7)}",
    f"x'{CALL.format(7)}",
    f"x {CALL.format(7)} msg='",
    "x " + CALL.format(7) + "y" * 9000,
]


@pytest.mark.parametrize("text", FORGED)
def test_nobody_sends_records_within_a_message(text: str) -> None:
    """In a container root may send messages of user space, whatever they say; the kernel puts a quote behind them."""
    line = f"type=USER msg=audit(1.001:1): pid=1 uid=0 auid=0 ses=5 msg='{text}'\n"
    assert [(document["ID"], "SYSCALL" in document) for document in read(line)] == [("1.001:1", False)]
    cut = f"type=USER msg=audit(1.001:1): pid=1 uid=0 auid=0 ses=5 msg='{text}"
    if len(cut) > 8000:
        assert [document["ID"] for document in read(cut)] == ["1.001:1"]


GAPS = [
    ("between lines", "{a}\n{gap}{b}\n", 4096),
    ("longer than a line may be", "{a}\n{gap}{b}\n", 200_000),
    ("at the beginning", "{gap}{a}\n{b}\n", 512),
    ("a few at the beginning of a line", "{a}\n{gap}{b}\n", 3),
    ("one", "{a}\n{gap}{b}\n", 1),
    ("at the end", "{a}\n{b}\n{gap}", 4096),
    ("within a line", "{a} x=1{gap}{b}\n", 4096),
    ("a line of its own", "{a}\n{gap}\n{b}\n", 4096),
]


@pytest.mark.parametrize(("name", "form", "length"), GAPS, ids=[case[0] for case in GAPS])
@pytest.mark.parametrize("size", [7, 4096, 1 << 20])
def test_zeros_are_reported_once_and_cost_no_record(name: str, form: str, length: int, size: int) -> None:
    documents = read(form.format(a=CALL.format(1), b=CALL.format(2), gap="\0" * length), size)
    gap = {"ID": None, "PARSE_ERROR": {"reason": "zeros", "raw": f"{length} bytes of zeros"}}
    assert [document for document in documents if document["ID"] is None] == [gap]
    calls = {document["ID"]: document["SYSCALL"]["pid"] for document in documents if "SYSCALL" in document}
    assert calls == {"1.001:1": 2, "1.002:2": 2}


@pytest.mark.parametrize("size", [7, 100, 1 << 20])
@pytest.mark.parametrize("at", [20, 60, 90, 150])
def test_a_record_that_zeros_interrupt_is_marked(at: int, size: int) -> None:
    """What is behind them is of another record, or of none."""
    line = CALL.format(1)
    documents = read(f"{EXECVE.format(1)}\n{line[:at]}{chr(0) * 100}{line[-30:]}\n{CALL.format(2)}\n", size)
    (first,) = [document for document in documents if document["ID"] == "1.001:1"]
    torn = [document for document in documents if document["ID"] is None and "SENSOR" in document]
    assert (first if at > 50 else torn[0])["SENSOR"] == TORN_NOTE
    assert [document.get("SENSOR") for document in documents if document["ID"] == "1.002:2"] == [None]
    raws = [document["PARSE_ERROR"]["raw"] for document in documents if document["ID"] is None]
    assert "100 bytes of zeros" in raws
    assert "%00" not in json.dumps(documents)


def test_two_gaps_are_two() -> None:
    zeros = "\0" * 100
    documents = read(f"{CALL.format(1)}\n{zeros}{CALL.format(2)}\n{zeros}{CALL.format(3)}\n")
    assert len([document for document in documents if document["ID"] is None]) == 2
    assert len(documents) == 5


SYSLOG = "Nov 18 19:55:36 host-a audisp-syslog[700]: "
PREFIXES = [
    SYSLOG,
    "Nov 18 19:55:38 host-a audispd: ",
    "<86>Nov 18 19:55:37 host-a audisp-syslog: ",
    "2024-11-18T19:55:39.123456+00:00 host-a audisp-syslog[700]: ",
    "<86>1 2024-11-18T19:55:39Z host-a audisp-syslog 700 - - ",
    '<86>1 2024-11-18T19:55:39Z host-a audisp-syslog 700 - [meta x="y"] ',
    '<86>1 2024-11-18T19:55:39Z host-a audispd 700 ID47 [ex@1 a="b" c="d]"][y z="\\""] ',
    "<86>1 2024-11-18T19:55:39Z host-a audisp-syslog 700 - - \xef\xbb\xbf",
    "194 <86>1 2024-11-18T19:55:39Z host-a audisp-syslog 700 - - ",
    "194 <86>Nov 18 19:55:37 host-a audisp-syslog: ",
    "<86>",
    "Nov 18 19:55:36 host-a ",
    "Nov  8 19:55:36 ",
    "2024-11-18T19:55:39.123456789Z stdout F ",
    "2024-11-18 19:55:39,123 host-a ",
    "/var/log/audit/audit.log:",
    "audit.log.1:12:",
    "12:",
    "   ",
    "\t",
    "    MESSAGE=",
    "MESSAGE=",
    "\xef\xbb\xbf",
]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_syslog_put_before_a_record(prefix: str) -> None:
    (document,) = read(f"{prefix}{CALL.format(1)}\n{prefix}{EXECVE.format(1)}\n")
    assert (document["SYSCALL"]["pid"], document["EXECVE"]["ARGV"]) == (2, ["id"])
    (document,) = read(f"{prefix}node=host-a {END.format(1)}\n")
    assert (document["NODE"], document["USER_END"]["msg"]["acct"]) == ("host-a", "root")


@pytest.mark.parametrize("prefix", PREFIXES)
def test_what_stands_before_several_records(prefix: str) -> None:
    (document,) = read(f"{prefix}{CALL.format(1)} {EXECVE.format(1)}\n")
    assert (document["SYSCALL"]["pid"], document["EXECVE"]["ARGV"], document.get("SENSOR")) == (2, ["id"], None)
    first, second = read(f"{prefix}{TORN}{START}\n")[::-1]
    assert (first["SENSOR"], second["DAEMON_START"]["op"]) == (TORN_NOTE, "start")


KERNEL = [
    "",
    "[  123.456789] ",
    "[Tue Nov 14 22:13:20 2023] ",
    "<5>[  123.456789] ",
    "kern  :notice: [  123.456789] ",
    "Nov 18 19:55:40 host-a kernel: ",
    "Nov 18 19:55:40 host-a kernel: [  123.456789] ",
    "2024-11-18T19:55:39.123456+00:00 host-a kernel: [  123.456789] ",
]


@pytest.mark.parametrize("prefix", KERNEL)
def test_what_the_kernel_prints_while_no_auditd_runs(prefix: str) -> None:
    (document,) = read(f'{prefix}audit: type=1400 audit(1.001:5): apparmor="DENIED" pid=88 comm="x"\n')
    assert document == {"ID": "1.001:5", "AVC": [{"apparmor": "DENIED", "pid": 88, "comm": "x"}]}
    (document,) = read(f"{prefix}audit: type=1999 audit(1.001:5): a=b\n")
    assert document == {"ID": "1.001:5", "UNKNOWN[1999]": [{"a": "b"}]}
    (document,) = read(f"{prefix}type=1400 audit(1.001:5): avc:  denied  {{ read }} for  pid=88\n")
    assert document == {"ID": "1.001:5", "AVC": [{"denied": ["read"], "pid": 88}]}


NOT_OURS = [
    "Nov 18 19:55:36 host-a sshd[1]: Invalid user x: " + CALL.format(1),
    "Nov 18 19:55:36 host-a sshd[1]: Invalid user x " + CALL.format(1),
    "Nov 18 19:55:36 host-a sshd[1]: x audit: type=1400 audit(1.001:5): pid=88",
    "Nov 18 19:55:36 host-a CRON[7]: (root) CMD (true)",
    "Nov 18 19:55:36 host-a x y " + CALL.format(1),
    "Nov 18 19:55:36 host-a sshd: x y=" + CALL.format(1),
    "a b:" + CALL.format(1),
    "Nov 18 19:55:36 host-a sshd[1]: x type=1400 audit(1.001:5): pid=88",
    "<86>1 2024-11-18T19:55:39Z host-a sshd 700 - - x " + CALL.format(1),
    "x" * 600 + ": " + CALL.format(1),
    "Nov 18 19:55:36 host-a sshd[1]: Invalid user " + CALL.format(1) + " " + CALL.format(2),
    "Nov 18 19:55:36 host-a sshd[1]: Invalid user " + CALL.format(1) + CALL.format(2) + " " + EXECVE.format(2),
    "x y " + CALL.format(1) + " " + CALL.format(2),
]


@pytest.mark.parametrize("line", NOT_OURS)
def test_a_record_in_what_others_log_is_none(line: str) -> None:
    (document,) = read(line + "\n")
    assert document["PARSE_ERROR"] == {"reason": "header", "raw": line}
