"""A probe is found again by a sensor that has given up every right to the way there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from sensor.probe import Options, layout, loader
from sensor.probe.place import PinDirectory
from tests.probe.loaded import obstacle, options_of_a_test
from tests.support.program import ROOT

pytestmark = [pytest.mark.root, pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))]

SENSOR = """
import sys
from sensor.rights.accounts import any_user
from sensor.errors import ProbeError
from sensor.rights.privileges import become, harden
from sensor.probe.place import PinDirectory

place = PinDirectory(sys.argv[1])
become(any_user(sys.argv[2]), ["SYS_PTRACE"])
harden()
print("ready", flush=True)
for line in sys.stdin:
    try:
        ring = place.ring()
        ring.drain()
        print(f"found {ring.alive()} {sum(1 for _ in ring.live()) > 0}", flush=True)
        ring.close()
    except ProbeError as error:
        print(error, flush=True)
"""


class Looking:
    """A process that opened the place as root and became another user."""

    def __init__(self, path: str, user: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SENSOR, path, user],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={"PYTHONPATH": str(ROOT), "HOME": "/"},
        )
        assert self._answer() == "ready"

    def look(self) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write("look\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def looking(path: str, user: str = "nobody") -> Iterator[Looking]:
    made = Looking(path, user)
    try:
        yield made
    finally:
        with made.process as process:
            process.kill()


@pytest.fixture
def options() -> Iterator[Options]:
    with options_of_a_test() as options:
        yield options


FOUND = "found True True"


def test_it_is_found_again_and_again(options):
    loader.load(options, "nobody")
    with looking(options.path) as sensor:
        assert sensor.look() == FOUND
        for _ in range(2):
            loader.unload(options)
            assert sensor.look() == f"no probe is loaded in {layout.pins(options.path)}"
            loader.unload(options)
            loader.load(options, "nobody")
            assert sensor.look() == FOUND
        loader.load(replace(options, ring_size=1 << 20), "nobody")
        assert sensor.look() == FOUND


def test_it_is_found_by_a_sensor_that_was_there_first(options):
    """Where there is a BPF file system, as systemd mounts one."""
    with options_of_a_test() as other:
        loader.load(other)
        with looking(options.path) as sensor:
            assert "no probe is loaded" in sensor.look()
            loader.load(options, "nobody")
            assert sensor.look() == FOUND


def test_it_is_found_whatever_the_loaders_umask(options):
    before = os.umask(0o077)
    try:
        loader.load(options, "nobody")
        with looking(options.path) as sensor:
            loader.unload(options)
            loader.load(options, "nobody")
            assert sensor.look() == FOUND
    finally:
        os.umask(before)


def test_why_one_that_is_there_cannot_be_opened_is_reported(options):
    loader.load(options, "daemon")
    with looking(options.path) as sensor:
        assert sensor.look() == f"cannot read the probe in {layout.pins(options.path)}: Permission denied"


def test_nothing_is_left_when_no_sensor_waits(options):
    loader.load(options, "nobody")
    with looking(options.path):
        loader.unload(options)
        assert os.listdir(options.path) == []
    loader.unload(options)
    assert not os.path.exists(options.path)


def test_only_its_user_gets_at_it(options):
    """Others can go through the directory, and neither list nor open anything."""
    pins = loader.load(options, "nobody").path
    modes = {name: oct(os.stat(f"{pins}/{name}").st_mode & 0o7777) for name in layout.MAPS}
    assert modes == {"ring": "0o660", "counters": "0o660", "live": "0o640"}
    assert (os.stat(options.path).st_mode & 0o7777, os.stat(pins).st_mode & 0o7777) == (0o711, 0o751)
    assert {os.stat(f"{pins}/{name}").st_uid for name in layout.MAPS} == {0}


def test_a_place_that_cannot_be_is_no_error(tmp_path):
    place = PinDirectory(f"{tmp_path}/not/there")
    assert not (tmp_path / "not").exists()
    with pytest.raises(Exception, match=re.escape(f"no probe is loaded in {tmp_path}/not/there/v")):
        place.ring()
    place.close()
