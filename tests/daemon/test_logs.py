"""Which line goes into which file."""

from __future__ import annotations

import pytest

from sensor.config import Config, Debug
from sensor.daemon.logs import Logs, open_output
from sensor.outputs import Options
from sensor.outputs.file import FileOutput
from sensor.outputs.program import ProgramOutput
from sensor.outputs.stdout import StdoutOutput
from sensor.outputs.unix import UnixOutput
from sensor.stats import OutputStats

UNPARSED = '{"ID":null,"PARSE_ERROR":{"reason":"header","raw":"x"}}'


def files(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize(
    ("file", "kind"),
    [("a", FileOutput), ("/a", FileOutput), ("-", StdoutOutput), ("| /p", ProgramOutput), ("unix:/s", UnixOutput)],
)
def test_the_name_tells_the_kind(file, kind, tmp_path):
    assert type(open_output(Options(file), str(tmp_path), OutputStats())) is kind


def test_a_plain_configuration_has_one_file(tmp_path):
    stats = OutputStats()
    logs = Logs(Config(directory=str(tmp_path)), stats)
    logs.copy_input(b"type=")
    logs.write(["{1}", UNPARSED], [])
    logs.flush()
    logs.close()
    assert files(tmp_path) == {"audit.jsonl": f"{{1}}\n{UNPARSED}\n"}
    assert stats.lines == 2


def test_filtered_events_get_a_file_when_there_is_one(tmp_path):
    stats = OutputStats()
    logs = Logs(Config(directory=str(tmp_path)), stats)
    logs.write(["{1}"], ["{2}"])
    logs.close()
    assert files(tmp_path) == {"audit.jsonl": "{1}\n", "filtered.jsonl": "{2}\n"}
    assert stats.lines == 1


def test_input_and_what_is_not_understood_are_copied_on_request(tmp_path):
    debug = Debug(inputlog=Options("in"), parse_error_log=Options("errors"))
    logs = Logs(Config(directory=str(tmp_path), debug=debug), OutputStats())
    for chunk in (b"one\ntw", b"o", b"\n\xc3\xa4\nlast"):
        logs.copy_input(chunk)
    logs.write(["{1}", UNPARSED], [])
    logs.close()
    assert files(tmp_path) == {
        "audit.jsonl": f"{{1}}\n{UNPARSED}\n",
        "errors": f"{UNPARSED}\n",
        "in": "one\ntwo\nä\nlast\n",
    }


def test_reopen_reaches_all(tmp_path):
    logs = Logs(Config(directory=str(tmp_path)), OutputStats())
    logs.write(["{1}"], ["{2}"])
    for name in ("audit.jsonl", "filtered.jsonl"):
        (tmp_path / name).rename(tmp_path / f"{name}.old")
    logs.reopen()
    logs.write(["{3}"], ["{4}"])
    logs.close()
    found = files(tmp_path)
    assert (found["audit.jsonl"], found["filtered.jsonl"]) == ("{3}\n", "{4}\n")
