"""Which host an event is of."""

from __future__ import annotations

import json
from typing import Any

from sensor.audit.naming import Naming
from sensor.forms.ecs import Origin
from sensor.forms.ocsf.device import Devices, device_of
from sensor.forms.values import Style
from tests.converting import converted

LINE = b"type=SYSTEM_BOOT msg=audit(1700000000.001:1): pid=1 uid=0 msg='op=start exe=\"/x\" res=success'\n"


def device(config: str, line: bytes = LINE) -> Any:
    (document,) = converted(line, "output: ocsf\n" + config)
    return document["device"]


def test_what_is_known_of_the_host() -> None:
    host = {
        "name": "web01",
        "hostname": "web01",
        "id": "28" * 16,
        "os": {"name": "Debian", "version": "12", "kernel": "6"},
    }
    assert device_of(dict(host)) == {
        "hostname": "web01",
        "type_id": 0,
        "os": {"name": "Debian", "type_id": 200, "version": "12", "kernel_release": "6"},
        "uid": "28" * 16,
    }


def test_the_host_of_a_recorded_log_is_unknown() -> None:
    assert device("") == {"hostname": "unknown", "type_id": 0, "os": {"name": "Linux", "type_id": 200}}


def test_the_configuration_may_name_the_host() -> None:
    found = device("host: {name: web02, os.name: Debian}")
    assert (found["hostname"], found["os"]["name"]) == ("web02", "Debian")


def test_a_record_may_name_the_host() -> None:
    assert device("", b"node=web03 " + LINE)["hostname"] == "web03"


def test_nodes_are_remembered_within_bounds() -> None:
    devices = Devices(Style("unicode", Naming()), Origin())
    texts = {devices.text(f"n{number}") for number in range(1000)}
    assert len(texts) == 1000
    assert json.loads(f"{{{devices.text('n5')[1:]}}}")["device"]["hostname"] == "n5"
