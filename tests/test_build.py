"""What a configuration switches off is not there; what it switches on is in its place, and sees the real host."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from sensor.build import Sensor, build
from sensor.config import Config
from sensor.process.procfs import ProcFS
from sensor.stages.combinators import ExecOnly, Memoized
from sensor.stats import Stats
from tests.pipeline.test_failing_forms import Failing
from tests.support.fake_host import event, exec_event, syscall

ASKED = ["CommandLines.learn", "Scripts.learn", "Labeller.label"]
ALWAYS = ["Identity.track"]


def configured(**sections: Any) -> Config:
    """The defaults but for these keys of these sections, and for what would touch the host."""
    quiet: dict[str, Any] = {"probe": {"use": False}, "state": {"file": ""}}
    config = Config()
    for name, keys in {**quiet, **sections}.items():
        value = dataclasses.replace(getattr(config, name), **keys) if isinstance(keys, dict) else keys
        config = dataclasses.replace(config, **{name: value})
    return config


def stages(sensor: Sensor) -> list[str]:
    """The names of all stages, those that others stand for among them."""
    found: list[str] = []
    for stage in sensor.pipeline._stages:
        bundle = stage.__self__
        inner = bundle.stages if isinstance(bundle, (ExecOnly, Memoized)) else [stage]
        found += [each.__qualname__ for each in inner]
    return found


NO_ENRICHMENT = {
    key: False if isinstance(value, bool) else () if isinstance(value, tuple) else value
    for key, value in dataclasses.asdict(Config().enrich).items()
}


def test_with_everything_off_only_processes_are_tracked():
    assert stages(build(configured(enrich=NO_ENRICHMENT), Stats(), live=False)) == ALWAYS


@pytest.mark.parametrize(
    ("sections", "added"),
    [
        ({"enrich": {"pid": True}}, ["Identity.add", "Identity.name_others"]),
        ({"enrich": {"spawned_by": True}}, ["Identity.add"]),
        ({"enrich": {"session_guid": True}}, ["Identity.add"]),
        ({"enrich": {"script": True}}, ["CommandLines.learn", "Scripts.learn", "Scripts.show"]),
        ({"enrich": {"cmdline": True}}, ["CommandLines.learn", "CommandLines.add_cmdline"]),
        ({"enrich": {"parent_info": True}}, ["CommandLines.learn", "CommandLines.add_parent_info"]),
        ({"enrich": {"container": True, "container_info": True}}, ["Cgroups.stage"]),
        ({"enrich": {"session": True}}, ["Sessions.stage"]),
        ({"label_process": {"label_keys": ("x",)}}, [*ASKED, "Labeller.show"]),
        ({"filter": {"filter_null_keys": True}}, ["Filters.decide"]),
        (
            {"filter": {"filter_null_keys": True, "filter_action": "log"}},
            ["Filters.decide"],
        ),
        ({"filter": {"drop_records": ("CWD",)}}, ["RecordDropper.stage"]),
        ({"stages": ("/nowhere/*.py",)}, [*ASKED, "Custom.stage", "Labeller.show"]),
    ],
)
def test_each_option_adds_its_stages(sections, added):
    sections = {**sections, "enrich": {**NO_ENRICHMENT, **sections.get("enrich", {})}}
    found = stages(build(configured(**sections), Stats(), live=False))
    assert [name for name in found if name not in ALWAYS] == added


@pytest.mark.parametrize(("option", "stage"), [
    ({"execve_env": ("PATH",)}, "Environment.stage"),
    ({"uid_groups": True}, "Groups.stage"),
    ({"exe_hash": True}, "ExeHash.stage"),
])  # fmt: skip
def test_the_host_is_asked_for_live_records_only(option, stage):
    config = configured(enrich={**NO_ENRICHMENT, **option})
    assert stage in stages(build(config, Stats(), live=True))
    assert stage not in stages(build(config, Stats(), live=False))


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


@pytest.mark.parametrize(
    "content", [b"null", b'{"version":1,"processes":5}', b"[" * 200_000, b"\xff", b'{"version":1e999}']
)
def test_no_state_costs_the_configuration(content, tmp_path, caplog):
    (tmp_path / "state").write_bytes(content)
    config = configured(state={"file": "state"}, enrich={"session": True})
    sensor = build(dataclasses.replace(config, directory=str(tmp_path)), Stats())
    assert "Sessions.stage" in stages(sensor)
    assert "state: " in caplog.text
    sensor.host_state.close()
    assert json.loads((tmp_path / "state").read_bytes())["version"] == 1


def test_a_state_in_a_fifo_is_not_waited_for(tmp_path, caplog):
    os.mkfifo(tmp_path / "state")
    config = configured(state={"file": "state"})
    build(dataclasses.replace(config, directory=str(tmp_path)), Stats()).host_state.close()
    assert "is no file of at most" in caplog.text


class FailingProbe:
    """A reader with a mistake in it."""

    def drain(self) -> None:
        raise ValueError("broken")


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_seen_in_one_chunk_is_seen_anew_in_the_next_whatever_fails(fails):
    """The daemon goes on after a failure; what a process calls by a name may be another file by now."""
    state = build(configured(), Stats(), live=True).host_state
    state.probe = FailingProbe() if fails else None
    for number in (1, 2, 3):
        with pytest.raises(ValueError, match="broken") if fails else nullcontext():
            state.before_chunk()
        assert state.host_paths.chunk == number
