"""SUMMARY on events that are alike: what is remembered must say what would be worked out anew."""

from __future__ import annotations

import pytest

from sensor.audit.render import Style, quoter, renderer
from sensor.process.roots import HOST, Root
from sensor.summary.stage import Summary
from tests.fake_host import FakeHost, event

STYLE = Style(quoter("percent"))
REST = 'auid=1000 uid=0 ses=3 comm="cat" exe="/usr/bin/cat" key=(null)'


def opened(name: str, directory: str, pid: int = 48, success: str = "yes") -> str:
    numbers = f"success={success} exit=3 a0={directory} a1=7f a2=0 a3=0 items=1 ppid=31 pid={pid}"
    path = f'item=0 name="{name}" inode=12 dev=fd:01 mode=0100644 ouid=0 ogid=0 nametype=NORMAL'
    return event(f"SYSCALL arch=c000003e syscall=257 {numbers} {REST}", 'CWD cwd="/etc"', f"PATH {path}")


@pytest.mark.parametrize(
    "events",
    [
        [opened("x", "ffffff9c"), opened("x", "ffffff9c", pid=49), opened("x", "5"), opened("x", "ffffff9c")],
        [opened("x", "5"), opened("x", "ffffff9c"), opened("x", "5")],
        [opened("/x", "5"), opened("/x", "ffffff9c", pid=49), opened("/x", "5")],
        [opened("/x", "5"), opened("/x", "5", success="no"), opened("/x", "5")],
    ],
)
def test_each_event_says_what_it_would_say_alone(events, tmp_path):
    def summaries(*some: str) -> list[object]:
        stage = Summary(STYLE, renderer("percent")).stage
        return [line["SUMMARY"] for line in FakeHost(tmp_path).run([stage], *some)]

    assert summaries(*events) == [said for each in events for said in summaries(each)]


def test_the_current_directory_tells_where_a_file_is(tmp_path):
    stage = Summary(STYLE, renderer("percent")).stage
    here, elsewhere = FakeHost(tmp_path).run([stage], opened("x", "ffffff9c"), opened("x", "5"))
    assert (here["SUMMARY"]["file"]["path"], elsewhere["SUMMARY"]["file"]["path"]) == ("/etc/x", "x")


@pytest.mark.parametrize(("root", "labels"), [(None, None), (HOST, None), (Root(7), {"root": "other"})])
def test_names_of_another_root_are_marked(tmp_path, root, labels):
    """Also on events that are like one of the host's, of which the summary is remembered."""
    host = FakeHost(tmp_path)

    def place(event):
        event.process.root = root if event.process.pid == 48 else HOST
        return True

    stages = [host.identity(), place, Summary(STYLE, renderer("percent")).stage]
    lines = host.run(stages, *[opened("/x", "5", pid=pid) for pid in (47, 48, 48, 47)])
    assert [line["SUMMARY"].get("labels") for line in lines] == [None, labels, labels, None]
    without = [{name: said for name, said in line["SUMMARY"].items() if name != "labels"} for line in lines]
    assert without[0]["auditd"] == without[1]["auditd"]
