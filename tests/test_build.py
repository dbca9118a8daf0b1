"""What a configuration switches off is not there; what it switches on is in its place, and sees the real host."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path

from sensor.build import build
from sensor.process.procfs import ProcFS
from sensor.stats import Stats
from tests.pipeline.test_failing_forms import Failing
from tests.support.fake_host import event, exec_event, syscall
from tests.support.sensors import configured


def test_a_recorded_log_has_no_filter_log():
    rules = {"filter_null_keys": True, "filter_action": "log", "keep_first_per_process": False}
    for live in (True, False):
        sensor = build(configured(filter=rules), Stats(), live=live)
        text = event(syscall(4_000_000, 1, "/bin/x"), time=time.time())
        lines = sensor.pipeline.feed(text.encode(), 0.0)
        assert (list(lines), len(lines.filtered)) == ([], live)


def test_what_was_held_back_is_reported_although_no_event_follows():
    rules = {"rules": {"flood": "exe=/bin/x root=any rate=1/s", "silent": "uid=7"}, "keep_first_per_process": False}
    for live in (True, False):
        for prefix, key in (("", "SUPPRESSED"), ("x_", "x_suppressed")):
            sensor = build(
                configured(filter=rules, enrich={"prefix": prefix}, loss={"kernel": False}), Stats(), live=live
            )
            now = time.time()
            for _ in range(3):
                sensor.pipeline.feed(event(syscall(4_000_000, 1, "/bin/x"), time=now).encode(), 0.0)
            for function in sensor.every_second:
                function(now + 10)
            reported = [json.loads(line) for line in sensor.pipeline.tick(0.0)]
            assert reported == ([{"ID": None, key: {"flood": 2}}] if live else [])
            reported = [json.loads(line) for line in sensor.close()]
            assert reported == ([] if live else [{"ID": None, key: {"flood": 2}}])


RULES = {"rules": {"flood": "exe=/bin/x root=any rate=1/s"}, "keep_first_per_process": False}


def test_what_was_held_back_before_a_reload_is_reported_by_it():
    stats = Stats()
    before = build(configured(filter=RULES, loss={"kernel": False}), stats, live=True)
    for _ in range(3):
        before.pipeline.feed(event(syscall(4_000_000, 1, "/bin/x"), time=time.time()).encode(), 0.0)
    after = build(configured(output="ecs"), stats, live=True, host_state=before.host_state)
    (line,) = after.continue_from(before)
    assert json.loads(line) == {"ID": None, "SUPPRESSED": {"flood": 2}}
    assert after.close() == []


def test_serials_that_are_missing_count_across_reloads():
    stats = Stats()
    sensor = build(configured(), stats, live=True)
    now = time.time()
    for _ in range(5):
        seen, _missing = [event(syscall(4_000_000, 1, "/bin/x"), time=now) for _ in range(2)]
        sensor.pipeline.feed(seen.encode(), 0.0)
        after = build(configured(), stats, live=True, host_state=sensor.host_state)
        assert after.continue_from(sensor) == []
        sensor = after
    for function in sensor.every_second:
        function(now + 3600)  # the clock is set
    assert stats.loss.missing_serials == 0  # they may be late
    for function in sensor.settling:
        function(time.monotonic() + 60)
    assert stats.loss.missing_serials == 4


def test_our_own_process_is_seen_as_it_is():
    """An exec of ours, reported with everything on."""
    exe = os.readlink("/proc/self/exe")
    enrich = {"exe_hash": True, "cmdline": True, "parent_info": True, "execve_env": ("P*",)}
    sensor = build(configured(enrich=enrich), Stats(), live=True)
    text = exec_event(os.getpid(), os.getppid(), exe, ["us"], uid=os.getuid(), time=time.time())
    (first,) = [json.loads(line) for line in sensor.pipeline.feed(text.encode(), 0.0)]
    assert first["EXECVE"]["ENV"]["PATH"] == os.environ["PATH"]
    for _ in range(200):
        text = event(syscall(os.getpid(), os.getppid(), exe, uid=os.getuid()), time=time.time())
        (line,) = [json.loads(line) for line in sensor.pipeline.feed(text.encode(), 0.0)]
        if "EXE_HASH" in line["SYSCALL"] and "UID_GROUPS" in line["SYSCALL"]:
            break
        time.sleep(0.01)
    reported = line["SYSCALL"]
    assert reported["EXE_HASH"] == hashlib.sha256(Path("/proc/self/exe").read_bytes()).hexdigest()
    assert (reported["CMDLINE"], reported["CMDLINE_SOURCE"]) == (["us"], "observed")
    assert reported["UID_GROUPS"]
    assert reported["PID"]["GUID"]
    assert line["PARENT_INFO"]["ppid"] == ProcFS().stat(os.getppid()).ppid


def test_an_event_that_has_no_form_is_counted_under_its_name_and_logged(caplog):
    stats = Stats()

    def wrap(form, laurel):
        return Failing(form, "", plain=True)

    sensor = build(configured(output="ecs"), stats, live=False, wrap=wrap)
    (line,) = sensor.pipeline.feed(event(syscall(7, 1, "/bin/x")).encode(), 0.0)
    assert json.loads(line)["host_sensor"]["notes"] == ["stage_failed"]
    assert (stats.pipeline.stage_failures, stats.pipeline.crashed) == ({Failing.event.__qualname__: 1}, 1)
    assert "failed (ZeroDivisionError at " in caplog.text
