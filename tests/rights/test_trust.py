"""A file is read only if nobody else could have written it, and it is the file that was checked."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from sensor.rights import trust
from sensor.rights.trust import UntrustedError
from tests.support.program import ROOT

NOBODY = 65534
MINE = frozenset({0, os.getuid()})


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o755)
    return folder


def written(folder: Path, text: str = "text", mode: int = 0o644) -> Path:
    path = folder / "file"
    path.write_text(text)
    path.chmod(mode)
    return path


def read(path: Path | str, owners: frozenset[int] = MINE) -> bytes:
    return trust.read(str(path), owners, 100)


@pytest.mark.parametrize(
    ("mode", "ok"),
    [(0o644, True), (0o600, True), (0o444, True), (0o640, True), (0o664, False), (0o646, False), (0o620, False)],
)
def test_modes_of_the_file(folder, mode, ok):
    path = written(folder, mode=mode)
    if ok:
        assert read(path) == b"text"
    else:
        with pytest.raises(UntrustedError, match=r"file: must be owned by .* and writable by no one else"):
            read(path)


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize(
    ("mode", "ok"), [(0o755, True), (0o700, True), (0o1777, True), (0o775, False), (0o757, False), (0o777, False)]
)
def test_modes_of_the_directories(folder, depth, mode, ok):
    path = written(folder)
    inner = folder
    for name in ("a", "b"):
        inner = inner / name
        inner.mkdir()
    path = path.rename(inner / "file")
    changed = path.parents[depth]
    changed.chmod(mode)
    if ok:
        assert read(path) == b"text"
    else:
        with pytest.raises(UntrustedError, match=f"{changed}: must be"):
            read(path)


@pytest.mark.root
@pytest.mark.parametrize("which", ["file", "folder", "both"])
def test_owners(folder, which):
    path = written(folder)
    for each in {"file": [path], "folder": [folder], "both": [path, folder]}[which]:
        os.chown(each, NOBODY, -1)
    with pytest.raises(UntrustedError, match="must be owned by root and"):
        read(path, frozenset({0}))
    assert read(path, frozenset({0, NOBODY})) == b"text"


@pytest.mark.root
def test_of_a_group_that_may_write_by_an_access_list(folder):
    path = written(folder)
    if subprocess.run(["setfacl", "-m", "u:nobody:rw", path], stderr=subprocess.DEVNULL).returncode:
        pytest.skip("setfacl is not installed, or the file system has no access lists")
    with pytest.raises(UntrustedError):
        read(path)


def test_only_so_much_is_read(folder):
    assert read(written(folder, "x" * 1000)) == b"x" * 100


@pytest.mark.parametrize("kind", ["fifo", "folder", "device"])
def test_what_is_no_file(folder, kind):
    """And a FIFO that nobody writes to is not waited for."""
    path = folder / "it"
    if kind == "device":
        path = Path("/dev/null")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(UntrustedError, match="is no file"):
        read(path)


@pytest.mark.parametrize("name", ["nothing", "file/below", "nothing/below"])
def test_what_is_not_there(folder, name):
    written(folder)
    with pytest.raises((FileNotFoundError, NotADirectoryError)):
        read(folder / name)


@pytest.mark.parametrize(
    "target", ["folder/file", "./folder//file", "folder/../folder/file", "{}/file", "/../{}/file", "other"]
)
def test_links(folder, tmp_path, target):
    written(folder)
    (tmp_path / "other").symlink_to("folder/file")
    (tmp_path / "link").symlink_to(target.format(folder))
    assert read(tmp_path / "link") == b"text"


def test_a_relative_path_is_below_the_working_directory(folder, monkeypatch):
    written(folder)
    monkeypatch.chdir(folder)
    assert read("file") == read("./file") == read("../folder/file") == b"text"
    folder.chmod(0o777)
    with pytest.raises(UntrustedError):
        read("file")


def test_a_link_to_itself(folder):
    (folder / "link").symlink_to("link")
    with pytest.raises(UntrustedError, match="lead somewhere"):
        read(folder / "link")


def test_no_descriptor_is_left_open(folder, tmp_path):
    path = written(folder)
    (folder / "loop").symlink_to("loop")
    (folder / "link").symlink_to(path)
    before = os.listdir("/proc/self/fd")
    for name in ("file", "link", "loop", "nothing", "file/below", ""):
        try:
            read(folder / name)
        except (UntrustedError, OSError):
            pass
    assert len(os.listdir("/proc/self/fd")) == len(before)


@pytest.mark.root
def test_a_file_swapped_while_it_is_read_is_not_taken(folder, tmp_path):
    """In a sticky directory another user renames a folder of his back and forth; root reads only what is root's."""
    tmp_path.chmod(0o1777)
    good, evil, place = written(folder), tmp_path / "evil", tmp_path / "place"
    evil.mkdir()
    written(evil, "evil")
    os.chown(evil, NOBODY, -1)
    over = threading.Event()

    def swap() -> None:
        while not over.is_set():
            for target in (good.parent, evil):
                place.unlink(missing_ok=True)
                place.symlink_to(target)
                os.lchown(place, NOBODY if target == evil else 0, -1)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for _ in range(2000):
            try:
                assert read(place / "file", frozenset({0})) == b"text"
            except (UntrustedError, OSError):
                continue
    finally:
        over.set()
        thread.join()


@pytest.mark.root
@pytest.mark.parametrize(("owner", "ok"), [(0, True), (1000, True), (1001, False)])
def test_the_effective_user_is_an_administrator(tmp_path, owner, ok):
    """As uid 1000: files of root and of uid 1000, and of nobody else."""
    for parent in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o755)
    path = written(tmp_path)
    os.chown(path, owner, -1)
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from sensor.rights import trust\n"
        "os.setuid(1000)\n"
        f"print(trust.read({str(path)!r}, trust.administrators(), 100))"
    )
    done = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True, cwd="/")
    assert (done.stdout == "b'text'\n") is ok
    assert ok or "must be owned by root or the user who runs this" in done.stderr
