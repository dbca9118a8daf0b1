"""The Debian package with binaries: it installs, what is installed runs from them, and lintian finds nothing."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.packages import Deb
from tests.packaging.root import HERE, REPOSITORY, Root, need
from tests.packaging.test_build import lint
from tests.packaging.test_packages import FEED

LIBRARY = "usr/lib/host-sensor/*__mypyc.*.so"
IS_COMPILED = "import sys; sys.path.insert(0, '/usr/lib/host-sensor'); import sensor.pipeline as it; print(it.__file__)"

pytestmark = [pytest.mark.slow, pytest.mark.root]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no other test meets the binaries; those of `make compiled` are taken if they fit."""
    if importlib.util.find_spec("mypyc") is None:
        pytest.skip("needs mypyc: make venv")
    need("dpkg-buildpackage", "gcc")
    folder = tmp_path_factory.mktemp("compiled")
    tree = folder / "tree"
    kept = shutil.ignore_patterns("__pycache__", "cache", ".git", ".venv*", ".*_cache", ".hypothesis", "dist")
    shutil.copytree(REPOSITORY, tree, ignore=kept)
    if subprocess.run([tree / "packaging/binaries", folder / "fit"], capture_output=True).returncode:
        subprocess.run([tree / "packaging/compile", sys.executable], check=True, capture_output=True)
    subprocess.run([tree / "packaging/build-deb", folder], check=True, capture_output=True)
    (made,) = folder.glob("*.deb")
    return made


@pytest.fixture(scope="module")
def installed(package, tmp_path_factory):
    root = Root(tmp_path_factory.mktemp("root"), HERE)
    try:
        deb = Deb(root, package, tmp_path_factory.mktemp("shim"))
        deb.install()
        yield deb
    finally:
        root.close()


def test_what_is_installed_runs_compiled(installed):
    root = installed.root
    assert re.search(r"/pipeline/__init__\.cpython-\S+\.so$", root.run("python3", "-c", IS_COMPILED).strip())
    assert "no mistakes" in root.run("host-sensor", "check")
    found = json.loads(root.try_("host-sensor", "doctor", "--json", "--no-test-event").stdout)
    assert [one["level"] for one in found if one["name"] == "package.compiled"] == ["ok"]


def test_it_converts_as_the_source_does(installed):
    command = [sys.executable, "-m", "sensor", "convert"]
    source = subprocess.run(command, input=FEED, cwd=REPOSITORY, capture_output=True, text=True)
    assert '"ARGV":["id","-u"]' in source.stdout
    assert installed.root.run("host-sensor", "convert", input=FEED) == source.stdout


def test_it_is_for_this_architecture_and_its_c_library(package):
    fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
    here = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout
    assert f"Architecture: {here}" in fields
    assert re.search(r"(?m)^Depends: .*libc6 \(>= ", fields)


def test_its_library_is_hardened(installed):
    """All symbols are bound at the start and read-only then; nothing names the folder that it was built in."""
    (library,) = installed.root.folder.glob(LIBRARY)
    dynamic = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    assert "BIND_NOW" in dynamic
    assert "PATH)" not in dynamic
    symbols = subprocess.run(["nm", "-D", library], capture_output=True, text=True, check=True).stdout
    assert "_chk@" in symbols


def test_lintian_finds_nothing(package):
    assert lint(package) == ""


def test_a_removal_takes_the_binaries(installed):
    """The last of this file, for it removes what the others use."""
    installed.root.run("dpkg", "--purge", "host-sensor")
    assert not (installed.root.folder / "usr/lib/host-sensor").exists()
