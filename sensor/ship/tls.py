"""TLS to the far end: always with its certificate and its name checked, TLS 1.2 at least."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from sensor.errors import ShipError
from sensor.options import OptionError, option


@dataclass(frozen=True)
class Options:
    """How the connection is secured. The far end's certificate and its name are always checked."""

    use: bool = option(False, "Use TLS; an address that begins with https:// always does.")
    ca: str | None = option(
        None, "File with the certificates of those who may sign the far end's; null: those of the system."
    )
    certificate: str | None = option(None, "File with a client certificate, and those between it and its authority.")
    key: str | None = option(None, "File with its private key; null: in the same file.")
    server_name: str | None = option(
        None, "Name that the far end's certificate must have; null: the one in the address."
    )
    minimum: str = option("TLSv1.2", "Oldest version that is spoken.", ("TLSv1.2", "TLSv1.3"))

    def __post_init__(self) -> None:
        if self.key and not self.certificate:
            raise OptionError("key", "expected `certificate` beside it")


def context(options: Options) -> ssl.SSLContext:
    """Make what a connection is wrapped with; raises ShipError for files that cannot be used."""
    try:
        made = ssl.create_default_context(cafile=options.ca)
    except (OSError, ssl.SSLError) as error:
        raise ShipError(f"tls.ca: {options.ca}: {_why(error)}") from None
    made.minimum_version = ssl.TLSVersion.TLSv1_3 if options.minimum == "TLSv1.3" else ssl.TLSVersion.TLSv1_2
    if options.certificate:
        try:
            made.load_cert_chain(options.certificate, options.key, lambda: "")
        except (OSError, ssl.SSLError) as error:
            raise ShipError(f"tls.certificate: {options.certificate}: {_why(error)}") from None
    return made


def _why(error: OSError) -> str:
    reason = getattr(error, "reason", None)
    return str(reason or error.strerror or error)
