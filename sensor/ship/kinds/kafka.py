"""`kind: kafka`: Apache Kafka, and what speaks its protocol, by librdkafka's idempotent producer.

    topic host-sensor, key web01, value {"ID":"1700000000.123:4567",…}

The key is the host, so one partition has all events of a host, in order; all in-sync replicas acknowledge. All
addresses are tried at once: a cluster needs no failover of ours.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import Any

from sensor.errors import UnavailableError
from sensor.options import OptionError, option
from sensor.ship import secrets
from sensor.ship.batch import Batch
from sensor.ship.kinds import Common, Kind, Receipt, needed

WINDOW = 8
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """Apache Kafka, Redpanda and others."""

    topic: str = option("host-sensor", "Topic to write to.")
    compression: str = option("zstd", "How batches are packed.", ("none", "gzip", "snappy", "lz4", "zstd"))
    mechanism: str = option("PLAIN", "How a user is authenticated (SASL).", ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"))
    user: str | None = option(None, "User name; null: no authentication but that by client certificate.")
    password: str | None = option(None, "Password. " + secrets.HELP)
    settings: dict[str, str] = option({}, "Further settings of librdkafka, such as `client.rack`; not for secrets.")

    def __post_init__(self) -> None:
        secrets.check("password", self.password)
        if (self.user is None) != (self.password is None):
            raise OptionError("user", "expected `user` and `password` together")


class KafkaKind(Kind):
    """Keeps a window of batches on their way; each message is acknowledged by its own report."""

    window = WINDOW
    takes_all_addresses = True

    def __init__(self, options: Options, common: Common) -> None:
        super().__init__()
        self._options = options
        self._common = common
        self._key = common.host.encode("utf-8", "replace")
        with needed("python3-confluent-kafka"):
            import confluent_kafka
        self._kafka = confluent_kafka
        self._producer: Any = None
        self._open: deque[_Open] = deque()

    def connect(self, address: str) -> None:
        try:
            self._producer = self._kafka.Producer(self._settings(address), logger=log)
            found = self._producer.list_topics(self._options.topic, timeout=self._common.timeout)
        except self._kafka.KafkaException as error:
            self.close()
            raise UnavailableError(_message(error.args[0])) from error
        self.answer = f"{len(found.brokers)} brokers, topic {self._options.topic}"

    def send(self, batch: Batch) -> None:
        opened = _Open(len(batch.lines))
        self._open.append(opened)
        for index, line in enumerate(batch.lines):
            while True:
                try:
                    self._producer.produce(self._options.topic, line, self._key, on_delivery=opened.reporter(index))
                    break
                except BufferError:
                    self._producer.poll(0.1)
                    self._check()
                except self._kafka.KafkaException as error:
                    opened.report(index, error.args[0])
                    break
        self._producer.poll(0)

    def wait(self, seconds: float) -> list[Receipt]:
        self._producer.poll(seconds)
        self._check()
        receipts = []
        while self._open and not self._open[0].left:
            receipts.append(Receipt(self._open.popleft().refused))
        return receipts

    def close(self) -> None:
        super().close()
        if self._producer is not None:
            self._producer.purge()
            self._producer.flush(1)
            self._producer = None
        self._open.clear()

    def _check(self) -> None:
        """Raise the error of a report."""
        for opened in self._open:
            if opened.failure:
                raise UnavailableError(opened.failure)

    def _settings(self, address: str) -> dict[str, Any]:
        options, tls = self._options, self._common.tls
        secret = secrets.read(options.password)
        settings: dict[str, Any] = {
            "bootstrap.servers": address,
            "client.id": f"host-sensor-ship {self._common.name}",
            "enable.idempotence": True,
            "compression.codec": options.compression,
            "linger.ms": 5,
            "message.timeout.ms": int(self._common.timeout * 1000),
            "queue.buffering.max.kbytes": 65536,
            "security.protocol": f"{'SASL_' if secret else ''}{'SSL' if tls.use else 'PLAINTEXT'}",
        }
        if secret:
            settings |= {"sasl.mechanism": options.mechanism, "sasl.username": options.user, "sasl.password": secret}
        if tls.use:
            files = {
                "ssl.ca.location": tls.ca,
                "ssl.certificate.location": tls.certificate,
                "ssl.key.location": tls.key,
            }
            settings |= {name: path for name, path in files.items() if path}
            settings["ssl.endpoint.identification.algorithm"] = "https"
        return {**settings, **options.settings}


class _Open:
    """A batch on its way: how many of its messages have no report yet, and what went wrong."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.failure = ""
        self.refused: list[tuple[int, str]] = []

    def reporter(self, index: int) -> Any:
        """What librdkafka calls with the report of one message."""
        return lambda error, message: self.report(index, error)

    def report(self, index: int, error: Any) -> None:
        import confluent_kafka

        if error is None:
            self.left -= 1
        elif error.code() in {confluent_kafka.KafkaError.MSG_SIZE_TOO_LARGE, confluent_kafka.KafkaError.INVALID_MSG}:
            self.left -= 1
            self.refused.append((index, _message(error)))
        else:
            self.failure = self.failure or _message(error)


def _message(error: Any) -> str:
    return str(error.str()) if hasattr(error, "str") else str(error)
