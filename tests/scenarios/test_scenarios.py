"""Scripts of whole streams: each `NAME.txt` beside this file says what is fed, when, and what must come out.

    # what it is about
    set max_events=2 timeout=2          options other than the defaults, first of all
    @ 1.5                               time passes until 1.5 s; it begins at 0
    > 7 SYSCALL pid=48                  a record of event 7; `> web01/7 …` of a node, `> 7@-60 …` stamped 60 s earlier
    > 7 EOE
    >> any text                         a line as it stands; `x*2000` in it is 2000 times x
    = 7 SYSCALL PATH*2 CWD [late]       a line of output: its event, records by type, notes
    = {"ID":null,…}                     the same, in full
    stop                                end of input
    restart                             another sensor takes over
    reload                              a pipeline of another configuration continues
    ! late=1 truncated.events=1         counters, at the end

What came out since the last `=` must be named, all of it and in order. Each script is played in several chunkings and
to the reference; after what is fed at one time a tick follows, a tenth of a second later, as in the daemon.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sensor.audit.options import CoalesceOptions, TransformOptions
from sensor.stats import PipelineStats
from tests.support.pipelines import make_pipeline
from tests.support.reference import Reference

SCRIPTS = sorted(Path(__file__).parent.glob("*.txt"))
STAMP = 1_700_000_000
RECORD = re.compile(r"(?:(\S+)/)?(\d+)(?:@(-?\d+))? (\S+) ?(.*)")
REPEAT = re.compile(r"([a-z])\*(\d+)")


def repeated(text: str) -> str:
    return REPEAT.sub(lambda found: found.group(1) * int(found.group(2)), text)


def fed(command: str, text: str) -> str:
    """The line of audit text that a `>` or `>>` stands for."""
    if command == ">>":
        return text
    found = RECORD.fullmatch(text)
    assert found is not None, f"no record: {text}"
    node, serial, shift, type, body = found.groups(default="")
    return f"{node and f'node={node} '}type={type} msg=audit({STAMP + int(shift or 0)}.001:{serial}): {body}"


def short(line: str) -> str:
    """A line of output as a script writes it."""
    event = json.loads(line.encode("latin-1"))
    if event["ID"] is None:
        return line
    stamp, _, serial = event["ID"].partition(":")
    shift = int(stamp[:-4]) - STAMP
    node = f"{event['NODE']}/" if "NODE" in event else ""
    records = [
        f"{name}*{len(value)}" if isinstance(value, list) and len(value) > 1 else name
        for name, value in event.items()
        if name not in ("ID", "NODE", "SENSOR")
    ]
    notes = event.get("SENSOR", {}).get("notes", [])
    return " ".join(
        [f"{node}{serial}{f'@{shift}' if shift else ''}", *records, *([f"[{' '.join(notes)}]"] * bool(notes))]
    )


class Stage:
    """Plays one script to one implementation."""

    def __init__(self, chunk: int) -> None:
        self.chunk = chunk
        self.options = CoalesceOptions()
        self.stats = PipelineStats()
        self.now = 0.0
        self.text = ""
        self.output: list[str] = []
        self.sensor = self.start()

    def start(self) -> Any:
        if not self.chunk:
            return Reference(self.options, TransformOptions())
        return make_pipeline(coalesce=self.options, stats=self.stats, entries=64)

    def settle(self) -> None:
        """Feed what was gathered; a moment later comes a tick."""
        data, self.text = self.text.encode("latin-1"), ""
        size = self.chunk or len(data) or 1
        for start in range(0, len(data), size):
            self.output += self.sensor.feed(data[start : start + size], self.now)
        self.output += self.sensor.tick(self.now + 0.1)

    def expect(self, wanted: str) -> None:
        if self.text:
            self.settle()
        assert self.output, f"nothing came out, expected {wanted}"
        line = self.output.pop(0)
        assert (line if wanted.startswith("{") else short(line)) == repeated(wanted)

    def play(self, command: str, rest: str) -> None:
        if command in (">", ">>"):
            assert self.output == [], "there is more output than was expected"
            self.text += fed(command, repeated(rest)) + "\n"
        elif command == "=":
            self.expect(rest)
        elif command == "!":
            self.count(rest)
        else:
            self.settle()
            assert [short(line) for line in self.output] == []
            self.other(command, rest)

    def other(self, command: str, rest: str) -> None:
        if command == "@":
            self.now = float(rest)
            self.output += self.sensor.tick(self.now)
        elif command == "set":
            values = dict(setting.split("=") for setting in rest.split())
            types = {name: type(getattr(self.options, name)) for name in values}
            self.options = CoalesceOptions(**{name: types[name](value) for name, value in values.items()})
            self.sensor = self.start()
        elif command == "stop":
            self.output += self.sensor.close()
        elif command == "restart":
            self.sensor = self.start()
        elif command == "reload":
            before, self.sensor = self.sensor, self.start() if self.chunk else self.sensor
            if self.chunk:
                self.sensor.continue_from(before)
        else:
            raise AssertionError(f"no command: {command}")

    def count(self, rest: str) -> None:
        for name, wanted in (counter.split("=") for counter in rest.split()):
            first, _, reason = name.partition(".")
            value = getattr(self.stats, first)
            assert not self.chunk or str(value.get(reason, 0) if reason else value) == wanted, f"{name} is {value}"


@pytest.mark.parametrize("chunk", [1 << 20, 100, 7, 1, 0], ids=["whole", "100", "7", "1", "reference"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_stream_goes_as_its_script_shows(script, chunk):
    stage = Stage(chunk)
    for number, line in enumerate(script.read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        command, _, rest = line.partition(" ")
        try:
            stage.play(command, rest.strip())
        except AssertionError as error:
            raise AssertionError(f"{script.name}:{number}: {line}\n{error}") from error
    stage.settle()
    assert [short(line) for line in stage.output] == []


def test_there_are_scripts():
    assert len(SCRIPTS) >= 12
