"""Requests to the far end over HTTP, for all kinds that speak it, and what its answers mean.

    client.post("/_bulk", body, "application/x-ndjson")      the answer's body, for a status of 2xx

| answer | becomes |
| --- | --- |
| 2xx, whole | the body |
| 400, 406, 411, 413, 414, 415, 416, 422, 431, 501 | RefusedError: this batch will never be taken |
| 408, 425, 429, 5xx, a broken or silent connection | UnavailableError, with Retry-After |
| everything else, as 301, 401, 403, 404 | UnavailableError: wrong address or credentials, so nothing is given up |

Redirects are not followed: credentials go where they were meant to go, and nowhere else.
"""

from __future__ import annotations

import base64
import email.utils
import gzip
import http.client
import ipaddress
import json
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sensor.errors import RefusedError, ShipError, UnavailableError
from sensor.options import OptionError, option
from sensor.ship import secrets
from sensor.ship.kinds import Common, Kind, needed
from sensor.ship.tls import context

MOST_ANSWER = 16 << 20
"""Bytes of an answer; more is an error."""
CUT = "its answer is shorter than its Content-Length"
SHOWN = 300
"""Characters of an answer that a message shows."""
NEVER = frozenset({400, 406, 411, 413, 414, 415, 416, 422, 431, 501})


@dataclass(frozen=True)
class Options:
    """What all kinds over HTTP have in common."""

    user: str | None = option(None, "User name, for basic authentication.")
    password: str | None = option(None, "Password. " + secrets.HELP)
    token: str | None = option(None, "Token for the Authorization header. " + secrets.HELP)
    scheme: str | None = option(
        None,
        "Word before the token; null: Splunk for splunk, ApiKey for elasticsearch, Bearer otherwise.",
    )
    headers: dict[str, str] = option({}, "Further headers, such as X-Scope-OrgID; not for secrets.")
    compression: str = option(
        "gzip", "How bodies are packed; zstd needs the zstandard library.", ("none", "gzip", "zstd")
    )
    proxy: str | None = option(None, "Proxy to go through, as http://proxy.example:3128; null: none.")

    def __post_init__(self) -> None:
        secrets.check("password", self.password)
        secrets.check("token", self.token)
        if (self.user is None) != (self.password is None):
            raise OptionError("user", "expected `user` and `password` together")
        for name in self.headers:
            if name.lower() in {"authorization", "proxy-authorization", "cookie"}:
                raise OptionError("headers", f"{name} is a secret: use `token`, or `user` and `password`")


class Client:
    """One connection to one address, kept open; `scheme` is the usual word before a token."""

    def __init__(self, options: Options, common: Common, scheme: str = "Bearer") -> None:
        self._options = options
        self._common = common
        self._scheme = options.scheme or scheme
        with needed("python3-urllib3"):
            import urllib3
        self._urllib3 = urllib3
        self._pack = _packer(options.compression)
        self._pool: Any = None
        self._base = ""
        self._headers: dict[str, str] = {}
        self.status = ""

    def connect(self, address: str) -> None:
        """Take an address, `https://host:9200/prefix`; the connection is made by the first request."""
        urllib3 = self._urllib3
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ShipError(f"{address}: expected http://HOST[:PORT] or https://HOST[:PORT]")
        self.close()
        self._base = address.rstrip("/")
        self._headers = self._make_headers()
        arguments: dict[str, Any] = {
            "retries": False,
            "timeout": urllib3.Timeout(connect=self._common.timeout, read=self._common.timeout),
            "maxsize": 1,
        }
        if parts.scheme == "https":
            name = self._common.tls.server_name or parts.hostname
            made = arguments["ssl_context"] = context(self._common.tls)
            arguments["assert_hostname"] = name
            if _is_address(name):
                made.check_hostname = False  # urllib3 1.x gives OpenSSL no address; it compares it by itself
            else:
                arguments["server_hostname"] = name
        if self._options.proxy:
            self._pool = urllib3.ProxyManager(self._options.proxy, **arguments)
        else:
            self._pool = urllib3.PoolManager(**arguments)

    def post(self, path: str, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> bytes:
        """Send a body to the address and `path`; returns that of the answer. Raises UnavailableError, RefusedError."""
        packing, body = self._pack(body)
        every = {**self._headers, "Content-Type": content_type, **packing, **(headers or {})}
        return self._ask("POST", path, every, body)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.clear()
            self._pool = None

    def _make_headers(self) -> dict[str, str]:
        """Headers of every request; secrets are read for every connection, as they may have changed."""
        headers = {"User-Agent": "host-sensor-ship", "Accept": "application/json, text/plain", **self._options.headers}
        token = secrets.read(self._options.token)
        if token is not None:
            headers["Authorization"] = f"{self._scheme} {token}"
        elif self._options.user is not None:
            password = secrets.read(self._options.password)
            pair = base64.b64encode(f"{self._options.user}:{password}".encode()).decode("ascii")
            headers["Authorization"] = f"Basic {pair}"
        return headers

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        import urllib3

        deadline = time.monotonic() + 2 * self._common.timeout
        try:
            answer = self._pool.request(
                method, self._base + path, body=body, headers=headers, preload_content=False, redirect=False
            )
            text = _read(answer, deadline)
        except urllib3.exceptions.ReadTimeoutError as error:
            self.close_connections()
            raise UnavailableError("it did not answer in time") from error
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            self.close_connections()
            raise UnavailableError(_why(error)) from error
        self.status = f"HTTP {answer.status}"
        if 200 <= answer.status < 300:
            return text
        message = f"HTTP {answer.status}: {shown(text)}"
        if answer.status in NEVER:
            raise RefusedError(message)
        raise UnavailableError(message, _retry_after(answer.headers.get("Retry-After")))

    def close_connections(self) -> None:
        """Let go of a connection in an unknown state; the next request makes another one."""
        if self._pool is not None:
            self._pool.clear()


class PostingKind(Kind):
    """What the kinds share that post their batches; `scheme`: of the token in the header Authorization."""

    def __init__(self, options: Options, common: Common, scheme: str = "Bearer") -> None:
        super().__init__()
        self._client = Client(options, common, scheme)

    def connect(self, address: str) -> None:
        self._client.connect(address)

    def close(self) -> None:
        super().close()
        self._client.close()


def parse(text: bytes) -> Any:
    """The JSON of an answer; raises UnavailableError where it is none: then the answer is not the far end's."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise UnavailableError(f"expected JSON as its answer, found {shown(text)}") from None


def shown(text: bytes) -> str:
    """The beginning of an answer, printable, in one line."""
    line = " ".join(text[: 4 * SHOWN].decode("utf-8", "replace").split())[:SHOWN]
    return "".join(character if character.isprintable() else "?" for character in line) or "(nothing)"


def _read(answer: Any, deadline: float) -> bytes:
    """The whole body: one shorter than its Content-Length, endless, or coming drop by drop is an error."""
    expected = answer.headers.get("Content-Length")
    parts, size = [], 0
    read = getattr(answer, "read1", answer.read)  # urllib3 1.x has none, and waits until all it is asked for has come
    most = 65536 if read != answer.read else 512
    while True:
        part = read(most, decode_content=False)
        if not part:
            break
        parts.append(part)
        size += len(part)
        if size > MOST_ANSWER:
            raise ValueError(f"its answer is longer than {MOST_ANSWER} bytes")
        if time.monotonic() > deadline:
            raise ValueError("its answer did not end in time")
    if expected is not None and expected.isdigit() and size != int(expected):
        raise ValueError(CUT)
    answer.release_conn()
    text = b"".join(parts)
    return _unpacked(text) if answer.headers.get("Content-Encoding", "").lower() == "gzip" else text


def _unpacked(text: bytes) -> bytes:
    """A packed answer; raises ValueError where it is damaged, or would be longer than an answer may be."""
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unpacking.decompress(text, MOST_ANSWER)
    except zlib.error as error:
        raise ValueError(f"its answer cannot be unpacked: {error}") from None
    if not unpacking.eof:
        raise ValueError(f"its packed answer is cut short, or longer than {MOST_ANSWER} bytes")
    return plain


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _why(error: Exception) -> str:
    """What went wrong, without the objects that urllib3 puts into its messages."""
    reason = getattr(error, "reason", None)
    cause = reason if isinstance(reason, Exception) else error
    while cause.args and isinstance(cause.args[-1], Exception):
        cause = cause.args[-1]
    if isinstance(cause, http.client.IncompleteRead):
        return CUT
    text = getattr(cause, "verify_message", None) or getattr(cause, "strerror", None) or str(cause)
    return text.rpartition("object at 0x")[2].partition(">: ")[2] or text


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number or a date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def _packer(compression: str) -> Callable[[bytes], tuple[dict[str, str], bytes]]:
    """A function from a body to its header and itself, packed."""
    if compression == "gzip":
        return lambda body: ({"Content-Encoding": "gzip"}, gzip.compress(body, 1))
    if compression == "zstd":
        with needed("python3-zstandard"):
            import zstandard  # type: ignore[import-not-found,unused-ignore]
        compress = zstandard.ZstdCompressor(level=3).compress
        return lambda body: ({"Content-Encoding": "zstd"}, compress(body))
    return lambda body: ({}, body)
