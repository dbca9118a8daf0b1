"""Whose names are the host's: looks at a made /proc, what the probe tells, ends, and what may have changed since."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Callable

import pytest

from sensor.process.host_paths import HostPaths
from sensor.process.program import Process
from sensor.process.roots import HOST, Root
from tests.support.fake_host import NOW, FakeHost
from tests.support.hung_mount import hung_mount
from tests.support.observations import observation
from tests.support.waiting import eventually

CRON = "/usr/sbin/cron"
OTHER_ROOTS = [{"root": "/tmp/jail"}, {"mounts": 7}, {"users": 7}, {"root": "/x", "mounts": 7, "users": 7}]


class Subject:
    """A host whose process 100 runs `exe`; what the link of its image leads to is `image`."""

    def __init__(self, folder: Path) -> None:
        self.host = FakeHost(folder)
        self.host.view(1)
        self.exe = str(folder / "cron")
        Path(self.exe).write_text("cron")
        self.host.process(100, 1, self.exe)
        self.host.view(100)
        self.caught_up: Callable[[], None] = lambda: None
        self.paths = HostPaths(self.host.table, self.host.proc, lambda: self.caught_up())  # noqa: PLW0108 - set later
        self.process = self.see(self.exe)

    def see(self, exe: str, is_exec: bool = False) -> Process:
        self.paths.begin_chunk()
        return self.host.table.observe(observation(100, 1, "cron", exe, "1.000:1", NOW, is_exec))

    def image(self) -> bool:
        """What it answers once it had the time to compare files."""
        eventually(lambda: self.paths.image_holds(self.process) or self.process.program.authentic is not None, 1.0)
        return self.paths.image_holds(self.process)


@pytest.fixture
def subject(tmp_path: Path) -> Subject:
    return Subject(tmp_path)


def test_a_process_of_the_host(subject: Subject) -> None:
    assert subject.paths.paths_hold(subject.process)
    assert subject.image()
    assert not subject.paths.has_other_root(subject.process)


@pytest.mark.parametrize("view", OTHER_ROOTS)
def test_another_root(subject: Subject, view: dict[str, object]) -> None:
    subject.host.view(100, **view)  # type: ignore[arg-type]
    assert not subject.paths.paths_hold(subject.process)
    assert subject.paths.has_other_root(subject.process)
    # A service in a mount namespace of its own runs the host's files all the same.
    assert subject.image() is ("users" not in view)


def test_the_image_is_another_file(subject: Subject, tmp_path: Path) -> None:
    (tmp_path / "fake").write_text("fake")
    link = subject.host.root / "100/exe"
    link.unlink()
    link.symlink_to(tmp_path / "fake")
    subject.host.view(100, mounts=7)
    assert not subject.image()


def test_a_copy_of_the_file_is_another_file(subject: Subject, tmp_path: Path) -> None:
    (tmp_path / "jail").mkdir()
    (tmp_path / "jail/cron").write_text("cron")
    subject.host.process(100, 1, str(tmp_path / "jail/cron"))
    subject.host.view(100)
    subject.process = subject.see("/cron")  # the end of the link, as the kernel shows it within its root
    assert subject.paths.paths_hold(subject.process)
    assert not subject.image()


def test_nobody_knows(subject: Subject) -> None:
    for name in ("root", "ns/mnt", "ns/user"):
        (subject.host.root / "100" / name).unlink()
    assert not subject.paths.paths_hold(subject.process)
    assert not subject.image()
    assert not subject.paths.has_other_root(subject.process)
    assert not subject.paths.paths_hold(None)
    assert not subject.paths.image_holds(None)


def test_a_look_is_good_for_the_chunk_in_which_it_was_taken(subject: Subject) -> None:
    assert subject.paths.paths_hold(subject.process)
    subject.host.view(100, root="/tmp/jail")
    assert subject.paths.paths_hold(subject.process)  # records that were read before the look
    subject.paths.begin_chunk()
    assert not subject.paths.paths_hold(subject.process)


def test_who_comes_back_is_not_trusted_again(subject: Subject) -> None:
    subject.host.view(100, root="/tmp/jail")
    assert not subject.paths.paths_hold(subject.process)
    subject.host.view(100)
    subject.paths.begin_chunk()
    assert not subject.paths.paths_hold(subject.process)


def test_who_has_ended_is_trusted_for_what_was_read_by_then(subject: Subject) -> None:
    assert subject.paths.paths_hold(subject.process)
    subject.host.end(100)
    assert subject.paths.paths_hold(subject.process)
    subject.paths.begin_chunk()
    assert not subject.paths.paths_hold(subject.process)


def test_another_process_with_its_pid_is_not_looked_at(subject: Subject) -> None:
    subject.host.process(100, 1, subject.exe, start=6000)
    subject.host.view(100)
    assert not subject.paths.paths_hold(subject.process)


@pytest.mark.parametrize(
    ("started", "ended", "holds"),
    [
        (HOST, HOST, True),
        (HOST, None, False),
        (HOST, Root(7), False),
        (Root(7), HOST, False),
        (HOST, Root(7, users=True), False),
    ],
)
def test_the_probe_shows_of_the_end_of_who_is_gone(
    subject: Subject, started: Root, ended: Root | None, holds: bool
) -> None:
    """The account of its end is in the ring, but was not when the chunk was begun."""
    subject.host.end(100)
    process = subject.process
    process.found_in(started)

    def catch_up() -> None:
        if ended is not None:
            process.found_in(ended)
            process.rooted = math.inf

    subject.caught_up = catch_up
    assert subject.paths.paths_hold(process) is holds
    subject.paths.begin_chunk()
    assert subject.paths.paths_hold(process) is holds


def test_a_child_that_executed_nothing_has_the_image_of_its_parent(subject: Subject) -> None:
    assert subject.image()
    child = Process(subject.process.program.successor("cron", subject.exe, ""), 0.0)
    child.spawned_by, child.forked, child.root, child.rooted = subject.process.program, True, Root(7), math.inf
    child.ended = 1.0
    assert subject.paths.image_holds(child)
    child.program.authentic = None
    child.program.exe = "/other"
    assert not subject.paths.image_holds(child)


def test_records_of_which_nobody_knows_the_host_are_taken_as_they_are(subject: Subject) -> None:
    paths = HostPaths(subject.host.table)
    assert paths.paths_hold(None)
    assert paths.image_holds(None)
    assert not paths.has_other_root(subject.process)


def test_ourselves() -> None:
    """The real /proc."""
    from sensor.process.procfs import ProcFS
    from sensor.process.table import ProcessTable
    from sensor.stats import ProcessStats

    table = ProcessTable(ProcFS(), ProcessStats())
    process = table.find(os.getpid(), 1e12)
    paths = HostPaths(table, ProcFS())
    assert paths.paths_hold(process)
    assert [paths.image_holds(process) for _ in range(100)][-1]


@pytest.mark.root
def test_an_image_on_a_mount_that_hangs_stops_nothing(subject: Subject, tmp_path: Path) -> None:
    (tmp_path / "hung").mkdir()
    with hung_mount(tmp_path / "hung"):
        subject.host.process(100, 1, str(tmp_path / "hung/cron"))
        subject.host.view(100)
        subject.process = subject.see(str(tmp_path / "hung/cron"))
        start = time.monotonic()
        assert subject.paths.paths_hold(subject.process)
        assert not any(subject.paths.image_holds(subject.process) for _ in range(1000))
        assert time.monotonic() - start < 2.0
