"""`kind: splunk`: Splunk's HTTP Event Collector, with indexer acknowledgement where it is on.

    {"time":1700000000.123,"host":"web01","source":"host-sensor","sourcetype":"host-sensor","event":{"ID":…}}

With `acknowledge` a batch is taken when the indexers confirm (`/services/collector/ack`); without, when the collector
has queued it, so what it holds is lost if it dies then.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass

from sensor.errors import UnavailableError
from sensor.options import option
from sensor.ship import http
from sensor.ship.batch import Batch, event_time
from sensor.ship.kinds import Common, Receipt

POLL_FIRST, POLL_LONGEST = 0.1, 2.0
"""Seconds between two questions whether the indexers have a batch."""


@dataclass(frozen=True)
class Options:
    """Splunk's HTTP Event Collector."""

    acknowledge: bool = option(
        True, "Wait for the indexers' acknowledgement; the collector's token must have it switched on."
    )
    index: str | None = option(None, "Index to write to; null: the token's own.")
    source: str = option("host-sensor", "Value of `source`.")
    sourcetype: str = option("host-sensor", "Value of `sourcetype`.")


class SplunkKind(http.PostingKind):
    """Posts to `/services/collector/event`."""

    def __init__(self, options: Options, common: Common, http_options: http.Options) -> None:
        self._acknowledge = options.acknowledge
        super().__init__(http_options, common, "Splunk")
        self._timeout = common.timeout
        self._channel = str(uuid.uuid4())
        fields = {"host": common.host, "source": options.source, "sourcetype": options.sourcetype}
        if options.index:
            fields["index"] = options.index
        self._after = b"," + json.dumps(fields, separators=(",", ":")).encode()[1:-1] + b',"event":'

    def deliver(self, batch: Batch) -> Receipt:
        body = b"\n".join([self._envelope(line) for line in batch.lines])
        headers = {"X-Splunk-Request-Channel": self._channel}
        answer = http.parse(self._client.post("/services/collector/event", body, "application/json", headers))
        if not isinstance(answer, dict) or answer.get("code") != 0:
            raise UnavailableError(f"it answers {json.dumps(answer)[: http.SHOWN]}")
        self.answer = f"{self._client.status}, {answer.get('text')}"
        if self._acknowledge:
            self._wait_for(answer.get("ackId"), headers)
            self.answer += ", acknowledged by the indexers"
        return Receipt()

    def _envelope(self, line: bytes) -> bytes:
        moment = event_time(line)
        stamp = time.time() if moment is None else moment
        event = line if line.startswith(b"{") and line.endswith(b"}") else json.dumps(line.decode("latin-1")).encode()
        return b'{"time":%.3f%b%b}' % (stamp, self._after, event)

    def _wait_for(self, number: object, headers: dict[str, str]) -> None:
        """Ask until the indexers have the batch; raises UnavailableError where they do not have it in time."""
        if not isinstance(number, int):
            raise UnavailableError("it gives no ackId: switch acknowledgement on for its token, or off here")
        question = json.dumps({"acks": [number]}).encode()
        deadline = time.monotonic() + self._timeout
        pause = POLL_FIRST
        while True:
            path = f"/services/collector/ack?channel={self._channel}"
            answer = http.parse(self._client.post(path, question, "application/json", headers))
            acks = answer.get("acks") if isinstance(answer, dict) else None
            if isinstance(acks, dict) and acks.get(str(number)) is True:
                return
            if time.monotonic() + pause > deadline:
                raise UnavailableError("the indexers did not acknowledge in time")
            time.sleep(pause)
            pause = min(POLL_LONGEST, 2 * pause)
