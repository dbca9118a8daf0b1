"""The metrics by TLS and with passwords, asked by real clients, slow ones and wrong ones."""

from __future__ import annotations

import base64
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sensor.config import read
from sensor.metrics import Exporter, Options, SensorOptions, renewed, secured
from sensor.metrics.passwords import hashed
from sensor.options import OptionError
from sensor.stats import Stats
from tests.ship.certificates import Certificates, make

HASH = hashed("secret")
GOOD = "Authorization: Basic " + base64.b64encode(b"scraper:secret").decode() + "\r\n"
WRONG = "Authorization: Basic " + base64.b64encode(b"scraper:guess").decode() + "\r\n"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    found = make(tmp_path_factory.mktemp("certificates"))
    for file in found.ca.parent.glob("*.pem"):
        file.chmod(0o640)
    return found


def options(certificate: Path | None, users: dict[str, str] | None = None, minimum: str = "TLSv1.2") -> Options:
    tls = secured.Options(str(certificate) if certificate else None, minimum=minimum)
    return Options("127.0.0.1:0", tls=tls, users=users or {})


Start = Callable[[Options], Exporter]


@pytest.fixture
def start() -> Iterator[Start]:
    made: list[Exporter] = []

    def begin(options: Options) -> Exporter:
        made.append(Exporter(options, Stats()))
        made[-1].start()
        return made[-1]

    yield begin
    for each in made:
        each.close()


def client(certificates: Certificates | None, highest: ssl.TLSVersion | None = None) -> ssl.SSLContext | None:
    """What a client trusts that knows the authority."""
    if certificates is None:
        return None
    context = ssl.create_default_context(cafile=str(certificates.ca))
    if highest is not None:
        context.maximum_version = highest
    return context


def ask(exporter: Exporter, context: ssl.SSLContext | None, fields: str = "", path: str = "/-/healthy") -> str:
    """The whole answer, empty when the connection was closed without one."""
    assert exporter.address is not None
    connection = socket.create_connection(exporter.address, timeout=20)
    with context.wrap_socket(connection, server_hostname="127.0.0.1") if context else connection as asking:
        asking.sendall(f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode())
        parts = []
        with suppress(ConnectionResetError):
            while data := asking.recv(1 << 16):
                parts.append(data)
        return b"".join(parts).decode()


def status(answer: str) -> int:
    return int(answer.split()[1]) if answer else 0


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls(version: ssl.TLSVersion, start: Start, certificates: Certificates) -> None:
    exporter = start(options(certificates.good))
    answer = ask(exporter, client(certificates, version), path="/metrics")
    assert status(answer) == 200
    head, _, body = answer.partition("\r\n\r\n")
    assert f"Content-Length: {len(body)}" in head
    assert "host_sensor_events_total 0.0" in body


def test_a_version_that_is_too_old(start: Start, certificates: Certificates) -> None:
    exporter = start(options(certificates.good, minimum="TLSv1.3"))
    with pytest.raises(OSError, match=r"(?i)version|reset"):
        ask(exporter, client(certificates, ssl.TLSVersion.TLSv1_2))
    assert status(ask(exporter, client(certificates))) == 200


def test_who_speaks_no_tls_gets_nothing(start: Start, certificates: Certificates) -> None:
    exporter = start(options(certificates.good))
    assert "HTTP" not in ask(exporter, None)
    assert status(ask(exporter, client(certificates))) == 200


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
@pytest.mark.parametrize("path", ["/metrics", "/", "/-/healthy", "/none"])
def test_passwords(tls: bool, path: str, start: Start, certificates: Certificates) -> None:
    exporter = start(options(certificates.good if tls else None, {"scraper": HASH}))
    context = client(certificates if tls else None)
    refused = ask(exporter, context, path=path)
    assert status(refused) == 401
    assert 'WWW-Authenticate: Basic realm="host-sensor"' in refused
    assert "host_sensor" not in refused
    assert status(ask(exporter, context, WRONG, path)) == 401
    assert status(ask(exporter, context, GOOD + GOOD, path)) == 401
    assert status(ask(exporter, context, GOOD, path)) == (404 if path == "/none" else 200)


def test_a_flood_of_guesses_keeps_no_user_out(start: Start, certificates: Certificates) -> None:
    exporter = start(options(certificates.good, {"scraper": HASH}))
    context = client(certificates)
    assert exporter.address is not None
    guessing = []
    for _ in range(100):
        connection = socket.create_connection(exporter.address, timeout=20)
        connection.sendall(b"\x16\x03\x01")
        guessing.append(connection)
    took = []
    for _ in range(3):
        begun = time.monotonic()
        assert status(ask(exporter, context, GOOD)) == 200
        took.append(time.monotonic() - begun)
    for connection in guessing:
        connection.close()
    assert max(took) < 5


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x40\x00\x01"], ids=["nothing", "a part"])
def test_a_slow_handshake_is_cut_off_and_keeps_nobody_waiting(
    sent: bytes, start: Start, certificates: Certificates
) -> None:
    exporter = start(options(certificates.good))
    assert exporter.address is not None
    begun = time.monotonic()
    with socket.create_connection(exporter.address, timeout=20) as slow:
        slow.sendall(sent)
        assert status(ask(exporter, client(certificates))) == 200
        assert time.monotonic() - begun < 4
        with suppress(ConnectionResetError):
            assert slow.recv(100) == b""
    assert 4 < time.monotonic() - begun < 12


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o642, 0o641])
def test_a_key_that_others_can_use_is_refused(
    mode: int, start: Start, certificates: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "both.pem"
    path.write_bytes(certificates.good.read_bytes())
    path.chmod(mode)
    exporter = start(options(path))
    assert "metrics.tls.key" in caplog.text
    assert "no request is served" in caplog.text
    assert ask(exporter, None) == ""
    path.chmod(0o640)
    assert exporter.reload(options(path))
    assert status(ask(exporter, client(certificates))) == 200


def spoilt(certificates: Certificates, folder: Path) -> dict[str, tuple[str, str | None]]:
    """Pairs of certificate and key that cannot be used."""
    fifo = folder / "fifo"
    os.mkfifo(fifo, 0o600)
    good = certificates.good.read_text()
    certificate = good[good.index("-----BEGIN CERT") :]
    for name, text in (("certificate", certificate), ("nonsense", "nonsense"), ("empty", "")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
    files = {name: str(folder / name) for name in ("certificate", "nonsense", "empty", "missing")}
    return {
        "no key": (files["certificate"], None),
        "nonsense": (files["nonsense"], None),
        "empty": (files["empty"], str(certificates.good)),
        "missing certificate": (files["missing"], str(certificates.good)),
        "missing key": (files["certificate"], files["missing"]),
        "another's key": (files["certificate"], str(certificates.client)),
        "a folder": (files["certificate"], str(folder)),
        "a device": (files["certificate"], "/dev/null"),
        "a FIFO for a key": (files["certificate"], str(fifo)),
        "a FIFO for both": (str(fifo), None),
        "a FIFO for a certificate": (str(fifo), str(certificates.good)),
    }


@pytest.mark.parametrize(
    "case",
    [
        *("no key", "nonsense", "empty", "missing certificate", "missing key", "another's key", "a folder", "a device"),
        *("a FIFO for a key", "a FIFO for both", "a FIFO for a certificate"),
    ],
)
def test_files_that_cannot_be_used_change_nothing(
    case: str, start: Start, certificates: Certificates, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    certificate, key = spoilt(certificates, tmp_path)[case]
    wrong = Options("127.0.0.1:0", tls=secured.Options(certificate, key))
    assert ask(start(wrong), None) == "", "a start with them lets nobody in"
    exporter = start(options(certificates.good))
    caplog.clear()
    assert not exporter.reload(wrong)
    assert "the endpoint stays as it was" in caplog.text
    assert status(ask(exporter, client(certificates))) == 200


def test_a_renewed_certificate_and_other_users(start: Start, certificates: Certificates, tmp_path: Path) -> None:
    path = tmp_path / "both.pem"
    path.touch(0o600)
    path.write_bytes(certificates.expired.read_bytes())
    exporter = start(options(path))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        ask(exporter, client(certificates))
    path.write_bytes(certificates.good.read_bytes())
    assert exporter.reload(options(path, {"scraper": HASH}))
    assert status(ask(exporter, client(certificates))) == 401
    assert status(ask(exporter, client(certificates), GOOD)) == 200
    assert exporter.reload(options(path, {"other": HASH}))
    assert status(ask(exporter, client(certificates), GOOD)) == 401


@pytest.mark.parametrize("listen", ["0.0.0.0:9766", ":9766", "[::]:9766", "192.0.2.1:9766", "[2001:db8::1]:9766"])
def test_no_password_crosses_the_network_readable(listen: str) -> None:
    with pytest.raises(OptionError, match="passwords would cross the network") as caught:
        Options(listen, users={"scraper": HASH})
    assert caught.value.key == "users"
    Options(listen, users={"scraper": HASH}, tls=secured.Options("/etc/cert.pem"))


@pytest.mark.parametrize("listen", ["", "127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"])
def test_on_loopback_one_may(listen: str) -> None:
    assert Options(listen, users={"scraper": HASH}).users


def test_a_reload_does_not_move_the_endpoint(caplog: pytest.LogCaptureFixture) -> None:
    used = SensorOptions("0.0.0.0:1", "/a")
    changed = SensorOptions("0.0.0.0:1", "/a", tls=secured.Options("/c"))
    assert renewed(used, changed) == changed
    assert not caplog.messages
    assert renewed(used, SensorOptions("127.0.0.1:1", "/b")) == used
    assert len(caplog.messages) == 2
    assert renewed(used, SensorOptions("127.0.0.1:1", "/a", users={"u": HASH})) == used, (
        "for it would cross the network"
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("metrics: {users: {a: secret}}", "metrics.users"),
        (f"metrics: {{listen: ':9766', users: {{a: '{HASH}'}}}}", "metrics.users"),
        ("metrics: {tls: {key: /k}}", "metrics.tls.key"),
        ("metrics: {tls: {certificate: /c, minimum: SSLv3}}", "metrics.tls.minimum"),
    ],
)
def test_mistakes_of_the_configuration(text: str, key: str, tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    os.chmod(path, 0o600)
    _, mistakes = read(str(path))
    assert [mistake.key for mistake in mistakes] == [key]
    assert "secret" not in str(mistakes[0])
