"""`host-sensor ship --check`: one test line to every address of a destination, and what came back.

    {"ID":"1795824000.123:0","SHIP":{"TEST":"host-sensor ship --check","HOST":"web01"}}

It goes past the cursor and the log: nothing of them changes.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator

from sensor.errors import ShipError
from sensor.ship.batch import Batch, Position
from sensor.ship.build import make_kind
from sensor.ship.options import Destination


def test_line(host: str, now: float) -> bytes:
    """The line that is sent."""
    test = {"ID": f"{now:.3f}:0", "SHIP": {"TEST": "host-sensor ship --check", "HOST": host}}
    return json.dumps(test, separators=(",", ":")).encode()


def check(name: str, config: Destination, host: str) -> Iterator[tuple[str, bool]]:
    """For each address a line with the result, and whether the test line was acknowledged; raises ShipError."""
    kind = make_kind(name, config)
    addresses = (",".join(config.to),) if kind.takes_all_addresses else config.to or ("-",)
    for address in addresses:
        began = time.monotonic()
        line = test_line(host, time.time())
        try:
            kind.connect(address)
            connected = kind.answer
            kind.send(_batch(line))
            refused = _wait(kind.wait, config.timeout)
            took = (time.monotonic() - began) * 1000
            if refused:
                yield f"{address}: REFUSED: {refused}", False
            else:
                details = " · ".join(dict.fromkeys(part for part in (connected, kind.answer) if part))
                yield f"{address}: acknowledged after {took:.0f} ms{f' ({details})' if details else ''}", True
        except ShipError as error:
            yield f"{address}: FAILED: {error}", False
        finally:
            kind.close()


def _batch(line: bytes) -> Batch:
    identity = "test" + hashlib.sha256(line).hexdigest()[:16]
    return Batch(Position(identity), Position(identity, len(line) + 1, 1), [line], size=len(line) + 1)


def _wait(wait: object, timeout: float) -> str:
    """Wait for the receipt; returns why the line was refused, if it was."""
    assert callable(wait)
    deadline = time.monotonic() + timeout + 2
    while time.monotonic() < deadline:
        for receipt in wait(0.1):
            return str(receipt.refused[0][1]) if receipt.refused else ""
    raise ShipError("it did not acknowledge in time")
