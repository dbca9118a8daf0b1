"""From the source to an image: the same for the same recipe, with the maps and programs of the layout."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from sensor.errors import ProbeError
from sensor.probe import DEFAULTS, compiler, layout, loader
from tests.probe.loaded import obstacle

needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))


@needs_probe
def test_an_image_has_what_the_layout_names_and_is_the_same_again() -> None:
    recipe = loader.recipe_for(DEFAULTS)
    made = compiler.compile(recipe)
    assert set(made.maps) == set(layout.MAPS)
    assert set(made.programs) == {*layout.PROGRAMS, layout.ITERATOR}
    assert made.maps[layout.RING].entries == DEFAULTS.ring_size
    assert made.maps[layout.LIVE][1:4] == (4, layout.RECORD.size, DEFAULTS.processes)
    assert made.maps[layout.COUNTERS].value_size == layout.COUNTERS_SIZE
    assert {name for program in made.programs.values() for name in program.maps.values()} == set(layout.MAPS)
    assert (made.flags, made.iterator, made.compiler) == (recipe.flags, recipe.iterator, compiler.installed())
    assert compiler.compile(recipe) == made


@needs_probe
def test_without_an_iterator_there_is_no_program_for_one() -> None:
    made = compiler.compile(loader.recipe_for(DEFAULTS)._replace(iterator=0))
    assert set(made.programs) == set(layout.PROGRAMS)


@pytest.mark.parametrize(
    ("text", "version"),
    [('__version__ = "0.31.0"\n', "0.31.0"), ("__version__ = '0.26.0'", "0.26.0"), ("", "unknown"), (None, "unknown")],
)
def test_the_version_is_read_and_bcc_not_imported(text: str | None, version: str, tmp_path: Path) -> None:
    (tmp_path / "bcc").mkdir()
    (tmp_path / "bcc/__init__.py").write_text("raise SystemExit('imported')")
    if text is not None:
        (tmp_path / "bcc/version.py").write_text(text)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom sensor.probe import compiler\nprint(compiler.installed())"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=loader.SOURCE.parent)
    assert (result.stdout, result.stderr) == (f"{version}\n", "")


def test_where_there_is_no_bcc_it_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bcc", None)
    assert importlib.util.find_spec("bcc") is None
    assert compiler.installed() == ""
    with pytest.raises(ProbeError, match="python3-bpfcc"):
        compiler.compile(compiler.Recipe(loader.SOURCE, ()))
