"""EXE_HASH is the hash of the file that is executed, or EXE_HASH_SKIPPED says why there is none."""

from __future__ import annotations

import ctypes
import hashlib
import os
import select
import socket
import time
from pathlib import Path

import pytest

from sensor.process.files import ProcFiles
from sensor.process.host_paths import HostPaths
from sensor.process.image import FileState, Image
from sensor.stages import exe_hash
from sensor.stages.exe_hash import SKIPPED, ExeHash, digest_of, state_of
from sensor.stages.options import HashOptions
from tests.support.fake_host import BOOTED, FakeHost, event, exec_event, syscall
from tests.support.hung_mount import hung_mount


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "bin" / "tool"
    path.parent.mkdir()
    path.write_bytes(b"one")
    return path


@pytest.fixture
def host(tmp_path):
    return FakeHost(tmp_path)


@pytest.fixture
def stage(host):
    return lambda **options: ExeHash(HashOptions(**options), ProcFiles(host.proc), host.proc.host(BOOTED)).stage


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def reported(host, stage, text, prefix=""):
    """What is reported in the end."""
    identity = host.identity(prefix=prefix)
    for _ in range(400):
        (line,) = host.run([identity, stage], text, prefix=prefix)
        found = {key: value for key, value in line["SYSCALL"].items() if "hash" in key.lower()}
        if "pending" not in found.values():
            break
        time.sleep(0.005)
    return found


def hashed(data: bytes, source: str = "observed") -> dict[str, str]:
    return {"EXE_HASH": sha256(data), "EXE_HASH_SOURCE": source}


def path_record(path: Path, item: int = 0) -> str:
    status = path.stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    return f'PATH item={item} name="{path}" inode={status.st_ino} dev={device} mode=0100755 nametype=NORMAL'


@pytest.mark.parametrize(
    ("prefix", "keys"), [("", ("EXE_HASH", "EXE_HASH_SOURCE")), ("x_", ("x_exe_hash", "x_exe_hash_source"))]
)
def test_the_file_of_a_process_is_hashed(host, stage, program, prefix, keys):
    host.process(42, 1, str(program))
    assert reported(host, stage(), event(syscall(42, 1, str(program))), prefix) == dict(
        zip(keys, hashed(b"one").values())
    )


def test_a_large_file_is_not_hashed(host, stage, program):
    host.process(42, 1, str(program))
    assert reported(host, stage(exe_hash_size_limit=2), event(syscall(42, 1, str(program)))) == {
        "EXE_HASH_SKIPPED": "too_large"
    }


@pytest.mark.parametrize("entries", [0, 1, 1024])
def test_a_change_in_place_is_seen_although_size_and_whole_seconds_stay(host, stage, program, entries):
    """What LAUREL's key of device, inode and nanoseconds misses: package managers set whole seconds."""
    hasher = stage(exe_hash_cache_entries=entries)
    for pid, data in enumerate((b"one", b"two"), start=42):
        program.write_bytes(data)
        os.utime(program, ns=(0, pid * 10**9))
        host.process(pid, 1, str(program))
        assert reported(host, hasher, event(syscall(pid, 1, str(program)))) == hashed(data)


def test_a_file_is_hashed_once(host, program):
    hashed = []

    def hash_it(file: Image) -> tuple[str, str]:
        hashed.append(file)
        return digest_of(file)

    hasher = ExeHash(HashOptions(), ProcFiles(host.proc), host.proc.host(BOOTED), hashed=hash_it).stage
    for pid in (42, 43, 44):
        host.process(pid, 1, str(program))
        reported(host, hasher, event(syscall(pid, 1, str(program))))
    assert len(hashed) == 1


def test_of_a_process_that_is_gone_the_records_show_the_file(host, stage, program):
    text = exec_event(42, 1, str(program), ["tool"], path_record(program))
    assert reported(host, stage(), text) == hashed(b"one")


def test_a_look_holds_for_what_was_read_before_it_and_for_no_more(host, program):
    paths = HostPaths(host.table, host.proc)
    hasher = ExeHash(HashOptions(), ProcFiles(host.proc), host.proc.host(BOOTED), paths).stage

    def hash_of(pid: int) -> dict[str, str]:
        return reported(host, hasher, exec_event(pid, 1, str(program), ["tool"], path_record(program)))

    paths.begin_chunk()
    assert hash_of(42) == hashed(b"one")
    program.write_bytes(b"two")
    assert hash_of(43) == hashed(b"one")  # it was executed before its records were read, so before the look
    paths.begin_chunk()
    assert hash_of(44) == hashed(b"two")


def test_a_look_is_for_one_file_only(host, program, tmp_path):
    paths = HostPaths(host.table, host.proc)
    hasher = ExeHash(HashOptions(), ProcFiles(host.proc), host.proc.host(BOOTED), paths).stage
    other = tmp_path / "bin" / "other"
    other.write_bytes(b"other")
    paths.begin_chunk()
    texts = [
        exec_event(42, 1, str(program), ["tool"], path_record(program)),
        exec_event(43, 1, str(other), ["other"], path_record(other)),
        exec_event(44, 1, str(program), ["tool"], path_record(other)),
    ]
    gone = {"EXE_HASH_SKIPPED": "gone"}
    assert [reported(host, hasher, text) for text in texts] == [hashed(b"one"), hashed(b"other"), gone]


@pytest.mark.parametrize("records", [[], ['PATH item=0 name="/x" inode=1 dev=zz:'], ['PATH item=0 name="/x" inode=1']])
def test_without_proof_it_is_gone(host, stage, program, records):
    text = exec_event(42, 1, str(program), ["tool"], *records)
    assert reported(host, stage(), text) == {"EXE_HASH_SKIPPED": "gone"}


def test_a_child_has_its_parents_file(host, stage, program):
    hasher = stage()
    host.process(42, 1, str(program))
    reported(host, hasher, event(syscall(42, 1, str(program))))
    program.unlink()
    program.write_bytes(b"replaced")
    assert reported(host, hasher, event(syscall(43, 42, str(program)))) == hashed(b"one", "inherited")


def test_what_a_program_executes_is_not_that_of_the_program_before(host, stage, program):
    """The file was replaced; then the process executed it again, and is gone."""
    host.process(42, 1, str(program))
    hasher = stage()
    reported(host, hasher, event(syscall(42, 1, str(program))))
    host.end(42)
    program.unlink()
    program.write_bytes(b"two")
    assert reported(host, hasher, exec_event(42, 1, str(program), ["tool"], path_record(program))) == hashed(b"two")


def test_a_file_that_is_opened_is_not_executed(host, stage, program):
    text = event(syscall(42, 1, str(program)), path_record(program))
    assert reported(host, stage(), text) == {"EXE_HASH_SKIPPED": "gone"}


def test_events_of_other_hosts_have_none(host, stage, program):
    text = exec_event(42, 1, str(program), ["tool"], path_record(program)).replace("type=", "node=db02 type=")
    assert reported(host, stage(), text) == {}


def test_events_before_this_boot_have_none(host, stage, program):
    """The process table has one for the records alone; the file may have changed since."""
    text = exec_event(42, 1, str(program), ["tool"], path_record(program), time=BOOTED - 5.0)
    assert reported(host, stage(), text) == {}


def test_a_file_that_is_not_the_one_is_not_hashed(program, tmp_path):
    file = state_of((str(program),))
    program.write_bytes(b"other")
    assert digest_of(file) == ("", "changed")
    program.unlink()
    assert digest_of(file) == ("", "unreadable")
    os.mkfifo(program)
    assert digest_of(file) == ("", "changed")  # and nobody waits at it
    other = tmp_path / "other"
    other.write_bytes(b"x")
    assert digest_of(Image(FileState(1, 2, 3, 4, 5), ("/nowhere", str(other)))) == ("", "changed")


def test_every_reason_is_explained():
    source = Path(exe_hash.__file__).with_name("exe_hash.py")  # also where that is compiled
    text = source.read_text(encoding="utf-8").partition("class ExeHash")[2]
    assert all(f'"{reason}"' in text for reason in SKIPPED)


class Watched:
    """Whether anything is opened: what an attacker puts in the place of what he has executed."""

    def __init__(self, path: Path) -> None:
        self.libc = ctypes.CDLL(None)
        self.descriptor = self.libc.inotify_init()
        self.libc.inotify_add_watch(self.descriptor, os.fsencode(path), 0x20)  # IN_OPEN

    def opened(self) -> bool:
        found = bool(select.select([self.descriptor], [], [], 0)[0])
        os.close(self.descriptor)
        return found


@pytest.mark.parametrize("kind", ["link", "link above", "fifo", "socket", "directory"])
def test_what_is_put_in_its_place_is_not_opened(host, stage, program, tmp_path, kind):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "tool").write_bytes(b"secret")
    text = exec_event(42, 1, str(program), ["tool"], path_record(program))
    program.unlink()
    watched = Watched(secret / "tool")
    if kind == "link":
        program.symlink_to(secret / "tool")
    elif kind == "link above":
        program.parent.rmdir()
        program.parent.symlink_to(secret)
        text = exec_event(42, 1, str(program), ["tool"], path_record(secret / "tool"))  # were it followed, it would fit
    elif kind == "fifo":
        os.mkfifo(program)
        watched = Watched(program)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.relpath(program))
    else:
        program.mkdir()
    assert reported(host, stage(), text) == {"EXE_HASH_SKIPPED": "gone"}
    assert not watched.opened()


def test_a_mount_that_hangs_stops_nothing(host, stage, program, tmp_path):
    """The file there is never found, events come out at once, and files elsewhere are hashed after a while."""
    (tmp_path / "hung").mkdir()
    hasher = stage()
    with hung_mount(tmp_path / "hung"):
        text = exec_event(42, 1, str(tmp_path / "hung/x"), ["x"], 'PATH item=0 name="x" inode=7 dev=00:2a')
        start = time.monotonic()
        (line,) = host.run([host.identity(), hasher], text)
        assert line["SYSCALL"]["EXE_HASH_SKIPPED"] == "pending"
        assert time.monotonic() - start < 1.0
        host.process(43, 1, str(program))
        end = time.monotonic() + 20
        while reported(host, hasher, event(syscall(43, 1, str(program)))) != hashed(b"one"):
            assert time.monotonic() < end
