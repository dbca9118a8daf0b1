"""Prometheus and promtool for the tests: the system's, or unpacked from Debian's package without installing it."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

CACHE = Path(__file__).resolve().parents[2] / "build" / "cache" / "prometheus"


@functools.cache
def _found(name: str) -> Path | str:
    """Where a program is, or why it is not to be had."""
    installed = shutil.which(name)
    if installed:
        return Path(installed)
    unpacked = CACHE / "usr/bin" / name
    if not shutil.which("apt-get"):
        return f"{name} is not installed, and there is no apt to fetch it"
    for package in ("prometheus", name):  # promtool is a package of its own since Debian 13
        if not unpacked.exists() and (reason := _unpack(package)):
            return f"{name} is not installed and cannot be fetched: {reason}"
    return unpacked


def _unpack(package: str) -> str:
    """Fetch a package and unpack it into the cache; why that failed, or nothing."""
    CACHE.mkdir(parents=True, exist_ok=True)
    fetch = ["apt-get", "download", package]
    fetched = subprocess.run(fetch, cwd=CACHE, capture_output=True, text=True)
    if fetched.returncode != 0 and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True)
        fetched = subprocess.run(fetch, cwd=CACHE, capture_output=True, text=True)
    if fetched.returncode != 0:
        return fetched.stderr.strip().splitlines()[-1]
    for file in CACHE.glob("*.deb"):
        subprocess.run(["dpkg", "-x", file.name, "."], cwd=CACHE, check=True)
        file.unlink()
    return ""


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`; skip the calling test when this machine cannot have them."""
    found = _found(name)
    if isinstance(found, str):
        pytest.skip(found)
    return str(found)
