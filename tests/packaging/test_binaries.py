"""Binaries for the packages: those of the very source that is packaged, and no others."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "cpython-399-riscv64-linux-gnu.so"


@pytest.fixture
def checkout(tmp_path):
    """Some of a checkout, and what `make compiled` leaves in it."""
    (tmp_path / "packaging").mkdir()
    shutil.copy(ROOT / "packaging" / "binaries", tmp_path / "packaging")
    for folder in (tmp_path / "sensor", tmp_path / "build" / "compiled" / "sensor"):
        (folder / "audit").mkdir(parents=True)
        (folder / "audit" / "event.py").write_text("A = 1\n")
    (tmp_path / "build" / "compiled" / f"host_sensor__mypyc.{NAME}").write_bytes(b"library")
    (tmp_path / "build" / "compiled" / "sensor" / "audit" / f"event.{NAME}").write_bytes(b"module")
    return tmp_path


def binaries(checkout: Path) -> tuple[int, str]:
    done = subprocess.run([checkout / "packaging" / "binaries", checkout / "taken"], capture_output=True, text=True)
    return done.returncode, done.stderr


def test_binaries_of_this_source_are_taken(checkout):
    assert binaries(checkout) == (0, "")
    taken = sorted(str(path.relative_to(checkout / "taken")) for path in (checkout / "taken").rglob("*.so"))
    assert taken == [f"host_sensor__mypyc.{NAME}", f"sensor/audit/event.{NAME}"]
    assert (checkout / "taken" / taken[1]).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("change", ["changed", "added"])
def test_binaries_of_another_source_are_not(checkout, change):
    (checkout / "sensor" / "audit" / ("event.py" if change == "changed" else "new.py")).write_text("A = 2\n")
    code, message = binaries(checkout)
    assert code == 1
    assert "of another source" in message
    assert not (checkout / "taken").exists()


@pytest.mark.parametrize("left", ["event", "nothing"])
def test_what_a_compilation_left_that_failed_is_not_taken(checkout, left):
    (checkout / "build/compiled" / f"host_sensor__mypyc.{NAME}").unlink()
    if left == "nothing":
        (checkout / "build/compiled/sensor/audit" / f"event.{NAME}").unlink()
    code, message = binaries(checkout)
    assert (code, "has no library" in message) == (1, True)
    assert not (checkout / "taken").exists()


def compile_with(checkout: Path, python: str, **environment: str) -> tuple[int, str]:
    shutil.copy(ROOT / "packaging" / "compile", checkout / "packaging")
    command, path = [checkout / "packaging/compile", python], {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, capture_output=True, text=True, env={**path, **environment})
    return done.returncode, done.stderr


def fake_python(folder: Path, modules: bool, headers: bool) -> str:
    """An interpreter that has some of what a compilation needs, and fails to compile."""
    (folder / "include").mkdir()
    if headers:
        (folder / "include/Python.h").touch()
    answers = (
        f'*mypyc*) exit {int(not modules)} ;; *sysconfig*) echo {folder}/include ;; *) echo "cannot" >&2; exit 9 ;;'
    )
    (folder / "python").write_text(f'#!/bin/sh\ncase "$*" in {answers} esac\n')
    (folder / "python").chmod(0o755)
    return str(folder / "python")


@pytest.mark.parametrize(
    ("modules", "headers", "compiler", "message"),
    [
        (False, True, "/bin/true", "no mypy or no setuptools: make venv"),
        (True, False, "/bin/true", "apt-get install build-essential python3-dev"),
        (True, True, "no-such-compiler", "apt-get install build-essential python3-dev"),
    ],
)
def test_what_a_compilation_lacks_is_named(modules, headers, compiler, message, checkout):
    code, shown = compile_with(checkout, fake_python(checkout, modules, headers), CC=compiler)
    assert code == 1
    assert message in shown
    assert (checkout / "build/compiled").exists()


def test_an_interpreter_that_is_not_there_is_named(checkout):
    assert compile_with(checkout, "no-such-python") == (1, "compile: there is no no-such-python\n")


def test_a_compilation_that_fails_leaves_nothing_to_take(checkout):
    for name in (".ci", "bpf", "grafana", "tests"):
        (checkout / name).mkdir()
    files = "CHANGELOG.md CONTRIBUTING.md LICENSE MANIFEST.in Makefile README.md pyproject.toml setup.py"
    for name in files.split():
        (checkout / name).touch()
    code, message = compile_with(checkout, fake_python(checkout, True, True), CC="/bin/true")
    assert (code, message) == (9, "cannot\n")
    assert binaries(checkout) == (1, "")


def test_without_any_there_are_none(checkout):
    shutil.rmtree(checkout / "build")
    assert binaries(checkout) == (1, "")
