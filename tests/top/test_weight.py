"""What is counted about an event is the same whether it comes from records or from a line we wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sensor.audit.event import Event
from sensor.build import build
from sensor.config import Config
from sensor.forms.count import Count, Sizes
from sensor.stats import Stats
from sensor.top.weight import EventWeight, weigh_event, weigh_line
from tests.summary.events import call, text
from tests.support.forms import Passing

CASES: list[tuple[list[str], dict[str, Any]]] = [
    (
        [
            call(257),
            'CWD cwd="/"',
            'PATH item=0 name="/etc" nametype=PARENT',
            'PATH item=1 name="/etc/x" nametype=NORMAL',
        ],
        {"keys": ["k"], "exe": "/usr/bin/cat", "call": "openat", "paths": ["/etc/x"], "units": []},
    ),
    (
        [call(257), 'PATH item=0 name="/a" nametype=NORMAL', 'PATH item=1 name="/a" nametype=NORMAL'],
        {"paths": ["/a"]},
    ),
    ([call(257).replace('key="k"', "key=610162")], {"keys": ["a", "b"]}),
    ([call(257).replace('key="k"', "key=(null)")], {"keys": []}),
    (
        ['SERVICE_START pid=1 uid=0 msg=\'unit=ssh comm="systemd" exe="/lib/systemd" res=success\''],
        {"exe": "/lib/systemd", "call": "", "units": ["ssh"], "keys": []},
    ),
    (['CONFIG_CHANGE auid=0 op=add_rule key="etc" list=4 res=1'], {"keys": ["etc"], "exe": ""}),
    ([call(9999)], {"call": "9999"}),
]


def observed(*records: str, output: str = "laurel") -> tuple[EventWeight, bytes]:
    """What is seen in the records of one event, and the line that becomes of it."""
    found: list[tuple[EventWeight, bytes]] = []
    lines: list[bytes] = []

    class Keep(Passing):
        """The form whose lines are wanted, and which is measured."""

        def event(self, event: Event) -> str:
            lines.append(self.form.event(event).encode("latin-1"))
            return lines[-1].decode("latin-1")

    def observe(event: Event, line: str, sizes: Sizes) -> None:
        found.append((weigh_event(event, line, sizes)._replace(bytes=len(line)), lines[-1]))

    config = replace(Config(), output=output)
    wrap = lambda form, laurel: Count(Keep(form), laurel, observe)  # noqa: E731
    pipeline = build(config, Stats(), live=False, wrap=wrap).pipeline
    pipeline.feed(text(*records), 0.0)
    pipeline.close()
    (only,) = found
    return only


@pytest.mark.parametrize(("records", "expected"), CASES)
@pytest.mark.parametrize("output", ["laurel", "ecs", "ocsf"])
def test_what_is_seen(records: list[str], expected: dict[str, Any], output: str) -> None:
    seen, line = observed(*records, output=output)
    assert {name: getattr(seen, name) for name in expected} == expected
    again = weigh_line(line)
    assert again is not None
    assert again._replace(types=[]) == seen._replace(types=[])
    if output == "laurel":
        assert [type for type, _ in again.types] == [type for type, _ in seen.types]
        assert sum(bytes for _, bytes in again.types) <= len(line)
    elif output == "ecs":
        assert again.types == [(json.loads(line)["auditd"]["message_type"].upper(), len(line))]
    else:
        assert again.types == [(json.loads(line)["metadata"]["event_code"], len(line))]


def test_the_unit_of_a_process() -> None:
    line = {"ID": "1.000:1", "SYSCALL": {"exe": "/x", "PID": {"systemd_service": ["user@1000", "emacs"]}}}
    assert seen(line).units == ["emacs"]
    line["SYSCALL"]["PID"] = {"systemd_service": ["a"], "systemd_scope": "b.scope"}  # type: ignore[index]
    assert seen(line).units == ["b.scope"]
    ecs = {"event": {"id": "1.000:1"}, "ecs": {}, "host_sensor": {"process": {"systemd_service": ["ssh"]}}}
    assert seen(ecs).units == ["ssh"]


def seen(line: dict[str, Any]) -> EventWeight:
    found = weigh_line(json.dumps(line).encode())
    assert found is not None
    return found


def test_names_are_cut_where_they_are_longer_than_anybody_reads() -> None:
    assert len(seen({"ID": "1.000:1", "SYSCALL": {"exe": "/" * 5000}}).exe) == 300


def test_a_translated_call_without_its_number() -> None:
    assert seen({"ID": "1.000:1", "SYSCALL": {"SYSCALL": "openat", "ARCH": "x86_64"}}).call == "openat"


def test_the_keys_of_a_log_may_bear_a_prefix() -> None:
    line = b'{"ID":"1.000:1","SYSCALL":{"x_syscall":"openat","x_pid":{"systemd_service":["a"]}}}'
    found = weigh_line(line, "x_")
    assert found is not None
    assert (found.call, found.units) == ("openat", ["a"])
    found = weigh_line(line)
    assert found is not None
    assert (found.call, found.units) == ("", [])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b'{"no": "id"}',
        b'{"ID": null, "PARSE_ERROR": {}}',
        b'{"ecs": {}, "event": {}}',
        b'{"ID":"x:1"}',
    ],
)
def test_what_is_no_event_is_not_seen(line: bytes) -> None:
    assert weigh_line(line) is None
