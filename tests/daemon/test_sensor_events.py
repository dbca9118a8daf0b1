"""SENSOR events of a running sensor: start, reload, loss, stop, in the stream and in this order."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from sensor import __version__
from sensor.compiled import is_compiled
from sensor.daemon.sensor_events import as_record_text, auditd_version, config_sha256, start_of
from sensor.outputs.write_buffer import bytes_left
from tests.support.running import Sensor, counting, event, events, sensors

BOOT_ID = Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def lines(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of a log, which need not be there yet."""
    log = folder / "audit.jsonl"
    text = log.read_bytes() if log.exists() else b""
    return [json.loads(line) for line in text[: text.rfind(b"\n") + 1].splitlines()]


def reported(folder: Path) -> list[dict[str, Any]]:
    """The SENSOR events of a log."""
    found = [line for line in lines(folder) if "SENSOR" in line and "event" in line["SENSOR"]]
    assert all(set(line) == {"ID", "SENSOR"} for line in found)
    numbers = [re.fullmatch(r"\d{10}\.\d{3}:sensor-(\d+)", line["ID"])[1] for line in found]
    assert numbers == [str(number) for number in range(1, len(found) + 1)]
    return [line["SENSOR"] for line in found]


def test_start_and_stop_are_the_first_and_the_last_line(tmp_path: Path) -> None:
    with sensors(tmp_path) as start:
        run = start(sensor_events=True, probe={"use": False})
        run.auditd.sendall(events(0, 50))
        assert run.end() == 0
    first, *others, last = lines(tmp_path)
    assert [line["SYSCALL"]["exit"] for line in others] == list(range(50))
    content = (tmp_path / "config.yaml").read_bytes()
    assert first["SENSOR"] == {
        "event": "start",
        "pid": run.process.pid,
        "version": __version__,
        "python": platform.python_version(),
        "compiled": is_compiled(),
        "config_sha256": hashlib.sha256(content).hexdigest(),
        "boot_id": BOOT_ID,
        "kernel": os.uname().release,
        "auditd": None,
        "probe": "off",
        "before": None,
        "mistakes": [],
    }
    stop = {"event": "stop", "reason": "end", "lines": 100, "events": 50, "written": 51, "lost": 0}
    assert last["SENSOR"] == stop


def test_a_probe_that_is_wanted_and_not_there_is_absent(tmp_path: Path) -> None:
    with sensors(tmp_path) as start:
        run = start(sensor_events=True, probe={"use": True, "path": str(tmp_path / "none")})
        assert run.end() == 0
    assert lines(tmp_path)[0]["SENSOR"]["probe"] == "absent"


@pytest.mark.parametrize(
    ("wanted", "attached", "expected"), [(True, True, "attached"), (True, False, "absent"), (False, False, "off")]
)
def test_what_the_start_reports_of_the_probe(tmp_path: Path, wanted: bool, attached: bool, expected: str) -> None:
    assert start_of(str(tmp_path / "config.yaml"), wanted, attached).probe == expected


def test_they_can_be_switched_off_and_on(tmp_path: Path) -> None:
    with sensors(tmp_path) as start:
        run = start()
        reconfigure(run, sensor_events=True)
        run.wait_for(lambda: lines(tmp_path))
        reconfigure(run)
        run.auditd.sendall(events(0, 5))
        assert run.end() == 0
    assert [each["event"] for each in reported(tmp_path)] == ["reload"]


def reconfigure(run: Sensor, **sections: Any) -> None:
    config = json.loads(run.config.read_text())
    config.update({"sensor_events": False, **sections})
    run.config.write_text(json.dumps(config))
    before = run.process.pid
    run.process.send_signal(signal.SIGHUP)
    assert before == run.process.pid


def test_the_reason_of_a_stop(tmp_path: Path) -> None:
    with sensors(tmp_path) as start:
        run = start(sensor_events=True)
        run.process.terminate()
        assert run.end() == 0
    assert [(each["event"], each.get("reason")) for each in reported(tmp_path)] == [("start", None), ("stop", "signal")]


def test_a_reload_is_reported_with_its_mistakes(tmp_path: Path) -> None:
    with sensors(tmp_path) as start:
        run = start(sensor_events=True)
        reconfigure(run, sensor_events=True, marker="new")
        good = config_sha256(str(run.config))
        run.wait_for(lambda: len(reported(tmp_path)) == 2)
        reconfigure(run, sensor_events=True, auditlog={"sise": 1}, nönsense=7)
        bad = config_sha256(str(run.config))
        run.wait_for(lambda: len(reported(tmp_path)) == 3)
        assert run.end() == 0
    _, accepted, refused, _ = reported(tmp_path)
    assert accepted == {"event": "reload", "accepted": True, "config_sha256": good, "mistakes": []}
    assert (refused["accepted"], refused["config_sha256"], len(refused["mistakes"])) == (False, bad, 2)
    assert any("auditlog.sise: no such key" in mistake for mistake in refused["mistakes"])
    assert any("nönsense" in mistake for mistake in refused["mistakes"])


@pytest.mark.parametrize("key", ["nonsense", "nons\ud800ense", "nönsense"])
def test_mistakes_at_the_start_are_reported(key: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"directory": str(tmp_path), "user": None, "metrics": {"listen": ""}, key: 1}))
    path.chmod(0o640)
    with sensors(tmp_path) as start:
        assert start(path).end() == 0
    shown = key.encode(errors="backslashreplace").decode()
    assert [f"{shown}: no such key" in mistake for mistake in reported(tmp_path)[0]["mistakes"]] == [True]


@pytest.mark.parametrize(
    ("text", "expected"), [("ä", "\xc3\xa4"), ("a\udcffb", "a\xffb"), ("a\ud800b", "a\\ud800b"), ("", "")]
)
def test_any_text_can_stand_in_a_record(text: str, expected: str) -> None:
    assert as_record_text(text) == expected


def test_the_hash_is_that_of_the_file_and_its_fragments(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("marker: a\n")
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/20.yaml").write_text("marker: c\n")
    (tmp_path / "conf.d/10.yaml").write_text("marker: b\n")
    assert config_sha256(str(path)) == hashlib.sha256(b"marker: a\nmarker: b\nmarker: c\n").hexdigest()
    os.mkfifo(tmp_path / "conf.d/fifo")
    assert config_sha256(str(tmp_path / "conf.d/fifo")) == hashlib.sha256(b"").hexdigest()
    assert config_sha256(str(tmp_path / "conf.d/none")) == hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("comm", "program", "expected"),
    [
        (b"auditd\n", b"\x7fELF\0text\0003.0.9\0more\0", "3.0.9"),
        (b"auditd\n", b"\0004.0.2-rc1\0", "4.0.2-rc1"),
        (b"auditd\n", b"\0003.0.9\0\0003.0.9\0", "3.0.9"),
        (b"auditd\n", b"\0003.0.9\0\0004.0\0", None),
        (b"auditd\n", b"none", None),
        (b"sshd\n", b"\0003.0.9\0", None),
        (b"auditd-not\n", b"\0003.0.9\0", None),
    ],
)
def test_the_version_of_auditd_is_in_its_program(
    comm: bytes, program: bytes, expected: str | None, tmp_path: Path
) -> None:
    (tmp_path / "42").mkdir()
    (tmp_path / "42/comm").write_bytes(comm)
    (tmp_path / "42/exe").write_bytes(program)
    assert auditd_version(42, str(tmp_path)) == expected
    assert auditd_version(43, str(tmp_path)) is None


@pytest.mark.parametrize("output", ["laurel", "ecs"])
def test_a_full_disk(tmp_path: Path, output: str) -> None:
    """What did not fit is counted exactly, and the first line behind what was kept says so."""
    buffer, made = 65536, 400
    with sensors(tmp_path) as start:
        (tmp_path / "audit.jsonl").symlink_to("/dev/full")
        run = start(sensor_events=True, output=output, auditlog={"buffer": buffer}, metrics=counting(tmp_path))
        for first in range(0, made, 100):
            run.auditd.sendall(events(first, first + 100))
        run.wait_for(lambda: "No space left" in run.output() and bytes_left(run.auditd.fileno()) == 0)
        time.sleep(1)  # what was read is worked on
        (tmp_path / "audit.jsonl").unlink()
        run.wait_for(lambda: lines(tmp_path))
        run.auditd.sendall(event(made))
        assert run.end() == 0
        counters = run.counters()
    lost = counters['output_lost_lines_total{reason="ENOSPC"}']
    labels = '{intended="false",place="output",reason="ENOSPC",unit="lines"}'
    assert counters[f"losses_total{labels}"] == lost > 0
    found = lines(tmp_path)
    members = [line.get("SENSOR") or line.get("host_sensor", {}).get("sensor") for line in found]
    places = [index for index, member in enumerate(members) if member and member["event"] == "loss"]
    assert sum(members[index]["count"] for index in places) == lost
    assert {(members[index]["place"], members[index]["reason"]) for index in places} == {("output", "ENOSPC")}
    kept = [index for index, member in enumerate(members) if member is None]
    assert len(kept) + lost == made + 1
    assert kept[-1] > places[0] > kept[-2]  # between those that were kept and the first one after
    assert members[0]["event"] == "start"
    assert members[-1]["event"] == "stop"
