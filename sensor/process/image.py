"""The file that a program was executed from."""

from __future__ import annotations

from typing import NamedTuple


class FileState(NamedTuple):
    """What two readings of one state of a file have in common; mtime, ctime: in nanoseconds since 1970."""

    device: int
    inode: int
    size: int
    mtime: int
    ctime: int


class Image:
    """One state of the file that a program was executed from, and the paths under which it may be found.

    own: the first path is a link of /proc.
    Two are the same if their states are.
    """

    __slots__ = ("own", "paths", "state")

    def __init__(self, state: FileState, paths: tuple[str, ...] = (), own: bool = False) -> None:
        self.state = state
        self.paths = paths
        self.own = own

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Image) and self.state == other.state

    def __hash__(self) -> int:
        return hash(self.state)
