"""What a scrape shows: losses, another version, a refused reload; and an endpoint that does not answer."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from sensor import __version__
from sensor.config import Config
from sensor.doctor.metrics import check_metrics, judge
from sensor.metrics import Exporter, SensorOptions, secured
from sensor.metrics.passwords import hashed
from sensor.stats import Stats
from tests.doctor.examined import levels, wrong
from tests.ship.certificates import make

HEALTHY = f"""\
# HELP host_sensor_build_info 1, labelled with versions.
host_sensor_build_info{{python="3.13.5",version="{__version__}"}} 1.0
host_sensor_events_total 1000.0
host_sensor_output_lost_lines_total{{reason="ENOSPC"}} 0.0
"""


def test_healthy_metrics() -> None:
    assert levels(judge(HEALTHY)) == {"metrics.endpoint": "ok"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('host_sensor_output_lost_lines_total{reason="slow"} 3.0', {"metrics.output_lost_lines_total": "warning"}),
        ("host_sensor_input_dropped_lines_total 1e+06", {"metrics.input_dropped_lines_total": "warning"}),
        ("host_sensor_config_last_reload_successful 0.0", {"metrics.reload": "failure"}),
        ("host_sensor_config_last_reload_successful 1.0", {}),
        ("host_sensor_input_connected 0.0", {"metrics.input_connected": "failure"}),
        ("host_sensor_input_connected 1.0", {}),
        ('host_sensor_unidentified_events_total{reason="ended"} 11.0', {"metrics.unidentified": "warning"}),
        ('host_sensor_unidentified_events_total{reason="ended"} 9.0', {}),
        ('host_sensor_custom_stage_off{stage="a"} 1.0', {"metrics.custom_stage_off": "warning"}),
        ("host_sensor_events_total not a number", {}),
    ],
)
def test_a_sample(line: str, expected: dict[str, str]) -> None:
    assert wrong(judge(HEALTHY + line + "\n")) == expected


def test_another_version_runs() -> None:
    assert wrong(judge('host_sensor_build_info{version="0.0.1"} 1.0\n')) == {"metrics.version": "warning"}


def test_a_real_endpoint() -> None:
    stats = Stats()
    stats.config.last_reload_successful = stats.input.connected = 1
    exporter = Exporter(SensorOptions("127.0.0.1:0"), stats)
    exporter.start()
    try:
        host, port = exporter.address or ("", 0)
        found = levels(check_metrics(Config(metrics=SensorOptions(f"{host}:{port}"))))
    finally:
        exporter.close()
    assert found == {"metrics.endpoint": "ok"}


def test_an_endpoint_that_does_not_answer() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can answer
        options = SensorOptions(f"127.0.0.1:{taken.getsockname()[1]}")
        assert wrong(check_metrics(Config(metrics=options))) == {"metrics.endpoint": "warning"}


def test_no_endpoint_is_a_note() -> None:
    assert wrong(check_metrics(Config(metrics=SensorOptions("")))) == {"metrics.endpoint": "note"}


@pytest.mark.parametrize("served", ["good", "expired", "stranger"])
@pytest.mark.parametrize("password", [False, True])
def test_an_endpoint_with_tls(served: str, password: bool, tmp_path: Path) -> None:
    """The doctor takes the configured certificate, whatever others think of it but that it has expired."""
    certificate = getattr(make(tmp_path), served)
    certificate.chmod(0o600)
    users = {"scraper": hashed("secret")} if password else {}
    options = SensorOptions("127.0.0.1:0", tls=secured.Options(str(certificate)), users=users)
    stats = Stats()
    stats.config.last_reload_successful = stats.input.connected = 1
    exporter = Exporter(options, stats)
    exporter.start()
    try:
        host, port = exporter.address or ("", 0)
        found = levels(check_metrics(Config(metrics=replace(options, listen=f"{host}:{port}"))))
    finally:
        exporter.close()
    level = "warning" if served == "expired" else "note" if password else "ok"
    assert found == {"metrics.endpoint": level}
