"""SENSOR events for people, from a log in each form."""

from __future__ import annotations

import json

import pytest

from sensor.audit.naming import Naming
from sensor.audit.notices import Loss, Reload, SensorNotice, Start, Stop
from sensor.forms.ecs.form import Ecs
from sensor.forms.ocsf import Ocsf
from sensor.forms.values import Style
from sensor.show import ecs_form, laurel_form, ocsf_form
from sensor.show.screen import what
from sensor.show.sensor_event import read

START = Start(7, "1.0.0", "3.11.2", False, "ab", "2899dae4", "6.1.0", None, "attached", None, [])
CASES = [
    (START, "sensor start", "version 1.0.0, probe attached", None, ""),
    (
        Loss("output", "ENOSPC", "lines", 812, 900, "2026-11-22T13:36:12.104Z", False),
        "sensor loss",
        "812 lines, output ENOSPC, since 2026-11-22T13:36:12.104Z",
        False,
        "",
    ),
    (
        Loss("kernel", "dropped", "records", 1, 1, "x", True),
        "sensor loss",
        "1 records, kernel dropped, since x, by the sensor before",
        False,
        "",
    ),
    (Reload(True, "cd", []), "sensor reload", "accepted", True, ""),
    (Reload(False, "cd", ["a: 100 %", "b: c"]), "sensor reload", "refused", False, "a: 100 %; b: c"),
    (Stop("signal", 10, 5, 5, 3), "sensor stop", "signal, 5 events, 3 lines lost", None, ""),
]


@pytest.mark.parametrize(("contents", "kind", "words", "success", "result"), CASES)
def test_an_event(contents, kind, words, success, result) -> None:
    event = read("1.000:sensor-1", 1.0, SensorNotice("", contents).members)
    assert (event.kind, what(event), event.success, event.result.replace("%%", "%")) == (kind, words, success, result)


@pytest.mark.parametrize("contents", [case[0] for case in CASES])
def test_every_form_is_read_alike(contents) -> None:
    notice = SensorNotice("1.000:sensor-1", contents)
    style = Style("unicode", Naming(""))
    members = json.loads("{" + style.members(notice.members)[1:] + "}")
    expected = read("1.000:sensor-1", 1.0, members)
    assert laurel_form.read({"ID": "1.000:sensor-1", "SENSOR": members}) == expected
    assert ecs_form.read(json.loads(Ecs(style).notice(notice))) == expected
    assert ocsf_form.read(json.loads(Ocsf(style).notice(notice))) == expected


@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}, [1], {"a": []}])
@pytest.mark.parametrize("name", ["event", "pid", "mistakes", "accepted", "count", "since", "version", "reason"])
@pytest.mark.parametrize("kind", ["start", "loss", "reload", "stop"])
def test_values_of_any_shape(kind: str, name: str, value: object) -> None:
    read("1.000:sensor-1", 1.0, {"event": kind, name: value})
