"""No field differs from LAUREL 0.8.2's but by an entry of the table of deviations."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.bench import feeds
from tests.oracle import laurel
from tests.oracle.compare import ABSENT, LABELS, Difference, differences
from tests.oracle.deviations import DEVIATIONS
from tests.oracle.explanations import context
from tests.oracle.options import EVERYTHING, OPTIONS
from tests.oracle.run import compare, judge, run_ours

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
FEEDS = sorted(
    path for pattern in ("origin/*.audit", "demo/*.audit", "go-libaudit/*/*.log") for path in DATA.glob(pattern)
)
MADE_UP = [DATA / "translate" / f"{name}.audit" for name in ("addresses", "calls", "records")]
CHOICES = DATA / "choices" / "labels-filters-and-limits.audit"
CASES = sorted(DATA.glob("laurel-special-cases/*.audit"))
TRANSLATED = {"F2-enriched-braces-translated"}


#: Sets with filters take long and are run on half of the feeds here; `python -m tests.oracle` runs all on all.
RUNS = [
    (name, options)
    for name in feeds.names()
    for options in OPTIONS
    if "filter" not in OPTIONS[options] or name.endswith(".raw")
]


@pytest.fixture(scope="session")
def need_laurel() -> None:
    try:
        laurel.command()
    except laurel.NoLaurelError as reason:
        pytest.skip(str(reason))


@pytest.mark.slow
@pytest.mark.root
@pytest.mark.usefixtures("need_laurel")
@pytest.mark.parametrize(("name", "options"), RUNS)
def test_corpora_are_as_laurel_has_them(name: str, options: str, tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    feed.write_bytes(feeds.recorded(name))
    verdict = compare(feed, OPTIONS[options], tmp_path)
    assert verdict.events > (7_000 if "filter" in OPTIONS[options] else 10_000)
    assert verdict.unexplained[:5] == []


@pytest.mark.root
@pytest.mark.usefixtures("need_laurel")
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.stem)
def test_old_and_odd_feeds_are_as_laurel_has_them(feed: Path, options: str, tmp_path: Path) -> None:
    assert compare(feed, OPTIONS[options], tmp_path).unexplained == []


@pytest.mark.root
@pytest.mark.usefixtures("need_laurel")
@pytest.mark.parametrize("drop_raw", [False, True], ids=["kept", "dropped"])
@pytest.mark.parametrize("feed", MADE_UP, ids=lambda feed: feed.stem)
def test_numbers_of_every_kind_are_translated_as_laurel_does(feed: Path, drop_raw: bool, tmp_path: Path) -> None:
    options = {"translate": {**OPTIONS["translated"]["translate"], "drop-raw": drop_raw}}
    assert compare(feed, options, tmp_path).unexplained == []


@pytest.mark.root
@pytest.mark.usefixtures("need_laurel")
def test_labels_filters_and_limits_are_as_laurel_has_them(tmp_path: Path) -> None:
    """Each way in which these differ is there, too."""
    seen: Counter[str] = Counter()
    for options in ("everything", "prefixed"):
        verdict = compare(CHOICES, OPTIONS[options], tmp_path)
        assert verdict.unexplained == []
        seen += verdict.explained
    names = [deviation.name for deviation in DEVIATIONS]
    among_them = set(names[names.index("cut-command-lines") : names.index("start-times")])
    assert among_them - set(seen) == {"inherited-labels"}  # which takes several processors, as for a recorded feed


def test_special_cases_are_as_laurel_has_them(tmp_path: Path) -> None:
    """All of them in two runs: each case under a node of its own, which keeps their equal ids apart."""
    theirs: list[bytes] = []
    feed: dict[bool, bytes] = {False: b"", True: b""}
    errors = 0
    for case in CASES:
        node = case.name.partition("-")[0]
        for line in case.with_name(f"{case.stem}.laurel.json").read_bytes().splitlines():
            if line.startswith(b'{"error"'):
                errors += 1
            elif b'"NODE"' in line:
                theirs.append(line)
            else:
                theirs.append(line.replace(b',"', f',"NODE":"{node}","'.encode(), 1))
        lines = case.read_bytes().splitlines(keepends=True)
        prefix = b"" if lines[0].startswith(b"node=") else f"node={node} ".encode()
        feed[case.stem in TRANSLATED] += b"".join(prefix + line for line in lines)
    ours = []
    for translated, text in feed.items():
        path = tmp_path / "feed"
        path.write_bytes(text)
        ours += run_ours(path, OPTIONS["translated" if translated else "plain"], tmp_path)
    verdict = judge(theirs, ours, context({}, theirs, ours, errors))
    assert verdict.unexplained == []
    assert len(CASES) == 83


def test_deviations_have_names_of_their_own() -> None:
    assert len({deviation.name for deviation in DEVIATIONS}) == len(DEVIATIONS)


@pytest.mark.parametrize(
    ("theirs", "ours", "found"),
    [
        ({"A": 1}, {"A": 1}, []),
        ({"A": 1}, {"A": "1"}, [("A", 1, "1")]),
        ({"A": 1}, {"A": 1.0}, [("A", 1, 1.0)]),
        ({"A": [{"b": 1}, {"b": 2}]}, {"A": [{"b": 1}, {"b": 3}]}, [("A[1].b", 2, 3)]),
        ({"A": [1]}, {"A": [1, 2]}, [("A", [1], [1, 2])]),
        ({"A": 1}, {"B": 1}, [("A", 1, ABSENT), ("B", ABSENT, 1)]),
        ({"A": 1}, {"x_a": 1}, [("A", "A", "x_a")]),
        ({"x_a": 1}, {"x_a": 2}, [("A", 1, 2)]),
        ({"SYSCALL": {"LABELS": ["a", "b"]}}, {"SYSCALL": {"LABELS": ["b", "a"]}}, [(LABELS, ["a", "b"], ["b", "a"])]),
        ({"SYSCALL": {"LABELS": ["a"]}}, {"SYSCALL": {}}, [(f"{LABELS}.a", "a", ABSENT)]),
    ],
)
def test_differences_are_found(theirs: dict, ours: dict, found: list) -> None:
    lines = [[json.dumps({"ID": "1.000:1", **event}).encode()] for event in (theirs, ours)]
    assert list(differences(*lines, prefix="x_")) == [Difference("1.000:1", *difference) for difference in found]
    if found:
        assert judge(*lines, context({}, *lines, errors=0)).unexplained != []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"PID": {"START_TIME": "17.000"}}, {"PID": {"START_TIME": "17.100"}}),
        ({"PID": {"EVENT_ID": "1.000:1"}}, {"PID": {"EVENT_ID": "1.000:2"}}),
        ({"PPID": {"START_TIME": "17.000"}}, {}),
        ({"PID": {"container": {"id": "a"}}}, {"PID": {"container": {"id": "b", "outer": ["c"]}}}),
        ({"PID": {"container": {"id": "a"}}}, {"PID": {}}),
        ({"PID": {"systemd_service": ["a", "b"]}}, {"PID": {"systemd_service": ["a"]}}),
        ({"SCRIPT": "/a.sh"}, {"SCRIPT": "/b.sh"}),
        ({"SCRIPT": "/a.sh"}, {}),
        ({"UID_GROUPS": ["a"]}, {"UID_GROUPS": ["b"]}),
        ({"EXE_HASH": "a" * 64}, {"EXE_HASH": "b" * 64}),
        ({"EXE_HASH": "a" * 64}, {"EXE_HASH_SKIPPED": "too_large"}),
        ({}, {"EXE_HASH": "a" * 64}),
        ({"LABELS": ["shell"]}, {}),
        ({}, {"LABELS": ["shell"]}),
        ({}, {"LABELS": ["script"]}),
        ({}, {"LABELS": ["net"]}),
    ],
)
def test_mistakes_about_processes_are_not_explained(theirs: dict, ours: dict) -> None:
    both = {"pid": 2, "ppid": 1, "uid": 0, "exe": sys.executable, "PID": {"EVENT_ID": "1.000:1"}}
    lines = [
        [json.dumps({"ID": "1.000:1", "SYSCALL": {**both, **added}, "EXECVE": {"ARGV": ["a"], "ENV": {}}}).encode()]
        for added in (theirs, ours)
    ]
    assert judge(*lines, context(EVERYTHING, *lines, errors=0, recorded=False)).unexplained != []
