"""`file: unix:/path`: lines go to a stream socket somebody listens on, without ever waiting for him."""

from __future__ import annotations

import socket

from sensor.outputs import StreamOutput


class UnixOutput(StreamOutput):
    """Writes to the socket named after `unix:` in `options.file`."""

    def connect(self) -> int:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connected:
            connected.connect(self._name[len("unix:") :])
            return connected.detach()
