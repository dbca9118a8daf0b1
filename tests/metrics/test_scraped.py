"""A real Prometheus scrapes the metrics by TLS and with a password, and does not with a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.metrics import Exporter, Options, secured
from sensor.metrics.passwords import hashed
from sensor.stats import Stats
from tests.ship.certificates import make
from tests.support.prometheus import query, running, wait_for


@pytest.mark.slow
def test_prometheus_gets_in_with_the_password_only(tmp_path: Path) -> None:
    certificates = make(tmp_path)
    certificates.good.chmod(0o600)
    tls = secured.Options(str(certificates.good), minimum="TLSv1.3")
    exporter = Exporter(Options("127.0.0.1:0", users={"scraper": hashed("secret")}, tls=tls), Stats())
    exporter.start()
    assert exporter.address is not None
    target = "{}:{}".format(*exporter.address)
    jobs = [
        {
            "job_name": name,
            "scheme": "https",
            "tls_config": {"ca_file": str(certificates.ca)},
            "basic_auth": {"username": "scraper", "password": password},
            "static_configs": [{"targets": [target]}],
        }
        for name, password in (("right", "secret"), ("wrong", "guess"))
    ]
    try:
        (tmp_path / "prometheus").mkdir()
        with running(tmp_path / "prometheus", jobs, []) as url:
            wait_for(url, 'min_over_time(up{job="right"}[3s]) == 1 and on () count_over_time(up{job="wrong"}[10s]) > 3')
            assert query(url, 'host_sensor_events_total{job="right"}')
            assert not query(url, 'max_over_time(up{job="wrong"}[1m]) == 1')
    finally:
        exporter.close()
