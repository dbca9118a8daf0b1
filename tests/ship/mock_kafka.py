"""A Kafka cluster in this process: librdkafka's own mock brokers (rdkafka_mock.h), by way of ctypes."""

from __future__ import annotations

import ctypes
import ctypes.util
import threading
from typing import Any

import pytest

PRODUCER = 0
RETRIABLE_THEN = {"not leader": 6, "request timed out": 7, "not enough replicas": 19, "message too large": 10}
"""Errors of the protocol that a broker may answer with (rdkafka.h, RD_KAFKA_RESP_ERR_…)."""
PRODUCE = 0
"""ApiKey of a produce request."""


class Cluster:
    """Brokers that can be reported to be down, and to answer with errors."""

    def __init__(self, brokers: int = 3) -> None:
        name = ctypes.util.find_library("rdkafka") or "librdkafka.so.1"
        try:
            self._library = ctypes.CDLL(name)
            self._library.rd_kafka_mock_cluster_new  # noqa: B018 - whether it is there
        except (OSError, AttributeError):
            pytest.skip("needs librdkafka's mock brokers (librdkafka1)")
        library = self._library
        for function, result in (
            ("rd_kafka_conf_new", ctypes.c_void_p),
            ("rd_kafka_new", ctypes.c_void_p),
            ("rd_kafka_mock_cluster_new", ctypes.c_void_p),
            ("rd_kafka_mock_cluster_bootstraps", ctypes.c_char_p),
        ):
            getattr(library, function).restype = result
        error = ctypes.create_string_buffer(512)
        configuration = ctypes.c_void_p(library.rd_kafka_conf_new())
        handle = library.rd_kafka_new(PRODUCER, configuration, error, ctypes.c_size_t(512))
        self._handle = ctypes.c_void_p(handle)
        self._cluster = ctypes.c_void_p(library.rd_kafka_mock_cluster_new(self._handle, brokers))
        self.brokers = range(1, brokers + 1)
        self.addresses = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def create(self, topic: str, partitions: int = 1) -> None:
        self._library.rd_kafka_mock_topic_create(self._cluster, topic.encode(), partitions, len(self.brokers))

    def down(self) -> None:
        """Take every broker down."""
        for broker in self.brokers:
            self._library.rd_kafka_mock_broker_set_down(self._cluster, broker)

    def up(self) -> None:
        for broker in self.brokers:
            self._library.rd_kafka_mock_broker_set_up(self._cluster, broker)

    def fail(self, *errors: str) -> None:
        """Answer the next produce requests so."""
        codes = [ctypes.c_int(RETRIABLE_THEN[error]) for error in errors]
        self._library.rd_kafka_mock_push_request_errors(
            self._cluster, ctypes.c_int16(PRODUCE), ctypes.c_size_t(len(codes)), *codes
        )

    def close(self) -> None:
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._handle)


class Consumer:
    """Takes everything out of a topic as it comes, for the mock brokers keep only so much."""

    def __init__(self, addresses: str, topic: str) -> None:
        confluent_kafka: Any = pytest.importorskip("confluent_kafka", reason="needs python3-confluent-kafka")
        self.lines: list[bytes] = []
        self.keys: set[bytes] = set()
        self._stop = threading.Event()
        self._consumer = confluent_kafka.Consumer(
            {"bootstrap.servers": addresses, "group.id": "test", "auto.offset.reset": "earliest"}, logger=None
        )
        self._consumer.assign([confluent_kafka.TopicPartition(topic, 0, 0)])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            for message in self._consumer.consume(1000, 0.2):
                if message.error() is None:
                    self.lines.append(message.value())
                    self.keys.add(message.key())

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)
        self._consumer.close()
