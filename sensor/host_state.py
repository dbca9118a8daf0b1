"""What is known of the host, across changes of the configuration."""

from __future__ import annotations

import logging
from functools import partial
from typing import Callable

from sensor.config import Config
from sensor.errors import place_of, reason_of
from sensor.loss.serials import Serials
from sensor.probe.coverage import evidence_of
from sensor.probe.place import PinDirectory
from sensor.probe.reader import ProbeReader
from sensor.process.clock import read_clocks
from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.host_paths import HostPaths
from sensor.process.procfs import ProcFS
from sensor.process.state import StateFile
from sensor.process.table import ProcessTable
from sensor.redact.key import KeyFileError, read_key
from sensor.stats import Stats
from sensor.translate.userdb import UserDatabase

log = logging.getLogger(__name__)


class HostState:
    """What is known of the host: the process table, and who feeds it. It outlives a change of the configuration.

    live: the records are about this host as it is now; False for recorded ones, which need not be: /proc, the probe
        and the boot id would be about other processes and sessions.
    """

    def __init__(self, config: Config, stats: Stats, live: bool) -> None:
        self._proc = proc = ProcFS()
        self.live = live
        self._state: StateFile | None = None
        self._boot, now = read_clocks()
        self.host = proc.host(self._boot, live)
        self.table = ProcessTable(proc if live else None, stats.process)
        self.files = ProcFiles(proc if live else None)
        self.containers = ContainerNames()
        self.users = UserDatabase(blocking=not live)
        self.redaction_key = _redaction_key(config.redact.key_file)
        self.serials = Serials(stats.loss, own=self.host.names)
        self.probe: ProbeReader | None = None
        self.host_paths = HostPaths(self.table)
        if live:
            self.table.calibrate(self._boot, now)
            if config.probe.use:
                find = PinDirectory(config.probe.path).ring
                self.probe = ProbeReader(find, self.table, stats.probe, config.probe.coverage_timeout)
                self.probe.weigh_losses(partial(evidence_of, stats, self.serials.missing))
            self.host_paths = HostPaths(self.table, proc, self.probe.drain if self.probe is not None else None)
            self._state = StateFile(config.state, config.directory) if config.state.file else None
        self._begun = self._recalled = not live

    def begin(self) -> None:
        """Learn what there is, once all observers are registered."""
        if not self._begun:
            self._begun = True
            self._proc.looks.hold()  # rights are given up for all threads only while there is one
            try:
                if self.probe is not None:
                    self.probe.begin()
            finally:
                self._proc.looks.release()

    def _recall(self) -> None:
        """Learn what the sensor before knew; later than `begin`, as this looks at processes."""
        if not self._recalled:
            self._recalled = True
            self._keeping_state(lambda state: state.read(self.table))

    def close(self) -> None:
        """Keep what the next sensor cannot learn from the host."""
        self._recall()
        self._keeping_state(lambda state: state.write(self.table))

    def before_chunk(self) -> None:
        """Learn what has happened before audit reports it: processes have started, the clock was set."""
        self._recall()
        self.host_paths.begin_chunk()  # first: if what follows fails, nothing that was seen before may hold on
        self._look_at_the_clock()
        if self.probe is not None:
            self.probe.drain()

    def _look_at_the_clock(self) -> None:
        boot, now = read_clocks(self._boot)
        if self.table.calibrate(boot, now):
            self._boot = boot
            self.host.calibrate(boot)
            self.table.invalidate_derived()

    def every_second(self, now: float) -> None:
        """Keep up with the host; now in seconds since 1970."""
        self._recall()
        self._look_at_the_clock()
        if self.probe is not None:
            self.probe.check()
        self.table.sweep(now)
        self._keeping_state(lambda state: state.write_if_due(self.table))

    def _keeping_state(self, act: Callable[[StateFile], object]) -> None:
        """Without a state the sensor works as well, whatever is the matter with it."""
        try:
            if self._state is not None:
                act(self._state)
        except (OSError, ValueError) as error:
            log.warning("state: %s; going on without", reason_of(error))
        except Exception as error:  # noqa: BLE001  the border: no state costs the configuration
            log.warning("state: %s; going on without", place_of(error))


def _redaction_key(path: str | None) -> bytes:
    """The key of hashes, to be read while that can be done; without one secrets are masked."""
    try:
        return read_key(path) if path is not None else b""
    except KeyFileError as error:
        log.error("redact.key_file: %s; secrets are masked", error)
        return b""
