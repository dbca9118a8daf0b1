"""SUMMARY on events that are alike: what is remembered must say what would be worked out anew."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sensor.audit.event import Event
from sensor.forms.summary import SummaryTexts
from sensor.forms.values import Style
from sensor.process.roots import HOST, Root
from tests.support.fake_host import FakeHost, event
from tests.support.pipelines import make_pipeline

REST = 'auid=1000 uid=0 ses=3 comm="cat" exe="/usr/bin/cat" key=(null)'


def opened(name: str, directory: str, pid: int = 48, success: str = "yes") -> str:
    numbers = f"success={success} exit=3 a0={directory} a1=7f a2=0 a3=0 items=1 ppid=31 pid={pid}"
    path = f'item=0 name="{name}" inode=12 dev=fd:01 mode=0100644 ouid=0 ogid=0 nametype=NORMAL'
    return event(f"SYSCALL arch=c000003e syscall=257 {numbers} {REST}", 'CWD cwd="/etc"', f"PATH {path}")


def summaries(*events: str) -> list[Any]:
    pipeline = make_pipeline(summary=True)
    lines = [line for text in events for line in pipeline.feed(text.encode(), 0.0)]
    return [json.loads(line)["SUMMARY"] for line in lines]


@pytest.mark.parametrize(
    "events",
    [
        [opened("x", "ffffff9c"), opened("x", "ffffff9c", pid=49), opened("x", "5"), opened("x", "ffffff9c")],
        [opened("x", "5"), opened("x", "ffffff9c"), opened("x", "5")],
        [opened("/x", "5"), opened("/x", "ffffff9c", pid=49), opened("/x", "5")],
        [opened("/x", "5"), opened("/x", "5", success="no"), opened("/x", "5")],
    ],
)
def test_each_event_shows_what_it_would_show_alone(events):
    assert summaries(*events) == [output for each in events for output in summaries(each)]


def test_the_current_directory_shows_where_a_file_is():
    here, elsewhere = summaries(opened("x", "ffffff9c"), opened("x", "5"))
    assert (here["file"]["path"], elsewhere["file"]["path"]) == ("/etc/x", "x")


@pytest.mark.parametrize(("root", "labels"), [(None, None), (HOST, None), (Root(7), {"root": "other"})])
def test_names_of_another_root_are_marked(tmp_path, root, labels):
    """Also on events that are like one of the host's, of which the summary is remembered."""

    def place(event):
        event.process.root = root if event.process.pid == 48 else HOST

    pipeline = make_pipeline(stages=[FakeHost(tmp_path).identity(), place], summary=True)
    lines = [line for pid in (47, 48, 48, 47) for line in pipeline.feed(opened("/x", "5", pid=pid).encode(), 0.0)]
    output = [json.loads(line)["SUMMARY"] for line in lines]
    assert [summary.pop("labels", None) for summary in output] == [None, labels, labels, None]
    assert output[0]["auditd"] == output[1]["auditd"]


def test_what_is_remembered_is_bounded():
    form, bounded = SummaryTexts(Style()), SummaryTexts(Style(), entries=4)
    pipeline = make_pipeline(stages=[lambda event: compare(form, bounded, event)])
    for name in [f"/{number}" for number in range(20)] * 4:
        assert pipeline.feed(opened(name, "5").encode(), 0.0)
    assert bounded.remembered <= 4 < form.remembered


def compare(one: SummaryTexts, other: SummaryTexts, event: Event) -> None:
    assert one.member(event) == other.member(event)
