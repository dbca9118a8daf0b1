"""Kafka, with librdkafka's mock brokers: down, up again, and answering with errors."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from tests.ship.far_ends import Ship, account, free_port, numbers_in, wait_until
from tests.ship.logs import Log
from tests.ship.mock_kafka import Cluster, Consumer

EVENTS = 100_000


@pytest.fixture
def cluster():
    pytest.importorskip("confluent_kafka", reason="needs confluent-kafka (python3-confluent-kafka)")
    made = Cluster()
    made.create("host-sensor")
    yield made
    made.close()


@pytest.mark.slow
def test_100000_events_past_a_cluster_that_goes_down_three_times(cluster: Cluster, tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(EVENTS)
    consumer = Consumer(cluster.addresses, "host-sensor")
    options = {"rate": "700 KiB", "timeout": 3, "batch": {"events": 1000}, "host": "web01"}
    with Ship(tmp_path, log.path, kind="kafka", to=cluster.addresses.split(","), **options) as ship:
        ship.start()
        for number in range(3):
            wait_until(lambda mark=number: len(consumer.lines) > mark * EVENTS // 4, 60)
            cluster.down()
            time.sleep(0.5 if number else 4)  # once longer than a message may take
            cluster.up()
            cluster.fail("not leader", "not enough replicas", "request timed out")
        wait_until(lambda: f"acknowledged  {EVENTS:,}" in ship.run("--status").stdout, 90)
        assert ship.kill(signal.SIGTERM) == 0
    wait_until(lambda: len(set(consumer.lines)) == EVENTS)
    consumer.close()
    found = account(numbers_in(consumer.lines), EVENTS)
    print(f"kafka: {found}")
    assert (found["missing"], found["out of order"]) == (0, 0)
    assert found["repeated"] <= 3 * 8 * 1000
    assert consumer.keys == {b"web01"}


def test_a_message_too_large_is_a_dead_letter_and_the_others_arrive(cluster: Cluster, tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(10)
    log.size = 2_000_000
    log.write(1)
    log.size = 0
    log.write(10)
    consumer = Consumer(cluster.addresses, "host-sensor")
    options = {"kafka": {"settings": {"message.max.bytes": "1000000"}, "compression": "none"}}
    with Ship(tmp_path, log.path, kind="kafka", to=cluster.addresses.split(","), **options) as ship:
        assert ship.run("--once").returncode == 0
        (letter,) = (ship.state / "dead-letters.jsonl").read_text().splitlines()
    wait_until(lambda: len(consumer.lines) == 20)
    consumer.close()
    assert numbers_in(consumer.lines) == [*range(10), *range(11, 21)]
    assert "Message size too large" in letter[:400]


def test_a_cluster_that_is_not_there_is_reported(tmp_path: Path) -> None:
    pytest.importorskip("confluent_kafka", reason="needs confluent-kafka (python3-confluent-kafka)")
    ship = Ship(tmp_path, tmp_path / "log", kind="kafka", to=f"127.0.0.1:{free_port()}", timeout=2)
    output = ship.run("--check")
    assert (output.returncode, "FAILED" in output.stdout) == (1, True)
