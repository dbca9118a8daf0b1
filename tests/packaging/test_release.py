"""A release: everything of one version, the same bytes from its own source distribution, a bill that validates."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from sensor import __version__
from tests.packaging.root import REPOSITORY, need

pytestmark = [pytest.mark.slow]

NAMES = (
    f"host-sensor-{__version__}-1.noarch.rpm",
    f"host-sensor-{__version__}.cdx.json",
    f"host-sensor_{__version__}-1_all.deb",
    f"host_sensor-{__version__}-py3-none-any.whl",
    f"host_sensor-{__version__}.tar.gz",
)


def build(tree: Path, folder: Path, **environment: str) -> Path:
    """Make a release of a tree in a folder."""
    command = [
        "sh",
        "-c",
        f'umask {environment.pop("umask", "022")}; exec "$0" "$1"',
        tree / "packaging/release",
        folder,
    ]
    made = {**os.environ, "PYTHON": sys.executable, **environment}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=made)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("cyclonedx", reason="cyclonedx-python-lib is not installed")
    need("dpkg-buildpackage", "rpmbuild")
    return build(REPOSITORY, tmp_path_factory.mktemp("release") / "made")


def sums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_release_is_complete_and_its_checksums_are_right(release: Path) -> None:
    assert sorted(path.name for path in release.iterdir()) == sorted([*NAMES, "SHA256SUMS"])
    written = dict(line.split("  ")[::-1] for line in (release / "SHA256SUMS").read_text().splitlines())
    assert written == {name: digest for name, digest in sums(release).items() if name != "SHA256SUMS"}


def test_its_own_source_distribution_gives_the_same_bytes(release: Path, tmp_path: Path) -> None:
    """In another folder, time zone and language, with another umask, without git."""
    with tarfile.open(release / f"host_sensor-{__version__}.tar.gz") as archive:
        archive.extractall(tmp_path)
    tree = tmp_path / f"host_sensor-{__version__}"
    again = build(
        tree, tmp_path / "again", umask="077", TZ="Asia/Tokyo", LC_ALL="C", GIT_CEILING_DIRECTORIES=str(tmp_path)
    )
    assert sums(again) == sums(release)


def test_one_version_everywhere(release: Path) -> None:
    with zipfile.ZipFile(release / f"host_sensor-{__version__}-py3-none-any.whl") as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
        assert f"\nVersion: {__version__}\n" in wheel.read(name).decode()
    query = ["dpkg-deb", "--field", str(release / f"host-sensor_{__version__}-1_all.deb"), "Version"]
    assert subprocess.run(query, capture_output=True, text=True, check=True).stdout == f"{__version__}-1\n"
    query = ["rpm", "-qp", "--nosignature", "--qf", "%{VERSION}-%{RELEASE}", str(release / NAMES[0])]
    assert subprocess.run(query, capture_output=True, text=True, check=True).stdout == f"{__version__}-1"
    assert json.loads((release / NAMES[1]).read_text())["metadata"]["component"]["version"] == __version__


def test_the_bill_of_materials_validates_and_names_every_file_and_need(release: Path) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = (release / NAMES[1]).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    named = {part["name"]: part for part in bill["components"]}
    for name, digest in sums(release).items():
        if name in NAMES and not name.endswith(".cdx.json"):
            assert named[name]["hashes"] == [{"alg": "SHA-256", "content": digest}]
    pyproject = (REPOSITORY / "pyproject.toml").read_text()
    (dependencies,) = re.findall(r"(?ms)^dependencies = \[(.*?)^\]", pyproject)
    needed = {"auditd", "python3", *re.findall(r'(?m)^    "([\w-]+)', dependencies)}
    assert {"prometheus-client", "psutil", "pyyaml"} < needed
    assert {name for name, part in named.items() if part.get("scope") == "required"} == needed
    optional = {name for name, part in named.items() if part.get("scope") == "optional"}
    assert {"confluent-kafka", "redis", "urllib3", "zstandard", "tomli", "python3-bpfcc"} <= optional
    assert bill["metadata"]["component"]["licenses"] == [{"expression": "Apache-2.0 AND (GPL-2.0-only OR Apache-2.0)"}]


def test_nothing_names_who_built_it_and_where(release: Path) -> None:
    with tarfile.open(release / f"host_sensor-{__version__}.tar.gz") as archive:
        members = archive.getmembers()
    assert {(one.uid, one.gid, one.uname, one.gname) for one in members} == {(0, 0, "", "")}
    assert len({one.mtime for one in members}) == 1
    assert {oct(one.mode) for one in members} <= {"0o755", "0o644"}


def test_the_version_in_every_text() -> None:
    """Whatever names a version names this one; the changelog's newest entry is it, or what is not released yet."""
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    released = [heading for heading in headings if heading != "Unreleased"]
    assert headings
    assert not released or re.match(rf"\[?{re.escape(__version__)}\b", released[0])
    for name in ("minimal", "recommended"):
        text = (REPOSITORY / f"packaging/rules/{name}.rules").read_text()
        assert text.startswith(f"## The {name} audit rules of host-sensor {__version__};")
