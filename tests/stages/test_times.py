"""One call in 64 is timed, under the stage's own name; unwanted, nothing is in the way."""

from __future__ import annotations

import time
from typing import Any

import pytest

from sensor.audit.event import DROP, KEEP, name_of
from sensor.stages.combinators import ExecOnly
from sensor.stages.times import SAMPLED, watch
from sensor.stats import PipelineStats

EVENT: Any = object()


def verdict_of(event: object) -> int:
    return DROP


def busy(event: object) -> None:
    end = time.thread_time() + 0.01
    while time.thread_time() < end:
        pass


class MadeUpError(Exception):
    pass


def raising(event: object) -> None:
    raise MadeUpError


def test_unwanted_the_stages_are_the_same_objects() -> None:
    stats = PipelineStats()
    assert watch(False, stats)([verdict_of, busy]) == [verdict_of, busy]
    assert stats.stage_samples == {}


@pytest.mark.parametrize(("calls", "samples"), [(0, 0), (SAMPLED - 1, 0), (SAMPLED, 1), (3 * SAMPLED + 1, 3)])
def test_one_call_in_so_many_is_timed(calls: int, samples: int) -> None:
    stats = PipelineStats()
    (timed,) = watch(True, stats)([verdict_of])
    assert {timed(EVENT) for _ in range(calls)} <= {DROP}
    assert stats.stage_samples == {"verdict_of": samples}
    assert (stats.stage_sample_seconds["verdict_of"] > 0) == bool(samples)


def test_what_is_measured_is_cpu_time() -> None:
    stats = PipelineStats()
    (timed,) = watch(True, stats)([busy])
    for _ in range(SAMPLED):
        timed(EVENT)
    assert 0.01 <= stats.stage_sample_seconds["busy"] < 0.03


def test_one_that_fails_is_timed_and_named_as_before() -> None:
    stats = PipelineStats()
    (timed,) = watch(True, stats)([raising])
    for _ in range(SAMPLED):
        with pytest.raises(MadeUpError):
            timed(EVENT)
    assert stats.stage_samples == {"raising": 1}
    assert name_of(timed) == "raising"


def test_a_stage_that_stands_twice_is_one() -> None:
    stats = PipelineStats()
    first, second = watch(True, stats)([ExecOnly([]).stage, ExecOnly([]).stage])
    assert name_of(first) == name_of(second) == "ExecOnly.stage"
    assert KEEP == 0
    assert list(stats.stage_samples) == ["ExecOnly.stage"]
