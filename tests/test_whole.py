"""The whole sensor with all its parts on: hostile input stops none of them, and chunks change nothing.

test_properties.py looks closely at the core; this one builds what a configuration asks for, as `convert` does.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from sensor.audit.options import TransformOptions
from sensor.build import build
from sensor.config import Config, Enrich, Translate
from sensor.stages.filters.options import FilterOptions
from sensor.stages.options import LabelOptions
from sensor.stats import Stats
from tests.support.strategies import chunkings, chunks, feeds, spoiled
from tests.test_properties import recorded, strict

EXAMPLES = int(os.environ.get("SENSOR_EXAMPLES", "25"))
CONFIGS: dict[str, dict[str, Any]] = {
    "everything": {
        "translate": Translate(universal=True, user_db=True, arguments=True, time="iso", type=True, summary=True),
        "enrich": Enrich(ppid_verbose=True, ancestors=4, container_info=True, cmdline=True, parent_info=True),
    },
    "nothing": {"enrich": Enrich(pid=False, spawned_by=False, session_guid=False, script=False, uid_groups=False)},
    "translations alone": {
        "translate": Translate(universal=True, user_db=True, drop_raw=True, arguments=True),
        "enrich": Enrich(prefix="x_"),
    },
    "ECS": {"output": "ecs", "translate": Translate(universal=True, user_db=True, summary=True)},
    "unicode": {
        "transform": TransformOptions(
            strings="unicode", execve_argv=("array", "string"), execve_argv_limit_bytes=20
        ),
        "translate": Translate(universal=True, arguments=True),
    },
    "labels and filters": {
        "label_process": LabelOptions(
            label_keys=("exec",), label_exe={"bash": "b"}, label_argv={"x": "y"}, propagate_labels=("b",)
        ),
        "filter": FilterOptions(filter_keys=("access",), rules={"a": "success=no"}),
    },
}  # fmt: skip


def without_clock(line: str) -> str:
    """A line without the time of one that tells none, for which the clock's stands."""
    return line.partition(",")[2] if '"kind":"pipeline_error"' in line[:80] else line


@pytest.mark.parametrize("name", CONFIGS)
def test_no_input_stops_a_part_and_chunks_change_nothing(name):
    config = Config(**CONFIGS[name])

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(feeds() | spoiled(recorded()), chunkings)
    def hold(data: bytes, sizes: list[int]) -> None:
        printed = []
        for pieces in ([data], chunks(data, sizes)):
            stats = Stats()
            pipeline = build(config, stats, live=False).pipeline
            printed.append([line for piece in pieces for line in pipeline.feed(piece, 0.0)] + pipeline.close())
            assert stats.pipeline.crashed == 0
        for line in printed[0]:
            strict(line)
        assert [*map(without_clock, printed[0])] == [*map(without_clock, printed[1])]

    hold()
