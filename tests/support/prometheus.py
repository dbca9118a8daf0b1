"""Prometheus and promtool for the tests: the system's, or unpacked from Debian's package without installing it."""

from __future__ import annotations

import functools
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(folder: Path, jobs: list[dict[str, Any]], rules: list[Path]) -> Iterator[str]:
    """Start a Prometheus with its data in a folder; the value is its address. `jobs` are its scrape_configs."""
    own = f"127.0.0.1:{free_port()}"
    for job in jobs:
        for targets in job["static_configs"]:
            targets["targets"] = [own if target == OWN else target for target in targets["targets"]]
    settings = {"evaluation_interval": "1s", "scrape_interval": "1s"}
    config = {"global": settings, "scrape_configs": jobs, "rule_files": [str(path) for path in rules]}
    folder.mkdir(exist_ok=True)
    path = folder / "prometheus.yml"
    path.write_text(json.dumps(config))
    command = [program("prometheus"), f"--config.file={path}", f"--storage.tsdb.path={folder}"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*command, f"--web.listen-address={own}"], stdout=log, stderr=log)
    try:
        yield f"http://{own}"
    finally:
        server.terminate()
        server.wait(20)


OWN = "itself"
"""A target of `running`: the Prometheus that is started."""


def query(url: str, expr: str) -> list[dict[str, Any]]:
    """Run an instant query and return its result; an error of Prometheus is raised with its text."""
    address = f"{url}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return list(json.load(answer)["data"]["result"])
    except urllib.error.HTTPError as error:
        raise AssertionError(json.load(error)["error"]) from error


def wait_for(url: str, expr: str, seconds: float = 60) -> None:
    """Wait until a query has a result that is not 0."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            result = query(url, expr)
        except (OSError, AssertionError, ValueError):
            result = []  # not listening yet, or still reading its storage
        if result and float(result[0]["value"][1]):
            return
        time.sleep(0.25)
    raise AssertionError(f"Prometheus found nothing within {seconds:.0f} s: {expr}")
