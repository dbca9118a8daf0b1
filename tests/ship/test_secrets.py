"""Secrets: from where they may come, and that nobody else may read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.errors import ShipError
from sensor.options import OptionError
from sensor.ship import secrets


@pytest.mark.parametrize("source", [None, "file:/etc/token", "env:TOKEN", "credential:token"])
def test_a_place_is_accepted(source: str | None) -> None:
    secrets.check("token", source)


@pytest.mark.parametrize("source", ["", "geheim", "file:", "file:relative", "env:", "vault:x", "credential:"])
def test_a_secret_itself_is_not(source: str) -> None:
    with pytest.raises(OptionError, match="no secret stands in a configuration"):
        secrets.check("token", source)


def test_secrets_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_text("geheim \nsecond line\n")
    path.chmod(0o640)
    monkeypatch.setenv("TOKEN", "from the environment")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secrets.read(None) is None
    assert secrets.read(f"file:{path}") == secrets.read("credential:token") == "geheim "
    assert secrets.read("env:TOKEN") == "from the environment"


@pytest.mark.parametrize("mode", [0o644, 0o602, 0o604])
def test_a_file_that_everybody_may_read_or_write_is_not_used(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("geheim")
    path.chmod(mode)
    with pytest.raises(ShipError, match="everybody may") as caught:
        secrets.read(f"file:{path}")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("secret", ["geheim\n", "geheim\nx", "ge\rheim", "geheim\x1b[2J", "\x7fgeheim"])
def test_what_no_header_can_hold_is_not_shown(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The HTTP library would refuse it with a message that has all of it."""
    monkeypatch.setenv("TOKEN", secret)
    with pytest.raises(ShipError, match="control character") as caught:
        secrets.read("env:TOKEN")
    assert "heim" not in str(caught.value)


@pytest.mark.parametrize("source", ["env:NOT_SET", "credential:x", "credential:../x", "file:/nowhere"])
def test_what_is_not_there_is_an_error(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ShipError, match=source.replace(".", r"\.")):
        secrets.read(source)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\n"])
def test_what_holds_none_is_an_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ShipError):
        secrets.read(f"file:{path}")
