"""The real host: what cannot be read or run is None; commands end in time and speak English."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sensor.doctor.host import HostView, settings


def test_files_below_a_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/a").write_bytes(b"caf\xc3\xa9\xff")
    (tmp_path / "etc/a").chmod(0o640)
    host = HostView(str(tmp_path))
    assert host.read("/etc/a") == "café�"
    assert host.names("/etc") == ["a"]
    assert host.exists("/etc/a")
    assert host.mode("/etc/a") == 0o640
    assert (host.disk("/etc") or os.statvfs("/")).f_blocks > 0


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    host = HostView(str(tmp_path))
    assert (host.read("/a"), host.names("/a"), host.exists("/a"), host.mode("/a"), host.disk("/a")) == (
        None,
        [],
        False,
        None,
        None,
    )
    assert host.run("/there/is/no/such/command") is None


def test_a_command_prints_both_streams() -> None:
    answer = HostView().run(
        sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    )
    assert answer is not None
    assert (answer.status, sorted(answer.text.split())) == (3, ["err", "out"])


def test_this_process_is_among_the_processes() -> None:
    pytest.importorskip("psutil")
    found = next(process for process in HostView().processes() if process.pid == os.getpid())
    assert found.parent == os.getppid()
    assert found.words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("q_depth = 8192\n", {"q_depth": "8192"}),
        ("Q_Depth=8192", {"q_depth": "8192"}),
        ("# q_depth = 1\nno equals\n", {}),
        ("path = /usr/sbin/X\n", {"path": "/usr/sbin/X"}),
    ],
)
def test_settings(text: str, expected: dict[str, str]) -> None:
    assert settings(text) == expected


@pytest.mark.parametrize("kind", ["fifo", "folder", "link to a device", "link to a fifo", "link to nothing"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path, other = tmp_path / "x", tmp_path / "other"
    os.mkfifo(other)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"device": "/dev/zero", "fifo": str(other)}.get(kind.rsplit(maxsplit=1)[-1], "/nothing"))
    assert HostView(str(tmp_path)).read("/x") is None
