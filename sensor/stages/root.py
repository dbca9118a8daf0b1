"""Which root a process has, where that is not the host's: what its paths, and its executable, are relative to.

    "PID":{…,"root":{"path":"/tmp/jail","mount_namespace":4026531832,"user_namespace":"other"}}
    "PID":{…,"root":{"mount_namespace":4026532177}}

`path` is as the host sees it and is known of processes that live; "/" is the root of another mount namespace.
Without `root` it is the host's, or nobody knows (a process that had ended, and no probe).
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.audit.render import Style
from sensor.options import option
from sensor.process.host_paths import HostPaths
from sensor.process.program import Process
from sensor.process.roots import HOST


@dataclass(frozen=True)
class Options:
    """Roots of processes."""

    root: bool = option(True, "Add `root` to PID where a process has another root than the host's.")


class Roots:
    """Says it inside PID."""

    def __init__(self, style: Style, paths: HostPaths) -> None:
        self._quote = style.quote
        self._paths = paths

    def describe(self, process: Process) -> str:
        """The members that PID gets, each with a comma before it."""
        self._paths.look_if_unknown(process)
        root = process.root
        if root is None or root is HOST:
            return ""
        members = [f'"path":{self._quote(root.path)}'] if root.path else []
        members += [f'"mount_namespace":{root.namespace}'] if root.namespace else []
        members += ['"user_namespace":"other"'] if root.users else []
        return f',"root":{{{",".join(members)}}}'
