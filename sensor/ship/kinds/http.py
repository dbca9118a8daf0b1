"""`kind: http`: JSON Lines in the body of a POST; any status of 2xx acknowledges them.

POST /ingest HTTP/1.1
Content-Type: application/x-ndjson

{"ID":"1700000000.123:4567",…}
{"ID":"1700000000.124:4568",…}
"""

from __future__ import annotations

from sensor.ship.batch import Batch
from sensor.ship.http import PostingKind
from sensor.ship.kinds import Receipt

__all__ = ["HttpKind"]


class HttpKind(PostingKind):
    """Posts to the address as it stands."""

    def deliver(self, batch: Batch) -> Receipt:
        self._client.post("", b"\n".join([*batch.lines, b""]), "application/x-ndjson")
        self.answer = self._client.status
        return Receipt()
