"""The directory that holds the probe, kept open from the start, so that a probe that is loaded later is found there.

/sys/fs/bpf              1700 by systemd and by the kernel: without CAP_DAC_READ_SEARCH there is no way through it
/sys/fs/bpf/host-sensor  0711, held open and locked (shared): `probe unload` empties it and leaves it there
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from sensor.probe import bpffs, layout
from sensor.probe.ring import Ring

SEARCHABLE = 0o711
"""Mode of the directory: others may go through it to what they are allowed to open, and see nothing else."""


class PinDirectory:
    """The directory `path`, Options.path. Construct it with the rights that lead there; it is made if it can be."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._directory = -1
        self._hold()

    def ring(self) -> Ring:
        """Open the probe; raises ProbeError when there is none, when another process reads it, or when we may not."""
        if self._directory < 0 or not os.fstat(self._directory).st_nlink:  # removed by a loader that knows no lock
            self._hold()
        return Ring.open(layout.pins(self._path), root=self._directory if self._directory >= 0 else None)

    def close(self) -> None:
        """Let go of the directory."""
        if self._directory >= 0:
            os.close(self._directory)
            self._directory = -1

    def _hold(self) -> None:
        self.close()
        with suppress(OSError):
            if os.path.dirname(self._path) in bpffs.mounted() and not os.path.isdir(self._path):
                os.mkdir(self._path)
                os.chmod(self._path, SEARCHABLE)
        with suppress(OSError):  # there is no BPF file system yet, or no way to it; then the name is tried each time
            self._directory = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            fcntl.flock(self._directory, fcntl.LOCK_SH | fcntl.LOCK_NB)
