"""The local log on a host whose clock is set."""

from __future__ import annotations

from sensor.outputs import Options
from sensor.outputs.file import FileOutput
from sensor.stats import OutputStats
from tests.support.clocks import Clock


def test_rotation_by_age_goes_on(tmp_path):
    """Ahead by ten years, and back: files begin by the clock as it stands, and none because it was set back."""
    clock = Clock()
    begun = clock.now
    output = FileOutput(str(tmp_path / "log"), Options(age=100), OutputStats(), lambda message: None, clock)
    for moment in (0, 315_360_000, 50, 99, 100):
        clock.now = begun + moment
        output.flush()
        output.write([str(moment)])
    output.close()
    files = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert files == {"log": "100\n", "log.1": "315360000\n50\n99\n", "log.2": "0\n"}
