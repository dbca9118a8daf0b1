"""Starts, images and ends of processes as the kernel itself reports them: the exact source of process identity.

`compiler` makes an `image` of bpf/process.c with BCC, `kept` has it for the next boot; `loader` attaches and pins it,
and is gone; `ring` reads what the kernel then writes for as long as the sensor runs. `layout` is the record all know.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import OptionError, option


@dataclass(frozen=True)
class Options:
    """The kernel probe: what `host-sensor probe load` makes and the sensor then reads."""

    use: bool = option(True, "Read the probe if it is loaded; without it processes are read from /proc.")
    coverage_timeout: float = option(
        5.0,
        "An exec that the probe saw and audit did not report within this time is counted; 0 keeps no account.",
        minimum=0,
        unit="seconds",
    )
    coverage_events: bool = option(False, "Write a PROBE_EXEC event for each such exec.")
    emit: tuple[str, ...] = option((), "Process events of the probe's own.", choices=("exec", "exit"))
    cache: str = option(
        "/var/cache/host-sensor",
        "Directory, root's alone, in which compiled probes are kept for the next boot; empty: none is kept.",
        unit="path",
    )
    path: str = option(
        "/sys/fs/bpf/host-sensor", "Directory in a BPF file system that holds the loaded probe.", unit="path"
    )
    ring_size: int = option(
        4 << 20, "Buffer between kernel and sensor, a power of two; 128 bytes a record.", minimum=4096, unit="bytes"
    )
    processes: int = option(
        32768, "Processes alive at once that the kernel side keeps track of, 200 bytes each.", minimum=1
    )

    def __post_init__(self) -> None:
        if self.ring_size & (self.ring_size - 1):
            raise OptionError("ring_size", f"expected a power of two such as 4 MiB, found {self.ring_size}")


DEFAULTS = Options()
