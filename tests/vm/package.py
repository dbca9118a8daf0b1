"""The Debian package as it is shipped to a release: built there, with binaries for the release's Python.

    package("trixie")    compiled by Debian 13's own mypy, in a clean root, as nothing here is of that release
    package("bookworm")  on Debian 12 with what `make compiled` left: the mypy of that release is too old

Each is built once for a source and kept beside the images, for a compilation takes minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import zlib
from pathlib import Path

from tests.packaging.root import ENVIRONMENT, HERE, REPOSITORY, Root
from tests.vm.machine import IMAGES

TOOLS = "build-essential,debhelper,dh-python,mypy,python3-dev,python3-setuptools,python3-yaml"
# What packaging/source and packaging/compile take.
SOURCE = (
    *("LICENSE", "README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "MANIFEST.in", "Makefile", ".ci"),
    *("pyproject.toml", "setup.py", "sensor", "bpf", "grafana", "packaging", "tests"),
)
LONGEST = 1800.0

# $0 is the root, $1 the repository, the rest what is copied of it.
BUILD = """
set -e
root=$0 repository=$1; shift
mkdir -p "$root/root/tree"
tar -C "$repository" -c --exclude=__pycache__ "$@" | tar -C "$root/root/tree" -x
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec chroot "$root" /bin/sh -c 'cd /root/tree; packaging/compile /usr/bin/python3; packaging/build-deb /root'
"""


def package(release: str) -> Path:
    """Return the package; raises CalledProcessError where it cannot be built. Interpreted where nothing compiles it."""
    folder = IMAGES / f"package-{release}-{_checksum():08x}"
    if not folder.exists():
        IMAGES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=IMAGES) as name:
            half = Path(name) / "half"
            half.mkdir()
            if release == HERE:
                subprocess.run([REPOSITORY / "packaging" / "build-deb", half], check=True, capture_output=True)
            else:
                _build_in_root(release, Path(name), half)
            half.rename(folder)
    (made,) = folder.glob("*.deb")
    return made


def is_compiled(package: Path) -> bool:
    """Whether a package has binaries: then it is for one architecture."""
    command = ["dpkg-deb", "-f", package, "Architecture"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip() != "all"


def _build_in_root(release: str, folder: Path, target: Path) -> None:
    root = Root(folder / "layers", release, TOOLS)
    try:
        enter = ["unshare", "--mount", "sh", "-c", BUILD, str(root.folder), str(REPOSITORY), *SOURCE]
        subprocess.run(enter, check=True, capture_output=True, env=ENVIRONMENT, timeout=LONGEST)
        (made,) = (root.folder / "root").glob("*.deb")
        shutil.copy(made, target)
    finally:
        root.close()


def _checksum() -> int:
    """Of all that a package is made of, and of the binaries that are there."""
    checksum = 0
    binaries = sorted((REPOSITORY / "build/compiled").rglob("*.so"))
    for file in [*_files(), *binaries]:
        checksum = zlib.crc32(file.read_bytes(), zlib.crc32(str(file.relative_to(REPOSITORY)).encode(), checksum))
    return checksum


def _files() -> list[Path]:
    of_package = [REPOSITORY / name for name in SOURCE if name not in ("tests", ".ci", "Makefile", "CONTRIBUTING.md")]
    below = [file for top in of_package for file in ([top] if top.is_file() else top.rglob("*"))]
    below += (REPOSITORY / "tests/oracle").rglob("*.py")
    return sorted(file for file in below if file.is_file() and "__pycache__" not in file.parts)
