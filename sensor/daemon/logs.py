"""The files (or programs, or sockets) of one configuration: the log of events, and those beside it.

auditlog       the events                       audit.jsonl
filterlog      events a filter diverted         filtered.jsonl, made when there is the first one
debug          input, and what of it cannot be parsed, if asked for
"""

from __future__ import annotations

import logging
import os

from sensor.config import Config
from sensor.daemon.guard import Guard
from sensor.forms import Lines
from sensor.outputs import Options, Output
from sensor.redact import Redactor
from sensor.rights.acl import Readers
from sensor.stats import DebugStats, OutputStats

log = logging.getLogger(__name__)


def open_output(options: Options, directory: str, stats: OutputStats) -> Output:
    """Make the output that `options.file` names; nothing is opened or started before the first write or flush."""
    if options.file == "-":
        from sensor.outputs.stdout import StdoutOutput

        return StdoutOutput(options, stats, _warn)
    if options.file.startswith("|"):
        from sensor.outputs.program import ProgramOutput

        return ProgramOutput(options, stats, _warn)
    if options.file.startswith("unix:"):
        from sensor.outputs.unix import UnixOutput

        return UnixOutput(options, stats, _warn)
    from sensor.outputs.fifo import FifoOutput, is_fifo
    from sensor.outputs.file import FileOutput

    path = os.path.join(directory, options.file)
    return FifoOutput(path, options, stats, _warn) if is_fifo(path) else FileOutput(path, options, stats, _warn)


def admit_readers(config: Config) -> None:
    """Let those who may read a log into the folders on the way to it, from the sensor's directory on.

    To be called as root, while that is so: see Readers.admit. What cannot be done is logged. Folders outside the
    directory are left alone, and whom only a name service knows must be let in by hand, because it is not waited for.
    """
    debug = config.debug
    for options in (config.auditlog, config.filterlog, debug.inputlog, debug.parse_error_log):
        if options is None or options.file == "-" or options.file.startswith(("|", "unix:")):
            continue
        below = os.path.relpath(os.path.join(config.directory, options.file), config.directory).split("/")[:-1]
        if ".." in below or not (options.read_users or options.read_groups or options.read_other):
            continue
        readers = Readers(options.read_users, options.read_groups, options.read_other, _ignore)
        _admit(readers, config.directory, below)


def _admit(readers: Readers, directory: str, below: list[str]) -> None:
    """Go down the folders, which the sensor's user could have swapped for links; those are not followed."""
    fd, folder = -1, directory
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        readers.admit(fd)
        for name in below:
            above, folder = fd, os.path.join(folder, name)
            fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
            os.close(above)
            readers.admit(fd)
    except OSError as error:
        log.warning("%s: readers cannot be let in: %s", folder, error.strerror)
    finally:
        if fd >= 0:
            os.close(fd)


def _warn(message: str) -> None:
    log.warning("%s", message)


def _ignore(message: str) -> None:
    """Names that are unknown are logged when the output itself is made."""


class Logs:
    """All outputs of a configuration. No method raises: what fails in one output costs nothing in another.

    stats: counters of the log of events, and of the filter log; debug: of the copies beside them, together.
    guard: calls an output; what that has not written it keeps, and tries again.
    """

    def __init__(
        self,
        config: Config,
        stats: OutputStats,
        filter_stats: OutputStats,
        guard: Guard,
        debug: DebugStats | None = None,
    ) -> None:
        self._config = config
        self._guard = guard
        self._filter_stats = filter_stats
        self._auditlog = open_output(config.auditlog, config.directory, stats)
        self._filterlog: Output | None = None
        beside = OutputStats(debug.lost_lines if debug is not None else None)
        self._inputlog = self._beside(config.debug.inputlog, beside)
        self._parse_error_log = self._beside(config.debug.parse_error_log, beside)
        self._carry = ""
        self._redactor: Redactor | None = None

    def write(self, lines: Lines) -> None:
        """Write lines, each to its log."""
        self._guard(self._auditlog.write, lines)
        if lines.filtered:
            self._guard(self._for_filtered().write, lines.filtered)
        if self._parse_error_log is not None:
            self._guard(self._parse_error_log.write, lines.unparsed)

    def redact_by(self, redactor: Redactor | None) -> None:
        """Take secrets out of the copy of the input from now on, if anything does."""
        self._redactor = redactor

    def copy_input(self, chunk: bytes) -> None:
        """Write input to its log, if there is one, in whole lines."""
        if self._inputlog is not None:
            self._guard(self._copy_input, self._inputlog, chunk)

    def flush(self) -> None:
        """Try again what could not be written, and see to what depends on time; call it every 0.1 s
        while something waits, else every 0.5 s."""
        for output in self._all():
            self._guard(output.flush)

    def reopen(self) -> None:
        """Open all files again by name."""
        for output in self._all():
            self._guard(output.reopen)

    def close(self) -> None:
        """Write what can be written, and close."""
        if self._inputlog is not None and self._carry:
            self._guard(self._inputlog.write, self._redacted([self._carry]))
        for output in self._all():
            self._guard(output.close)

    def take_over(self, old: Logs) -> None:
        """Close the logs of another configuration, and write what they have not written yet."""
        self._carry, old._carry = old._carry, ""
        heirs = (
            (old._auditlog, self._auditlog),
            (old._filterlog, self._for_filtered() if old._filterlog is not None else None),
            (old._inputlog, self._inputlog),
            (old._parse_error_log, self._parse_error_log),
        )
        for before, heir in heirs:
            if before is not None and heir is not None:
                self._guard(_hand_over, before, heir)
            elif before is not None:
                self._guard(before.close)
        self.flush()

    def _for_filtered(self) -> Output:
        if self._filterlog is None:
            self._filterlog = open_output(self._config.filterlog, self._config.directory, self._filter_stats)
        return self._filterlog

    def _copy_input(self, log: Output, chunk: bytes) -> None:
        *lines, self._carry = (self._carry + chunk.decode("latin-1")).split("\n")
        log.write(self._redacted(lines))

    def _redacted(self, lines: list[str]) -> list[str]:
        redactor = self._redactor
        return lines if redactor is None else [redactor.line(line) for line in lines]

    def _all(self) -> list[Output]:
        outputs = (self._auditlog, self._filterlog, self._inputlog, self._parse_error_log)
        return [output for output in outputs if output is not None]

    def _beside(self, options: Options | None, stats: OutputStats) -> Output | None:
        """An output beside the logs of events, with other counters, so that those of events stay theirs."""
        return open_output(options, self._config.directory, stats) if options else None


def _hand_over(before: Output, heir: Output) -> None:
    heir.adopt(*before.release())
