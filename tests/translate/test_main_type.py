"""Which record of an event is the main one."""

from __future__ import annotations

import pytest

from sensor.tables.record_types import NUMBERS
from sensor.translate import main_type as module
from sensor.translate.main_type import main_type

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


def test_every_circumstance_is_a_record_type() -> None:
    assert [name for name in module._CIRCUMSTANCES if name not in NUMBERS] == []
