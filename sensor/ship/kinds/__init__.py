"""The ways to the far end, one file for each protocol with its Options; none knows another.

    kind.connect("logs.example:6514")     raises UnavailableError
    kind.send(batch)                      hands a batch over; raises UnavailableError, RefusedError
    kind.wait(1.0)                        [Receipt(refused=[])]: the oldest batch has been acknowledged
    kind.close()

A kind blocks for at most `timeout` in each call. After an error everything that was not acknowledged is sent again,
over a new connection: a kind keeps nothing for later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sensor.errors import ShipError, UnavailableError
from sensor.ship import tls
from sensor.ship.batch import Batch


@dataclass(frozen=True)
class Common:
    """What every kind needs to know, beside its own Options."""

    name: str  # of the destination
    host: str  # the name of this host
    timeout: float = 30.0  # seconds
    tls: tls.Options = field(default_factory=tls.Options)


@dataclass
class Receipt:
    """A batch was taken, but for those of its lines that never will be: index in the batch, and reason."""

    refused: list[tuple[int, str]] = field(default_factory=list)


class Kind:
    """What a protocol does; this one takes a batch at a time and is acknowledged at once by `deliver`."""

    window = 1
    """Batches that may be on their way."""
    can_refuse = True
    """Whether single lines can be refused once they are on their way; else a batch's lines are not kept."""
    takes_all_addresses = False
    """Whether connect() wants all addresses at once, with commas, instead of one after the other."""

    def __init__(self) -> None:
        self.answer = ""  # the far end's last answer, for --check
        self._receipts: list[Receipt] = []

    def connect(self, address: str) -> None:
        """Make a connection; raises UnavailableError, or ShipError for what no attempt will change."""

    def deliver(self, batch: Batch) -> Receipt:
        """Send a batch and wait until the far end has it; raises UnavailableError, RefusedError."""
        raise UnavailableError("this kind delivers nothing")

    def send(self, batch: Batch) -> None:
        """Hand a batch over; raises UnavailableError, RefusedError."""
        self._receipts.append(self.deliver(batch))

    def wait(self, seconds: float) -> list[Receipt]:
        """Wait for acknowledgements; returns those that have come, of the oldest batches. Raises UnavailableError."""
        receipts, self._receipts = self._receipts, []
        return receipts

    def close(self) -> None:
        """Close the connection; it may be made again."""
        self._receipts = []


@contextmanager
def needed(package: str) -> Iterator[None]:
    """Turn the failure to import a library into a ShipError that names its package, as Debian and RHEL call it.

    Kinds import when they are made, at the start: no attempt to connect changes what is installed.
    """
    try:
        yield
    except ImportError as error:
        raise ShipError(f"{package} is not installed: {error}") from None


def split_address(address: str, port: int | None = None) -> tuple[str, int]:
    """Turn `host:port` or `[::1]:port` into its parts; raises ValueError, also where no port is known."""
    host, colon, text = address.rpartition(":")
    if not colon or address.endswith("]"):
        host, text = address, "" if port is None else str(port)
    if not host or not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(f'expected HOST:PORT, found "{address}"')
    return host.strip("[]"), int(text)
