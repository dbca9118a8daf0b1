"""What the metrics show of a configuration that was taken into use, or refused."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
import urllib.request

from tests.daemon.test_daemon import sensor  # noqa: F401  a fixture
from tests.program import write_config


def reloads(port: int) -> tuple[float, float]:
    """Whether the last reload was successful, and the time of the last one that was."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    found = dict(re.findall(r"^host_sensor_config_last_reload_(\w+) (\S+)$", text, re.MULTILINE))
    return float(found["successful"]), float(found["success_timestamp_seconds"])


def test_a_configuration_that_was_refused_is_seen_in_the_metrics(sensor):  # noqa: F811
    begun = time.time()
    port = free_port()
    run = sensor(metrics={"listen": f"127.0.0.1:{port}"})
    successful, first = reloads(port)
    assert successful == 1
    assert begun - 1 <= first <= time.time()
    good = run.config.read_text()
    run.config.write_text(json.dumps({**json.loads(good), "sise": 1}))
    run.process.send_signal(signal.SIGHUP)
    run.wait_for(lambda: "the configuration stays as it was" in run.said())
    run.wait_for(lambda: reloads(port) == (0, first))
    run.config.write_text(good)
    run.process.send_signal(signal.SIGHUP)
    run.wait_for(lambda: reloads(port)[0] == 1)
    assert reloads(port)[1] > first


def test_a_configuration_with_mistakes_at_the_start_is_seen_in_the_metrics(sensor, tmp_path):  # noqa: F811
    port = free_port()
    sensor(write_config(tmp_path, metrics={"listen": f"127.0.0.1:{port}"}, sise=1))
    assert reloads(port) == (0, 0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
