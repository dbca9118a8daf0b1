"""Certificates for far ends on the loopback address: good, for another name, expired, of a stranger."""

from __future__ import annotations

import datetime
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NAME = "logs.example"


@dataclass
class Certificates:
    """Files in PEM; each of a server has its key in it."""

    ca: Path
    good: Path
    other_name: Path
    expired: Path
    stranger: Path
    client: Path

    def context(self, certificate: Path, wants_client: bool = False) -> ssl.SSLContext:
        """What a server wraps its connections with."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(certificate)
        if wants_client:
            made.verify_mode = ssl.CERT_REQUIRED
            made.load_verify_locations(self.ca)
        return made


def make(folder: Path) -> Certificates:
    """Make all of them; skips the calling test without trustme."""
    trustme: Any = pytest.importorskip("trustme", reason="needs trustme (PyPI)")
    ca, stranger = trustme.CA(), trustme.CA()
    past = datetime.datetime(2020, 1, 1)
    leaves = {
        "good": ca.issue_cert(NAME, "127.0.0.1", "localhost"),
        "other_name": ca.issue_cert("elsewhere.example"),
        "expired": ca.issue_cert(NAME, "127.0.0.1", not_before=past, not_after=past + datetime.timedelta(days=1)),
        "stranger": stranger.issue_cert(NAME, "127.0.0.1"),
        "client": ca.issue_cert("web01.example"),
    }
    ca.cert_pem.write_to_path(folder / "ca.pem")
    for name, leaf in leaves.items():
        leaf.private_key_and_cert_chain_pem.write_to_path(folder / f"{name}.pem")
    return Certificates(folder / "ca.pem", **{name: folder / f"{name}.pem" for name in leaves})
