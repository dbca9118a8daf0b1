"""The same GUIDs from whoever tells them: the probe, /proc, a sensor that was killed or reloaded, the command line.

And never the same for two processes: not when one process id is used again hundreds of times.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.live.account import RULES, Account, complaints
from tests.live.sensed import Event, Sensed, crashes, sensed
from tests.live.stories import compiled, reported
from tests.support.audit_session import wait_until
from tests.support.program import command

pytestmark = [pytest.mark.live, pytest.mark.root]

PROCESSES = 3000
REUSES = int(os.environ.get("IDENTITY_REUSES", "400"))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return compiled(tmp_path)


def start(sensor: Sensed, program: Path, *arguments: str, linger: int = 0) -> subprocess.Popen[bytes]:
    """Begin to run the program in the audited session; each process stays for `linger` ms after it wrote its line."""
    report = program.with_name("report")
    environment = {**os.environ, "LINGER": str(linger)}
    return sensor.audit.popen([str(program), str(report), *arguments], stdout=subprocess.DEVNULL, env=environment)


def lines(sensor: Sensed) -> int:
    return sensor.log.read_bytes().count(b"\n") if sensor.log.exists() else 0


def test_proc_shows_the_same_of_who_lives_long_enough(tmp_path: Path, program: Path) -> None:
    """Who forked a process it cannot know, once that one is dead or has made it a brother."""
    with sensed(tmp_path, RULES, probe=None) as sensor:
        with start(sensor, program, "100", linger=1000) as running:
            assert running.wait() == 0
        events = sensor.events()

    stories = reported(program.with_name("report"))
    account = Account(stories, events, source="proc", spawner=False)
    assert len(stories) >= 100
    assert account.wrong == {}
    assert account.silent == {}
    assert crashes(events) == []


@pytest.mark.parametrize(("number", "linger"), [(signal.SIGKILL, 0), (signal.SIGTERM, 20)])
def test_a_sensor_that_is_started_again_shows_the_same(
    tmp_path: Path, program: Path, number: signal.Signals, linger: int
) -> None:
    """What one that is killed had not written is lost; but what comes later has its GUIDs, also of the dead."""
    with sensed(tmp_path, RULES, drain_timeout=0.1) as sensor:
        (before,) = sensor.audit.plugin_pids()
        with start(sensor, program, str(PROCESSES), linger=linger) as running:
            wait_until(lambda: lines(sensor) > 1500, 20, "the first events in the log")
            at = lines(sensor)
            sensor.audit.signal_plugin(number)
            assert running.wait() == 0
        events = sensor.events()
        (after,) = sensor.audit.plugin_pids()

    account = Account(reported(program.with_name("report")), events)
    print(f"{number.name} at line {at} of {len(events)}, {len(account.silent)} processes miss an event")
    assert after != before
    assert len(account.events) > at + 500
    assert account.wrong == {}
    assert crashes(events) == []


def test_a_sensor_that_is_reloaded_shows_the_same(tmp_path: Path, program: Path) -> None:
    """Each time with another configuration, which is seen from the number of ancestors."""
    with sensed(tmp_path, RULES) as sensor:
        config = sensor.config
        plain = json.loads(config.read_text())
        with start(sensor, program, str(PROCESSES), linger=20) as running:
            turn = 0
            while running.poll() is None:
                turn += 1
                config.write_text(json.dumps({**plain, "enrich": {"ancestors": turn % 3}}))
                sensor.audit.reload()
                time.sleep(0.3)
        events = sensor.events()

    account = Account(reported(program.with_name("report")), events)
    execs = [event["SYSCALL"] for event in account.events if event["SYSCALL"]["key"] == "exec"]
    lengths = Counter(len(call.get("ANCESTORS", ())) for call in execs)
    print(f"{turn} reloads; ancestors {lengths}")
    assert len(lengths) > 1
    assert account.wrong == {}
    assert account.silent == {}
    assert crashes(events) == []


def test_the_command_line_shows_the_same_inside_a_namespace(tmp_path: Path) -> None:
    """There the process has another number, which is part of its GUID wherever one looks from."""
    inner = f"/bin/true marked; {shlex.join(command('guid', '1'))} $$; :"
    outer = f"sh -c {shlex.quote(inner)}; :"
    namespace = ["unshare", "--pid", "--fork", "--mount-proc", "/bin/sh", "-c", outer]
    with sensed(tmp_path, ["-S execve -k exec"]) as sensor:
        with sensor.audit.popen(namespace, stdout=subprocess.PIPE, text=True) as process:
            output, _ = process.communicate()
        assert process.returncode == 0
        events = sensor.events()

    (first, first_guid, _), (shell, shell_guid, _) = [line.split("\t") for line in output.splitlines()]
    calls = {tuple(event["EXECVE"]["ARGV"]): event["SYSCALL"] for event in events if "ARGV" in event.get("EXECVE", {})}
    marked, begun = calls[("/bin/true", "marked")], calls[("sh", "-c", inner)]
    assert (first, int(shell) < begun["pid"]) == ("1", True)
    assert (begun["PID"]["GUID"], begun["PPID"]["GUID"]) == (shell_guid, first_guid)
    assert marked["PPID"]["GUID"] == shell_guid


@pytest.mark.parametrize("how", ["reuse", "reuse-at-once"])
def test_one_process_id_used_again_and_again_is_never_the_same_process(tmp_path: Path, program: Path, how: str) -> None:
    """By the order of its events: each process ends before the next begins.

    At once: several are born within one tick of the clock that stamps their events; and those within a hundredth of a
    second have the same GUID, by its definition.
    """
    with sensed(tmp_path, RULES) as sensor:
        with start(sensor, program, str(REUSES), how) as running:
            assert running.wait() == 0
        events = sensor.events()

    stories = reported(program.with_name("report"))
    (pid,) = {story.me.tgid for story in stories}
    mine = [event for event in events if event.get("SYSCALL", {}).get("pid") == pid]
    lives: list[list[Event]] = [[]]
    for event in sorted(mine, key=lambda event: int(event["ID"].rpartition(":")[2])):
        lives[-1].append(event)
        if event["SYSCALL"]["key"] == "exit":
            lives.append([])
    assert lives.pop() == []
    assert len(lives) == len(stories) == REUSES
    expected = [["exec"] * story.execs + ["tell", "exit"] for story in stories]
    assert [[event["SYSCALL"]["key"] for event in life] for life in lives] == expected
    wrong = [found for story, life in zip(stories, lives) for event in life if (found := complaints(event, story))]
    assert wrong == []
    starts = {story.me.ticks for story in stories}
    assert len({event["SYSCALL"]["PID"]["GUID"] for event in mine}) == len(starts)
    assert (len(starts) == REUSES) == (how == "reuse")
