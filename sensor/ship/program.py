"""The program: a destination from its configuration file until SIGTERM.

Log messages go to standard error, which is the journal's. SIGTERM and SIGINT end it once all that is on its way
is acknowledged, after GRACE at the latest.
"""

from __future__ import annotations

import logging
import os
import re
import select
import signal
from typing import Any

from sensor.config.read import read_options
from sensor.errors import ConfigError, ShipError
from sensor.metrics import Exporter
from sensor.printable import printable
from sensor.rights import privileges
from sensor.rights.accounts import any_user
from sensor.ship.build import make_sender, state_folder
from sensor.ship.options import Destination
from sensor.ship.seen import ROWS, Named, Watch
from sensor.ship.stats import ShipStats

FOLDER = "/etc/host-sensor/ship"
GRACE = 5.0
"""Seconds after SIGTERM in which what is on its way may be acknowledged."""

log = logging.getLogger(__name__)


def path_of(name: str) -> str:
    """The configuration file of a destination; raises ShipError for what is no name."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", name):
        raise ShipError(f"{name!r}: expected a name of letters, digits, and ._-")
    return os.path.join(FOLDER, f"{name}.yaml")


def load(path: str) -> tuple[Destination, list[ConfigError]]:
    """Read a configuration, and all its mistakes."""
    config, mistakes = read_options(path, Destination())
    return config, mistakes


def become(config: Destination, folder: str) -> None:
    """Give up root, after making the state folder that the user will need; raises SensorError."""
    if os.geteuid() != 0 or config.user is None:
        return
    account = any_user(config.user)
    if account is None:
        raise ShipError(f"there is no user {config.user}: set `user` to another, or to null to stay root")
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, 0o755)
            os.chown(folder, account.uid, account.gid)
    except OSError as error:
        raise ShipError(f"{folder}: {error.strerror}") from error
    privileges.become(account, ())


def ship(name: str, config: Destination, once: bool = False) -> int:
    """Ship until SIGTERM or, `once`, until everything that is there has been acknowledged; returns the exit code."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    folder = state_folder(name, config)
    become(config, folder)
    privileges.harden()
    stats = ShipStats()
    exporter = Exporter(config.metrics, Named(name, stats), ROWS)
    stop = StopSignals()
    sender = make_sender(name, config, stats, lambda message: log.info("%s: %s", name, printable(message)), once)
    watch = Watch(os.path.join(folder, "status.json"), config.log, config.kind, sender)
    exporter.start()
    try:
        while not stop.asked or not sender.idle:
            if stop.asked:
                sender.read_no_more()
            pause = sender.step()
            watch.look()
            if once and sender.drained:
                break
            if pause > 0:
                stop.wait(min(pause, 1.0))
    except Stopped:
        pass
    finally:
        watch.look(force=True)
        sender.close()
        exporter.close()
    return 0


class Stopped(BaseException):
    """The grace is over."""


class StopSignals:
    """Takes SIGTERM and SIGINT: `asked` from then on, and Stopped is raised when the grace is over."""

    def __init__(self) -> None:
        self.asked = False
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._writer)
        signal.signal(signal.SIGALRM, self._end)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def wait(self, seconds: float) -> None:
        """Wait so long, or until a signal comes."""
        if not self.asked and select.select([self._reader], [], [], seconds)[0]:
            os.read(self._reader, 4096)

    def _ask(self, number: int, frame: Any) -> None:
        self.asked = True
        signal.setitimer(signal.ITIMER_REAL, GRACE)

    def _end(self, number: int, frame: Any) -> None:
        raise Stopped
