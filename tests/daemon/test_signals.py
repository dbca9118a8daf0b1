"""Signals: those that come while the sensor starts, and what a starter may have left of SIGCHLD and others."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.program import command, write_config
from tests.support.running import Sensor, counting, event, events


def blocked(run: Sensor) -> bool:
    """Whether the sensor has executed its first lines."""
    status = Path(f"/proc/{run.process.pid}/status").read_text()
    return int(status.partition("SigBlk:\t")[2].split()[0], 16) >> (signal.SIGTERM - 1) & 1 != 0


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
@pytest.mark.parametrize("delay", [0, 0.05, 0.1])
def test_a_signal_while_it_starts_does_not_end_it(number, delay, tmp_path):
    run = Sensor(tmp_path, write_config(tmp_path), prepare=lambda: None)
    try:
        run.wait_for(lambda: blocked(run))
        time.sleep(delay)
        run.process.send_signal(number)
        run.started().auditd.sendall(event(1))
        assert run.end() == 0
        assert run.written() == [1]
    finally:
        run.kill()


def test_sigterm_while_it_starts_means_drain(tmp_path):
    run = Sensor(tmp_path, write_config(tmp_path), prepare=lambda: None)
    try:
        run.wait_for(lambda: blocked(run))
        run.process.terminate()
        run.auditd.sendall(events(0, 10))
        assert run.end() == 0
        assert run.written() == list(range(10))
    finally:
        run.kill()


def test_the_first_thing_the_program_does_is_to_block_them():
    """Whatever is imported later: were they not blocked by then, each import would be a gap."""
    code = (
        "import sys, signal; sys.argv = ['host-sensor', 'run']; import sensor.__main__;"
        "print(sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    blocked = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM]
    assert result.stdout == f"{sorted(blocked)}\n"


def test_other_commands_can_be_interrupted():
    with subprocess.Popen(command("convert"), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        time.sleep(0.5)
        process.terminate()
        assert process.wait(10) == -signal.SIGTERM


@pytest.mark.parametrize(
    "prepare",
    [
        lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
        lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD}),
    ],
    ids=["ignored", "blocked"],
)
def test_a_program_is_started_again_whatever_was_done_to_sigchld(prepare, tmp_path):
    program = f"| /bin/sh -c 'read line; echo \"$line\" >> {tmp_path}/log'"
    run = Sensor(
        tmp_path, write_config(tmp_path, auditlog={"file": program}, metrics=counting(tmp_path)), prepare=prepare
    )
    try:
        run.started()
        log = tmp_path / "log"
        log.touch()
        for number in range(3):
            while len(log.read_text().splitlines()) == number:
                run.auditd.sendall(event(number))
                time.sleep(0.1)
        assert run.end() == 0
        assert all("SYSCALL" in json.loads(line) for line in log.read_text().splitlines())
        assert "ChildProcessError" not in run.output()
        assert run.counters()["lines_total"] > 0
    finally:
        run.kill()


def test_a_program_starts_with_every_signal_as_usual(tmp_path):
    """What is ignored is inherited: a program of the sensor's must not be deaf to SIGUSR1, or to a broken pipe."""
    program = f"| /bin/sh -c 'grep Sig /proc/self/status > {tmp_path}/log; cat > /dev/null'"
    run = Sensor(tmp_path, write_config(tmp_path, auditlog={"file": program}))
    try:
        run.started().auditd.sendall(event(1))
        log = tmp_path / "log"
        run.wait_for(lambda: log.exists() and "SigCgt" in log.read_text())
        fields = dict(line.split(":\t") for line in log.read_text().splitlines())
        assert int(fields["SigIgn"], 16) & 0x7FFFFFFF == int(fields["SigBlk"], 16) == 0  # 32 and 33 are glibc's own
    finally:
        run.kill()
