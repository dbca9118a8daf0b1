"""Lines to standard output."""

from __future__ import annotations

from sensor.outputs import Options
from sensor.outputs.stdout import StdoutOutput
from sensor.stats import OutputStats


def test_lines_come_out(capfd):
    output = StdoutOutput(Options(file="-", line_prefix="> "), OutputStats(), lambda message: None)
    output.write(["{1}", "{2}"])
    output.close()
    assert capfd.readouterr().out == "> {1}\n> {2}\n"
