"""Control groups of a test's own, named as container runtimes and systemd name them.

    with cgroups("docker-3f1c…e9.scope", "ssh.service") as join:
        subprocess.Popen(command, preexec_fn=join["ssh.service"])

They are made in the hierarchies that programs look at: that of version 2, and systemd's of version 1.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

Join = Callable[[], None]


def hierarchies() -> list[Path]:
    """Where control groups can be made; none in a container that has them read-only."""
    found = []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, flags, *_ = line.split()
        if kind == "cgroup2" or (kind == "cgroup" and "name=systemd" in flags.split(",")):
            found.append(Path(place))
    return [place for place in found if os.access(place, os.W_OK) and "ro" not in _flags(place)]


@contextlib.contextmanager
def cgroups(*names: str) -> Iterator[dict[str, Join]]:
    """Make groups below one of a test's own: name → what puts the calling process into it; gone at the end."""
    tops = [place / f"host-sensor-test-{os.getpid()}" for place in hierarchies()]
    folders = {name: [top / name for top in tops] for name in names}
    try:
        for paths in folders.values():
            for path in paths:
                path.mkdir(parents=True)
        yield {name: _joiner(paths) for name, paths in folders.items()}
    finally:
        for top in tops:
            _remove(top)


def _joiner(paths: list[Path]) -> Join:
    def join() -> None:
        for path in paths:
            (path / "cgroup.procs").write_text("0")

    return join


def _remove(top: Path) -> None:
    """Remove a group and those in it; the last of their processes may still be about to end."""
    deadline = time.monotonic() + 10
    for folder, _, _ in os.walk(top, topdown=False):
        while True:
            try:
                os.rmdir(folder)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _flags(place: Path) -> list[str]:
    return ["ro"] if os.statvfs(place).f_flag & os.ST_RDONLY else []
