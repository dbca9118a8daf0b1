"""`host-sensor run` as a process of its own, fed as auditd feeds a plugin: what it does on signals, ends and mistakes.

the test ── socketpair ──► host-sensor run ──► audit.jsonl
"""

from __future__ import annotations

import grp
import json
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.support.program import ROOT, write_config
from tests.support.running import event, events, sensors


@pytest.fixture
def sensor(tmp_path):
    """Start a sensor with sections of a configuration, or with a configuration file."""
    with sensors(tmp_path) as start:
        yield start


def test_the_end_of_input_flushes_everything_and_ends(sensor):
    run = sensor()
    run.auditd.sendall(events(0, 100) + event(100, end=False))
    assert run.end() == 0
    assert run.written() == list(range(101))


def test_an_event_is_in_the_log_soon_while_nothing_else_happens(sensor):
    run = sensor()
    run.auditd.sendall(event(1))
    run.wait_for(lambda: run.written() == [1])
    run.auditd.sendall(event(2, end=False))  # leaves by time-out
    run.wait_for(lambda: run.written() == [1, 2])


def test_a_record_that_stands_alone_is_written_when_it_has_settled(sensor):
    """After LINGER, the settle time and a few ticks of 0.1 s: not when the main loop would have looked anyway."""
    run = sensor()
    log = run.folder / "audit.jsonl"
    run.wait_for(log.exists)
    took = []
    for number in range(6):
        begun = time.monotonic()
        run.auditd.sendall(f"type=USER_LOGIN msg=audit(1700000000.001:{number}): pid=1 uid=0\n".encode())
        run.wait_for(lambda end=f':{number}"': end in log.read_text())
        took.append(time.monotonic() - begun)
        time.sleep(0.15 * number)
    assert min(took) < 0.9


def test_sigterm_means_drain(sensor):
    """auditd is stopped: SIGTERM comes twice, then the rest of the input, then its end."""
    run = sensor()
    run.auditd.sendall(events(0, 10))
    run.process.terminate()
    time.sleep(0.2)
    run.process.terminate()
    time.sleep(0.2)
    run.auditd.sendall(events(10, 20))
    time.sleep(0.2)
    assert run.process.poll() is None
    run.auditd.sendall(events(20, 30))
    assert run.end() == 0
    assert run.written() == list(range(30))


def test_sigterm_without_an_end_of_input_ends_at_the_deadline(sensor):
    run = sensor(drain_timeout=0.5)
    run.auditd.sendall(events(0, 10) + event(10, end=False))
    run.process.terminate()
    begun = time.monotonic()
    assert run.process.wait(20) == 0
    assert time.monotonic() - begun >= 0.4
    assert run.written() == list(range(11))


def test_sigterm_ends_it_although_input_never_stops(sensor):
    run = sensor(drain_timeout=0.2)
    run.process.terminate()
    sent = 0
    with suppress(BrokenPipeError):
        for sent in range(20_000):
            run.auditd.sendall(event(sent))
            time.sleep(0.001)
    assert sent < 19_999
    assert run.process.wait(20) == 0


def test_the_second_ctrl_c_is_meant(sensor):
    run = sensor(drain_timeout=3600)
    run.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert run.process.poll() is None
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE])
def test_other_signals_do_nothing(number, sensor):
    run = sensor()
    run.process.send_signal(number)
    run.auditd.sendall(events(0, 3))
    assert run.end() == 0
    assert run.written() == [0, 1, 2]


def test_sighup_takes_a_new_configuration_without_losing_a_byte(sensor):
    run = sensor()
    text = events(0, 3000)
    for step in range(10):
        write_config(
            run.folder, auditlog={"line_prefix": " " * step}, transform={"strings": ["percent", "unicode"][step % 2]}
        )
        run.process.send_signal(signal.SIGHUP)
        part = text[step * len(text) // 10 : (step + 1) * len(text) // 10]
        for start in range(0, len(part), 1000):
            run.auditd.sendall(part[start : start + 1000])
            time.sleep(0.002)
        time.sleep(0.1)
    assert run.end() == 0
    assert run.written() == list(range(3000))
    assert (run.folder / "audit.jsonl").read_bytes().splitlines()[-1].startswith(b" " * 9 + b"{")
    assert run.output().count("the new configuration is in use") >= 1


def test_sighup_with_a_bad_configuration_keeps_the_old_one(sensor):
    run = sensor(auditlog={"line_prefix": " "})
    run.config.write_text("auditlog:\n  sise: 1\n")
    run.process.send_signal(signal.SIGHUP)
    run.wait_for(lambda: "the configuration stays as it was" in run.output())
    assert f'{run.config}:2: auditlog.sise: no such key; did you mean "size"?' in run.output()
    run.auditd.sendall(event(1))
    assert run.end() == 0
    assert (run.folder / "audit.jsonl").read_bytes().startswith(b" {")


def test_sighup_reads_the_fragments_again(sensor):
    run = sensor()
    fragment = run.folder / "conf.d" / "a.yaml"
    fragment.parent.mkdir()
    fragment.write_text("auditlog:\n  sise: 1\n")
    run.process.send_signal(signal.SIGHUP)
    run.wait_for(lambda: f'{fragment}:2: auditlog.sise: no such key; did you mean "size"?' in run.output())
    run.wait_for(lambda: "the configuration stays as it was" in run.output())
    fragment.write_text('auditlog: {line_prefix: "  "}\ntransform: {strings: unicode}\n')
    run.process.send_signal(signal.SIGHUP)
    run.wait_for(lambda: "the new configuration is in use" in run.output())
    run.auditd.sendall(event(1))
    assert run.end() == 0
    assert (run.folder / "audit.jsonl").read_bytes().startswith(b"  {")


def test_sighup_opens_the_log_again(sensor):
    run = sensor()
    run.auditd.sendall(event(1))
    run.wait_for(lambda: run.written() == [1])
    (run.folder / "audit.jsonl").rename(run.folder / "audit.jsonl.1")
    run.process.send_signal(signal.SIGHUP)
    run.wait_for((run.folder / "audit.jsonl").exists)
    run.auditd.sendall(event(2))
    assert run.end() == 0
    assert json.loads((run.folder / "audit.jsonl").read_text())["SYSCALL"]["exit"] == 2


def test_what_a_log_could_not_take_goes_to_the_one_configured_next(sensor):
    run = sensor(auditlog={"file": "/dev/full"})
    run.auditd.sendall(events(0, 50))
    run.wait_for(lambda: "/dev/full: No space left on device; trying again" in run.output())
    write_config(run.folder)
    run.process.send_signal(signal.SIGHUP)
    run.wait_for(lambda: run.written() == list(range(50)))
    run.auditd.sendall(event(50))
    assert run.end() == 0
    assert run.written() == list(range(51))


def test_what_needs_rights_is_only_looked_at_in_the_beginning(sensor):
    run = sensor()
    write_config(run.folder, user="nobody", input="unix:/nowhere")
    run.process.send_signal(signal.SIGHUP)
    for key in ("user", "input"):
        run.wait_for(lambda key=key: f"{key}: a change takes effect after the next start" in run.output())
    run.auditd.sendall(event(1))
    assert run.end() == 0
    assert run.written() == [1]


def test_kill_and_start_again_leaves_whole_lines(sensor, tmp_path):
    """What was written before stays as it is; the next sensor goes on behind it."""
    first = sensor()
    first.auditd.sendall(events(0, 500))
    first.wait_for(lambda: len(first.written()) > 100)
    first.kill()
    kept = first.written()
    assert kept == list(range(len(kept)))
    (tmp_path / "messages").unlink()
    second = sensor(first.config)
    second.auditd.sendall(events(1000, 1010))
    assert second.end() == 0
    assert second.written() == kept + list(range(1000, 1010))


def test_a_plugin_starts_with_the_good_part_of_a_bad_configuration(sensor, tmp_path):
    run = sensor(auditlog={"line_prefix": " ", "size": "big"})
    run.auditd.sendall(event(1))
    assert run.end() == 0
    assert "auditlog.size: expected a whole number of bytes" in run.output()
    assert (tmp_path / "audit.jsonl").read_bytes().startswith(b" {")


def test_anybody_else_is_reported_what_is_wrong(tmp_path):
    config = write_config(tmp_path, marker=[], nonsense=1)
    command = [sys.executable, "-m", "sensor", "run", "-c", str(config)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 2
    assert "nonsense: no such key" in result.stderr


def test_a_log_that_cannot_be_opened_ends_nothing(sensor, tmp_path):
    (tmp_path / "file").write_text("")
    run = sensor(auditlog={"file": "file/log"})
    run.auditd.sendall(event(1))
    run.wait_for(lambda: "file/log: Not a directory; trying again" in run.output())
    run.auditd.sendall(event(2))
    (tmp_path / "file").unlink()
    (tmp_path / "file").mkdir()
    run.wait_for((tmp_path / "file" / "log").exists)
    assert run.end() == 0
    assert len((tmp_path / "file" / "log").read_text().splitlines()) == 2


def test_reports_come_with_the_marker(sensor):
    run = sensor(statusreport_period=1, marker="blue")
    run.auditd.sendall(events(0, 3))
    run.wait_for(lambda: "6 lines, 3 events, 0 lines not parsed, 3 lines written, 0 lines lost" in run.output())
    assert run.output().count("(blue)") >= 2


@pytest.mark.root
def test_root_is_given_up(sensor, tmp_path):
    tmp_path.chmod(0o755)
    for parent in (tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    folder = tmp_path / "made" / "here"
    config = write_config(tmp_path, user="nobody", auditlog={"size": None})
    config.write_text(config.read_text().replace(str(tmp_path), str(folder)))
    run = sensor(config)
    status = Path(f"/proc/{run.process.pid}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == fields["Gid"].split() == ["65534"] * 4
    assert fields["Groups"].split() == ["65534"]
    assert int(fields["CapPrm"], 16) & ~(1 << 19 | 1 << 2) == 0
    assert fields["NoNewPrivs"] == "1"
    assert fields["SigBlk"].strip("0") == ""
    run.auditd.sendall(event(1))
    assert run.end() == 0
    log = (folder / "audit.jsonl").stat()
    assert (log.st_uid, log.st_gid, log.st_mode & 0o777) == (65534, grp.getgrnam("adm").gr_gid, 0o640)
    assert (folder.stat().st_uid, folder.stat().st_mode & 0o7777) == (65534, 0o2750)


def test_af_unix_is_read_and_sigterm_ends_it(sensor, tmp_path):
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()
        run = sensor(input=f"unix:{path}")
        server.settimeout(20)
        peer, _ = server.accept()
        peer.sendall(events(0, 10))
        run.wait_for(lambda: len(run.written()) == 10)
        peer.sendall(event(10, end=False))
        run.process.terminate()
        assert run.process.wait(20) == 0
        peer.close()
    assert run.written() == list(range(11))


@pytest.mark.slow
def test_a_burst_is_not_kept_in_memory(sensor):
    """Far more at once than can be worked on at once; afterwards the sensor is as small as before."""
    run = sensor(auditlog={"size": 1 << 20})

    def memory() -> int:
        return psutil.Process(run.process.pid).memory_info().rss

    def newest() -> bytes:
        with suppress(FileNotFoundError):  # while the next one begins
            return (run.folder / "audit.jsonl").read_bytes()
        return b""

    before = memory()
    for first in range(0, 60_000, 1000):
        run.auditd.sendall(events(first, first + 1000))
    run.wait_for(lambda: b'"exit":59999' in newest(), 60)
    run.wait_for(lambda: memory() < before + (8 << 20))
    assert memory() <= 40 << 20
