"""The two packages: built once, and each put into a root as its own package manager does."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.packaging.root import REPOSITORY, Root

# What the RPM asks of a distribution that Debian is not.
SHIM = """\
Name: shim
Version: 1
Release: 1
Summary: Names that Debian's packages do not provide to RPM
License: Apache-2.0
BuildArch: noarch
Provides: audit = 3.0, python3 = 3.11, python3-prometheus_client = 0.16, python3-pyyaml = 6.0, shadow-utils = 4
Provides: python3-psutil = 5.9
Provides: findutils = 4, systemd = 252
Provides: /bin/sh, /usr/bin/python3
%description
%files
"""


def build(kind: str, folder: Path) -> Path:
    """Build a package, "deb" or "rpm", from the working tree and return it."""
    subprocess.run([REPOSITORY / f"packaging/build-{kind}", folder], check=True, capture_output=True)
    (package,) = folder.glob(f"*.{kind}")
    return package


def build_shim(folder: Path) -> Path:
    """Build the package that provides what a distribution of RPMs has."""
    (folder / "shim.spec").write_text(SHIM)
    command = ["rpmbuild", "-bb", "--define", f"_topdir {folder}", str(folder / "shim.spec")]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "RPMS" / "noarch" / "shim-1-1.noarch.rpm"


class Deb:
    """The Debian package in a root."""

    def __init__(self, root: Root, package: Path, folder: Path) -> None:
        self.root = root
        self.package = root.put(package)

    def install(self) -> None:
        """Install it, or put it in the place of another."""
        self.root.run("dpkg", "--force-unsafe-io", "-i", self.package)

    upgrade = install

    def verify(self) -> str:
        """What is not as it was installed."""
        return self.root.run("dpkg", "--verify", "host-sensor")

    def remove(self) -> None:
        """Remove it with all that belongs to it."""
        self.root.run("dpkg", "--purge", "host-sensor")


class Rpm:
    """The RPM package in a root; a second package provides what this distribution calls otherwise."""

    def __init__(self, root: Root, package: Path, folder: Path) -> None:
        self.root = root
        self.package = root.put(package)
        root.run("rpm", "--force-debian", "-i", root.put(build_shim(folder)))
        (root.folder / "usr/share/licenses").mkdir()  # which every distribution of RPMs has

    def install(self) -> None:
        """Install it."""
        self.root.run("rpm", "--force-debian", "-i", self.package)

    def upgrade(self) -> None:
        """Put it in the place of another."""
        self.root.run("rpm", "--force-debian", "-U", "--force", self.package)

    def verify(self) -> str:
        """What is not as it was installed."""
        return self.root.run("rpm", "-V", "host-sensor")

    def remove(self) -> None:
        """Remove it; RPM knows no purge."""
        self.root.run("rpm", "--force-debian", "-e", "host-sensor")
