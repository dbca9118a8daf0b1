"""Every counter is shown under one good name, by HTTP and in a text file, and an idle endpoint costs nothing."""

from __future__ import annotations

import http.client
import logging
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sensor import __version__, metrics
from sensor.errors import OutputError
from sensor.metrics import ROWS, Exporter, Options, parse_address
from sensor.options import OptionError
from sensor.stats import Stats
from tests.support.prometheus import program
from tests.support.waiting import wait_for


def attributes() -> list[tuple[str, str]]:
    stats = Stats()
    return [(part, attribute) for part in Stats.__slots__ for attribute in getattr(stats, part).__slots__]


def numbered() -> tuple[Stats, dict[str, float]]:
    """Return Stats in which every number is another one, and what the metrics should therefore say."""
    stats, expected = Stats(), {}
    for number, row in enumerate(ROWS, start=100):
        part = getattr(stats, row.part)
        name = f"host_sensor_{row.name}"
        if row.label:
            getattr(part, row.attribute).update({"this": number, 'a "b"\\': 1})
            expected[f"{name} {row.label}=this"] = number
            expected[f'{name} {row.label}=a "b"\\'] = 1
        else:
            setattr(part, row.attribute, number)
            expected[name] = number
    return stats, expected


def samples(text: str) -> dict[str, float]:
    """Flatten exposition text into {"name label=value": number}."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = " ".join(f"{key}={value}" for key, value in sample.labels.items())
            found[f"{sample.name} {labels}".strip()] = sample.value
    return found


@pytest.fixture
def exporter():
    stats, _ = numbered()
    exporter = Exporter(Options(listen="127.0.0.1:0"), stats)
    exporter.start()
    yield exporter
    exporter.close()


def get(exporter: Exporter, path: str, **headers: str) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(*exporter.address, timeout=10)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


def test_every_counter_is_shown_exactly_once():
    assert sorted((row.part, row.attribute) for row in ROWS) == sorted(attributes())
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_a_dictionary_has_a_label_and_a_number_has_none():
    stats = Stats()
    kinds = {row.name: isinstance(getattr(getattr(stats, row.part), row.attribute), dict) for row in ROWS}
    assert {row.name: bool(row.label) for row in ROWS} == kinds


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_names_follow_the_conventions(row):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", row.name)
    assert row.help.endswith(".")
    assert not re.search(r"_(count|sum|bucket|created|ms|kb|mb|percent)(_|$)", row.name)


def test_the_endpoint_shows_every_value(exporter):
    status, kind, body = get(exporter, "/metrics")
    shown = samples(body)
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    _, expected = numbered()
    assert {name: shown.get(name) for name in expected} == expected
    build = [name for name in shown if name.startswith("host_sensor_build_info")]
    assert [f"version={__version__}" in name for name in build] == [True]
    assert [name for name in build if "compiled=true" in name or "compiled=false" in name] == build
    assert not [name for name in shown if "_created" in name]
    assert shown["process_resident_memory_bytes"] > 1e6
    assert "process_cpu_seconds_total" in shown


def test_auditing_costs_what_its_processes_use(exporter):
    shown = samples(get(exporter, "/metrics")[2])
    assert shown["host_sensor_audit_cpu_seconds_total process=host-sensor"] > 0
    assert shown["host_sensor_audit_resident_memory_bytes process=host-sensor"] > 1e6


def test_openmetrics_is_spoken_when_asked_for(exporter):
    status, kind, body = get(exporter, "/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert (status, kind.split(";")[0]) == (200, "application/openmetrics-text")
    assert body.endswith("# EOF\n")
    assert 'host_sensor_output_lost_lines_total{reason="this"}' in body


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [("/", 200, 'href="/metrics"'), ("/-/healthy", 200, "ok\n"), ("/metrics?x=1", 200, "# HELP"), ("/etc", 404, "404")],
)
def test_paths(exporter, path, status, body):
    answer = get(exporter, path)
    assert answer[0] == status
    assert body in answer[2]


def first_page() -> dict[str, float]:
    """What a sensor shows that has just begun."""
    return samples(generate_latest(metrics.make_registry(Stats())).decode())


@pytest.mark.parametrize("row", [row for row in ROWS if row.known], ids=lambda row: row.name)
def test_reasons_are_there_before_the_first_loss(row):
    """`increase` sees no counter that begins with its first count."""
    shown = first_page()
    assert {shown.get(f"host_sensor_{row.name} {row.label}={reason}") for reason in row.known} == {0.0}


def test_a_custom_stage_has_its_counters_from_the_start():
    stats = Stats()
    stats.pipeline.custom_off["mine.py"] = 0
    shown = samples(generate_latest(metrics.make_registry(stats)).decode())
    assert shown["host_sensor_custom_stage_failures_total stage=mine.py"] == 0
    assert shown["host_sensor_custom_stage_seconds_total stage=mine.py"] == 0


def test_labels_without_known_values_are_names_of_the_administrator_or_of_stages():
    """Rules are there as soon as they are read; a failed stage counts in crashes_total, too."""
    unknown = {row.name for row in ROWS if row.label and not row.known and not row.like}
    of_stages = {"stage_failures_total", "custom_stage_off", "stage_samples_total", "stage_sample_seconds_total"}
    assert unknown == {"filtered_events_total"} | of_stages


def test_a_histogram_has_eight_buckets():
    stats = Stats()
    stats.daemon.written_lag.add(0.2, 3)
    stats.daemon.written_lag.add(100, 1)
    shown = samples(generate_latest(metrics.make_registry(stats)).decode())
    buckets = {name: value for name, value in shown.items() if "written_lag_seconds_bucket" in name}
    assert (len(buckets), [*buckets.values()]) == (8, [0, 3, 3, 3, 3, 3, 3, 4])
    assert shown["host_sensor_written_lag_seconds_sum"] == pytest.approx(100.6)


def test_values_are_those_of_the_moment():
    stats = Stats()
    exporter = Exporter(Options(listen="127.0.0.1:0"), stats)
    exporter.start()
    try:
        for events in (0, 7):
            stats.pipeline.events = events
            deadline = time.monotonic() + 20  # a page serves all who ask within Limits.pause
            while samples(get(exporter, "/metrics")[2])["host_sensor_events_total"] != events:
                assert time.monotonic() < deadline
    finally:
        exporter.close()


def test_closing_frees_the_address_and_ends_the_threads():
    exporter = Exporter(Options(listen="127.0.0.1:0"), Stats())
    exporter.start()
    host, port = exporter.address
    get(exporter, "/-/healthy")
    exporter.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("metrics")]
    again = Exporter(Options(listen=f"{host}:{port}"), Stats())
    again.close()


def test_an_address_in_use_is_reported(exporter):
    taken = "{}:{}".format(*exporter.address)
    with pytest.raises(OutputError, match=rf"cannot listen on {taken}: Address already in use"):
        Exporter(Options(listen=taken), Stats())


def test_nothing_asked_for_nothing_started():
    exporter = Exporter(Options(listen=""), Stats())
    before = threading.active_count()
    exporter.start()
    assert (exporter.address, threading.active_count()) == (None, before)
    exporter.close()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("", None),
        ("127.0.0.1:9766", ("127.0.0.1", 9766)),
        ("[::1]:1", ("::1", 1)),
        (":65535", ("", 65535)),
        ("localhost:80", ("127.0.0.1", 80)),
    ],
)
def test_addresses(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["9766", "localhost", "localhost:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:٣", "myhost:1", "a.b.c:80", "[::g]:1"],
)
def test_addresses_that_are_none(text):
    with pytest.raises(OptionError) as caught:
        Options(listen=text)
    assert caught.value.key == "listen"
    assert text in str(caught.value)


@pytest.mark.parametrize("text", ["myhost:1", "a.b.c:80", "[::g]:1", "1.2.3:4", "localhost.:80"])
def test_a_name_is_no_address(text):
    """To resolve one could keep auditd waiting at the start."""
    with pytest.raises(OptionError, match="expected a numeric address"):
        Options(listen=text)


def test_an_endpoint_nobody_asks_imports_nothing_and_sleeps():
    script = """
import sys, threading, time
from sensor.metrics import Exporter, Options
from sensor.stats import Stats
exporter = Exporter(Options(listen="127.0.0.1:0"), Stats())
exporter.start()
(thread,) = [thread for thread in threading.enumerate() if thread.name == "metrics_serve"]
def switches():
    status = open(f"/proc/self/task/{thread.native_id}/status").read()
    return [line for line in status.splitlines() if "ctxt_switches" in line]
time.sleep(0.2)
before = switches()
time.sleep(0.8)
print(switches() == before, "prometheus_client" in sys.modules, "http.server" in sys.modules)
exporter.close()
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert (result.stdout, result.stderr) == ("True False False\n", "")


def test_an_endpoint_that_was_asked_sleeps_again(exporter):
    get(exporter, "/metrics")
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "metrics_serve"]
    status = Path(f"/proc/self/task/{thread.native_id}/status")

    def switches() -> list[str]:
        return re.findall(r".*ctxt_switches.*", status.read_text())

    time.sleep(0.2)
    before = switches()
    time.sleep(0.8)
    assert switches() == before


def test_the_textfile_is_written_whole_and_a_last_time(tmp_path):
    stats, path = Stats(), tmp_path / "host-sensor.prom"
    exporter = Exporter(Options(listen="", textfile=str(path)), stats, interval=0.05)
    exporter.start()
    wait_for(path.exists)
    stats.pipeline.events = 9
    exporter.close()
    assert samples(path.read_text())["host_sensor_events_total"] == 9
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("before", ["nothing", "a file of another mode", "a link", "a FIFO in the way"])
def test_everybody_may_read_the_textfile(before, tmp_path):
    """node_exporter is another user, and the sensor's umask is 027."""
    path, elsewhere = tmp_path / "host-sensor.prom", tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    if before == "a file of another mode":
        path.touch(0o600)
    elif before == "a link":
        path.symlink_to(elsewhere)
    elif before == "a FIFO in the way":
        os.mkfifo(f"{path}.new")
    umask = os.umask(0o027)
    try:
        exporter = Exporter(Options(listen="", textfile=str(path)), Stats())
        exporter.start()
        exporter.close()
    finally:
        os.umask(umask)
    assert path.lstat().st_mode & 0o7777 == 0o644
    assert "host_sensor_events_total" in path.read_text()
    assert elsewhere.read_text() == "precious"


def test_a_textfile_that_cannot_be_written_is_reported_once(tmp_path, caplog):
    path = tmp_path / "later" / "host-sensor.prom"
    with caplog.at_level(logging.WARNING):
        exporter = Exporter(Options(listen="", textfile=str(path)), Stats(), interval=0.01)
        exporter.start()
        wait_for(lambda: caplog.messages)
        time.sleep(0.1)
        path.parent.mkdir()
        wait_for(path.exists)
        exporter.close()
    assert caplog.messages == [f"metrics: cannot write {path}: No such file or directory"]


def test_promtool_finds_nothing_to_show(exporter):
    promtool = program("promtool")
    _, _, body = get(exporter, "/metrics")
    result = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
