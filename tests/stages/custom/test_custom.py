"""Custom stages drop, label and add; however they behave they cost no event, and in the end they are switched off."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from sensor.audit.event import Addition
from sensor.stages.custom import DEFAULTS, Custom, Limits
from tests.support.fake_host import FakeHost, event, exec_event, syscall

EXAMPLE = Path(__file__).parents[3] / "packaging/examples/stages/temporary_programs.py"
LS = event(syscall(42, 1, "/usr/bin/ls"))


@pytest.fixture
def host(tmp_path):
    return FakeHost(tmp_path)


@pytest.fixture
def run(host, tmp_path):
    """Run events through stages, given as source by name; the process starts with one label."""

    def run(files, *events, prefix="", limits=DEFAULTS):
        for name, text in files.items():
            path = tmp_path / "stages" / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        stages = Custom([f"{tmp_path}/stages/*.py"], host.stats.pipeline, os.getuid(), limits)

        def label(event):
            if event.process is not None:
                event.process.program.labels = event.process.program.labels or frozenset(["old"])

        def show(event):
            if event.process is not None:
                labels = sorted(event.process.program.labels)
                event.additions.append(Addition(top={"SEEN": " ".join(labels)}))

        return host.run([host.identity(), label, stages.stage, show], *events, prefix=prefix)

    return run


def stage(*lines):
    return "def stage(event):\n" + "".join([f"    {line}\n" for line in lines])


@pytest.mark.parametrize(("given", "label"), [("ä", "ä"), ("\\udcff", "%ff"), ("x\\ud800", "x?"), ("\\udfff", "?")])
def test_any_text_can_be_a_label(run, given, label):
    (line,) = run({"mine": stage(f"event.label('{given}')", "event.add('k', 1)")}, LS)
    assert (set(line["SEEN"].split()), line["CUSTOM"]) == ({"old", label}, {"k": 1})


def test_they_drop_label_and_add(host, run):
    lines = run(
        {"mine": stage("event.label('new', 'ä')", "event.add('k', [1, 'x'])", "return event.uid != 7")},
        LS,
        event(syscall(42, 1, "/usr/bin/ls", uid=7)),
        event("USER_ACCT pid=1 uid=0"),
    )
    assert [line.get("CUSTOM") for line in lines] == [{"k": [1, "x"]}] * 2
    assert [line.get("SEEN") for line in lines] == ["new old ä", None]
    assert host.stats.pipeline.filtered == {"mine.py": 1}


def test_they_are_called_in_the_order_of_their_names(run):
    see = "event.add('{}', sorted(event.labels))"
    (line,) = run({"b": stage(see.format("b")), "a": stage(see.format("a"), "event.label('x')")}, LS)
    assert line["CUSTOM"] == {"a": ["old"], "b": ["old", "x"]}


@pytest.mark.parametrize("result", ["None", "True", "0", "''", "event"])
def test_only_false_drops(run, result):
    assert len(run({"a": stage(f"return {result}")}, LS)) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("'a\"b\\n'", 'a"b%0a'),
        ("'ä\\udcff'", "ä%ff"),
        ("'\\ud800x'", "?x"),
        ("True", True),
        ("1.5", 1.5),
        ("float('inf')", "inf"),
        ("float('nan')", "nan"),
        ("10**30", 10**30),
        ("None", None),
        ("{1: {'a': ()}}", {"1": {"a": []}}),
        ("{'1': 1, 1: 2}", {"1": 2}),
        ("object", "<class 'object'>"),
        ("b'x'", "b'x'"),
    ],
)
def test_what_they_add_is_valid_json(run, value, shown):
    (line,) = run({"a": stage(f"event.add('k', {value})")}, LS)
    added = line["CUSTOM"]["k"]
    assert added == shown or (isinstance(added, float) and math.isnan(added))


def test_a_value_without_end_is_cut(run):
    (line,) = run({"a": stage("value = []", "value.append(value)", "event.add('k', value)")}, LS)
    assert "..." in str(line["CUSTOM"]["k"])


def test_the_key_bears_the_prefix(run):
    (line,) = run({"a": stage("event.add('k', 1)")}, LS, prefix="x_")
    assert line["x_custom"] == {"k": 1}


def test_a_label_stays_although_the_event_is_dropped(host, run):
    text = stage("event.label('bad')", "return event.syscall != 'openat'")
    lines = run({"a": text}, LS, event(syscall(42, 1, "/usr/bin/ls", number=1)))
    assert [line["SEEN"] for line in lines] == ["bad old"]


def test_mistakes_cost_no_event_and_end_the_stage(host, run):
    lines = run({"bad": stage("event.label('seen')", "return 1 / 0"), "good": stage("event.add('k', 1)")}, *[LS[:]] * 1)
    assert lines[0]["CUSTOM"] == {"k": 1}
    texts = [event(syscall(42, 1, "/usr/bin/ls")) for _ in range(30)]
    assert len(run({}, *texts)) == 30
    stats = host.stats.pipeline
    assert stats.custom_failures == {"bad.py": 1 + DEFAULTS.failures}
    assert stats.custom_off == {"bad.py": 1, "good.py": 0}
    assert stats.crashed == 0


def test_one_that_wants_to_leave_stays(host, run):
    assert len(run({"a": stage("raise SystemExit")}, LS)) == 1
    assert host.stats.pipeline.custom_failures == {"a.py": 1}


def test_a_slow_one_is_switched_off(host, run, caplog):
    slow = stage("import time", "time.sleep(0.002)", "event.add('k', 1)")
    events = [event(syscall(42, 1, "/usr/bin/ls")) for _ in range(15)]
    lines = run({"slow": slow}, *events, limits=Limits(window=10))
    assert [("CUSTOM" in line) for line in lines] == [True] * 10 + [False] * 5
    assert host.stats.pipeline.custom_off == {"slow.py": 1}
    assert host.stats.pipeline.custom_seconds["slow.py"] > 0.02
    assert "custom stage slow.py is switched off: it takes more than 1 ms a call" in caplog.text


@pytest.mark.parametrize("loop", ["while True: pass", "while True:\n        try: pass\n        except Exception: pass"])
def test_one_that_never_ends_is_ended(host, run, loop):
    before = signal.getsignal(signal.SIGALRM)
    start = time.monotonic()
    lines = run({"loop": stage(loop)}, LS, event(syscall(42, 1, "/usr/bin/ls")), limits=Limits(longest=0.05))
    signal.signal(signal.SIGALRM, before)
    assert len(lines) == 2
    assert time.monotonic() - start < 2
    assert host.stats.pipeline.custom_off == {"loop.py": 1}


def test_one_that_takes_long_and_will_not_be_stopped_is_switched_off(host, run):
    before = signal.getsignal(signal.SIGALRM)
    text = stage("import time", "try: time.sleep(0.2)", "except: pass", "return True")
    assert len(run({"deaf": text}, LS, limits=Limits(longest=0.05))) == 1
    signal.signal(signal.SIGALRM, before)
    assert host.stats.pipeline.custom_off == {"deaf.py": 1}


def test_a_file_that_cannot_be_used_is_left_out_and_reported(host, run, caplog):
    lines = run({"bad": "def stage(", "good": stage("event.add('k', 1)")}, LS)
    assert lines[0]["CUSTOM"] == {"k": 1}
    assert "bad.py: SyntaxError" in caplog.text
    assert host.stats.pipeline.custom_off == {"bad.py": 1, "good.py": 0}


def test_in_a_thread_there_is_no_alarm_clock(host, run):
    lines = []
    thread = threading.Thread(target=lambda: lines.extend(run({"a": stage("event.add('k', 1)")}, LS)))
    thread.start()
    thread.join()
    assert lines[0]["CUSTOM"] == {"k": 1}


@pytest.mark.parametrize(
    ("text", "kept", "label"),
    [
        (exec_event(42, 1, "/tmp/x", ["x"]), True, True),
        (exec_event(42, 1, "/tmp/x", ["x"], uid=1000), True, False),
        (exec_event(42, 1, "/usr/bin/x", ["x"]), True, False),
        (event(syscall(42, 1, "/usr/lib/monitoring/agent")), False, False),
        (event("USER_ACCT pid=1 uid=0"), True, False),
    ],
)
def test_the_example_does_what_it_shows(run, text, kept, label):
    lines = run({"example": EXAMPLE.read_text()}, text)
    assert len(lines) == kept
    if label:
        assert lines[0]["CUSTOM"] == {"temporary_program": {"path": "/tmp/x", "argv": ["x"], "login": 1000}}
        assert lines[0]["SEEN"] == "old root-runs-temporary"
