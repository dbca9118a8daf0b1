"""SENSOR events: what the running sensor reports of itself in the stream, for those who have only that.

A loss is reported only when there is room for the report: while the log cannot be written, what is lost is added up,
and the first line after that is the sum.
"""

from __future__ import annotations

import os
import platform
import re
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from sensor import __version__
from sensor.audit.event import Notice
from sensor.audit.notices import Contents, Reload, SensorNotice, Start, Stop
from sensor.compiled import is_compiled
from sensor.config.read import files_of
from sensor.digest import sha256
from sensor.loss.ledger import Ledger, of_the_run_before
from sensor.stats import Stats

ROOM = 1024
"""Bytes of the output's buffer that a loss event may take."""
_MOST_MISTAKES = 20
_LONGEST_MISTAKE = 500
_MOST_BYTES = 8 << 20
_VERSION = re.compile(rb"\0(\d{1,3}(?:\.\d{1,3}){1,3}(?:-[a-z]{1,8}-?\d{0,3})?)\0")


class SensorEvents:
    """Makes them.

    emit: takes a notice; it leaves with the next lines, before them.
    wanted: whether there are any.
    """

    def __init__(self, stats: Stats, emit: Callable[[Notice], None], wanted: bool) -> None:
        self._wanted = wanted
        self._stats = stats
        self._emit = emit
        self._count = 0
        self._ledger = Ledger(stats, time.time())
        self._lost_lines = 0

    def switch(self, wanted: bool) -> None:
        """Begin or cease to make them."""
        self._wanted = wanted

    def start(self, start: Start, mistakes: Iterable[object], before: str | None) -> None:
        """The sensor has begun; with the mistakes of the configuration, and how the sensor before ended."""
        self._report(replace(start, mistakes=_texts(mistakes), before=before))

    def of_the_run_before(self, unreported: Sequence[int], begun: float) -> None:
        """Report what the sensor before could not; begun: when it did."""
        for loss in of_the_run_before(unreported, begun):
            self._report(loss)

    def unreported(self) -> list[int]:
        """What is missing and was not reported, in the order of sensor.tables.losses.ROWS."""
        return self._ledger.unreported()

    def reload(self, accepted: bool, config_sha256: str, mistakes: Iterable[object]) -> None:
        """The configuration was read again."""
        self._report(Reload(accepted, config_sha256, _texts(mistakes)))

    def stop(self, reason: str, lost: int) -> None:
        """The sensor ends."""
        stats = self._stats
        self._report(Stop(reason, stats.pipeline.lines, stats.pipeline.events, stats.output.lines, lost))

    @property
    def output_lost(self) -> bool:
        """Whether the log has lost lines that were not reported yet: only then the next lines have to wait for that."""
        lost = self._stats.output.lost_lines
        return bool(lost) and sum(lost.values()) != self._lost_lines

    def losses(self, clock: float, at_once: bool = False) -> None:
        """Report what is due, if there is room for it; `clock` in monotonic seconds."""
        if not self._wanted:
            return
        self._ledger.look(time.time())
        rows = self._ledger.due(clock, at_once)
        output = self._stats.output
        if output.buffer_bytes:
            rows = rows[: max(0, output.buffer_bytes - output.pending_bytes) // ROOM]
        if not rows:
            return
        losses = self._ledger.take(rows, clock)
        for loss in losses:
            self._report(loss)
        if any(loss.place == "output" for loss in losses):
            self._lost_lines = sum(output.lost_lines.values())

    def _report(self, contents: Contents) -> None:
        if not self._wanted:
            return
        self._count += 1
        milliseconds = time.time_ns() // 1_000_000
        id = f"{milliseconds // 1000}.{milliseconds % 1000:03}:sensor-{self._count}"
        self._emit(SensorNotice(id, contents))


def start_of(config_path: str, probe_wanted: bool, probe_attached: bool) -> Start:
    """What is reported at the start; to be called with the rights that the sensor starts with."""
    probe = "attached" if probe_attached else "absent"
    return Start(
        pid=os.getpid(),
        version=__version__,
        python=platform.python_version(),
        compiled=is_compiled(),
        config_sha256=config_sha256(config_path),
        boot_id=_content("/proc/sys/kernel/random/boot_id", 64).decode("latin-1").strip(),
        kernel=as_record_text(os.uname().release),
        auditd=auditd_version(os.getppid()),
        probe=probe if probe_wanted else "off",
        before=None,
        mistakes=[],
    )


def config_sha256(path: str) -> str:
    """SHA-256 of a configuration file and its fragments, one after the other: `cat FILE conf.d/*.yaml | sha256sum`."""
    digest = sha256()
    for name in files_of(path):
        digest.update(_content(name, _MOST_BYTES))
    return digest.hexdigest()


def auditd_version(pid: int, proc: str = "/proc") -> str | None:
    """The version of auditd if that is the process, as its program file has it; no program is run for that.

    It is the one text there that looks like a version; None where there is none, or another.
    """
    if _content(f"{proc}/{pid}/comm", 32).strip() != b"auditd":
        return None
    found = set(_VERSION.findall(_content(f"{proc}/{pid}/exe", _MOST_BYTES)))
    return found.pop().decode() if len(found) == 1 else None


def _texts(mistakes: Iterable[object]) -> list[str]:
    return [as_record_text(str(mistake)[:_LONGEST_MISTAKE]) for mistake in islice(mistakes, _MOST_MISTAKES)]


def as_record_text(text: str) -> str:
    """Text as records have it: one character for each byte; half a character, as "\\ud800" in YAML, is escaped."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("latin-1")


def _content(path: str, most: int) -> bytes:
    """What is in a file, up to so many bytes; nothing if it cannot be read, or is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            return file.read(most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    except OSError:
        return b""
