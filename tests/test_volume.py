"""How many bytes the output has beside LAUREL's, with LAUREL's options.

LAUREL's figures are of version 0.8.2 on the recorded sessions as they are, and as a host writes them on which root has
every capability, not all but one (which is as many bytes to LAUREL). Where it can be had, a slow test runs it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.bench import feeds, options
from tests.converting import converted
from tests.oracle import laurel
from tests.oracle.options import OPTIONS, Options, ours
from tests.support import program

MOST = 1.15
LAUREL = {
    "session-mixed.raw": {"plain": 6483217, "translated": 8236404, "laurel": 11122902},
    "session-mixed.enriched": {"plain": 8151279, "translated": 8126826, "laurel": 11012032},
    "session-exec-open.raw": {"plain": 15026164, "translated": 20491906, "laurel": 26138893},
    "session-exec-open.enriched": {"plain": 19424230, "translated": 20475326, "laurel": 26090495},
}
SETS: dict[str, Options] = {"plain": {}, "translated": OPTIONS["translated"], "laurel": options.LAUREL}
ALL_BUT_ONE, ALL = b"1fffeffffff", b"1ffffffffff"


def size(feed: bytes, name: str) -> int:
    sections = ours(SETS[name])
    if name != "laurel":
        sections["enrich"] = program.no_enrichment()
    lines = converted(feed, json.dumps(sections))
    return sum(len(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode()) + 1 for line in lines)


CASES = [(corpus, name) for corpus in LAUREL for name in SETS if "mixed" in corpus or name == "laurel"]


@pytest.mark.parametrize(("corpus", "name"), CASES)
def test_a_recorded_session(corpus: str, name: str) -> None:
    feed = feeds.recorded(corpus)
    if name == "translated":
        feed = feed.replace(ALL_BUT_ONE, ALL)
    assert size(feed, name) <= MOST * LAUREL[corpus][name]


@pytest.mark.slow
@pytest.mark.parametrize(("corpus", "name"), CASES)
def test_the_figures_are_those_of_laurel(corpus: str, name: str, tmp_path: Path) -> None:
    try:
        command = laurel.command()
    except laurel.NoLaurelError as reason:
        pytest.skip(str(reason))
    sections = SETS[name]
    enrich = {**laurel.NO_ENRICHMENT, **sections.get("enrich", {})}
    config = laurel.write_config(tmp_path, {**sections, "enrich": enrich})
    subprocess.run([*command, "--config", str(config)], input=feeds.recorded(corpus), capture_output=True)
    written = (tmp_path / "laurel.jsonl").stat().st_size
    assert abs(written - LAUREL[corpus][name]) < 0.01 * written
