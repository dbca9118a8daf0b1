"""A real sensor that loses things, a real Prometheus that scrapes it, and the panels that must tell of it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.grafana.boards import choose, expression, fill
from tests.support.prometheus import free_port, query, running, wait_for
from tests.support.running import event, events, sensors

TIMES = {"__range": "1m", "__interval": "10s", "__rate_interval": "1m"}
LOST = 300


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A full disk with a small buffer, lines that are no records, numbers that never came; an event now and then."""
    folder, port = tmp_path_factory.mktemp("run"), free_port()
    jobs = [{"job_name": "host-sensor", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]
    with sensors(folder) as start, running(tmp_path_factory.mktemp("prometheus"), jobs, []) as url:
        run = start(metrics={"listen": f"127.0.0.1:{port}"}, auditlog={"file": "/dev/full", "buffer": 65536})
        run.started()
        wait_for(url, "count_over_time(host_sensor_events_total[1m]) > 3")
        run.auditd.sendall(events(1, 1000) + b"no record\n" * 5 + events(1000 + LOST, 2000))
        wait_for(url, "host_sensor_output_lost_lines_total > 0 and on () host_sensor_missing_serials_total > 0")
        deadline = time.monotonic() + 8
        number = 2000
        while time.monotonic() < deadline:  # rates need more than one scrape
            run.auditd.sendall(event(number))
            number += 1
            time.sleep(0.1)
        yield url


@pytest.mark.slow
@pytest.mark.parametrize(
    ("board", "title", "legend"),
    [
        ("fleet", "Lost", "lost"),
        ("fleet", "Hosts", "auditd"),
        ("fleet", "Hosts", "sensor"),
        ("fleet", "When it was lost", "{{instance}}: log, {{reason}}"),
        ("fleet", "When it was lost", "{{instance}}: auditd"),
        ("fleet", "By category", "{{category}}"),
        ("fleet", "Loudest audit keys", "{{key}}"),
        ("host", "Lost", "lost"),
        ("host", "What is lost on the way", "auditd"),
        ("host", "What is lost on the way", "log"),
        ("host", "What is lost on the way", "unparsed"),
        ("host", "When it was lost", "log, {{reason}}"),
        ("host", "Odd input", "unparsed: {{reason}}"),
        ("host", "All that is missing", "reasons"),
        ("host", "All that is missing", "{{place}}: {{reason}}"),
        ("host", "Failed writes", "{{errno}}"),
        ("host", "By audit key", "{{key}}"),
        ("host", "By category", "{{category}}"),
    ],
)
def test_panels_show_the_loss(prometheus: str, board: str, title: str, legend: str) -> None:
    found = query(prometheus, fill(expression(board, title, legend), choose(prometheus, board), **TIMES))
    assert found
    assert max(float(sample["value"][1]) for sample in found) > 0


@pytest.mark.slow
def test_what_never_came_is_counted_exactly(prometheus: str) -> None:
    (missing,) = query(prometheus, "host_sensor_missing_serials_total")
    assert float(missing["value"][1]) == LOST
