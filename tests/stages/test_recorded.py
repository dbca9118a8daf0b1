"""Of recorded logs the stages find the same as of live ones: processes of one log are in a table of their own."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sensor.build import build
from sensor.config import Config
from sensor.stats import Stats
from tests.support.fake_host import event, exec_event, syscall

BASH = "/usr/bin/bash"
LINE = (
    exec_event(20, 10, "/usr/sbin/sshd", ["sshd", "-R"]),
    exec_event(30, 20, BASH, ["bash", "-c", "(ls)"]),
    event(syscall(40, 30, BASH)),  # forked, and has executed nothing
    exec_event(50, 40, "/usr/bin/ls", ["ls"]),
)


def converted(node: str, **options: Any) -> dict[str, Any]:
    """The last of some events, of a recorded log."""
    config = Config(**options)
    pipeline = build(config, Stats(), live=False).pipeline
    text = "".join(LINE)
    if node:
        text = text.replace("type=", f"node={node} type=")
    lines = [*pipeline.feed(text.encode(), 0.0), *pipeline.close()]
    return dict(json.loads(lines[-1]))


@pytest.mark.parametrize("node", ["", "web01"])
def test_ancestors(node: str) -> None:
    found = converted(node, enrich=replace(Config().enrich, ancestors=9))
    assert [ancestor["comm"] for ancestor in found["SYSCALL"]["ANCESTORS"]] == ["bash", "bash", "sshd"]


@pytest.mark.parametrize("node", ["", "web01"])
def test_the_command_line_of_a_parent_that_has_executed_nothing(node: str) -> None:
    found = converted(node, enrich=replace(Config().enrich, parent_info=True))["PARENT_INFO"]
    assert (found["ARGV"], found["ARGV_SOURCE"]) == (["bash", "-c", "(ls)"], "inherited")


@pytest.mark.parametrize("node", ["", "web01"])
def test_leaders(node: str) -> None:
    process = converted(node, output="ecs")["process"]
    assert process["parent"]["args"] == ["bash", "-c", "(ls)"]
    assert (process["entry_leader"]["pid"], process["entry_leader"]["entry_meta"]) == (30, {"type": "sshd"})
