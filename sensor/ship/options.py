"""What can be configured about one destination: a file below /etc/host-sensor/ship.

    # /etc/host-sensor/ship/central.yaml
    kind: tcp
    to: [logs1.example:6514, logs2.example:6514]
    tls: {use: true, ca: /etc/host-sensor/ship/ca.pem}

Each destination is a file, a process and a cursor of its own, so that one that is slow holds up no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from sensor import metrics
from sensor.options import OptionError, option, section
from sensor.ship import deadletter, http, messages, pace, tls
from sensor.ship.kinds import clickhouse, elasticsearch, kafka, loki, otlp, redis, split_address, splunk, tcp
from sensor.ship.start import parse_time

KINDS = {
    "clickhouse": "https://",
    "elasticsearch": "https://",
    "http": "https://",
    "kafka": ":9092",
    "loki": "https://",
    "otlp": "https://",
    "redis": ":6379",
    "relp": ":PORT",
    "splunk": "https://",
    "stdout": "",
    "syslog": ":6514",
    "tcp": ":PORT",
}
"""Kind → what an address looks like: the scheme of a URL, the port behind HOST (PORT: required), or "" for none."""


@dataclass(frozen=True)
class BatchOptions:
    """What is sent at once."""

    events: int = option(5000, "Most events in a batch.", minimum=1)
    size: int = option(1 << 20, "Most bytes in a batch, unless one event alone is longer.", (), 1024, "bytes")
    wait: float = option(1.0, "How long events may wait for others.", (), 0, "seconds")


@dataclass(frozen=True)
class Destination:
    """One destination."""

    kind: str = option("", "How events are sent.", tuple(KINDS))
    to: tuple[str, ...] = option(
        (),
        "Where to: HOST:PORT or, for kinds over HTTP, a URL. Several are tried in turn, the first one preferred; of a"
        " Kafka cluster any few brokers.",
    )
    log: str = option("/var/log/host-sensor/audit.jsonl", "The log to follow: the newest file's path.")
    start: str = option(
        "beginning",
        "Where to begin when there is no cursor: `beginning` (of the oldest file that is there), `end`, or a time as"
        " 2026-11-28T00:00:00Z. What was removed before cannot be known, and is not reported.",
    )
    state: str | None = option(
        None,
        "Folder for the cursor and the dead letters; null: /var/lib/host-sensor-ship/NAME, where `run` sees what is not"
        " shipped yet.",
    )
    user: str | None = option("_host-sensor-ship", "User to become if started as root; null: stay root.")
    host: str | None = option(None, "This host's name, as the far end gets it; null: ask the kernel.")
    number: bool = option(
        False,
        'Add "SHIP":{"STREAM":…,"NUMBER":…} to each event: numbers without a gap, by which the receiver sees what is'
        " missing and drops what is repeated.",
    )
    timeout: float = option(30.0, "How long the far end may take to answer.", (), 0.1, "seconds")
    rate: int | None = option(None, "Send at most this much each second; null: no limit.", (), 1024, "bytes")
    failback: float = option(
        300.0, "How long a later address is used before the first one is tried again.", (), 1, "seconds"
    )
    batch: BatchOptions = section(BatchOptions())
    retry: pace.Options = section(pace.Options())
    dead_letters: deadletter.Options = section(deadletter.Options())
    metrics: metrics.Options = section(metrics.Options(listen=""), False, "How this program's own metrics are read.")
    tls: tls.Options = section(tls.Options())
    http: http.Options = section(http.Options())
    clickhouse: clickhouse.Options = section(clickhouse.Options())
    elasticsearch: elasticsearch.Options = section(elasticsearch.Options())
    kafka: kafka.Options = section(kafka.Options())
    loki: loki.Options = section(loki.Options())
    otlp: otlp.Options = section(otlp.Options())
    redis: redis.Options = section(redis.Options())
    splunk: splunk.Options = section(splunk.Options())
    syslog: messages.Options = section(messages.Options())
    tcp: tcp.Options = section(tcp.Options())

    def __post_init__(self) -> None:
        if not self.log.startswith("/"):
            raise OptionError("log", "expected an absolute path")
        try:
            parse_time(self.start)
        except ValueError as error:
            raise OptionError("start", str(error)) from None
        for address in self.to:
            check_address(self.kind, address)


def check_address(kind: str, address: str) -> None:
    """Raise OptionError unless an address is one of its kind."""
    form = KINDS.get(kind, "")
    if not form:
        return
    try:
        if form == "https://":
            _check_url(address)
            return
        split_address(address, None if form == ":PORT" else int(form[1:]))
    except ValueError as error:
        raise OptionError("to", f"{error} for {kind}") from None


def _check_url(address: str) -> None:
    """Raise ValueError, which shows no password, unless a kind over HTTP can use an address."""
    parts = urlsplit(address)  # raises ValueError, too, as does the port
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without user and password, which have options of their own, `http.user`,")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f'expected http://HOST or https://HOST, found "{address}"')
