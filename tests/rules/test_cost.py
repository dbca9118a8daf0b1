"""Events and bytes by key, of the time since the rules are there."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from sensor.rules.cost import measure, newest


def event(time: float, *keys: str) -> bytes:
    document = {"ID": f"{time:.3f}:7", "SYSCALL": {"arch": "0xc000003e", "syscall": 59, "KEYS": list(keys)}}
    return json.dumps(document).encode()


LOG = [event(1000, "exec"), event(1900, "exec"), event(2800, "setuid", "exec"), event(4000), event(4600, "exec")]


def test_rates_are_of_the_time_until_now() -> None:
    cost = measure(LOG, "", 0.0, 8200.0)
    assert cost.seconds == 7200.0
    assert (cost.events_an_hour("exec"), cost.events_an_hour("setuid"), cost.events_an_hour("bpf")) == (2.0, 0.5, 0.0)
    assert cost.bytes_a_day("setuid") == 12.0 * (len(LOG[2]) + 1)


def test_what_was_before_the_rules_does_not_count() -> None:
    cost = measure(LOG, "", 1901.0, 2800.0 + 3600.0)
    assert cost.seconds == 3600.0
    assert (cost.events_an_hour("exec"), cost.events_an_hour("setuid")) == (2.0, 1.0)


@pytest.mark.parametrize("lines", [[], [b"", b"no JSON", b"[]", b'{"ID":"x"}'], [event(9000, "exec")]])
def test_nothing_measured_is_nothing(lines: list[bytes]) -> None:
    cost = measure(lines, "", 0.0, 8000.0)
    assert (cost.seconds, cost.events_an_hour("exec"), cost.bytes_a_day("exec")) == (0.0, 0.0, 0.0)


def test_the_newest_of_a_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_bytes(b"new\n")
    (tmp_path / "audit.jsonl.1").write_bytes(gzip.compress(b"old\n"))
    (tmp_path / "audit.jsonl.2").write_bytes(b"oldest\n" * 100)
    assert list(newest(str(log), 10000))[-2:] == [b"old", b"new"]
    assert list(newest(str(log), 100)) == [b"old", b"new"]
    assert list(newest(str(log), 1)) == [b"new"]
    assert list(newest(str(tmp_path / "none/audit.jsonl"))) == []
