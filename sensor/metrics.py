"""The sensor's counters for Prometheus, read from `sensor.stats` at the moment of a scrape.

Only the naming of metrics and the ways to get at them live here: an HTTP endpoint and a file for node_exporter's
textfile collector. What is counted, and where, is the business of the parts. A scrape reads like this:

    # HELP host_sensor_output_lost_lines_total JSON lines given up, by reason.
    # TYPE host_sensor_output_lost_lines_total counter
    host_sensor_output_lost_lines_total{reason="ENOSPC"} 3.0

Until the first scrape this costs one listening socket and one sleeping thread: prometheus_client and what it needs,
most of 14 MB of resident memory, are imported when somebody asks. Neither how many ask nor how slowly costs the sensor
more than sensor.endpoint allows.
"""

from __future__ import annotations

import logging
import os
import platform
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

from sensor import __version__
from sensor.audit_processes import AuditProcesses
from sensor.endpoint import Answer, Endpoint
from sensor.errors import OutputError
from sensor.options import OptionError, option
from sensor.stats import Stats
from sensor.threads import start_thread

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric
    from prometheus_client.registry import Collector

log = logging.getLogger(__name__)

NAMESPACE = "host_sensor"
TEXTFILE_INTERVAL = 15.0  # seconds; what node_exporter is usually scraped at
CLOSING = 5.0  # seconds that the last text file may take


@dataclass(frozen=True)
class Options:
    """How the sensor's own metrics are read."""

    listen: str = option(
        "127.0.0.1:9766",
        "Numeric address, or localhost, and port of the Prometheus endpoint; empty for none. It has no access control.",
    )
    textfile: str = option(
        "",
        "File to write for node_exporter's textfile collector, in a directory the sensor's user may write to.",
        unit="path",
    )

    def __post_init__(self) -> None:
        try:
            parse_address(self.listen)
        except ValueError as error:
            raise OptionError("listen", str(error)) from None


def parse_address(text: str) -> tuple[str, int] | None:
    """Turn `127.0.0.1:9766`, `[::1]:9766` or `:9766` (every address) into host and port; None for the empty text.

    A name is no address, but for localhost: to ask a name server for it could keep auditd waiting at the start.
    """
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"expected ADDRESS:PORT, not {text!r}")
    host = "127.0.0.1" if host == "localhost" else host.strip("[]")
    try:
        if host:
            socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host.partition("%")[0])
        return host, int(port)
    except OSError:
        raise ValueError(f"expected a numeric address such as 127.0.0.1 before :{port}, not {text!r}") from None


class Row(NamedTuple):
    """One attribute of a part of Stats and how it is shown; a name ending in `_total` is a counter, others gauges."""

    part: str
    attribute: str
    name: str
    help: str
    label: str = ""  # what the keys of a dictionary are


ROWS = (
    Row(
        "config",
        "last_reload_successful",
        "config_last_reload_successful",
        "1 if the configuration file, as it was last read, is in use; 0 if it was refused or has mistakes.",
    ),
    Row(
        "config",
        "last_reload_success_time",
        "config_last_reload_success_timestamp_seconds",
        "When a configuration file was last taken into use as a whole, in seconds since 1970; 0: not yet.",
    ),
    Row("input", "connected", "input_connected", "1 while the input is open."),
    Row("input", "bytes", "input_bytes_total", "Bytes read from the audit daemon."),
    Row("input", "chunks", "input_reads_total", "Reads from the audit daemon."),
    Row("input", "pending_bytes", "input_pending_bytes", "Bytes read and not yet processed."),
    Row(
        "input",
        "dropped_bytes",
        "input_dropped_bytes_total",
        "Bytes of input given up, for want of room or of time.",
    ),
    Row(
        "input",
        "dropped_lines",
        "input_dropped_lines_total",
        "Lines of input given up, for want of room or of time.",
    ),
    Row("input", "reader_failures", "input_reader_failures_total", "Times the reading thread failed and began again."),
    Row("input", "reconnects", "input_reconnects_total", "Times a lost input was opened again."),
    Row("pipeline", "lines", "lines_total", "Lines of audit text taken in."),
    Row("pipeline", "records", "records_total", "Audit records that became part of an event."),
    Row("pipeline", "ends", "end_lines_total", "Lines that only said that an event had ended."),
    Row("pipeline", "events", "events_total", "Events made of audit records."),
    Row(
        "pipeline", "fast_events", "fast_events_total", "Events whose records came in one piece and were taken at once."
    ),
    Row("pipeline", "inflight", "inflight_events", "Events that wait for more records."),
    Row("pipeline", "expired", "expired_events_total", "Events ended by time-out, not by their last record."),
    Row("pipeline", "late", "late_records_total", "Records whose event had left already."),
    Row("pipeline", "duplicates", "duplicate_records_total", "Records that repeated an earlier one."),
    Row("pipeline", "crashed", "crashes_total", "Unexpected errors of the pipeline that were survived."),
    Row("daemon", "crashed", "daemon_crashes_total", "Unexpected errors outside the pipeline that were survived."),
    Row("pipeline", "unparsed", "unparsed_lines_total", "Lines reported as they are, by what is wrong.", "reason"),
    Row("pipeline", "truncated", "truncations_total", "Times something was cut short, by the bound it hit.", "bound"),
    Row(
        "pipeline",
        "incomplete",
        "incomplete_events_total",
        "Events with a part missing: path, syscall or eoe.",
        "missing",
    ),
    Row("pipeline", "filtered", "filtered_events_total", "Events left out on purpose, by rule.", "rule"),
    Row("pipeline", "stage_failures", "stage_failures_total", "Events that a stage failed for, by stage.", "stage"),
    Row("pipeline", "custom_failures", "custom_stage_failures_total", "Mistakes of custom stages.", "stage"),
    Row("pipeline", "custom_seconds", "custom_stage_seconds_total", "Time that custom stages took.", "stage"),
    Row("pipeline", "custom_off", "custom_stage_off", "1 for a custom stage that is switched off.", "stage"),
    Row("process", "size", "processes", "Processes in the process table."),
    Row("process", "evicted", "processes_evicted_total", "Processes pushed out of the full process table."),
    Row("process", "reused", "pids_reused_total", "Process ids found to belong to another process than before."),
    Row("process", "lookups_proc", "proc_reads_total", "Process identities read from /proc."),
    Row("process", "lookups_dead", "proc_misses_total", "Processes that had ended when /proc was asked."),
    Row("process", "unidentified", "unidentified_events_total", "Events without a GUID, by what hid it.", "reason"),
    Row("process", "lag", "event_lag_seconds", "Longest time of late by which an event was stamped before its act."),
    Row("output", "lines", "output_lines_total", "JSON lines written."),
    Row("output", "bytes", "output_bytes_total", "Bytes written."),
    Row("output", "rotations", "output_rotations_total", "Times the log was rotated."),
    Row("output", "retries", "output_retries_total", "Writes tried again."),
    Row("output", "errors", "output_errors_total", "Failed writes, by the error's name.", "errno"),
    Row("output", "lost_lines", "output_lost_lines_total", "JSON lines given up, by reason.", "reason"),
    Row("filterlog", "lines", "filterlog_lines_total", "Filtered events written to the filter log."),
    Row("filterlog", "bytes", "filterlog_bytes_total", "Bytes written to the filter log."),
    Row("filterlog", "rotations", "filterlog_rotations_total", "Times the filter log was rotated."),
    Row("filterlog", "retries", "filterlog_retries_total", "Writes to the filter log tried again."),
    Row(
        "filterlog",
        "errors",
        "filterlog_errors_total",
        "Failed writes to the filter log, by error.",
        "errno",
    ),
    Row("filterlog", "lost_lines", "filterlog_lost_lines_total", "Filtered events given up, by reason.", "reason"),
    Row("kernel", "readable", "kernel_audit_readable", "1 while the kernel shows its audit status."),
    Row("kernel", "enabled", "kernel_audit_enabled", "0: auditing is off; 1: on; 2: on, and rules cannot change."),
    Row("kernel", "failure_mode", "kernel_audit_failure_mode", "On a loss: 0 silent, 1 a kernel message, 2 panic."),
    Row("kernel", "owner_pid", "kernel_audit_owner_pid", "Process that receives the audit records; 0: none."),
    Row("kernel", "owner_changes", "kernel_audit_owner_changes_total", "Times another process became the receiver."),
    Row("kernel", "rate_limit", "kernel_audit_rate_limit", "Records a second that the kernel lets through; 0: all."),
    Row("kernel", "backlog", "kernel_backlog_records", "Records in the kernel that wait for auditd."),
    Row("kernel", "backlog_limit", "kernel_backlog_limit", "Records that may wait there."),
    Row("kernel", "lost", "kernel_lost_records_total", "Records that the kernel dropped since the sensor started."),
    Row("kernel", "waited", "kernel_backlog_wait_seconds_total", "How long processes were held up by a full backlog."),
    Row("probe", "attached", "probe_attached", "1 while the kernel probe's ring is open."),
    Row("probe", "records", "probe_records_total", "Records read from the kernel probe."),
    Row("probe", "lost", "probe_lost_records_total", "Records that did not fit into the kernel probe's ring."),
    Row("privileges", "system_call_filter", "system_call_filter", "1 while the system call filter is in place."),
    Row("privileges", "user_missing", "user_missing", "1 if the configured user is unknown and another stands in."),
    Row("probe", "uncovered_execs", "uncovered_execs_total", "Execs the probe saw and the audit stream did not."),
)


USAGE = (
    ("audit_cpu_seconds_total", "CPU time of auditd, of the kernel's kauditd and of the sensor.", "cpu_seconds"),
    ("audit_resident_memory_bytes", "Resident memory of auditd, of kauditd and of the sensor.", "resident_bytes"),
)
"""Name, help, and attribute of `Usage`; labelled with the process."""


def names() -> list[str]:
    """The names of all metrics but build_info and those that prometheus_client has of every process."""
    return [f"{NAMESPACE}_{name}" for name in [*(row.name for row in ROWS), *(name for name, _, _ in USAGE)]]


class StatsCollector:
    """What prometheus_client calls a collector: yields every metric with its value of this moment."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._processes = AuditProcesses()

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        build = GaugeMetricFamily(f"{NAMESPACE}_build_info", "1, labelled with versions.", labels=["version", "python"])
        build.add_metric([__version__, platform.python_version()], 1)
        yield build
        for row in ROWS:
            family = CounterMetricFamily if row.name.endswith("_total") else GaugeMetricFamily
            labels = [row.label] if row.label else []
            metric = family(f"{NAMESPACE}_{row.name}", row.help, labels=labels)
            value = getattr(getattr(self._stats, row.part), row.attribute)
            # A copy, because the thread that counts may add a reason meanwhile.
            samples = value.copy().items() if row.label else [("", value)]
            for key, number in samples:
                metric.add_metric([key] if row.label else [], number)
            yield metric
        usage = self._processes.usage()
        for name, help, attribute in USAGE:
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            metric = family(f"{NAMESPACE}_{name}", help, labels=["process"])
            for each in usage:
                metric.add_metric([each.process], getattr(each, attribute))
            yield metric


def make_registry(stats: Stats) -> CollectorRegistry:
    """Build a registry with the sensor's own metrics and the usual `process_*` ones (memory, CPU, descriptors)."""
    from prometheus_client import CollectorRegistry, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(cast("Collector", StatsCollector(stats)))
    return registry


class Exporter:
    """The ways to the metrics that the options ask for; made once, started once, closed once.

    Raises OutputError when the address cannot be listened on. Construct it before privileges are dropped if the
    port is a low one.
    """

    def __init__(self, options: Options, stats: Stats) -> None:
        self._textfile = options.textfile
        self._stats = stats
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = _listen(options.listen)
        self._endpoint = Endpoint(self._listener, _Pages(stats).make, _variant) if self._listener else None

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port listened on; None when there is no endpoint."""
        return self._listener.getsockname()[:2] if self._listener else None

    def start(self) -> None:
        """Start one thread for each way out."""
        ways = ((self._serve, self._listener), (self._write_textfile, self._textfile))
        for target, wanted in ways:
            if wanted:
                try:
                    self._threads.append(start_thread(f"metrics{target.__name__}", target, pause=1.0))
                except RuntimeError as error:
                    log.error("metrics: no thread for them: %s; going on without", error)

    def close(self) -> None:
        """Stop listening, cut off clients, write the text file a last time, and wait for the threads."""
        self._closing.set()
        if self._endpoint:
            self._endpoint.close()
        for thread in self._threads:
            thread.join(CLOSING)
        if self._listener:
            self._listener.close()

    def _serve(self) -> None:
        assert self._endpoint is not None
        self._endpoint.serve()

    def _write_textfile(self) -> None:
        from prometheus_client import generate_latest

        registry = make_registry(self._stats)
        failed = False
        while True:
            closing = self._closing.wait(TEXTFILE_INTERVAL)
            try:
                _replace(self._textfile, generate_latest(registry))
                failed = False
            except OSError as error:
                if not failed:
                    log.warning("metrics: cannot write %s: %s", self._textfile, error.strerror)
                failed = True
            if closing:
                return


def _replace(path: str, content: bytes) -> None:
    """Put a file that everybody may read in the place of one, as a whole; the sensor's umask would keep others out."""
    new = f"{path}.new"
    with suppress(FileNotFoundError):
        os.unlink(new)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(content)
    os.rename(new, path)


def _listen(text: str) -> socket.socket | None:
    address = parse_address(text)
    if address is None:
        return None
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(64)
    except OSError as error:
        listener.close()
        raise OutputError(f"metrics: cannot listen on {text}: {error.strerror or error}") from error
    return listener


PAGE = b"""<!doctype html><title>host-sensor</title><h1>host-sensor</h1><p><a href="/metrics">Metrics</a></p>\n"""
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def _variant(accept: str) -> str:
    """The media type to answer in: OpenMetrics for those who name it, else the text that all scrapers know."""
    return OPENMETRICS if "application/openmetrics-text" in accept else ""


class _Pages:
    """Makes `/`, `/metrics` and `/-/healthy`."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats
        self._registry: CollectorRegistry | None = None

    def make(self, path: str, variant: str) -> Answer:
        if path == "/metrics":
            return self._metrics(variant)
        if path == "/":
            return Answer(200, "text/html; charset=utf-8", PAGE)
        if path == "/-/healthy":
            return Answer(200, "text/plain; charset=utf-8", b"ok\n")
        return Answer(404, "text/plain; charset=utf-8", b"404 Not Found\n")

    def _metrics(self, variant: str) -> Answer:
        from prometheus_client.exposition import choose_encoder

        if self._registry is None:
            self._registry = make_registry(self._stats)
        encode, kind = choose_encoder(variant)
        return Answer(200, kind, encode(self._registry))
