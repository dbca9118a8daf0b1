"""Whole events from blocks: what is remembered says what would be worked out anew; no block is taken for another."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from sensor.audit.blocks import Blocks
from sensor.audit.coalesce import Coalescer
from sensor.audit.event import Template
from sensor.audit.framing import whole_event
from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.scan import COMPILED
from sensor.build import build
from sensor.config import Config
from sensor.pipeline import Parts, Pipeline
from sensor.stats import PipelineStats, Stats
from tests.bench import feeds
from tests.support.pipelines import laurel, make_pipeline

ID = "1700000000.001:1"
SERIALS = count(100)
SYSCALL = (
    "arch=c000003e syscall=2 success=yes exit=0 a0=0 a1=0 a2=0 a3=0 items=1 ppid=31 pid=48"
    ' auid=1000 uid=0 ses=3 comm="bash" exe="/usr/bin/bash" key=(null)'
)
EVERYTHING: dict[str, Any] = {
    "translate": {"universal": True, "user_db": True, "arguments": True, "time": "iso", "type": True, "summary": True},
    "enrich": {"ppid_verbose": True, "cmdline": True, "parent_info": True, "session": True, "ancestors": 3},
    "label_process": {"label_keys": ("exec", "net"), "label_exe": {"git": "git"}, "propagate_labels": ("net",)},
    "filter": {
        "filter_sockaddr": ("*:53",),
        "filter_raw_lines": ("zsh",),
        "rules": {
            "a": "success=no path=/usr/*",
            "b": "syscall=openat label=git",
            "c": "key=missing repeat=1s",
            "d": "type=SOCKADDR,KERN* rate=3/s",
        },
    },
}
FILTERED = {"filter": {"filter_keys": ("missing", "access"), "keep_first_per_process": False}}


def configured(**sections: dict[str, Any]) -> Config:
    config = Config()
    for name, keys in sections.items():
        config = dataclasses.replace(config, **{name: dataclasses.replace(getattr(config, name), **keys)})
    return config


def lines(config: Config, feed: Iterator[bytes]) -> list[str]:
    sensor = build(config, Stats(), live=False)
    return [line for chunk in feed for line in sensor.pipeline.feed(chunk, 0.0)] + sensor.pipeline.close()


@pytest.mark.parametrize("sections", [EVERYTHING, FILTERED, {"output": "ecs"}], ids=["everything", "filtered", "ecs"])
@pytest.mark.parametrize("name", ["session-mixed.raw", "session-exec-open.enriched"])
def test_both_ways_agree_on_a_real_session(name, sections, monkeypatch):
    """Twice over, so that nearly all is remembered the second time; a slice of it, for the slow way takes its time."""
    text = feeds.recorded(name)
    text = text[: text.index(b"\n", len(text) // 6) + 1]
    config = Config(output="ecs") if "output" in sections else configured(**sections)
    remembered = lines(config, feeds.repeated(text, 2))
    monkeypatch.setattr(Blocks, "_event", lambda *_: None)
    anew = lines(config, feeds.repeated(text, 2))
    assert len(remembered) == len(anew) > 500
    differing = [pair for pair in zip(remembered, anew) if pair[0] != pair[1]]
    assert differing[:2] == []


def line(type: str, body: str = "", id: str = ID, node: str = "") -> str:
    return f"{node and f'node={node} '}type={type} msg=audit({id}): {body}\n"


TITLE = line("PROCTITLE", 'proctitle="bash"')
USUAL = line("SYSCALL", SYSCALL) + line("CWD", 'cwd="/"')


@pytest.mark.parametrize(
    "block",
    [
        USUAL.replace(" msg=audit(1700000000.001:1): cwd", "\0cwd"),
        USUAL.replace("type=CWD", "CWD"),
        USUAL.replace("type=CWD", "nonsense\ntype=CWD"),
        USUAL.replace("type=CWD", "node=web01 type=CWD"),
        USUAL.replace(":1): cwd", ":2): cwd"),
        USUAL + line("CWD", 'cwd="/tmp"'),
        USUAL + line("SYSCALL", SYSCALL),
        USUAL + line("DAEMON_END", "op=x"),
        USUAL + line("CWD", "a\0b"),
        USUAL.replace("bash", "ba\0sh"),
        USUAL + TITLE + TITLE,
        USUAL + TITLE + line("CWD", 'cwd="/"'),
        line("SYSCALL", SYSCALL.partition(" auid")[0] + " " + TITLE[:-1]),
        line("SYSCALL", SYSCALL) + TITLE.replace("proctitle", "a\0b"),
    ],
)
def test_what_is_no_whole_event_is_left_to_others(block):
    """Also when what it looks like is remembered."""
    blocks = make_blocks()
    event = twice(blocks, USUAL)
    again = USUAL.replace(ID, "1700000000.001:7")
    assert blocks.read(again[:-1], "", "1700000000.001:7").template is event.template
    assert read(blocks, block[:-1]) is None
    assert read_whole(blocks, block) is None


HEADER = f" msg=audit({ID}): "
BEFORE_ITS_ID = f"{HEADER}({ID}):"
"""A body that holds the id: one look at each header finds nothing odd in it, and reads it as the slow way does."""
DAMAGED = [
    *(f"({ID}): ", f" ({ID}): ", f"msg=audit({ID}): ", f" msg=audi({ID}): ", f" Msg=audit({ID}): ", f" msg=({ID}): "),
    *(f" msg=audit({ID}):", f" msg=audit({ID}):\t", f" msg=audit\0({ID}): ", f" msg=audit ({ID}): ", f"({ID}):"),
    *(BEFORE_ITS_ID, f" msg=audit({ID}):({ID}): ", "\0", " msg=audit\0 "),
]


@pytest.mark.parametrize("header", DAMAGED)
@pytest.mark.parametrize("name", ["SYSCALL", "CWD", "PATH", "PROCTITLE"])
@pytest.mark.parametrize("begins", ["SYSCALL", "CWD"])
def test_an_id_stands_nowhere_but_in_a_header(header, name, begins):
    """Such lines are left to what looks at each alone: it finds an error, or text with an id in it."""
    blocks = make_blocks()
    records = [line("SYSCALL", SYSCALL), line("CWD", 'cwd="/"'), line("PATH", 'item=0 name="/a"'), TITLE]
    whole = "".join(records if begins == "SYSCALL" else [records[1], records[2], records[0], records[3]])
    damaged = whole.replace(f"type={name}{HEADER}", f"type={name}{header}")
    assert damaged != whole
    for block in (damaged, whole, whole, damaged):
        assert (read(blocks, block[:-1]) is None) == (block == damaged)
        if block == whole or header != BEFORE_ITS_ID:
            assert (read_whole(blocks, block) is None) == (block == damaged or begins != "SYSCALL")


def test_a_title_is_no_part_of_what_repeats():
    blocks = make_blocks()
    twice(blocks, USUAL + TITLE)
    events = [read(blocks, USUAL + TITLE.replace("bash", name)[:-1]) for name in ("bash", "ls")]
    assert events[0].template is events[1].template
    assert [event.records["PROCTITLE"][0].fields["ARGV"] for event in events] == [["bash"], ["ls"]]
    without = read(blocks, USUAL[:-1])
    assert "PROCTITLE" not in without.records
    assert without.template is not events[0].template


def test_events_of_two_nodes_are_two_events():
    blocks = make_blocks()
    for node in ("web01", "web02"):
        text = "".join([f"node={node} {each}\n" for each in USUAL.splitlines()])
        assert blocks.read(text[:-1], f"node={node} ", ID).node == node
    assert blocks.read(USUAL[:-1], "node=web01 ", ID) is None


def read(blocks: Blocks, text: str) -> Any:
    """Read a block under an id of its own, for an event leaves once."""
    id = f"1700000000.001:{next(SERIALS)}"
    return blocks.read(text.replace(ID, id), "", id)


def read_whole(blocks: Blocks, text: str) -> Any:
    """Read the same where it stands in a chunk, before its end; None also if it is no business of `whole_event`."""
    whole = whole_event((text + line("EOE")).replace(ID, f"1700000000.001:{next(SERIALS)}"), 0, "")
    return blocks.read_whole(whole, "") if whole is not None else None


def test_what_is_cut_already_is_read_in_the_same_way():
    blocks = make_blocks()
    event = twice(blocks, USUAL + TITLE)
    assert read_whole(blocks, USUAL + TITLE).template is event.template
    assert read_whole(make_blocks(longest=len(USUAL)), USUAL + TITLE) is None


def twice(blocks: Blocks, text: str) -> Any:
    """Read what then is remembered: what has come once may never come again."""
    first, event = (read(blocks, text[:-1]) for _ in range(2))
    assert first is not None
    assert event is not None
    assert (first.template.kept, event.template.kept) == (False, True)
    return event


def make_blocks(entries: int = 64, most_seen: int = 8192, longest: int = 8192) -> Blocks:
    options = CoalesceOptions(cache_entries=entries, max_line_bytes=longest)
    stats = PipelineStats()
    records, coalescer = RecordDecoder(TransformOptions(), (), entries), Coalescer(options, stats)
    return Blocks(records, options, stats, coalescer, most_seen)


def test_so_many_templates_are_remembered_and_no_long_ones():
    """The newest; they are looked for newest first, as each look at one that is forgotten remembers it again."""
    blocks = make_blocks(entries=16)
    texts = [USUAL.replace("ses=3", f"ses={number + 1}") for number in range(100)]
    templates = [twice(blocks, text).template for text in texts]
    again = [read(blocks, text[:-1]).template for text in reversed(texts)]
    remembered = [one is other for one, other in zip(again, reversed(templates))]
    assert remembered[0]
    assert 1 <= sum(remembered) <= 16
    long = USUAL[:-1].replace('"/"', f'"/{"x" * 2048}"')
    assert [read(blocks, long).template.kept for _ in range(3)] == [False] * 3


def test_of_what_came_once_so_much_is_known_and_no_more():
    blocks = make_blocks(most_seen=16)
    texts = [USUAL.replace("ses=3", f"ses={number + 1}")[:-1] for number in range(17)]
    assert [read(blocks, text).template.kept for text in texts] == [False] * 17
    assert [read(blocks, texts[number]).template.kept for number in (16, 0)] == [True, False]


def test_a_new_meaning_of_a_number_makes_templates_anew():
    decoder = RecordDecoder(TransformOptions(), (), 64)
    templates: list[Template] = []
    stages = [lambda event: templates.append(event.template)]
    pipeline = Pipeline(Parts(decoder, stages, laurel()), CoalesceOptions(), PipelineStats())
    text = USUAL + line("EOE")
    for serial in range(5):
        if serial == 3:
            decoder.forget()
        pipeline.feed(text.replace(":1)", f":{serial + 2})").encode(), 0.0)
    assert templates[1] is templates[2]
    assert templates[3] is not templates[2]
    assert templates[3].rest is not templates[2].rest


@pytest.mark.parametrize("first", ["AVC", "PATH"])
def test_an_event_may_begin_with_another_record(first):
    text = line(first, "item=0 name=a") + USUAL[:-1]
    event = read(make_blocks(), text)
    assert event is not None
    assert list(event.records) == [first, "SYSCALL", "CWD"]
    assert event.syscall.pid == 48
    assert re.match("type=", text)


def test_interleaved_events_are_read_as_whole_ones_are():
    """Records of two system calls that ran at once, as the kernel writes them on several processors."""
    stats, templates = PipelineStats(), []
    pipeline = make_pipeline(stages=[lambda event: templates.append(event.template)], stats=stats)
    lines = [(USUAL + line("EOE")).replace(":1)", f":{serial})") for serial in range(4)]
    whole = [printed for each in lines[:2] for printed in pipeline.feed(each.encode(), 0.0)]
    mixed = "".join([f"{a}\n{b}\n" for a, b in zip(lines[2].splitlines(), lines[3].splitlines())])
    printed = pipeline.feed(mixed.encode(), 0.0)
    assert printed == [whole[1].replace(ID, f"1700000000.001:{serial}") for serial in (2, 3)]
    assert stats.fast_events == (4 if COMPILED else 2)  # compiled, they are cut out of the chunk as whole ones are
    assert [template is templates[1] for template in templates] == [False, True, True, True]


@pytest.mark.parametrize(("first", "second"), [("node=w ", ""), ("", "node=w ")])
def test_records_of_two_nodes_are_no_event_though_each_has_been_seen_with_others(first, second):
    """Of one host a call, of the other where it was made, under one id: read the same, warm and cold."""
    lines = USUAL.splitlines(keepends=True)
    mixed = f"{first}{lines[0]}{second}{lines[1]}{first}{line('EOE')}".replace(":1)", ":9)")
    whole = [(USUAL + line("EOE")).replace(":1)", f":{serial})") for serial in range(3)]
    of_node = "".join([f"node=w {each}\n" for each in whole[0].replace(":0)", ":7)").splitlines()])
    before = of_node if first else whole[0].replace(":0)", ":8)")
    warm, cold = make_pipeline(), make_pipeline()
    for text in (*whole, before):
        warm.feed(text.encode(), 0.0)
    cold.feed(before.encode(), 0.0)
    found = [[*each.feed(mixed.encode(), 0.0), *each.close()][-2:] for each in (warm, cold)]
    assert found[0] == found[1]
    assert [":9" in each for each in found[0]] == [True, True]
