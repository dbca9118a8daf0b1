"""`host-sensor convert`: in which order files are read, and what is reported besides."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from sensor.cli import main
from sensor.config import Config
from sensor.convert import in_time
from sensor.top.read import count


def call(second: int, serial: int, pid: int = 700, ppid: int = 600) -> str:
    return (
        f"type=SYSCALL msg=audit(17000000{second:02}.001:{serial}): arch=c000003e syscall=59 success=yes exit=0 a0=1"
        f' a1=2 a2=3 a3=4 items=0 ppid={ppid} pid={pid} auid=1000 uid=0 tty=pts0 ses=2 comm="sh" exe="/bin/sh"\n'
        f'type=EXECVE msg=audit(17000000{second:02}.001:{serial}): argc=1 a0="sh"\n'
    )


OLD, NEW = call(1, 20) + call(2, 21, 701, 700), call(50, 50)


def ids(text: str) -> list[str]:
    return [json.loads(line)["ID"] for line in text.splitlines()]


def write(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        pack = gzip.compress if name.endswith(".gz") else bytes
        (folder / name).write_bytes(pack(text.encode()))
    return [str(folder / name) for name in sorted(files)]


ORDERS = [
    {"audit.log": NEW, "audit.log.1": OLD},
    {"audit.log": NEW, "audit.log.1.gz": OLD},
    {"audit.log": call(50, 50), "audit.log.1": call(2, 21, 701, 700), "audit.log.2": call(1, 20)},
    {"audit.log": NEW, "audit.log-20240101": OLD},
    {"a": "type=DAEMON_START msg=audit(1700000049.000:1): op=start\n" + NEW, "b": OLD},
]


@pytest.mark.parametrize("files", ORDERS)
def test_the_oldest_file_comes_first(files: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", *write(tmp_path, files)]) == 0
    output = capfd.readouterr()
    assert [id for id in ids(output.out) if ":1" not in id] == [
        "1700000001.001:20",
        "1700000002.001:21",
        "1700000050.001:50",
    ]
    assert "the order of time is" in output.err
    assert '"PPID":{"EVENT_ID":"1700000001.001:20"}' in output.out


SEAMS: list[tuple[Sequence[str], str]] = [
    ([call(1, 20), call(2, 21)], ""),
    ([call(1, 20), call(2, 25)], "events 21 to 24 are missing"),
    ([call(1, 20) + call(9, 30), call(5, 25) + call(12, 31)], "begins 4 s before"),
    ([call(1, 20), call(2, 3)], ""),
    ([call(1, 20), "type=DAEMON_START msg=audit(1700000002.000:900): op=start\n" + call(3, 21)], ""),
]


@pytest.mark.parametrize(("texts", "reported"), SEAMS)
def test_gaps_and_overlaps_are_reported(
    texts: Sequence[str], reported: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = write(tmp_path, {f"{number}.log": text for number, text in enumerate(texts)})
    assert main(["convert", *files]) == 0
    output = capfd.readouterr().err
    assert reported in output
    assert bool(reported) == bool(output)


def test_top_and_bench_read_in_the_same_order(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = write(tmp_path, {"audit.log": NEW, "audit.log.1": OLD})
    counts = count(files, Config())
    assert (counts.events, round(counts.last - counts.first)) == (3, 49)
    assert main(["bench", *files]) == 0
    assert "the order of time is" in capfd.readouterr().err


RECORDS = [
    (NEW, 0, ""),
    (f"nothing\n{NEW}", 0, "1 of 3 lines were no audit records"),
    ("nothing\nat all\n", 1, "2 of 2 lines were no audit records"),
    ("", 0, ""),
    ("\0" * 5000, 1, "1 of 1 lines"),
]


@pytest.mark.parametrize(("text", "status", "reported"), RECORDS)
def test_what_was_no_record_is_reported(
    text: str, status: int, reported: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", *write(tmp_path, {"x.log": text})]) == status
    output = capfd.readouterr().err
    assert reported in output
    assert bool(reported) == bool(output)


def ended(second: int, serial: int, ses: int = 5) -> str:
    """A call as a plugin gets it, with its end."""
    return (
        call(second, serial).replace("ses=2", f"ses={ses}")
        + f"type=EOE msg=audit(17000000{second:02}.001:{serial}): \n"
    )


MESSAGE = (
    'type={} msg=audit(17000000{:02}.001:{}): pid=100 uid=0 auid=1000 ses=5 msg=\'op=login id=1000 exe="/usr/sbin/sshd"'
    " hostname=? addr=192.0.2.4 terminal=ssh res=success'\n"
)
LOGIN = "type=LOGIN msg=audit(1700000001.001:9): pid=100 uid=0 old-auid=4294967295 auid=1000 ses=5 res=1\n"
FEEDS = [
    LOGIN + MESSAGE.format("USER_LOGIN", 1, 10) + ended(10, 20) + ended(20, 30),
    MESSAGE.format("USER_LOGIN", 1, 10) + ended(2, 20),
    ended(1, 5, 4) + MESSAGE.format("USER_START", 1, 10) + ended(1, 11, 4) + ended(3, 20),
    "".join(f"node=a {line}\n" for line in (MESSAGE.format("USER_LOGIN", 1, 10) + ended(10, 20)).splitlines()),
]


@pytest.mark.parametrize("feed", FEEDS)
def test_the_login_of_a_session_comes_before_its_calls(
    feed: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Those leave at their end; a message, which has none, waits: in a recorded feed until the next record's time."""
    config = tmp_path / "c.yaml"
    config.write_text("enrich: {session: true}")
    assert main(["convert", "-c", str(config), *write(tmp_path, {"x.log": feed})]) == 0
    documents = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    times = [float(document["ID"].partition(":")[0]) for document in documents]
    assert times == sorted(times)
    assert documents[-1]["SYSCALL"]["SESSION"]["addr"] == "192.0.2.4"


@pytest.mark.parametrize("feed", [*FEEDS, OLD, "", "msg='", "type=EOE msg=audit(1.001:1): \nmsg='\nmsg='\n\n"])
@pytest.mark.parametrize("size", [7, 100, 1 << 18])
def test_pieces_are_the_whole(feed: str, size: int) -> None:
    data = feed.encode()
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    assert b"".join([piece for chunk in chunks for piece in in_time(chunk)]) == data
