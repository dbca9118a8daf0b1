"""Compiled probes on disk: the same probe as a fresh one, without the compiler; anything else is compiled again."""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Callable

import pytest

from sensor.errors import ProbeError
from sensor.probe import Options, compiler, image, layout, loader
from sensor.probe.kept import CompiledProbes
from sensor.probe.ring import Ring
from tests.probe.loaded import drained, obstacle, options_of_a_test

needs_probe = pytest.mark.skipif(obstacle() is not None, reason=str(obstacle()))

WITHOUT_BCC = """
import sys
sys.modules["bcc"] = None
from sensor.probe import Options, loader
from sensor.probe.kept import CompiledProbes
print(loader.load(Options(path=sys.argv[1]), kept=CompiledProbes(sys.argv[2])).attached)
"""


@pytest.fixture
def options() -> Iterator[Options]:
    with options_of_a_test() as options:
        yield options


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a compiled probe of this kernel, with the options of a test."""
    folder = tmp_path_factory.mktemp("compiled") / "kept"
    with options_of_a_test() as options:
        loader.load(options, kept=CompiledProbes(str(folder)))
    (file,) = folder.iterdir()
    return file


@pytest.fixture
def file(compiled: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed, in a folder of its own."""
    (tmp_path / "kept").mkdir(0o700)
    copy = tmp_path / "kept" / compiled.name
    copy.write_bytes(compiled.read_bytes())
    copy.chmod(0o600)
    return copy


def acts(pins: str) -> list[tuple[object, ...]]:
    """What the probe reports of a program that is started and fails, without what differs from one to the next."""
    ring = Ring.open(pins)
    try:
        ring.drain()
        pid = os.posix_spawn("/bin/false", ["false"], {})
        os.waitpid(pid, 0)
        me = next(record for record in ring.live() if record.tgid == os.getpid())
        records = [record for record in drained(ring) if record.tgid == pid]
        assert [record.start for record in records] == [records[0].start] * 3
        assert {record.spawner_start for record in records} == {me.start}
        varying = {"time": 0, "start": 0, "tgid": 0, "ns_tgid": 0, "parent_start": 0, "spawner_start": 0}
        return [record._replace(**varying) for record in records]
    finally:
        ring.close()


@needs_probe
def test_one_from_disk_is_the_same_without_the_compiler(options: Options, tmp_path: Path) -> None:
    folder = str(tmp_path / "kept")
    fresh = acts(loader.load(options, kept=CompiledProbes(folder)).path)
    assert [record[17] for record in fresh] == [layout.FORK, layout.EXEC, layout.EXIT]
    loader.unload(options)
    command = [sys.executable, "-c", WITHOUT_BCC, options.path, folder]
    result = subprocess.run(command, capture_output=True, text=True, cwd=loader.SOURCE.parent)
    assert (result.stdout, result.stderr) == ("True\n", "")
    assert acts(layout.pins(options.path)) == fresh
    status = loader.status(options)
    assert (status.current, status.lost, status.untracked) == (True, 0, 0)
    assert status.live > 1


@needs_probe
def test_without_the_compiler_one_of_other_options_is_of_no_use(options: Options, file: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_BCC.replace("path=sys.argv[1]", "path=sys.argv[1], processes=99")]
    command += [options.path, str(file.parent)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=loader.SOURCE.parent)
    assert "BCC is not installed" in result.stderr


def compiles(options: Options, folder: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a load takes the compiler; in either case there is a probe afterwards."""
    monkeypatch.delitem(sys.modules, "bcc", raising=False)
    assert loader.load(options, kept=CompiledProbes(str(folder))).attached
    return "bcc" in sys.modules


@needs_probe
@pytest.mark.parametrize("changed", [{}, {"ring_size": 1 << 20}, {"processes": 1000}])
def test_other_options_are_another_probe(
    changed: dict[str, int], options: Options, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert compiles(replace(options, **changed), file.parent, monkeypatch) is bool(changed)
    assert len(list(file.parent.iterdir())) == 1 + bool(changed)


def signed(body: bytes) -> bytes:
    return b"host-sensor-probe " + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def broken_code(file: Path) -> None:
    """What the kernel refuses: each program ends before it begins."""
    found = image.unpack(file.read_bytes().partition(b"\n")[2])
    programs = {name: image.ProbeProgram(b"\x95" + bytes(7), {}) for name in found.programs}
    file.write_bytes(signed(image.pack(found._replace(programs=programs))))


def replaced(old: bytes, new: bytes) -> Callable[[Path], object]:
    return lambda file: file.write_bytes(file.read_bytes().replace(old, new, 1))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "cut short": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "longer": lambda file: file.write_bytes(file.read_bytes() + b"\n"),
    "zeros": lambda file: file.write_bytes(bytes(4096)),
    "one digit": replaced(b'"code":"', b'"code":"0'),
    "another format": replaced(b"host-sensor-probe ", b"host-sensor-PROBE "),
    "no JSON": lambda file: file.write_bytes(signed(b"{")),
    "other JSON": lambda file: file.write_bytes(signed(b'{"maps":[1],"programs":{}}')),
    "no maps": lambda file: file.write_bytes(signed(file.read_bytes().partition(b"\n")[2].replace(b"live", b"dead"))),
    "refused by the kernel": broken_code,
    "writable by the group": lambda file: file.chmod(0o620),
    "writable by others": lambda file: file.chmod(0o602),
    "another owner": lambda file: os.chown(file, 65534, -1),
    "folder writable by others": lambda file: file.parent.chmod(0o707),
    "folder of another owner": lambda file: os.chown(file.parent, 65534, -1),
    "a folder": lambda file: (file.unlink(), file.mkdir()),
    "a link to nothing": lambda file: (file.unlink(), file.symlink_to("nothing")),
    "a FIFO": lambda file: (file.unlink(), os.mkfifo(file)),
}
NOT_MENDED = {"folder of another owner", "a folder"}
SILENT = {"a link to nothing"}  # as if there were none


@needs_probe
@pytest.mark.parametrize("damage", sorted(DAMAGE))
def test_what_is_damaged_or_not_ours_is_compiled_again(
    damage: str,
    options: Options,
    file: Path,
    compiled: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    DAMAGE[damage](file)
    with caplog.at_level(logging.WARNING):
        assert compiles(options, file.parent, monkeypatch)
    reported = [record.getMessage() for record in caplog.records]
    assert any("compiled again" in text for text in reported) is (damage not in SILENT)
    if damage not in NOT_MENDED:
        assert file.read_bytes() == compiled.read_bytes()
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        assert [path.name for path in file.parent.iterdir()] == [file.name]


@needs_probe
def test_another_version_of_the_compiler_compiles_again(
    options: Options, file: Path, compiled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = image.unpack(file.read_bytes().partition(b"\n")[2])
    assert found.compiler == compiler.installed() != ""
    file.write_bytes(signed(image.pack(found._replace(compiler="0.1"))))
    assert compiles(options, file.parent, monkeypatch)
    assert file.read_bytes() == compiled.read_bytes()


@pytest.fixture
def made() -> image.ProbeImage:
    shape = image.MapShape(1, 4, 8, 16, 0)
    programs = {name: image.ProbeProgram(bytes(16), {0: layout.LIVE}) for name in layout.PROGRAMS}
    return image.ProbeImage(dict.fromkeys(layout.MAPS, shape), programs, ("-DA=1",), ("a.b",), 7, "1.0")


def test_those_of_some_kernels_are_kept(tmp_path: Path, made: image.ProbeImage) -> None:
    kept = CompiledProbes(str(tmp_path / "a" / "kept"))
    for number in range(6):
        kept.keep(str(number), made)
        os.utime(tmp_path / "a" / "kept" / f"{number}.probe", (number, number))
    assert [kept.find(str(number), "1.0") for number in range(6)] == [None, None, made, made, made, made]
    assert (tmp_path / "a" / "kept").stat().st_mode & 0o777 == 0o700


def test_the_version_of_the_compiler_counts_where_there_is_one(tmp_path: Path, made: image.ProbeImage) -> None:
    kept = CompiledProbes(str(tmp_path / "kept"))
    kept.keep("x", made)
    assert [kept.find("x", version) for version in ("1.0", "", "1.1", "unknown")] == [made, made, None, None]


def test_no_folder_keeps_nothing(tmp_path: Path, made: image.ProbeImage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    CompiledProbes("").keep("x", made)
    assert CompiledProbes("").find("x", "") is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_had_is_no_error(
    tmp_path: Path, made: image.ProbeImage, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "file/below", "link"):
        caplog.clear()
        CompiledProbes(str(tmp_path / name)).keep("x", made)
        assert "is not kept" in caplog.text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_a_missing_source_is_reported_before_anything_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="source of the probe is missing"):
        loader.load(recipe=compiler.Recipe(tmp_path, ()), kept=CompiledProbes(str(tmp_path)))
