"""Which line goes into which file."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from sensor.config import Config, Debug
from sensor.daemon.guard import Guard
from sensor.daemon.logs import Logs, open_output
from sensor.forms import Lines
from sensor.outputs import Options
from sensor.outputs.fifo import FifoOutput
from sensor.outputs.file import FileOutput
from sensor.outputs.program import ProgramOutput
from sensor.outputs.stdout import StdoutOutput
from sensor.outputs.unix import UnixOutput
from sensor.stats import DaemonStats, OutputStats
from tests.support.waiting import wait_for

GUARD = Guard(DaemonStats())

UNPARSED = '{"ID":null,"PARSE_ERROR":{"reason":"header","raw":"x"}}'


def files(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def lines(*texts, filtered=(), unparsed=()):
    made = Lines()
    made += texts
    made.filtered += filtered
    made.unparsed += unparsed
    return made


@pytest.mark.parametrize(
    ("file", "kind"),
    [("a", FileOutput), ("/a", FileOutput), ("-", StdoutOutput), ("| /p", ProgramOutput), ("unix:/s", UnixOutput)],
)
def test_the_name_shows_the_kind(file, kind, tmp_path):
    assert type(open_output(Options(file), str(tmp_path), OutputStats())) is kind


def test_a_fifo_that_is_there_is_a_stream(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert type(open_output(Options("fifo"), str(tmp_path), OutputStats())) is FifoOutput


def test_a_plain_configuration_has_one_file(tmp_path):
    stats = OutputStats()
    logs = Logs(Config(directory=str(tmp_path)), stats, OutputStats(), GUARD)
    logs.copy_input(b"type=")
    logs.write(lines("{1}", UNPARSED, unparsed=[UNPARSED]))
    logs.flush()
    logs.close()
    assert files(tmp_path) == {"audit.jsonl": f"{{1}}\n{UNPARSED}\n"}
    assert stats.lines == 2


def test_filtered_events_get_a_file_when_there_is_one(tmp_path):
    stats = OutputStats()
    logs = Logs(Config(directory=str(tmp_path)), stats, OutputStats(), GUARD)
    logs.write(lines("{1}", filtered=["{2}"]))
    logs.close()
    assert files(tmp_path) == {"audit.jsonl": "{1}\n", "filtered.jsonl": "{2}\n"}
    assert stats.lines == 1


def test_input_and_what_is_not_understood_are_copied_on_request(tmp_path):
    debug = Debug(inputlog=Options("in"), parse_error_log=Options("errors"))
    logs = Logs(Config(directory=str(tmp_path), debug=debug), OutputStats(), OutputStats(), GUARD)
    for chunk in (b"one\ntw", b"o", b"\n\xc3\xa4\nlast"):
        logs.copy_input(chunk)
    logs.write(lines("{1}", UNPARSED, unparsed=[UNPARSED]))
    logs.close()
    assert files(tmp_path) == {
        "audit.jsonl": f"{{1}}\n{UNPARSED}\n",
        "errors": f"{UNPARSED}\n",
        "in": "one\ntwo\nä\nlast\n",
    }


def test_reopen_reaches_all(tmp_path):
    logs = Logs(Config(directory=str(tmp_path)), OutputStats(), OutputStats(), GUARD)
    logs.write(lines("{1}", filtered=["{2}"]))
    for name in ("audit.jsonl", "filtered.jsonl"):
        (tmp_path / name).rename(tmp_path / f"{name}.old")
    logs.reopen()
    logs.write(lines("{3}", filtered=["{4}"]))
    logs.close()
    found = files(tmp_path)
    assert (found["audit.jsonl"], found["filtered.jsonl"]) == ("{3}\n", "{4}\n")


def config_for(folder, **sections) -> Config:
    return replace(Config(directory=str(folder)), **sections)


@pytest.mark.parametrize("kind", ["another directory", "another name", "another size", "a program"])
def test_another_configuration_gets_what_was_not_written(kind, tmp_path):
    gone, there = tmp_path / "gone", tmp_path / "there"
    there.mkdir()
    stats, filtered = OutputStats(), OutputStats()
    debug = Debug(inputlog=Options("in"), parse_error_log=Options("errors"))
    old = Logs(config_for(gone, debug=debug), stats, filtered, GUARD)
    old.copy_input(b"one\ntw")
    old.write(lines("{1}", UNPARSED, filtered=["{2}"], unparsed=[UNPARSED]))
    auditlog = Options()
    if kind == "another name":
        auditlog = Options("other.jsonl")
    elif kind == "another size":
        auditlog = Options(size=1 << 16)
    elif kind == "a program":
        auditlog = Options(f"| /usr/bin/tee {there}/audit.jsonl")
    new = Logs(
        config_for(gone if kind == "another size" else there, debug=debug, auditlog=auditlog), stats, filtered, GUARD
    )
    new.take_over(old)
    new.copy_input(b"o\n")
    new.write(lines("{3}"))
    if kind == "another size":
        there.rmdir()
        gone.mkdir()
        there = gone
    new.close()
    expected = {
        auditlog.file if kind == "another name" else "audit.jsonl": f"{{1}}\n{UNPARSED}\n{{3}}\n",
        "filtered.jsonl": "{2}\n",
        "errors": f"{UNPARSED}\n",
        "in": "one\ntwo\n",
    }
    wait_for(lambda: files(there) == expected)
    assert (stats.lines, stats.lost_lines, filtered.lines, filtered.lost_lines) == (3, {}, 1, {})


def test_of_a_line_half_written_the_next_log_has_all(tmp_path):
    """To a FIFO, which takes a part; the file it leaves behind has no half line."""
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    stats = OutputStats()
    old = Logs(config_for(tmp_path, auditlog=Options("fifo", buffer=1 << 20)), stats, OutputStats(), GUARD)
    texts = [f"{number:0999}" for number in range(100)]
    old.write(lines(*texts))
    got = os.read(reader, 1 << 20)
    os.close(reader)
    new = Logs(config_for(tmp_path), stats, OutputStats(), GUARD)
    new.take_over(old)
    new.close()
    whole = got[: got.rfind(b"\n") + 1]
    assert whole.decode() + (tmp_path / "audit.jsonl").read_text() == "".join([f"{text}\n" for text in texts])
    assert (stats.lines, stats.lost_lines) == (100, {})


def test_what_a_smaller_buffer_cannot_take_is_lost_and_counted(tmp_path):
    stats = OutputStats()
    old = Logs(config_for(tmp_path / "gone"), stats, OutputStats(), GUARD)
    old.write(lines(*["x" * 999] * 100))
    new = Logs(config_for(tmp_path / "gone", auditlog=Options(buffer=65536)), stats, OutputStats(), GUARD)
    new.take_over(old)
    new.close()
    assert sum(stats.lost_lines.values()) == 100


def test_an_output_that_fails_costs_no_other(tmp_path, caplog):
    stats = OutputStats()
    logs = Logs(
        config_for(tmp_path, auditlog=Options("a\0b")), stats, OutputStats(), GUARD
    )  # no name that open() takes
    logs.write(lines("{1}", filtered=["{2}"]))
    logs.flush()
    logs.reopen()
    logs.close()
    assert files(tmp_path) == {"filtered.jsonl": "{2}\n"}
    assert "a mistake in the sensor (ValueError at outputs/file.py" in caplog.text
    assert sum(stats.lost_lines.values()) == 1
