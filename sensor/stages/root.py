"""Which root a process has, where that is not the host's: what its paths, and its executable, are relative to.

    "PID":{…,"root":{"path":"/tmp/jail","mount_namespace":4026531832,"user_namespace":"other"}}
    "PID":{…,"root":{"mount_namespace":4026532177}}

`path` is as the host sees it and is known of processes that live; "/" is the root of another mount namespace.
Without `root` it is the host's, or unknown (a process that had ended, and no probe).
"""

from __future__ import annotations

from sensor.audit.fields import Fields
from sensor.process.host_paths import HostPaths
from sensor.process.program import Process
from sensor.process.roots import HOST


class Roots:
    """Looks it up, for PID."""

    def __init__(self, paths: HostPaths) -> None:
        self._paths = paths

    def describe(self, process: Process) -> Fields:
        """The members that PID gets."""
        self._paths.look_if_unknown(process)
        root = process.root
        if root is None or root is HOST:
            return {}
        members: Fields = {"path": root.path} if root.path else {}
        if root.namespace:
            members["mount_namespace"] = root.namespace
        if root.users:
            members["user_namespace"] = "other"
        return {"root": members}
