"""When the probe cannot tell all: its ring overflows, audit is silent, it is unloaded, replaced, loaded again.

What is lost is counted to the last record, no process is taken for another, and afterwards all is as before.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.probe import DEFAULTS, loader
from tests.live.account import RULES, Account
from tests.live.sensed import Event, Sensed, crashes, sensed
from tests.live.stories import Story, compiled, reported
from tests.support.audit_session import wait_until

pytestmark = [pytest.mark.live, pytest.mark.root]


def start(sensor: Sensed, program: Path, report: Path, count: int, linger: int = 0) -> subprocess.Popen[bytes]:
    """Begin to run the program in the audited session; each process stays for `linger` ms after it wrote its line."""
    environment = {**os.environ, "LINGER": str(linger)}
    return sensor.audit.popen([str(program), str(report), str(count)], stdout=subprocess.DEVNULL, env=environment)


def confused(account: Account) -> list[str]:
    """Events with a GUID of another process than theirs; one that has none is not among them."""
    found = []
    for _, complaints in account.wrong.values():
        found += [complaint for complaint in complaints if "GUID" in complaint]
    return found


def counted(sensor: Sensed) -> bool:
    """Whether the records that the kernel made are those that the sensor read, and those it counts as lost."""
    status = loader.status(sensor.probe)
    lost = sensor.metric("probe_lost_records_total")
    return lost == status.lost and status.made == lost + sensor.metric("probe_records_total")


def test_a_flood_is_counted_to_the_last_record_and_the_table_heals(tmp_path: Path) -> None:
    """The sensor stands still while thousands of records are made for a ring of 512."""
    program = compiled(tmp_path)
    with sensed(tmp_path, RULES, replace(DEFAULTS, ring_size=1 << 16)) as sensor:
        sensor.audit.signal_plugin(signal.SIGSTOP)
        script = 'read line; exec "$0" "$@"'
        later = ["/bin/sh", "-c", script, str(program), str(tmp_path / "after"), "60"]
        waiting = sensor.audit.popen(later, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        with start(sensor, program, tmp_path / "flood", 1000) as running:
            assert running.wait() == 0
        sensor.audit.signal_plugin(signal.SIGCONT)
        wait_until(lambda: counted(sensor), 20, "an account of all records")
        lost = sensor.metric("probe_lost_records_total")

        waiting.communicate(b"\n")
        assert waiting.returncode == 0
        events = sensor.events()

    stories = reported(tmp_path / "after")
    account = Account(stories, [event for event in events if event.get("SYSCALL", {}).get("comm") != "sh"])
    flooded = Account(reported(tmp_path / "flood"), events)
    unknown = [event for event in flooded.events if "GUID" not in event["SYSCALL"]["PID"]]
    print(f"{lost} records lost; {len(unknown)} of {len(flooded.events)} events of the flood without a GUID")
    assert lost > 1000
    assert confused(flooded) == []
    assert flooded.silent == {}
    assert account.wrong == {}
    assert account.silent == {}
    assert crashes(events) == []


def test_an_exec_is_reported_by_the_probe_if_audit_does_not(tmp_path: Path) -> None:
    """Two programs do the same; the rule is about one of them."""
    heard = compiled(tmp_path)
    unheard = tmp_path / "unheard"
    unheard.write_bytes(heard.read_bytes())
    unheard.chmod(0o755)
    options = {"coverage_timeout": 3.0, "coverage_events": True, "emit": ["exit"]}
    with sensed(tmp_path, [f"-S execve -F exe={heard} -k exec"], probe_options=options) as sensor:
        with start(sensor, heard, tmp_path / "report-heard", 300), start(sensor, unheard, tmp_path / "report", 300):
            pass
        time.sleep(options["coverage_timeout"] + 1.5)
        uncovered = sensor.metric("uncovered_execs_total")
        events = sensor.events()

    audited, silent = (reported(tmp_path / name) for name in ("report-heard", "report"))
    execs = by_guid(events, "PROBE_EXEC")
    exits = by_guid(events, "PROBE_EXIT")
    assert Counter(guid(story) for story in audited for _ in range(story.execs))  # some do execute
    assert [story for story in audited if guid(story) in execs] == []
    assert [story for story in silent if len(execs.get(guid(story), ())) != story.execs] == []
    assert {event["reported"] for events in execs.values() for event in events} == {False}
    assert uncovered <= sum(map(len, execs.values()))  # others on this machine execute as well
    assert [
        story
        for story in audited + silent
        if [event["exit_code"] for event in exits.get(guid(story), ())] != [story.status]
    ] == []
    told_by_audit = Counter(event["SYSCALL"]["PID"]["GUID"] for event in events if "EXECVE" in event)
    assert [story for story in audited if told_by_audit[guid(story)] != story.execs] == []
    assert crashes(events) == []


def guid(story: Story) -> str:
    return str(story.me.cpid(story.boot))


def by_guid(events: list[Event], name: str) -> dict[str, list[Event]]:
    """The probe's own events of one kind, by the GUID of their process."""
    found: dict[str, list[Event]] = {}
    for event in events:
        if name in event:
            found.setdefault(event[name]["PID"]["GUID"], []).append(event[name])
    return found


def output(sensor: Sensed, text: str) -> bool:
    return any(text in message for message in sensor.messages())


def test_without_its_probe_the_sensor_goes_on_until_there_is_one_again(tmp_path: Path) -> None:
    program = compiled(tmp_path)
    with sensed(tmp_path, RULES) as sensor:
        loader.unload(sensor.probe)
        wait_until(lambda: output(sensor, "the kernel probe was unloaded"), 10, "the sensor to notice")
        attached = [sensor.metric("probe_attached")]
        with start(sensor, program, tmp_path / "without", 60, linger=1000) as running:
            assert running.wait() == 0
        between = sensor.events()
        loader.load(sensor.probe)
        wait_until(lambda: output(sensor, "there is a kernel probe"), 10, "the sensor to notice")
        attached.append(sensor.metric("probe_attached"))
        with start(sensor, program, tmp_path / "with", 500) as running:
            assert running.wait() == 0
        events = sensor.events()
        messages = [message.partition(": ")[2] for message in sensor.messages()]

    without = Account(reported(tmp_path / "without"), between, source="proc", spawner=False)
    again = Account(reported(tmp_path / "with"), events[len(between) :])
    assert attached == [0, 1]
    assert (without.wrong, without.silent) == ({}, {})
    assert (again.wrong, again.silent) == ({}, {})
    assert messages[1:] == [
        "the kernel probe was unloaded; processes are read from /proc from now on",
        "there is a kernel probe; processes are read from it from now on",
    ]
    assert crashes(events) == []


@pytest.mark.parametrize("user", [None, "nobody"])
def test_a_probe_that_is_replaced_leaves_no_gap(tmp_path: Path, user: str | None) -> None:
    """As when a package is upgraded, and while thousands of processes start and end; also where root is given up."""
    program = compiled(tmp_path)
    with sensed(tmp_path, RULES, user=user) as sensor:
        loading = threading.Thread(target=loader.load, args=(replace(sensor.probe, ring_size=8 << 20), user))
        stories: list[Story] = []
        while loading.is_alive() or not stories:
            report = tmp_path / f"report-{len(stories)}"
            with start(sensor, program, report, 1500, linger=10) as running:
                if not stories:
                    time.sleep(0.2)
                    loading.start()
                assert running.wait() == 0
            stories += reported(report)
        events = sensor.events()
        messages = [message.partition(": ")[2] for message in sensor.messages()]
        (plugin,) = sensor.audit.plugin_pids()
        status = Path(f"/proc/{plugin}/status").read_text()

    account = Account(stories, events)
    assert f"\nUid:\t{pwd.getpwnam(user or 'root').pw_uid}\t" in status
    assert (account.wrong, account.silent) == ({}, {})
    assert messages[1:] == ["the kernel probe was replaced"]
    assert crashes(events) == []
