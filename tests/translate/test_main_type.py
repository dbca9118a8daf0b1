"""Which record of an event is the main one."""

from __future__ import annotations

import pytest

from sensor.audit.render import Style
from sensor.audit.text import quote_percent
from sensor.event import Event, Template
from sensor.tables.record_types import NUMBERS
from sensor.translate import main_type as module
from sensor.translate.main_type import MainType, main_type

STYLE = Style(quote_percent)
CASES = [
    ("SYSCALL EXECVE CWD PATH PROCTITLE", "SYSCALL"),
    ("BPRM_FCAPS SYSCALL EXECVE", "SYSCALL"),
    ("PROCTITLE PATH SYSCALL", "SYSCALL"),
    ("AVC SYSCALL CWD PATH PROCTITLE", "AVC"),
    ("SYSCALL AVC AVC", "AVC"),
    ("CONFIG_CHANGE SYSCALL PROCTITLE", "CONFIG_CHANGE"),
    ("SYSCALL KERN_MODULE", "KERN_MODULE"),
    ("BPF SYSCALL PROCTITLE", "BPF"),
    ("URINGOP CWD PATH", "URINGOP"),
    ("SYSCALL MAC_TASK_CONTEXTS PROCTITLE", "SYSCALL"),
    ("USER_LOGIN", "USER_LOGIN"),
    ("SERVICE_START SYSCALL", "SERVICE_START"),
    ("UNKNOWN[1423]", "UNKNOWN[1423]"),
    ("PROCTITLE", "PROCTITLE"),
    ("CWD PATH", "CWD"),
]


@pytest.mark.parametrize(("names", "main"), CASES)
def test_the_main_record_is_not_a_circumstance(names: str, main: str) -> None:
    assert main_type(names.split()) == main
    stage = MainType(STYLE).stage
    for _ in range(2):
        event = Event("1.000:1", "", Template({name: [] for name in names.split()}), None)
        assert stage(event)
        assert event.top == f',"TYPE":"{main}"'


def test_the_key_bears_the_prefix() -> None:
    event = Event("1.000:1", "", Template({"SYSCALL": []}), None)
    assert MainType(Style(quote_percent, "x_")).stage(event)
    assert event.top == ',"x_type":"SYSCALL"'


def test_an_event_without_records_has_no_type() -> None:
    event = Event("1.000:1", "", Template({}), None)
    assert MainType(STYLE).stage(event)
    assert event.top == ""


def test_every_circumstance_is_a_record_type() -> None:
    assert [name for name in module._CIRCUMSTANCES if name not in NUMBERS] == []


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ENTRIES", 8)
    stage = MainType(STYLE)
    for number in range(100):
        assert stage.stage(Event("1.000:1", "", Template({f"UNKNOWN[{number}]": []}), None))
    assert len(stage._known) <= 8
