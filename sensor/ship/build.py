"""From a configuration to what runs: the only module that knows every kind by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from sensor.errors import ShipError
from sensor.retention import STATES
from sensor.ship.cursor import Cursor, host_identity
from sensor.ship.deadletter import DeadLetters
from sensor.ship.follow import Follower
from sensor.ship.kinds import Common, Kind
from sensor.ship.options import Destination
from sensor.ship.sender import Sender, Settings
from sensor.ship.start import begin
from sensor.ship.stats import ShipStats


def state_folder(name: str, config: Destination) -> str:
    """Where a destination keeps its cursor and dead letters."""
    return config.state or os.path.join(STATES, name)


def make_kind(name: str, config: Destination) -> Kind:
    """The kind a configuration asks for; raises ShipError where it asks for none, for no address, lacks a library."""
    if not config.kind:
        raise ShipError(f"{name}: `kind` is not set")
    if not config.to and config.kind != "stdout":
        raise ShipError(f"{name}: `to` is not set")
    common = Common(name, config.host or os.uname().nodename, config.timeout, config.tls)
    try:
        kind: Kind = _KINDS[config.kind](config, common)
    except ShipError as error:
        raise ShipError(f"{name}: kind {config.kind}: {error}") from None
    return kind


def _tcp(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.tcp import TcpKind

    return TcpKind(config.tcp, common)


def _syslog(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.syslog import SyslogKind

    return SyslogKind(config.syslog, common)


def _relp(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.relp import RelpKind

    return RelpKind(config.syslog, common)


def _http(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.http import HttpKind

    return HttpKind(config.http, common)


def _elasticsearch(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.elasticsearch import ElasticsearchKind

    return ElasticsearchKind(config.elasticsearch, common, config.http)


def _splunk(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.splunk import SplunkKind

    return SplunkKind(config.splunk, common, config.http)


def _loki(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.loki import LokiKind

    return LokiKind(config.loki, common, config.http)


def _clickhouse(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.clickhouse import ClickHouseKind

    return ClickHouseKind(config.clickhouse, common, config.http)


def _otlp(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.otlp import OtlpKind

    return OtlpKind(config.otlp, common, config.http)


def _redis(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.redis import RedisKind

    return RedisKind(config.redis, common)


def _kafka(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.kafka import KafkaKind

    return KafkaKind(config.kafka, common)


def _stdout(config: Destination, common: Common) -> Kind:
    from sensor.ship.kinds.stdout import StdoutKind

    return StdoutKind(None, common)


_KINDS: dict[str, Callable[[Destination, Common], Any]] = {
    "clickhouse": _clickhouse,
    "elasticsearch": _elasticsearch,
    "http": _http,
    "kafka": _kafka,
    "loki": _loki,
    "otlp": _otlp,
    "redis": _redis,
    "relp": _relp,
    "splunk": _splunk,
    "stdout": _stdout,
    "syslog": _syslog,
    "tcp": _tcp,
}


def make_sender(
    name: str, config: Destination, stats: ShipStats, report: Callable[[str], None], once: bool = False
) -> Sender:
    """Everything that ships to one destination; raises ShipError, also where another process does so already."""
    kind = make_kind(name, config)
    folder = state_folder(name, config)
    try:
        os.makedirs(folder, 0o755, exist_ok=True)
        cursor = Cursor(os.path.join(folder, "cursor"), config.log, host_identity())
        if cursor.lost:
            report(f"{folder}/cursor: {cursor.lost}; what is there is read from its beginning, whatever `start` is")
        elif cursor.fresh:
            begin(config.start, config.log, cursor)
    except OSError as error:
        raise ShipError(f"{folder}: {error.strerror}") from error
    stats.cursor_number = cursor.position.number
    settings = Settings(
        addresses=config.to or ("-",),
        events=config.batch.events,
        size=config.batch.size,
        wait=0.0 if once else config.batch.wait,
        failback=config.failback,
        rate=config.rate,
        number=config.number,
        in_a_row=config.dead_letters.in_a_row,
        retry=config.retry,
        once=once,
    )
    follower = Follower(config.log, cursor, stats, report)
    letters = DeadLetters(config.dead_letters, folder, name)
    return Sender((follower, cursor), kind, settings, letters, (stats, report))
