"""bpf(2) by hand: what it refuses, and what it does with the maps of a real probe."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.probe import bpf, layout
from tests.probe.loaded import loaded, obstacle

needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))


def test_a_machine_without_a_known_number_is_an_error() -> None:
    with pytest.raises(OSError, match="vax"):
        bpf.syscall_number("vax")


@needs_probe
@pytest.mark.parametrize(("path", "error"), [("nothing", FileNotFoundError), ("file", PermissionError)])
def test_what_is_no_pin_is_the_kernels_error(tmp_path: Path, path: str, error: type[OSError]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(error):
        bpf.get(str(tmp_path / path))


@needs_probe
def test_maps_of_a_probe_are_found_by_name() -> None:
    with loaded() as ring:
        for name, key_size, value_size in ((layout.COUNTERS, 4, layout.COUNTERS_SIZE), (layout.LIVE, 4, 120)):
            descriptor = bpf.get(f"{ring.path}/{name}")
            info = bpf.map_info(descriptor)
            os.close(descriptor)
            assert (info.key_size, info.value_size) == (key_size, value_size)


@needs_probe
def test_a_walk_gives_each_value_once_however_small_its_steps() -> None:
    with loaded() as ring:
        descriptor = bpf.get(f"{ring.path}/{layout.LIVE}")
        info = bpf.map_info(descriptor)
        walks = []
        for batch in (1, 7, 4096):
            chunks = list(bpf.values(descriptor, info, batch))
            tgids = [record[4] for chunk in chunks for record in layout.RECORD.iter_unpack(chunk)]
            assert len(tgids) == len(set(tgids))
            walks.append(set(tgids))
        os.close(descriptor)
    assert {os.getpid(), 1} <= walks[0] & walks[1] & walks[2]
