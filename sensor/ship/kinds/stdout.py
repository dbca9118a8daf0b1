"""`kind: stdout`: JSON Lines on standard output, for tests and for a pipe; written is acknowledged."""

from __future__ import annotations

import os

from sensor.errors import UnavailableError
from sensor.ship.batch import Batch
from sensor.ship.kinds import Common, Kind, Receipt


class StdoutKind(Kind):
    """Writes to descriptor 1 and waits while its reader does not keep up."""

    can_refuse = False

    def __init__(self, options: None, common: Common) -> None:
        super().__init__()

    def deliver(self, batch: Batch) -> Receipt:
        data = memoryview(b"\n".join([*batch.lines, b""]))
        try:
            while data:
                data = data[os.write(1, data) :]
        except OSError as error:
            raise UnavailableError(f"standard output: {error.strerror}") from error
        return Receipt()
