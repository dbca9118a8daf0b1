"""The pipeline: both ways of an event, what is held back, stages, notes, and the border against mistakes.

That both ways give the same for any input is shown in test_properties.py, whole streams stand in tests/scenarios.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Callable

import pytest

from sensor.audit.event import DROP, KEEP, LOG, Addition, Event, Notice, Stage, Verdict
from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.audit.record import Transform
from sensor.forms import Form
from sensor.stages.combinators import ExecOnly
from sensor.stats import PipelineStats
from tests.support.pipelines import make_pipeline

ID = "1700000000.001:{}"
REST = 'auid=1000 uid=0 tty=pts1 ses=3 comm="bash" exe="/usr/bin/bash" key=(null)'
SYSCALL = f"arch=c000003e syscall=2 success=yes exit=0 a0=0 a1=0 a2=0 a3=0 items=1 ppid=31 pid=48 {REST}"


class Subject:
    """A pipeline, its counters, and the JSON it gives."""

    def __init__(
        self,
        stages: Sequence[Stage] = (),
        strings: str = "percent",
        transforms: Sequence[Transform] = (),
        wrap: Callable[[Form], Form] = lambda form: form,
        **options: float,
    ) -> None:
        self.stats = PipelineStats()
        bounds = CoalesceOptions(**options)  # type: ignore[arg-type]
        transform = TransformOptions(strings=strings)
        self.failures: list[tuple[str, Exception]] = []
        self.pipeline = make_pipeline(
            transform,
            stages,
            bounds,
            self.stats,
            transforms=transforms,
            entries=64,
            failed=lambda part, error: self.failures.append((part, error)),
            wrap=wrap,
        )

    def feed(self, text: str, now: float = 0.0) -> list[str]:
        return self.pipeline.feed(text.encode("latin-1"), now)

    def all(self, *texts: str) -> list[str]:
        return [line for text in texts for line in self.feed(text)] + self.pipeline.close()


def line(type: str, serial: int, body: str = "", node: str = "") -> str:
    return f"{node and f'node={node} '}type={type} msg=audit({ID.format(serial)}): {body}\n"


def event(serial: int, node: str = "") -> str:
    return line("SYSCALL", serial, SYSCALL, node) + line("CWD", serial, 'cwd="/"', node) + line("EOE", serial, "", node)


def ids(lines: list[str]) -> list[int]:
    return [int(json.loads(line)["ID"].partition(":")[2]) for line in lines]


def test_an_event_becomes_a_line():
    (output,) = Subject().feed(event(7))
    assert output.startswith('{"ID":"1700000000.001:7","SYSCALL":{"arch":"0xc000003e",')
    assert output.endswith('"ARGV":["0x0","0x0","0x0","0x0"]},"CWD":{"cwd":"/"}}')


@pytest.mark.parametrize(
    ("text", "fast"),
    [
        (event(1), 1),
        (event(1) + event(2), 2),
        (event(1).replace("\n", "\r\n"), 0),
        (event(1).replace("): ", "):"), 0),
        (event(1).replace("EOE", "UNKNOWN[1320]"), 0),
        (event(1).replace("SYSCALL", "UNKNOWN[1300]"), 0),
        (event(1).replace("type=CWD ", "type=CWD  "), 0),
        (line("CWD", 1) * 2 + line("EOE", 1), 0),
        (line("DAEMON_START", 1) + line("EOE", 1), 0),
        (line("PATH", 1, "item=0") + line("PATH", 1, "item=1") + line("EOE", 1), 1),
        (line("CWD", 2) + event(1), 0),
        (event(1) + event(1), 1),
        (event(1, "a") + event(2, "a") + event(3, "a"), 0),
        (event(1) + line("CWD", 9, "x msg=audit(1700000000.001:9): y") + "no header\n" + line("EOE", 9), 1),
    ],
)
def test_a_whole_event_is_taken_at_once_and_nothing_else_is(text, fast):
    subject = Subject()
    subject.all(text)
    assert subject.stats.fast_events == fast


def test_events_of_the_node_that_spoke_last_are_taken_at_once():
    subject = Subject()
    output = []
    for serial, node in enumerate("aabb"):
        output += subject.feed(event(serial, node), serial) + subject.pipeline.tick(serial + 0.1)
    assert ids(output) == [0, 1, 2, 3]
    assert subject.stats.fast_events == 2


@pytest.mark.parametrize("before", ["node=b ", "", "garbage", "xode=a ", "node=a\0", "type=X ", "\0\0\0\0\0\0 "])
def test_an_end_gives_its_node_to_no_line_of_another_one(before):
    """As long as `node=a `, which the node's lines begin with; what is no header stays an error."""
    subject = Subject()
    subject.feed(event(1, "a"), 1.0)
    subject.pipeline.tick(1.5)
    call = event(2, "a").removeprefix("node=a ")
    output = [json.loads(each) for each in subject.all(before + call)]
    assert [each["NODE"] for each in output if "SYSCALL" in each and "NODE" in each] == ["b"] * (before == "node=b ")


def test_an_end_that_cannot_be_read_gives_no_other_end_its_node():
    """All in one chunk, which is cut at the ends as they look when it begins."""
    spoilt = event(1) + line("EOE", 9, "", "b") + "type=EOE msg=audit(oops\n"
    assert ids(Subject().feed("\n" + spoilt.replace("oops\n", "oops\n" + event(2)))[-1:]) == [2]


def test_a_nul_makes_no_header():
    """Neither does one that was remembered from elsewhere."""
    subject = Subject()
    subject.all(line("CWD", 1, "a\0b"))
    first, second = subject.all(
        line("CWD", 2, "a msg=audit(1700000000.001:2): b") + "type=PATH\0name=x\n" + line("EOE", 2)
    )
    assert "PARSE_ERROR" in first
    assert '"CWD":{"TEXT":"a","msg":{"TEXT":"audit(1700000000.001:2): b"}}' in second


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\n\n", []),
        ("x\n", [{"ID": None, "PARSE_ERROR": {"reason": "header", "raw": "x"}}]),
        ("x", [{"ID": None, "PARSE_ERROR": {"reason": "header", "raw": "x"}}]),
        (line("EOE", 1), []),
        (line("ID", 1, "a=b"), [{"ID": ID.format(1), "ID_2": [{"a": "b"}]}]),
        (line("SYSCALL", 1, "arch=0xzz"), [{"ID": ID.format(1), "SYSCALL": {"arch": "0xzz", "ARGV": []}}]),
        (line("CWD", 1, "cwd=x", "n+"), [{"ID": ID.format(1), "NODE": "n%2b", "CWD": {"cwd": "x"}}]),
        (line("CWD", 1, "cwd=x"), [{"ID": ID.format(1), "CWD": {"cwd": "x"}}]),
        (line("CWD", 1, "cwd=x") + line("CWD", 1, "cwd=y") + line("EOE", 1), [
            {"ID": ID.format(1), "CWD": {"cwd": "x", "cwd_2": "y"}}]),
        (line("EXECVE", 1, 'argc=2 a0="a"\x1dX=y') + line("EXECVE", 1, 'a1="b"') + line("EOE", 1), [
            {"ID": ID.format(1), "EXECVE": {"argc": 2, "X": "y", "ARGV": ["a", "b"]}}]),
    ],
)  # fmt: skip
def test_odd_input(text, expected):
    assert [json.loads(output) for output in Subject().all(text)] == expected


def test_in_the_unicode_style_the_node_is_written_so_too():
    (output,) = Subject(strings="unicode").all(line("CWD", 1, "cwd=x", "g++\xff"))
    assert json.loads(output.encode("latin-1")) == {
        "ID": ID.format(1), "NODE": "g++\ufffd", "NODE_HEX": "672b2bff", "CWD": {"cwd": "x"}
    }  # fmt: skip


LONG = 1024


@pytest.mark.parametrize("size", [1, 100, 5000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (line("CWD", 1, "cwd=" + "x" * LONG) + line("EOE", 1), "CWD"),
        (line("DAEMON_START", 1, "op=" + "x" * LONG), "DAEMON_START"),
        ("x" * (LONG + 1), "PARSE_ERROR"),
    ],
)
def test_a_line_that_is_too_long_is_cut_and_shows_so(size, text, expected):
    subject = Subject(max_line_bytes=LONG)
    (output,) = subject.all(*[text[start : start + size] for start in range(0, len(text), size)])
    parsed = json.loads(output)
    assert parsed["SENSOR"] == {"notes": ["truncated_line"]}
    assert expected in parsed
    assert subject.stats.truncated == {"line": 1}


def test_a_line_as_long_as_allowed_is_whole():
    text = line("CWD", 1, "cwd=x")
    subject = Subject(max_line_bytes=LONG)
    (output,) = subject.all(text[:-1] + "x" * (LONG - len(text) + 1) + "\n" + line("EOE", 1))
    assert "SENSOR" not in json.loads(output)


def test_complete_lines_are_not_held_back_for_long():
    subject = Subject(settle=0.25)
    assert subject.feed("x\n" + line("CWD", 1), 10.0) == []
    assert subject.pipeline.tick(10.04) == []
    assert len(subject.pipeline.tick(10.05)) == 1
    assert subject.stats.inflight == 1


def test_what_is_held_back_is_bounded():
    subject = Subject(max_line_bytes=LONG)
    for serial in range(100):
        subject.feed(line("CWD", serial))
    assert subject.stats.lines > 70


def test_lines_of_the_sensors_own_go_out_with_the_next():
    subject = Subject()

    def own(number: int) -> str:
        subject.pipeline.notice(Notice(None, "", {}, {"OWN": number}))
        return f'{{"ID":null,"OWN":{number}}}'

    expected = own(1)
    assert subject.feed(event(1))[0] == expected
    expected = own(2)
    assert subject.pipeline.tick(0.0) == [expected]
    expected = own(3)
    assert subject.pipeline.close() == [expected]


# Stages.


def keep(event: Event) -> None:
    event.additions.append(Addition(top={"KEPT": 1}))


def drop_odd(event: Event) -> Verdict:
    return DROP if int(event.id[-1]) % 2 else KEEP


def log_all(event: Event) -> Verdict:
    return LOG


def fail(event: Event) -> None:
    raise ValueError(event.id)


def fail_otherwise(event: Event) -> None:
    raise KeyError(event.id)


@pytest.mark.parametrize("text", [event(1) + event(2), event(2) + event(1), event(1).replace("): ", "):") + event(2)])
def test_a_stage_can_drop_an_event(text):
    subject = Subject([drop_odd, keep])
    (output,) = subject.all(text)
    assert json.loads(output)["ID"] == ID.format(2)
    assert output.endswith(',"KEPT":1}')
    assert subject.stats.events == 1


@pytest.mark.parametrize("behind", [[], [keep], [fail], [keep, fail]])
def test_an_event_for_the_filter_log_is_never_in_the_other(behind):
    subject = Subject([log_all, *behind])
    lines = subject.pipeline.feed(event(1).encode(), 0.0)
    assert (list(lines), len(lines.filtered)) == ([], 1)
    assert (keep in behind) == ("KEPT" in lines.filtered[0])
    assert (fail in behind) == ("stage_failed" in lines.filtered[0])
    assert subject.stats.events == 0


def test_what_is_no_record_is_counted_by_its_reason():
    subject = Subject()
    subject.all("what is this\nnor this\n", "\0" * 20 + event(1) + "\0" * 20 + "\n")
    assert subject.stats.unparsed == {"header": 2, "zeros": 2}


def test_a_failure_beyond_every_border_gives_the_chunk_out_as_it_came():
    """Here that of who takes failures; what was fed before is counted once."""
    stats, failures = PipelineStats(), [None, ValueError("full"), None]

    def failed(part: str, error: Exception) -> None:
        failure = failures.pop(0)
        if failure is not None:
            raise failure

    pipeline = make_pipeline(stages=[fail], stats=stats, failed=failed)
    assert len(pipeline.feed(event(1).encode(), 0.0)) == 1
    before = stats.lines
    lines = pipeline.feed(event(2).encode(), 0.0)
    assert [json.loads(line)["PARSE_ERROR"]["raw"] for line in lines] == event(2).splitlines()
    assert stats.lines == before + len(event(2).splitlines())
    assert pipeline.close() == []


def test_what_cannot_be_parsed_is_given_out_apart_as_well():
    lines = Subject().pipeline.feed(b"what is this\n" + event(1).encode(), 0.0)
    assert (len(lines), lines.unparsed) == (2, lines[:1])


def test_stages_come_one_after_the_other():
    seen: list[str] = []

    def note(name: str) -> Stage:
        return lambda event: seen.append(name)

    Subject([note("a"), note("b")]).feed(event(1))
    assert seen == ["a", "b"]


def test_a_mistake_in_a_stage_costs_what_it_adds_and_not_the_event():
    subject = Subject([fail, keep, fail])
    (output,) = subject.feed(event(1))
    parsed = json.loads(output)
    assert (parsed["KEPT"], parsed["SENSOR"]) == (1, {"notes": ["stage_failed"]})
    assert (subject.stats.crashed, subject.stats.events) == (2, 1)
    assert subject.stats.stage_failures == {"fail": 2}
    assert [(part, repr(error)) for part, error in subject.failures] == [
        ("stage fail", f"ValueError('{ID.format(1)}')")
    ] * 2


def test_stages_that_decide_act_although_one_before_them_fails():
    subject = Subject([fail, drop_odd])
    assert ids(subject.feed(event(1) + event(2))) == [2]

    lines = Subject([fail, log_all]).pipeline.feed(event(1).encode(), 0.0)
    assert (list(lines), ids(lines.filtered)) == ([], [1])


def test_stages_behind_another_one_act_although_one_of_them_fails():
    subject = Subject([ExecOnly([fail, keep, fail_otherwise, keep]).stage, keep])
    (output,) = subject.all(line("SYSCALL", 1, SYSCALL) + line("EXECVE", 1, 'argc=1 a0="x"') + line("EOE", 1))
    assert output.count('"KEPT":1') == 3
    assert subject.stats.stage_failures == {"fail": 1, "fail_otherwise": 1}
    assert subject.stats.crashed == 1


def test_what_was_carried_over_is_not_glued_to_what_follows_a_failure():
    subject = Subject()
    subject.feed("type=CWD msg=aud", 0.0)
    subject.pipeline.end_line()
    subject.pipeline.end_line()
    raw = [json.loads(output)["PARSE_ERROR"]["raw"] for output in subject.all("type=CWD")]
    assert raw == ["type=CWD msg=aud", "type=CWD"]


@pytest.mark.parametrize("text", [line("USER_LOGIN", 1), line("SYSCALL", 1, SYSCALL), "type=CWD msg=aud"])
def test_it_is_known_that_something_waits_for_its_time(text):
    pipeline = Subject(settle=0.25, timeout=2.0).pipeline
    assert not pipeline.waits
    pipeline.feed(text.encode(), 0.0)
    assert pipeline.waits
    pipeline.tick(0.1)
    pipeline.tick(3.0)
    assert pipeline.waits == (not text.endswith("\n"))
    pipeline.feed(event(2).encode(), 3.0)
    assert not pipeline.waits


def test_stages_see_the_same_event_whichever_way_it_came():
    seen: list[tuple[object, ...]] = []

    def look(event: Event) -> None:
        assert event.records["SYSCALL"] == []
        seen.append((event.node, list(event.records), event.syscall.pid, event.records["CWD"][0].fields, event.notes))

    for text in (event(1), event(1).replace("EOE", "UNKNOWN[1320]")):
        Subject([look]).all(text)
    assert len(seen) == 2
    assert seen[0] == seen[1]
