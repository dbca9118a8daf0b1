"""The sensor's counters for Prometheus, read from `sensor.stats` at the moment of a scrape.

Only the naming of metrics and the ways to get at them live here: an HTTP endpoint and a file for node_exporter's
textfile collector. What is counted, and where, is the business of the parts. A scrape reads like this:

    # HELP host_sensor_output_lost_lines_total JSON lines given up, by reason.
    # TYPE host_sensor_output_lost_lines_total counter
    host_sensor_output_lost_lines_total{reason="ENOSPC"} 3.0

Until the first scrape this costs one listening socket and one sleeping thread: prometheus_client and what it needs,
most of 14 MB of resident memory, are imported when somebody asks. Neither how many ask nor how slowly costs the sensor
more than sensor.metrics.endpoint allows.
"""

from __future__ import annotations

import logging
import os
import platform
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from sensor import __version__
from sensor.compiled import is_compiled
from sensor.errors import OutputError
from sensor.metrics import passwords, secured
from sensor.metrics.audit_processes import AuditProcesses
from sensor.metrics.auditd_state import AuditdState
from sensor.metrics.endpoint import Access, Endpoint, Response
from sensor.options import OptionError, option, section
from sensor.stats import Histogram
from sensor.tables.losses import METRIC as LOSSES
from sensor.tables.losses import ROWS as LOSS_ROWS
from sensor.tables.losses import counts
from sensor.tables.metrics import AUDITD_STATE, AUDITD_STATE_TIME, ROWS, USAGE, MetricRow
from sensor.threads import start_thread

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric
    from prometheus_client.registry import Collector

log = logging.getLogger(__name__)

NAMESPACE = "host_sensor"
TEXTFILE_INTERVAL = 15.0  # seconds; what node_exporter is usually scraped at
_FROM_THE_START = ("listen", "textfile", "auditd_state")
CLOSING = 5.0  # seconds that the last text file may take


@dataclass(frozen=True)
class Options:
    """How a program's own metrics are read."""

    listen: str = option(
        "127.0.0.1:9766",
        "Numeric address, or localhost, and port of the Prometheus endpoint; empty for none. Who can reach it may "
        "read it, unless there are `users`.",
    )
    textfile: str = option(
        "",
        "File to write for node_exporter's textfile collector, in a directory the sensor's user may write to.",
        unit="path",
    )
    users: dict[str, str] = option(
        {},
        "Who may read the metrics, with a password: user: hash, as `host-sensor password-hash` prints it. With users "
        "and without TLS `listen` must be a loopback address.",
    )
    tls: secured.Options = section(secured.Options())

    @property
    def wanted(self) -> bool:
        """Whether anybody can read them."""
        return bool(self.listen or self.textfile)

    def __post_init__(self) -> None:
        try:
            address = parse_address(self.listen)
            mistake = passwords.mistake(self.users)
        except ValueError as error:
            raise OptionError("listen", str(error)) from None
        if mistake is None and self.users and not self.tls.certificate and not is_loopback(address):
            mistake = "expected tls.certificate, or a loopback address to listen on: passwords would cross the network"
        if mistake is not None:
            raise OptionError("users", mistake)


@dataclass(frozen=True)
class SensorOptions(Options):
    """How the sensor's own metrics are read."""

    auditd_state: str = option(
        "",
        "Show auditd's report of its own queue, which it writes to this file, /var/run/auditd.state, at "
        "`auditctl --signal state`; let a timer ask for it. Empty: none.",
        unit="path",
    )
    stage_times: bool = option(
        False, "Measure how long each stage takes, by one event in 64; that costs every event a little."
    )


def renewed(used: SensorOptions, options: SensorOptions) -> SensorOptions:
    """What of new options takes effect at once: all but where the metrics are found, and auditd's file."""
    for name in _FROM_THE_START:
        if getattr(used, name) != getattr(options, name):
            log.warning("metrics.%s: a change takes effect after the next start", name)
    try:
        return replace(options, **{name: getattr(used, name) for name in _FROM_THE_START})
    except OptionError as error:
        log.error("metrics.%s: %s; metrics stay as they were", error.key, error)
        return used


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


def is_loopback(address: tuple[str, int] | None) -> bool:
    """Whether only this host can reach an address (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3)."""
    return address is None or address[0].startswith("127.") or address[0] == "::1"


def names() -> list[str]:
    """The names of all metrics but build_info and those that prometheus_client has of every process."""
    of_auditd = (AUDITD_STATE_TIME.name, *(row.name for row in AUDITD_STATE))
    single = (*(name for name, _, _ in USAGE), LOSSES[0], *of_auditd)
    return [f"{NAMESPACE}_{name}" for name in [*(row.name for row in ROWS), *single]]


Rows = tuple[MetricRow, ...]


class StatsCollector:
    """What prometheus_client calls a collector: yields every metric of `rows` with its value of this moment."""

    def __init__(self, stats: object, rows: Rows = ROWS) -> None:
        self._stats = stats
        self._rows = rows

    def collect(self) -> Iterator[Metric]:
        for row in self._rows:
            yield _metric(row, getattr(self._stats, row.part))


class LossCollector:
    """Yields all that can go missing, each reason from the start."""

    def __init__(self, stats: object) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily

        name, help = LOSSES
        metric = CounterMetricFamily(f"{NAMESPACE}_{name}", help, labels=["place", "reason", "unit", "intended"])
        for row, count in zip(LOSS_ROWS, counts(self._stats)):
            metric.add_metric([row.place, row.reason, row.unit, str(row.intended).lower()], count)
        yield metric


class HostCollector:
    """Yields the sensor's version, what audit takes of the host, and what auditd reports of itself, if it does."""

    def __init__(self, auditd: AuditdState | None) -> None:
        self._processes = AuditProcesses()
        self._auditd = auditd

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        build = GaugeMetricFamily(
            f"{NAMESPACE}_build_info", "1, labelled with versions.", labels=["version", "python", "compiled"]
        )
        build.add_metric([__version__, platform.python_version(), str(is_compiled()).lower()], 1)
        yield build
        usage = self._processes.usage()
        for name, help, attribute in USAGE:
            family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            metric = family(f"{NAMESPACE}_{name}", help, labels=["process"])
            for each in usage:
                metric.add_metric([each.process], getattr(each, attribute))
            yield metric
        state = self._auditd.values() if self._auditd is not None else {}
        for row in (AUDITD_STATE_TIME, *AUDITD_STATE):
            if row.name in state:
                yield GaugeMetricFamily(f"{NAMESPACE}_{row.name}", row.help, value=state[row.name])


def _metric(row: MetricRow, part: object) -> Metric:
    """One row with the value that it has now."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    name, value = f"{NAMESPACE}_{row.name}", getattr(part, row.attribute)
    if isinstance(value, Histogram):
        buckets = [(str(bound), number) for bound, number in value.cumulated()]
        return HistogramMetricFamily(name, row.help, buckets=[*buckets, ("+Inf", value.count)], sum_value=value.sum)
    family = CounterMetricFamily if row.name.endswith("_total") else GaugeMetricFamily
    metric = family(name, row.help, labels=[row.label] if row.label else [])
    for key, number in _by_key(row, part, value).items() if row.label else [("", value)]:
        metric.add_metric([key] if row.label else [], number)
    return metric


def _by_key(row: MetricRow, part: object, counts: dict[str, Any]) -> dict[str, Any]:
    """The counts, and 0 for each key that has none yet; copies, as the thread that counts may add a key meanwhile."""
    like = getattr(part, row.like).copy() if row.like else ()
    return {**dict.fromkeys([*row.known, *like], 0), **counts.copy()}


def make_registry(stats: object, rows: Rows = ROWS, auditd: AuditdState | None = None) -> CollectorRegistry:
    """Build a registry with the metrics of `rows`.

    The sensor's own are joined by its version and by the usual `process_*` ones (memory, CPU, descriptors). Those have
    no label, so of all the programs whose text files one node_exporter reads only one may have them.
    """
    from prometheus_client import CollectorRegistry, ProcessCollector

    registry = CollectorRegistry()
    if rows is ROWS:
        ProcessCollector(registry=registry)
        registry.register(cast("Collector", HostCollector(auditd)))
        registry.register(cast("Collector", LossCollector(stats)))
    registry.register(cast("Collector", StatsCollector(stats, rows)))
    return registry


class Exporter:
    """The ways to the metrics that the options ask for; made once, started once, closed once.

    Raises OutputError when the address cannot be listened on. Construct it before privileges are dropped if the
    port is a low one. While the files of TLS cannot be used no request is served.

    interval: seconds between two writes of the text file.
    """

    def __init__(self, options: Options, stats: object, rows: Rows = ROWS, interval: float = TEXTFILE_INTERVAL) -> None:
        self._interval = interval
        self._textfile = options.textfile
        self._stats = stats
        self._rows = rows
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        report = options.auditd_state if isinstance(options, SensorOptions) else ""
        self._auditd = AuditdState(report) if report else None
        self._listener = _listen(options.listen)
        make = _Pages(partial(make_registry, stats, rows, self._auditd)).make
        self._endpoint = Endpoint(self._listener, make, _variant, access=None) if self._listener else None
        self.reload(options)

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port listened on; None when there is no endpoint."""
        return self._listener.getsockname()[:2] if self._listener else None

    def reload(self, options: Options) -> bool:
        """Read certificate, key and users again; False when they cannot be used, and it stays as it was."""
        if self._endpoint is None:
            return True
        try:
            secure = None
            if options.tls.certificate is not None:
                secure = partial(secured.SecuredConnection, secured.context(options.tls))
            users = passwords.Passwords(options.users) if options.users else None
        except OutputError as error:
            stays = "no request is served" if self._endpoint.access is None else "the endpoint stays as it was"
            log.error("%s; %s", error, stays)
            return False
        self._endpoint.admit(Access(secure, users))
        return True

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

        registry = make_registry(self._stats, self._rows, self._auditd)
        failed = False
        while True:
            closing = self._closing.wait(self._interval)
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
    """Makes `/`, `/metrics` and `/-/healthy`; the registry when it is asked for."""

    def __init__(self, make_registry: Callable[[], CollectorRegistry]) -> None:
        self._make_registry = make_registry
        self._registry: CollectorRegistry | None = None

    def make(self, path: str, variant: str) -> Response:
        if path == "/metrics":
            return self._metrics(variant)
        if path == "/":
            return Response(200, "text/html; charset=utf-8", PAGE)
        if path == "/-/healthy":
            return Response(200, "text/plain; charset=utf-8", b"ok\n")
        return Response(404, "text/plain; charset=utf-8", b"404 Not Found\n")

    def _metrics(self, variant: str) -> Response:
        from prometheus_client.exposition import choose_encoder

        if self._registry is None:
            self._registry = self._make_registry()
        encode, kind = choose_encoder(variant)
        return Response(200, kind, encode(self._registry))
