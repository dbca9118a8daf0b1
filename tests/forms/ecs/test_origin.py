"""Where a document comes from: this host, another one, or nobody knows."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from typing import Any

import pytest

from sensor import __version__
from sensor.build import build
from sensor.config import Config
from sensor.forms.ecs.origin import Origin
from sensor.forms.values import Style
from sensor.process.guid import agent_guid
from sensor.process.host_facts import read_host
from sensor.stats import Stats
from tests.summary.events import call

ID = "2899dae44fa44eef95b66bc95325f61a"
WEB01 = {"name": "web01", "id": ID, "os.type": "linux", "os.name": "Debian"}
OURS = {"name": "web01", "id": ID, "os": {"type": "linux", "name": "Debian"}}
AGENT = {"type": "host-sensor", "version": "1.2.3"}
REST = {
    "data_stream": {"type": "logs", "dataset": "auditd_manager.auditd", "namespace": "default"},
    "service": {"type": "auditd"},
}
OTHER = {"name": "db02", "hostname": "db02", "os": {"type": "linux"}}
CASES: list[tuple[dict[str, str] | None, str, dict[str, Any]]] = [
    (WEB01, "", OURS),
    (WEB01, "web01", OURS),
    (WEB01, "web01.example.org", OURS),
    (WEB01, "db02", OTHER),
    ({"os.type": "linux"}, "", {"os": {"type": "linux"}}),
    ({"os.type": "linux"}, "db02", OTHER),
    (None, "", {}),
    (None, "db02", {"name": "db02", "hostname": "db02"}),
    (None, "web01", {"name": "web01", "hostname": "web01"}),
]


@pytest.mark.parametrize(("facts", "node", "host"), CASES)
def test_the_host_of_an_event(facts: dict[str, str] | None, node: str, host: dict[str, Any]) -> None:
    origin = Origin(facts, frozenset({"web01", "web01.example.org"}), "1.2.3")
    assert origin.host_of(node) == host
    assert origin.name_of(node) == host.get("name", "")
    whole = json.loads("{" + origin.text(node, Style("unicode").render)[1:] + "}")
    agent = {**AGENT, "name": "web01", "id": agent_guid(ID)} if facts == WEB01 else AGENT
    assert whole == {**({"host": host} if host else {}), "agent": agent, **REST}


def test_the_agent_has_an_id_of_its_own() -> None:
    assert agent_guid(ID) == agent_guid(ID) != agent_guid(ID[::-1])
    assert "id" not in json.loads("{" + Origin({"id": "i-0a1b"}).text("", Style().render)[1:] + "}")["agent"]


def converted(host: str | dict[str, str], live: bool, node: str = "") -> dict[str, Any]:
    config = Config()
    config = replace(config, output="ecs", host=host, probe=replace(config.probe, use=False))
    pipeline = build(config, Stats(), live=live).pipeline
    lines = pipeline.feed(f"{node and f'node={node} '}{call(2)}\n".encode(), 0.0) + pipeline.close()
    return dict(json.loads(lines[0].encode("latin-1")))


def test_this_host_is_read_for_live_records_alone() -> None:
    mine = converted("auto", live=True)
    facts = read_host()
    assert mine["host"]["name"] == mine["host"]["hostname"] == socket.gethostname() == mine["related"]["hosts"][0]
    assert mine["host"]["os"]["kernel"] == os.uname().release == facts["os.kernel"]
    assert mine["host"]["os"]["type"] == "linux"
    assert mine["agent"]["version"] == __version__
    assert converted("auto", live=True, node=socket.gethostname())["host"] == mine["host"]
    assert converted("auto", live=True, node="db02")["host"] == OTHER
    assert converted("auto", live=False)["host"] == {"os": {"type": "linux"}}
    assert converted("auto", live=False, node=socket.gethostname())["host"].keys() == {"name", "hostname", "os"}


@pytest.mark.parametrize("live", [True, False])
def test_a_host_may_be_configured_or_left_out(live: bool) -> None:
    assert "host" not in converted("off", live)
    assert converted("off", live, node="db02")["host"] == {"name": "db02", "hostname": "db02"}
    fixed = {"name": "web01", "os.name": "Debian"}
    assert converted(fixed, live)["host"] == {"name": "web01", "os": {"type": "linux", "name": "Debian"}}
    assert converted(fixed, live, node="web01")["host"] == converted(fixed, live)["host"]
    assert converted(fixed, live, node="db02")["host"] == OTHER
