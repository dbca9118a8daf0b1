"""Requests over HTTP and HTTPS: what each answer becomes."""

from __future__ import annotations

import email.utils
import gzip
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from sensor.errors import RefusedError, ShipError, UnavailableError
from sensor.options import OptionError
from sensor.ship import tls
from sensor.ship.http import MOST_ANSWER, Client, Options, parse, shown
from sensor.ship.kinds import Common
from tests.ship import certificates
from tests.ship.far_ends import Collector, answer, responds


@pytest.fixture
def server():
    server = Collector()
    yield server
    server.stop()


@pytest.fixture
def make():
    """Makes clients, and closes them."""
    made = []

    def build(options: Options | None = None, timeout: float = 5.0, **trust) -> Client:
        made.append(Client(options or Options(), Common("far", "host", timeout, tls.Options(**trust))))
        return made[-1]

    yield build
    for client in made:
        client.close()


@pytest.mark.parametrize("status", [200, 201, 202])
def test_2xx_gives_the_body(status: int, server: Collector, make) -> None:
    server.plan = [responds(status, b'{"a":1}')]
    client = make()
    client.connect(server.url)
    assert client.post("/path", b"body", "text/plain") == b'{"a":1}'
    assert (server.requests[0][0], server.requests[0][2]) == ("/path", b"body")
    assert client.status == f"HTTP {status}"


@pytest.mark.parametrize("status", [400, 406, 411, 413, 414, 415, 416, 422, 431, 501])
def test_some_answers_refuse_a_batch_for_good(status: int, server: Collector, make) -> None:
    server.plan = [responds(status, b"why")]
    client = make()
    client.connect(server.url)
    with pytest.raises(RefusedError, match=f"HTTP {status}: why"):
        client.post("", b"", "text/plain")


@pytest.mark.parametrize("status", [300, 301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 408, 409, 410, 425, 426])
def test_others_of_3xx_and_4xx_hold_it(status: int, server: Collector, make) -> None:
    server.plan = [responds(status)]
    client = make()
    client.connect(server.url)
    with pytest.raises(UnavailableError, match=f"HTTP {status}"):
        client.post("", b"", "text/plain")


def date(seconds: float) -> str:
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


DATES = {"in a minute": lambda: date(60), "a minute ago": lambda: date(-60)}


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        ("in a minute", 55, 61),
        ("a minute ago", 0, 0),
        ("soon", None, None),
        ("-5", None, None),
        ("1.5", None, None),
    ],
)
def test_retry_after_is_read_as_number_and_as_date(
    value: str, low: float | None, high: float | None, server: Collector, make
) -> None:
    server.plan = [responds(503, Retry_After=DATES[value]() if value in DATES else value)]
    client = make()
    client.connect(server.url)
    with pytest.raises(UnavailableError) as caught:
        client.post("", b"", "text/plain")
    found = caught.value.retry_after
    assert found is None if low is None else low <= found <= high


def test_an_answer_that_drips_or_never_ends_is_left(server: Collector, make) -> None:
    def drip(handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        for _ in range(50):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)
        return False

    def endless(handler) -> bool:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(400):
            handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        return False

    server.plan = [drip, endless]
    client = make(timeout=0.5)
    client.connect(server.url)
    for output in ("in time", "longer than"):
        with pytest.raises(UnavailableError, match=output):
            client.post("", b"", "text/plain")


def test_a_packed_answer_is_unpacked(server: Collector, make) -> None:
    server.plan = [lambda handler: answer(handler, 200, gzip.compress(b"{}"), Content_Encoding="gzip") or True]
    client = make()
    client.connect(server.url)
    assert client.post("", b"", "text/plain") == b"{}"


PACKED = gzip.compress(b'{"a":' + b"[" * 60 + b"1" + b"]" * 60 + b"}")


@pytest.mark.parametrize(
    ("body", "output"),
    [
        (PACKED[: len(PACKED) // 2], "cut short"),
        (PACKED[:10] + b"\xff\xff\xff" + PACKED[13:], "cannot be unpacked"),
        (b"no gzip", "cannot be unpacked"),
        (b"", "cut short"),
        (gzip.compress(bytes(MOST_ANSWER + 1)), "longer than"),
    ],
)
def test_a_packed_answer_may_be_damaged_or_a_bomb(body: bytes, output: str, server: Collector, make) -> None:
    server.plan = [lambda handler: answer(handler, 200, body, Content_Encoding="gzip") or True]
    client = make()
    client.connect(server.url)
    with pytest.raises(UnavailableError, match=output):
        client.post("", b"", "text/plain")


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 100_000, b"\xff", b"<html>"])
def test_an_answer_that_is_no_json_holds_everything(text: bytes) -> None:
    with pytest.raises(UnavailableError, match="expected JSON"):
        parse(text)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize(
    ("which", "name", "output"),
    [
        ("good", None, ""),
        ("good", certificates.NAME, ""),
        ("other_name", None, "IP address mismatch|doesn't match"),
        ("good", "elsewhere.example", "mismatch|doesn't match"),
        ("expired", None, "expired"),
        ("stranger", None, "unable to get local issuer"),
    ],
)
def test_a_certificate_is_checked(
    which: str, name: str | None, output: str, pems: certificates.Certificates, make
) -> None:
    server = Collector(context=pems.context(getattr(pems, which)))
    client = make(ca=str(pems.ca), server_name=name)
    client.connect(f"https://127.0.0.1:{server.port}")
    with pytest.raises(UnavailableError, match=output) if output else nullcontext():
        client.post("", b"", "text/plain")
    server.stop()
    assert len(server.requests) == (0 if output else 1)


def test_a_proxy_is_gone_through(server: Collector, make) -> None:
    client = make(Options(proxy=server.url))
    client.connect("http://far.example:1234/in")
    client.post("/x", b"", "text/plain")
    assert server.requests[0][0] == "http://far.example:1234/in/x"


def test_a_user_and_a_password(tmp_path: Path, server: Collector, make) -> None:
    secret = tmp_path / "password"
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    client = make(Options(user="web01", password=f"file:{secret}"))
    client.connect(server.url)
    client.post("", b"", "text/plain")
    assert server.requests[0][1]["Authorization"] == "Basic d2ViMDE6Z2VoZWlt"


@pytest.mark.parametrize(
    "options",
    [
        {"token": "geheim"},
        {"user": "web01"},
        {"password": "file:/x"},
        {"headers": {"authorization": "Bearer geheim"}},
        {"headers": {"Cookie": "geheim"}},
    ],
)
def test_secrets_have_no_other_way(options: dict) -> None:
    with pytest.raises(OptionError):
        Options(**options)


@pytest.mark.parametrize("address", ["ftp://x", "far.example", "https://"])
def test_what_is_no_address_is_an_error(address: str, make) -> None:
    with pytest.raises(ShipError):
        make().connect(address)


def test_nobody_listens(make) -> None:
    client = make()
    client.connect("http://127.0.0.1:1")
    with pytest.raises(UnavailableError, match="Connection refused"):
        client.post("", b"", "text/plain")


def test_an_answer_is_shown_in_one_printable_line() -> None:
    assert shown(b"a\n\x1b[31mb  c\xff") == "a ?[31mb c\ufffd"
    assert shown(b"") == "(nothing)"
    assert len(shown(b"x" * 10_000)) == 300
    with pytest.raises(UnavailableError, match="expected JSON as its answer, found <html>"):
        parse(b"<html>")
