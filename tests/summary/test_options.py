"""The option, and where it stands in the configuration."""

from __future__ import annotations

from pathlib import Path

from sensor.config import Config, load
from sensor.summary.options import Options


def test_a_summary_is_made_when_asked_for(tmp_path: Path) -> None:
    assert not Options().summary
    assert not Config().translate.summary
    path = tmp_path / "config.yaml"
    path.write_text("translate: {summary: true, universal: true}\n")
    assert load(str(path)).translate.summary
    assert load(str(path)).translate.universal
