"""What is compiled: the path of every event, and the same source runs where nothing fits the interpreter."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def setup(monkeypatch):
    """setup.py as a module, in the checkout."""
    monkeypatch.chdir(ROOT)
    spec = importlib.util.spec_from_file_location("host_sensor_setup", ROOT / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_path_of_every_event_is_compiled(setup):
    modules = set(setup.modules_to_compile())
    expected = {
        "audit/blocks",
        "audit/numbers",
        "pipeline/__init__",
        "forms/laurel",
        "process/table",
        "stages/identity",
    }
    assert {f"sensor/{name}.py" for name in expected} <= modules


def test_what_is_read_by_its_annotations_is_not(setup):
    modules = set(setup.modules_to_compile())
    assert modules.isdisjoint(setup.INTERPRETED)
    assert "sensor/stages/options.py" not in modules
    assert all(Path(ROOT, path).exists() for path in setup.INTERPRETED)


@pytest.mark.slow
def test_the_compiled_sensor_passes_the_same_tests():
    """Compile, and run the tests of what is compiled with the binaries: `make test-compiled`."""
    if shutil.which("gcc") is None or not Path(sysconfig.get_paths()["include"], "Python.h").exists():
        pytest.skip("needs gcc and the headers of Python")
    pytest.importorskip("mypyc", reason="needs mypyc")
    if Path("build/compiled").resolve() in ROOT.parents or ROOT.name == "compiled":
        pytest.skip("this is the compiled sensor")
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        ["make", "--no-print-directory", "test-compiled", f"VENV={Path(sys.prefix)}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert "failed" not in done.stdout.splitlines()[-1]
