"""Prometheus and promtool for the tests: the system's, or unpacked from Debian's package without installing it."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parent.parent / "build" / "cache" / "prometheus"


@functools.lru_cache(maxsize=1)
def _folder() -> Path | str:
    """The folder that holds both programs, or why there is none."""
    found = shutil.which("promtool")
    if found and shutil.which("prometheus"):
        return Path(found).parent
    if (CACHE / "usr/bin/promtool").exists():
        return CACHE / "usr/bin"
    if not shutil.which("apt-get"):
        return "Prometheus is not installed, and there is no apt to fetch it"
    CACHE.mkdir(parents=True, exist_ok=True)
    fetch = ["apt-get", "download", "prometheus"]
    fetched = subprocess.run(fetch, cwd=CACHE, capture_output=True, text=True)
    if fetched.returncode != 0 and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True)
        fetched = subprocess.run(fetch, cwd=CACHE, capture_output=True, text=True)
    if fetched.returncode != 0:
        return f"Prometheus is not installed and cannot be fetched: {fetched.stderr.strip().splitlines()[-1]}"
    for package in CACHE.glob("*.deb"):
        subprocess.run(["dpkg", "-x", package.name, "."], cwd=CACHE, check=True)
        package.unlink()
    return CACHE / "usr/bin"


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`; skip the calling test when this machine cannot have them."""
    folder = _folder()
    if isinstance(folder, str):
        pytest.skip(folder)
    return str(folder / name)
