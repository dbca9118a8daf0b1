"""`file: "-"`: lines go to standard output, without ever waiting for its reader."""

from __future__ import annotations

import errno
import os
import select

from sensor.outputs import StreamOutput


class StdoutOutput(StreamOutput):
    """Writes to a duplicate of descriptor 1.

    It waits, and whether it does is decided for all who share it. So it is written to only when there is room, and then
    no more than a pipe or socket with any room takes at once (pipe(7), PIPE_BUF; net/unix/af_unix.c, unix_writable).
    """

    def connect(self) -> int:
        return os.dup(1)

    def room(self, fd: int) -> int:
        state = select.poll()
        state.register(fd, select.POLLOUT)
        if not state.poll(0):
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        return select.PIPE_BUF
