"""`kind: redis`: Redis (and Valkey) streams or lists, a batch in one transaction.

    XADD host-sensor MAXLEN ~ 1000000 * event '{"ID":…}' host web01
    RPUSH host-sensor '{"ID":…}' …

Taken means that the server has it in memory; how soon on its disk, or on a replica, is the server's configuration.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sensor.errors import UnavailableError
from sensor.options import OptionError, option
from sensor.ship import secrets
from sensor.ship.batch import Batch
from sensor.ship.kinds import Common, Kind, Receipt, needed, split_address
from sensor.ship.tls import context

PORT = 6379
LONGEST_COMMAND = 1000
"""Lines in one RPUSH."""


@dataclass(frozen=True)
class Options:
    """Redis and Valkey."""

    key: str = option("host-sensor", "Name of the stream or list.")
    type: str = option("stream", "What it is.", ("stream", "list"))
    length: int | None = option(
        1_000_000,
        "A stream is trimmed to about so many entries; null: never. A list's reader takes entries away.",
        (),
        1,
    )
    database: int = option(0, "Number of the database.", minimum=0)
    user: str | None = option(None, "User name (ACL); null: the default user.")
    password: str | None = option(None, "Password. " + secrets.HELP)
    replicas: int = option(0, "Wait until so many replicas have it, too (WAIT).", minimum=0)

    def __post_init__(self) -> None:
        secrets.check("password", self.password)
        if self.user and not self.password:
            raise OptionError("password", "expected one beside `user`")


class RedisKind(Kind):
    """Writes transactions."""

    def __init__(self, options: Options, common: Common) -> None:
        super().__init__()
        self._options = options
        self._common = common
        with needed("python3-redis"):
            import redis
        self._redis = redis
        self._client: Any = None

    def connect(self, address: str) -> None:
        options, timeout = self._options, self._common.timeout
        host, port = split_address(address, PORT)
        arguments: dict[str, Any] = {
            "host": host,
            "port": port,
            "db": options.database,
            "username": options.user,
            "password": secrets.read(options.password),
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "socket_keepalive": True,
            "client_name": "host-sensor-ship",
        }
        if self._common.tls.use:
            arguments["connection_class"] = _tls_connection(self._common)
        pool = self._redis.ConnectionPool(max_connections=1, **arguments)
        self._client = self._redis.Redis(connection_pool=pool)
        with _Translated():
            self.answer = f"PING {self._client.ping()}"

    def deliver(self, batch: Batch) -> Receipt:
        options = self._options
        with _Translated():
            # As a transaction: a server that still loads would refuse the first commands of a batch and take the later.
            pipeline = self._client.pipeline(transaction=True)
            if options.type == "list":
                for start in range(0, len(batch.lines), LONGEST_COMMAND):
                    pipeline.rpush(options.key, *batch.lines[start : start + LONGEST_COMMAND])
            else:
                for line in batch.lines:
                    fields = {"event": line, "host": self._common.host}
                    pipeline.xadd(options.key, fields, maxlen=options.length, approximate=True)
            results = pipeline.execute()
            if options.replicas:
                reached = self._client.wait(options.replicas, int(self._common.timeout * 1000))
                if reached < options.replicas:
                    raise UnavailableError(f"{reached} of {options.replicas} replicas have it")
        self.answer = f"{results[-1]!r}"
        return Receipt()

    def close(self) -> None:
        super().close()
        if self._client is not None:
            self._client.connection_pool.disconnect()
            self._client = None


class _Translated:
    """Turns what redis-py raises into UnavailableError: nothing that Redis reports is about a single event."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import redis

        if isinstance(error, redis.RedisError):
            raise UnavailableError(str(error)) from error


def _tls_connection(common: Common) -> Any:
    """A class of connections with our own TLS, which redis-py of every age takes."""
    import ssl

    from redis.connection import Connection

    made = context(common.tls)

    class TlsConnection(Connection):  # type: ignore[misc,unused-ignore]
        def _connect(self) -> Any:
            plain = super()._connect()
            try:
                return made.wrap_socket(plain, server_hostname=common.tls.server_name or self.host)
            except ssl.SSLCertVerificationError as error:
                plain.close()
                raise OSError(f"its certificate is not accepted: {error.verify_message}") from error

    return TlsConnection
