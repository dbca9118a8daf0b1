"""The unit tests in a clean root of another Debian release, with its Python and its libraries and nothing from PyPI.

python -m tests.packaging.unit trixie [PYTEST ARGUMENTS]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.packaging.root import REPOSITORY, TOOLS, Root

# $0 is the root, $1 the repository, $2 where it is inside, the rest pytest's. What tests see of the machine is theirs.
ENTER = """
set -e
root=$0 repository=$1 inside=$2; shift 2
mkdir -p "$root$inside"
mount --bind -o ro "$repository" "$root$inside"
[ -s "$root/etc/machine-id" ] || echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"  # as a booted host has
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
exec chroot "$root" /bin/sh -c 'cd "$0" && exec python3 -m pytest -p no:cacheprovider "$@"' "$inside" "$@"
"""
INSIDE = f"/mnt/{REPOSITORY.name}-{os.getpid()}"
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "PYTHONPATH": INSIDE,
    "LC_ALL": "C.UTF-8",
    "PYTHONPYCACHEPREFIX": "/var/tmp/bytecode",
    "HYPOTHESIS_STORAGE_DIRECTORY": "/var/tmp/hypothesis",
}


def main(release: str, arguments: list[str]) -> int:
    """Run pytest with these arguments in a root of the release; returns its exit code, 0 where no root can be made."""
    with tempfile.TemporaryDirectory(prefix="host-sensor-unit-") as folder:
        try:
            root = Root(Path(folder) / "layers", release, TOOLS)
        except pytest.skip.Exception as reason:
            print(f"unit tests on {release} are left out: {reason}", file=sys.stderr)
            return 0
        try:
            enter = ["unshare", "--mount", "sh", "-c", ENTER, str(root.folder), str(REPOSITORY), INSIDE]
            return subprocess.run([*enter, *arguments], env=ENVIRONMENT).returncode
        finally:
            root.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the root is unmounted then, too
    sys.exit(main(sys.argv[1], sys.argv[2:] or ["-q", "-m", "not live and not slow"]))
