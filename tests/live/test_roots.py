"""Nobody passes for a program of the host by its name: jails of an ordinary user, with the probe and without it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sensor.probe import DEFAULTS
from tests.live.sensed import Sensed, sensed

pytestmark = [pytest.mark.live, pytest.mark.root]

EXE = "/usr/bin/cat"
RULES = ["-S execve -k exec", "-S openat -k open"]
USER = ["/usr/bin/setpriv", "--reuid=65534", "--clear-groups"]
SOURCE = Path(__file__).parent / "mover.c"


@pytest.fixture(scope="module", params=["probe", "proc", "probe as nobody", "proc as nobody"])
def sensor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sensed]:
    probe = DEFAULTS if request.param.startswith("probe") else None
    user = "nobody" if request.param.endswith("nobody") else None
    filters = {"rules": {"cat": f"exe={EXE}"}, "keep_first_per_process": False}
    labels = {"label_exe": {f"^{EXE}$": "cat"}}
    folder, rules = tmp_path_factory.mktemp("sensed"), {"filter": filters, "label_process": labels}
    with sensed(folder, RULES, probe, user=user, **rules) as sensor:
        yield sensor


@pytest.fixture(scope="module")
def jail() -> Iterator[Path]:
    """A root in which a program has the name of the host's cat, and that everybody may enter."""
    with tempfile.TemporaryDirectory(prefix="jail-") as directory:
        Path(directory).chmod(0o755)
        yield _filled(Path(directory))


def _filled(jail: Path) -> Path:
    for file in [EXE, *re.findall(r"/\S+", subprocess.check_output(["ldd", EXE], text=True))]:
        (jail / file[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, jail / file[1:])
    (jail / "etc").mkdir()
    (jail / "etc/shadow").write_text("not the real one\n")
    return jail


@pytest.fixture(scope="module")
def mover(jail: Path) -> Path:
    if not shutil.which("cc"):
        pytest.skip("needs a C compiler")
    subprocess.run(["cc", "-O2", "-o", jail / "usr/bin/mover", SOURCE], check=True)
    return jail / "usr/bin/mover"


def of_cat(sensor: Sensed, before: int) -> list[dict[str, Any]]:
    return [event["SYSCALL"] for event in sensor.events()[before:] if event.get("SYSCALL", {}).get("exe") == EXE]


def test_a_jail_is_not_the_host(sensor: Sensed, jail: Path) -> None:
    before = len(sensor.events())
    for _ in range(10):
        sensor.audit.run([*USER, "/usr/bin/unshare", "-Ur", "chroot", str(jail), EXE, "/etc/shadow"])
    calls = of_cat(sensor, before)
    executed = [call for call in calls if call["key"] == "exec"]
    assert len(executed) == 10
    assert len(calls) > 20
    assert not any("LABELS" in call for call in calls)
    if sensor.probed:
        assert all(call["PID"]["root"]["user_namespace"] == "other" for call in calls)


def test_a_jail_that_lives_is_shown(sensor: Sensed, jail: Path) -> None:
    before = len(sensor.events())
    command = [*USER, "/usr/bin/unshare", "-Ur", "chroot", str(jail), EXE, "/etc/shadow", "-"]
    with sensor.audit.popen(command, stdin=subprocess.PIPE) as process:
        calls = of_cat(sensor, before)
        process.communicate(b"")
    assert calls
    assert [call["PID"]["root"]["path"] for call in calls] == [str(jail)] * len(calls)


@pytest.mark.parametrize("milliseconds", [0, 1000])
def test_who_moves_without_an_exec(sensor: Sensed, jail: Path, mover: Path, milliseconds: int) -> None:
    """Its exec is in the host's root; what it opens afterwards is not."""
    (jail / EXE[1:]).rename(jail / "usr/bin/real")
    shutil.copy(mover, jail / EXE[1:])
    before = len(sensor.events())
    assert sensor.audit.run([*USER, str(jail / EXE[1:]), str(jail), str(milliseconds)]) == 0
    opened = [call for call in of_cat(sensor, before) if call["key"] == "open"]
    (jail / "usr/bin/real").rename(jail / EXE[1:])
    assert len(opened) == 5
    assert not any("LABELS" in call for call in opened)


def test_the_hosts_own_is_filtered(sensor: Sensed) -> None:
    before = len(sensor.events())
    with sensor.audit.popen([EXE, "/etc/hostname", "-"], stdin=subprocess.PIPE) as process:
        assert of_cat(sensor, before) == []
        process.communicate(b"")
    if sensor.probed:
        for _ in range(50):
            sensor.audit.run([EXE, "/etc/hostname"])
        assert of_cat(sensor, before) == []
