"""The real probe for the length of a test, under a name of its own, so that a probe in use on the machine is untouched.

with loaded() as ring:
    subprocess.run(["/bin/true"])
    records = drained(ring)
"""

from __future__ import annotations

import contextlib
import glob
import importlib.util
import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from sensor.probe import DEFAULTS, Options, btf, layout, loader
from sensor.probe.compiler import Recipe
from sensor.probe.layout import ProbeRecord
from sensor.probe.ring import Ring

_numbers = itertools.count()


def drained(ring: Ring) -> list[ProbeRecord]:
    """What is in a ring, and is gone then."""
    return [ProbeRecord(*values) for values in ring.drain()]


def obstacle() -> str | None:
    """Why the probe cannot be loaded on this machine; None when it can."""
    if os.geteuid() != 0:
        return "loading the probe needs root"
    if not Path(btf.PATH).exists():
        return "loading the probe needs a kernel with BTF"
    if _in_a_root_of_its_own():
        return "the probe reports processes in the host's root, and these tests run in another"
    if importlib.util.find_spec("bcc") is None:
        return "loading the probe needs BCC (python3-bpfcc)"
    return None


def _in_a_root_of_its_own() -> bool:
    """Whether an ancestor of this process has another root; those that cannot be looked at do not count."""
    for process in psutil.Process().parents():
        with contextlib.suppress(OSError):
            if not os.path.samefile(f"/proc/{process.pid}/root", "/"):
                return True
    return False


@contextlib.contextmanager
def options_of_a_test(options: Options = DEFAULTS) -> Iterator[Options]:
    """Options with a path of their own; whatever was loaded there is unloaded at the end."""
    _clear()
    options = replace(options, path=f"/sys/fs/bpf/host-sensor-test-{os.getpid()}-{next(_numbers)}")
    try:
        yield options
    finally:
        loader.unload(options)


def _clear() -> None:
    """Unload what is left of tests that were killed."""
    for path in glob.glob("/sys/fs/bpf/host-sensor-test-*-*"):
        if not psutil.pid_exists(int(path.split("-")[-2])):
            loader.unload(replace(DEFAULTS, path=path))


@contextlib.contextmanager
def loaded(options: Options = DEFAULTS, recipe: Recipe | None = None) -> Iterator[Ring]:
    """A freshly loaded probe, and its reader."""
    with options_of_a_test(options) as options:
        loader.load(options, recipe=recipe)
        ring = Ring.open(layout.pins(options.path))
        try:
            yield ring
        finally:
            ring.close()
