"""The demonstration shows its four deeds, live where there is audit, and always from the recording."""

from __future__ import annotations

import sys

import pytest

from tests.demo import __main__ as demo
from tests.demo.show import show

DEEDS = ("perl -e use Socket", "sudoers.d/bäckdöör", "/maintenance", "chmod u+s")


def test_recorded_deeds_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show(demo.replay())
    shown = capsys.readouterr().out
    assert [deed for deed in DEEDS if deed not in shown] == []


@pytest.mark.live
@pytest.mark.root
def test_live_deeds_are_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["demo"])
    assert demo.main() == 0
    shown = capsys.readouterr().out
    assert "No live demonstration" not in shown
    assert [deed for deed in DEEDS if deed not in shown] == []
    assert "(proc)" in shown or "(probe)" in shown
    assert '"KEYS":["scope"]' in shown
