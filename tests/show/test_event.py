"""The best name of a process."""

from __future__ import annotations

import pytest

from sensor.show.event import LogProcess


@pytest.mark.parametrize(("exe", "comm", "name"), [("/bin/ls", "ls", "/bin/ls"), ("", "ls", "ls"), ("", "", "")])
def test_the_name(exe: str, comm: str, name: str) -> None:
    assert LogProcess(1, "", exe, comm).name == name
