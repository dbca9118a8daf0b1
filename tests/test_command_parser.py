"""What is wrong with a command line is reported, and nothing in it is obeyed."""

from __future__ import annotations

import pytest

from sensor.cli import main
from sensor.command_parser import CommandParser

NAMES = ["a\x1b[2J", "a\u202eb", "a\x9b31m", "a\u2028b", "a\x7f", "a\rb", "\udc80"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("command", [["run"], ["options"], ["guid", "1", "--no"], ["show", "x", "--last"], []])
def test_an_argument_reaches_no_terminal_as_a_command(
    command: list[str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for argument in (name, f"--{name}"):
        with pytest.raises(SystemExit) as exit:
            main([*command, argument, argument])
        assert exit.value.code == 2
        output = capsys.readouterr()
        assert "error: " in output.err
        assert (output.out + output.err).replace("\n", "").isprintable()


def test_a_plain_complaint_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    parser = CommandParser(prog="p", usage="p")
    with pytest.raises(SystemExit):
        parser.parse_args(["ä", "--x"])
    assert capsys.readouterr().err == "usage: p\np: error: unrecognized arguments: ä --x\n"
