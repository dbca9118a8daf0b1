"""Deciding before the other records are decoded gives the same as deciding afterwards, and loses no line."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from sensor.process.containers import ContainerNames
from sensor.stages.filters import Filters, Options
from sensor.stages.identity import Identity
from sensor.stages.identity import Options as IdentityOptions
from tests.fake_host import BOOTED, STYLE, FakeHost, event, exec_event, syscall

CORPUS = Path(__file__).parents[2] / "data/corpora/session-mixed.raw.audit.xz"
ALL = "uid=*"


def filtered(tmp_path, early, *texts, **options):
    """Lines, counts by rule, and counters of one way of deciding."""
    host = FakeHost(tmp_path)
    counts: dict[str, int] = {}
    filters = Filters(Options(**options), STYLE, ContainerNames("/nowhere"), counts, lambda _: None)
    identity = Identity(IdentityOptions(), STYLE, host.table, host.proc.host(BOOTED))
    stages = [identity.track, filters.decide_early, filters.decide, identity.add, filters.divert]
    lines = host.run(stages, *texts, early=stages[:2] if early else ())
    stats = host.stats.pipeline
    return lines, counts, (stats.lines, stats.records, stats.ends, stats.late, stats.unparsed)


@pytest.mark.parametrize(
    "options",
    [
        {"rules": {"a": "success=no", "b": "syscall=openat,close path=/usr/*", "c": "exe=/usr/bin/git*"}},
        {"rules": {"a": "path=/home/*", "b": "uid=0 rate=3/s", "c": "repeat=1s uid=4242"}, "filter_null_keys": True},
        {"rules": {"a": ALL}, "filter_action": "log"},
        {"filter_keys": ("fork", "exec"), "filter_sockaddr": ("*:53",), "filter_raw_lines": ("zsh",)},
    ],
)
@pytest.mark.parametrize("keep_first", [True, False])
def test_both_ways_agree_on_a_real_session(tmp_path, options, keep_first):
    text = lzma.decompress(CORPUS.read_bytes()).decode("latin-1")
    text = text[: text.index("\n", len(text) // 4) + 1]
    options = {**options, "keep_first_per_process": keep_first}
    early = filtered(tmp_path, True, text, **options)
    late = filtered(tmp_path, False, text, **options)
    assert early == late
    assert sum(early[1].values()) > 20


SPOILT = event(syscall(42, 1, "/usr/bin/ls"), 'CWD cwd="/"')
TWICE = event(syscall(42, 1, "/usr/bin/ls"), 'CWD cwd="/"')


@pytest.mark.parametrize(
    "texts",
    [
        [SPOILT.replace("type=CWD", "CWD")],
        [SPOILT.replace("type=CWD", "nonsense\ntype=CWD")],
        [SPOILT.replace(" success=yes", "")],
        [SPOILT.replace("type=", "node=db02 type=")],
        [SPOILT.replace("type=CWD", "type=CWD msg=audit(1.000:1): x\ntype=CWD")],
        [TWICE, TWICE],
        [exec_event(42, 1, "/usr/bin/ls", ["ls"])],
        [event("USER_ACCT pid=1 uid=0")],
        [event(syscall(42, 1, "/usr/bin/ls"))],
    ],
)
def test_both_ways_agree_on_what_is_spoilt(tmp_path, texts):
    options = {"rules": {"all": ALL}, "keep_first_per_process": False}
    early, late = (filtered(tmp_path, way, *texts, **options) for way in (True, False))
    assert (early[0], early[2]) == (late[0], late[2])
