"""TLS: whom it trusts, and whom it does not, over a stream."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.errors import ShipError, UnavailableError
from sensor.options import OptionError
from sensor.ship.stream import Stream
from sensor.ship.tls import Options, context
from tests.ship import certificates
from tests.ship.far_ends import Receiver, wait_until


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> certificates.Certificates:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


def talk(pems: certificates.Certificates, certificate: Path, options: Options, name: str | None = None) -> Receiver:
    """Send one line to a server with a certificate; raises what goes wrong."""
    receiver = Receiver(context=pems.context(certificate, wants_client=bool(options.certificate)))
    stream = Stream(("127.0.0.1", receiver.port), context(options), 5.0, name)
    try:
        stream.write(b"line\n")
        wait_until(lambda: receiver.lines)
        assert stream.describe().startswith("TLSv1.3 with")
    finally:
        stream.close()
    return receiver


def test_a_certificate_of_ours_is_trusted(pems: certificates.Certificates) -> None:
    assert talk(pems, pems.good, Options(ca=str(pems.ca))).lines == [b"line"]
    assert talk(pems, pems.good, Options(ca=str(pems.ca)), certificates.NAME).lines == [b"line"]
    assert talk(pems, pems.good, Options(ca=str(pems.ca), certificate=str(pems.client))).lines == [b"line"]


@pytest.mark.parametrize(
    ("which", "output"),
    [("other_name", "IP address mismatch"), ("expired", "expired"), ("stranger", "unable to get local issuer")],
)
def test_others_are_not(which: str, output: str, pems: certificates.Certificates) -> None:
    with pytest.raises(UnavailableError, match=output):
        talk(pems, getattr(pems, which), Options(ca=str(pems.ca)))


def test_the_system_does_not_know_it(pems: certificates.Certificates) -> None:
    with pytest.raises(UnavailableError, match="its certificate is not accepted"):
        talk(pems, pems.good, Options())


def test_an_old_version_is_not_spoken(pems: certificates.Certificates) -> None:
    import ssl

    old = pems.context(pems.good)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    receiver = Receiver(context=old)
    stream = Stream(("127.0.0.1", receiver.port), context(Options(ca=str(pems.ca))), 5.0)
    assert stream.describe().startswith("TLSv1.2")
    stream.close()
    with pytest.raises(UnavailableError):
        Stream(("127.0.0.1", receiver.port), context(Options(ca=str(pems.ca), minimum="TLSv1.3")), 5.0)


@pytest.mark.parametrize(
    ("options", "key"),
    [
        (Options(ca="/nowhere"), "tls.ca: /nowhere: No such file"),
        (Options(ca="/dev/null"), "tls.ca"),
        (Options(certificate="/nowhere"), "tls.certificate: /nowhere"),
    ],
)
def test_files_that_cannot_be_used_are_named(options: Options, key: str) -> None:
    with pytest.raises(ShipError, match=key):
        context(options)


def test_a_key_alone_is_a_mistake() -> None:
    with pytest.raises(OptionError):
        Options(key="/key.pem")
