"""Keeps the record of this run, and goes on where the run before has ended.

    serials, lines that wait, losses not reported  ──►  DIRECTORY/state.run, with every batch that was written
    at the start                                   ◄──  what was missed meanwhile, what could not be reported

Without the file the sensor works as well. While the sensor before still runs (auditd starts the next one as it ends),
the file is its own; then only what it could not report is taken over, later.
"""

from __future__ import annotations

import logging
import os
import time

from sensor.config import Config
from sensor.daemon.sensor_events import SensorEvents
from sensor.errors import reason_of
from sensor.host_state import HostState
from sensor.loss.run_record import Run, RunRecord
from sensor.stats import Stats

log = logging.getLogger(__name__)

_MARGIN = 5.0
"""Seconds beyond all that a sensor may take to end, after which another one must be running."""


class RunKeeper:
    """The record is beside the state; there is none where no state is kept."""

    def __init__(self, config: Config, stats: Stats, host_state: HostState, events: SensorEvents) -> None:
        self._path = os.path.join(config.directory, f"{config.state.file}.run") if config.state.file else None
        self._stats = stats
        self._serials = host_state.serials
        self._boot_id = host_state.host.boot_id
        self._events = events
        self._begun = time.time()
        self._started = time.monotonic()
        self._patience = config.drain_timeout + config.finish_timeout + _MARGIN
        self._handed = 0  # lines, to the log
        self._record: RunRecord | None = None
        self._refused = ""

    def begin(self) -> str | None:
        """Go on where the run before has ended; how it did, or None where that is not known."""
        self._open()
        before = self._record.before if self._record is not None else None
        if before is None:
            return None
        end, stats = "stop" if before.ended else "crash", self._stats.loss
        if before.boot_id == self._boot_id and before.serial is not None:
            self._serials.continue_from(before.serial, end)
            stats.missed[end] += before.holes
        if not before.ended:
            stats.unwritten += before.unwritten
        return end

    def report(self) -> None:
        """Report what the run before could not."""
        if self._record is not None and self._record.before is not None:
            self._events.of_the_run_before(self._record.before.unreported, self._record.before.begun)

    def handed(self, lines: int) -> None:
        """So many lines were handed to the log."""
        self._handed += lines

    def keep(self, ended: bool = False) -> None:
        """Write down where this run stands."""
        if self._record is None:
            return
        gaps = self._serials.of_this_host()
        output = self._stats.output
        unwritten = max(0, self._handed - output.lines - sum(output.lost_lines.values()))
        serial, holes = (gaps.newest, gaps.open()) if gaps is not None else (None, 0)
        run = Run(self._boot_id, self._begun, serial, holes, unwritten, self._events.unreported(), ended)
        try:
            self._record.write(run)
        except OSError as error:
            self._refuse(error)

    def every_second(self) -> None:
        """Write it down where nothing happens, too; take the file over from a sensor that has ended since."""
        if self._record is None and self._path is not None:
            self._open()
            self.report()
        self.keep()

    def end(self) -> None:
        """This run ends by itself."""
        self.keep(ended=True)
        if self._record is not None:
            self._record.close()

    def _open(self) -> None:
        try:
            self._record = RunRecord(self._path) if self._path is not None else None
        except BlockingIOError:  # the sensor before has not ended yet
            if time.monotonic() - self._started > self._patience:
                log.error("%s: another sensor uses it; where two write, every event is there twice", self._path)
        except OSError as error:
            self._refuse(error)

    def _refuse(self, error: OSError) -> None:
        if str(error) != self._refused:
            self._refused = str(error)
            log.warning("what is lost between runs is not counted: %s", reason_of(error))
