"""What the kinds over a stream share; tests/ship/kinds/test_tcp.py has the rest."""

from __future__ import annotations

from sensor.ship.batch import Batch, Position
from sensor.ship.kinds import Common
from sensor.ship.streamed import StreamedKind
from tests.ship.far_ends import Receiver, wait_until


class Shouting(StreamedKind):
    def encode(self, batch: Batch) -> bytes:
        return b"".join([line.upper() + b"\n" for line in batch.lines])


def test_what_encode_makes_is_sent_and_acknowledged_in_order() -> None:
    receiver = Receiver()
    kind = Shouting(Common("far", "host", 5.0), 0.0)
    kind.connect(f"127.0.0.1:{receiver.port}")
    for number in range(20):
        kind.send(Batch(Position("a"), Position("a", 1, 1), [b"line %d" % number]))
    receipts = 0

    def all_there() -> bool:
        nonlocal receipts
        receipts += len(kind.wait(0.05))
        return receipts == 20

    wait_until(all_there)
    wait_until(lambda: len(receiver.lines) == 20)
    assert receiver.lines == [b"LINE %d" % number for number in range(20)]
    assert kind.answer == "TCP"
    kind.close()
