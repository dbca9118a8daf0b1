"""From a configuration to what runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.errors import ShipError
from sensor.ship.build import make_kind, make_sender, state_folder
from sensor.ship.kinds import Kind
from sensor.ship.options import KINDS, Destination
from sensor.ship.stats import ShipStats
from tests.ship.logs import Log

ADDRESSES = {"https://": "https://logs.example", "": ""}


@pytest.mark.parametrize("name", list(KINDS))
def test_every_kind_is_made(name: str) -> None:
    address = ADDRESSES.get(KINDS[name], "logs.example:6514")
    kind = make_kind("far", Destination(kind=name, to=(address,) if address else ()))
    assert isinstance(kind, Kind)
    assert type(kind).__module__ == f"sensor.ship.kinds.{name}"
    kind.close()


@pytest.mark.parametrize(
    ("config", "output"), [(Destination(), "`kind` is not set"), (Destination(kind="tcp"), "`to` is not set")]
)
def test_what_is_missing_is_reported(config: Destination, output: str) -> None:
    with pytest.raises(ShipError, match=output):
        make_kind("far", config)


def test_the_state_is_below_the_name_of_the_destination() -> None:
    assert state_folder("central", Destination()) == "/var/lib/host-sensor-ship/central"
    assert state_folder("central", Destination(state="/x")) == "/x"


def test_a_damaged_cursor_is_reported_and_everything_is_read(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.write(3)
    (tmp_path / "cursor").write_bytes(b"garbage")
    output: list[str] = []
    config = Destination(kind="stdout", log=str(log.path), state=str(tmp_path), start="end")
    sender = make_sender("far", config, ShipStats(), output.append)
    assert sender.position.number == 0
    assert "it is damaged" in output[0]
    with pytest.raises(ShipError, match="another process"):
        make_sender("far", config, ShipStats(), output.append)
    sender.close()


def test_a_state_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    config = Destination(kind="stdout", log=str(tmp_path / "log"), state=str(tmp_path / "file" / "state"))
    with pytest.raises(ShipError, match="file/state"):
        make_sender("far", config, ShipStats(), print)
