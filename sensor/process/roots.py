"""Where the paths of a process begin: at the host's root, or at another that its user may have laid out himself.

    unshare -Ur chroot /tmp/jail /usr/sbin/cron         exe="/usr/sbin/cron" is /tmp/jail/usr/sbin/cron

The kernel writes paths as the process sees them. They name the host's files where its root directory and its mount
namespace are those of pid 1, and its image is a file of that namespace (a descriptor of another may be executed as
well). In a user namespace of its own a process can change all of this at any time (chroot(2), unshare(2), prctl(2)
PR_SET_MM), and never comes back out of one: a process outside now has been outside all the time, so one look is
enough for all that was done before. What those with CAP_SYS_CHROOT do and undo on the host itself is not covered.
"""

from __future__ import annotations

from typing import NamedTuple


class View(NamedTuple):
    """What decides where the paths of a process lead, as /proc shows it to us: links, which no look at a file follows.

    root: its root directory, which reads "/" within another mount namespace, too.
    mounts, users: its namespaces, as "mnt:[4026531832]".
    """

    root: str
    mounts: str
    users: str


class Root(NamedTuple):
    """A root that is not the host's, or not for certain.

    namespace: inode of the mount namespace, 0 where that is not known.
    path: of the root directory as the host sees it; "" where that is not known.
    users: the user namespace is another than the host's, so that the root can be another at any time.
    """

    namespace: int
    path: str = ""
    users: bool = False


HOST = Root(0, "/")
"""The host's own; compared by identity."""


def root_in(view: View | None, host: View | None) -> Root | None:
    """What /proc shows of a process beside what it shows of the host; None where it shows nothing."""
    if view is None or host is None:
        return None
    if view == host:
        return HOST
    inode = view.mounts[5:-1]
    return Root(int(inode) if inode.isdigit() else 0, view.root, view.users != host.users)


def worst(known: Root | None, seen: Root) -> Root:
    """What counts of a process that has, or had, two roots: once it was not the host's it is not trusted again."""
    if known is None or known is HOST:
        return seen
    if seen is HOST or known.users > seen.users:
        return known
    return Root(seen.namespace or known.namespace, seen.path or known.path, seen.users)
