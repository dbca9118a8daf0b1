"""Where paths begin, from what /proc shows: views of a process beside that of the host."""

from __future__ import annotations

import os

import pytest

from sensor.process.procfs import ProcFS, root_of
from sensor.process.roots import HOST, Root, View, root_in

OWN = View("/", "mnt:[4026531832]", "user:[4026531837]")


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (OWN, HOST),
        (None, None),
        (OWN._replace(root="/tmp/jail"), Root(4026531832, "/tmp/jail")),
        (OWN._replace(root="/ (deleted)"), Root(4026531832, "/ (deleted)")),
        (OWN._replace(mounts="mnt:[4026532177]"), Root(4026532177, "/")),
        (OWN._replace(users="user:[4026532200]"), Root(4026531832, "/", users=True)),
        (View("/x", "mnt:[7]", "user:[8]"), Root(7, "/x", users=True)),
    ],
)
def test_views(view: View | None, expected: Root | None) -> None:
    found = root_in(view, OWN)
    assert found == expected
    assert (found is HOST) is (expected is HOST)


def test_without_the_hosts_view_nothing_is_the_hosts() -> None:
    assert root_in(OWN, None) is None


def test_a_process_of_the_host() -> None:
    assert root_of(ProcFS(), os.getpid()) is HOST


def test_one_that_is_not_there() -> None:
    assert root_of(ProcFS(), 5_000_000) is None
