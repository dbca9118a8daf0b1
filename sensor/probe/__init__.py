"""Starts, images and ends of processes as the kernel itself reports them: the exact source of process identity.

`loader` compiles bpf/process.c with BCC, attaches and pins it, and is gone; `ring` reads what the kernel then writes,
without BCC, for as long as the sensor runs. `layout` is the record both agree on.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import option


@dataclass(frozen=True)
class Options:
    """The kernel probe: what `host-sensor probe load` makes and the sensor then reads."""

    path: str = option("/sys/fs/bpf/host-sensor", "Directory in a BPF file system that holds the loaded probe.")
    ring_size: int = option(
        4 << 20, "Buffer between kernel and sensor, a power of two; 128 bytes a record.", minimum=4096, unit="bytes"
    )
    processes: int = option(
        32768, "Processes alive at once that the kernel side keeps track of, 200 bytes each.", minimum=1
    )


DEFAULTS = Options()
