"""What is known of the host: no state, and no mistake, costs more than itself."""

from __future__ import annotations

import dataclasses
import json
import os
from contextlib import nullcontext

import pytest

from sensor.build import build
from sensor.stats import Stats
from tests.support.sensors import configured, stages


@pytest.mark.parametrize(
    "content", [b"null", b'{"version":1,"processes":5}', b"[" * 200_000, b"\xff", b'{"version":1e999}']
)
def test_no_state_costs_the_configuration(content, tmp_path, caplog):
    (tmp_path / "state").write_bytes(content)
    config = configured(state={"file": "state"}, enrich={"session": True})
    sensor = build(dataclasses.replace(config, directory=str(tmp_path)), Stats())
    assert "Sessions.stage" in stages(sensor)
    sensor.host_state.before_chunk()
    assert "state: " in caplog.text
    sensor.host_state.close()
    assert json.loads((tmp_path / "state").read_bytes())["version"] == 1


def test_a_state_in_a_fifo_is_not_waited_for(tmp_path, caplog):
    os.mkfifo(tmp_path / "state")
    config = configured(state={"file": "state"})
    build(dataclasses.replace(config, directory=str(tmp_path)), Stats()).host_state.close()
    assert "is no file of at most" in caplog.text


class FailingProbe:
    """A reader with a mistake in it."""

    def drain(self) -> None:
        raise ValueError("broken")


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_seen_in_one_chunk_is_seen_anew_in_the_next_whatever_fails(fails):
    """The daemon goes on after a failure; what a process calls by a name may be another file by now."""
    state = build(configured(), Stats(), live=True).host_state
    state.probe = FailingProbe() if fails else None
    for number in (1, 2, 3):
        with pytest.raises(ValueError, match="broken") if fails else nullcontext():
            state.before_chunk()
        assert state.host_paths.chunk == number
