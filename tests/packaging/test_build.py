"""Package builds: with the distribution's tools alone, the same bytes anywhere, and what lintian and rpmlint say."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.root import HERE, REPOSITORY, TOOLS, Root, need

LINTIAN = ("lintian", "--pedantic", "--fail-on=error,warning,info,pedantic")

pytestmark = [pytest.mark.slow]


@pytest.mark.parametrize("kind", ["deb", "rpm"])
def test_a_build_gives_the_same_bytes_anywhere(kind, built, tmp_path):
    """From another folder, at another time, in another time zone, with another umask and files of another age."""
    copy = tmp_path / "copy of the tree"
    ignored = shutil.ignore_patterns(".*", "cache", "dist", "data", "*.egg-info", "__pycache__")
    shutil.copytree(REPOSITORY, copy, ignore=ignored, copy_function=shutil.copyfile)
    for path in copy.rglob("*"):
        path.chmod(0o700 if path.is_dir() or os.access(REPOSITORY / path.relative_to(copy), os.X_OK) else 0o600)
    environment = {**os.environ, "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = ["sh", "-c", 'umask 077; exec "$0" "$1"', f"{copy}/packaging/build-{kind}", tmp_path]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    (made,) = tmp_path.glob(f"*.{kind}")
    assert hashlib.sha256(made.read_bytes()).hexdigest() == hashlib.sha256(built(kind).read_bytes()).hexdigest()


@pytest.mark.root
@pytest.mark.parametrize("kind", ["deb", "rpm"])
def test_a_build_needs_no_environment_and_no_network(kind, tmp_path):
    command = ["unshare", "--net", "make", kind, "PYTHON=/usr/bin/python3", "VENV=/nonexistent"]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert not Path("/nonexistent").exists()


@pytest.mark.parametrize(
    ("kind", "says"),
    [("deb", "build-deb: apt-get install build-essential debhelper"), ("rpm", "build-rpm: rpmbuild is missing")],
)
def test_what_a_build_lacks_is_named(kind, says, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "sed", "cat"):
        (tools / name).symlink_to(shutil.which(name))
    command = [REPOSITORY / f"packaging/build-{kind}", tmp_path]
    result = subprocess.run(command, capture_output=True, text=True, env={"PATH": str(tools)})
    assert result.returncode == 1
    assert says in result.stderr


def lint(package: Path) -> str:
    """What lintian finds. That of Debian 12 misses an init script; auditd starts the sensor under any init."""
    need("lintian")
    known = ["--suppress-tags", "package-supports-alternative-init-but-no-init.d-script"] if HERE == "bookworm" else []
    result = subprocess.run([*LINTIAN, *known, package], capture_output=True, text=True)
    return result.stdout + (result.stderr if result.returncode else "")


def test_lintian_finds_nothing(built):
    assert lint(built("deb")) == ""


@pytest.mark.root
def test_on_debian_13_the_build_gives_the_same_package_and_lintian_finds_nothing(built, tmp_path):
    root = Root(tmp_path / "layers", "trixie", TOOLS)
    try:
        shutil.copytree(REPOSITORY / "packaging", root.folder / "tree/packaging")
        for name in ("sensor", "bpf", "grafana", "tests/oracle"):
            shutil.copytree(
                REPOSITORY / name, root.folder / "tree" / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        for name in ("LICENSE", "README.md", "SECURITY.md", "CHANGELOG.md"):
            shutil.copy(REPOSITORY / name, root.folder / "tree")
        root.run("/tree/packaging/build-deb", "/built")
        (made,) = (root.folder / "built").glob("*.deb")
        for package in (root.put(built("deb")), f"/built/{made.name}"):
            found = root.try_(*LINTIAN, package)
            assert (found.returncode, found.stdout) == (0, ""), found.stdout + found.stderr
    finally:
        root.close()


def test_rpmlint_finds_nothing(built):
    need("rpmlint")
    spec = REPOSITORY / "packaging/rpm/host-sensor.spec"
    command = ["rpmlint", "--config", REPOSITORY / "packaging/rpm/rpmlint.toml", built("rpm"), spec]
    result = subprocess.run(command, capture_output=True, text=True)
    assert "0 errors, 0 warnings" in result.stdout, result.stdout + result.stderr
