"""`kind: tcp`: JSON Lines over TCP or TLS.

Plain TCP has no acknowledgement by the reader. A batch counts as acknowledged when the far end's kernel has had it for
`settle` and the connection still stands: what a reader that dies had not read yet is then sent again, unless it lay
unread for longer. With `acknowledge: count` the reader itself reports how many events it took over this connection,
in decimal, one number a line, whenever it likes, and nothing is lost whatever happens to it:

    17
    5017
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import option
from sensor.ship.batch import Batch
from sensor.ship.kinds import Common
from sensor.ship.streamed import StreamedKind


@dataclass(frozen=True)
class Options:
    """JSON Lines over TCP or TLS."""

    acknowledge: str = option(
        "kernel",
        "Who confirms that events arrived: the far end's `kernel`, or its program, which writes the `count` of events"
        " it has, in decimal, one number a line.",
        ("kernel", "count"),
    )
    settle: float = option(
        1.0,
        "With `kernel`: how long the far end's kernel must have had events, with the connection still standing, until"
        " they count as delivered.",
        (),
        0,
        "seconds",
    )


class TcpKind(StreamedKind):
    """Writes lines to a stream."""

    def __init__(self, options: Options, common: Common) -> None:
        super().__init__(common, options.settle if options.acknowledge == "kernel" else None)

    def encode(self, batch: Batch) -> bytes:
        return b"\n".join([*batch.lines, b""])
