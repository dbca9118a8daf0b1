"""The kernel's audit status from a process of its own, so that the one that parses audit text cannot switch audit off.

    sensor, without the capability  ◄── pipe, a struct a second ──  child with CAP_AUDIT_CONTROL, which reads the kernel

The kernel shows its audit status only to those who may also change it. The child is forked while there is root, closes
every descriptor it inherited, keeps that one capability, and ends when the pipe does.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import struct

from sensor.config import Config
from sensor.loss.audit_status import AuditStatus, KernelAudit
from sensor.loss.kernel import KernelWatch
from sensor.rights import accounts, privileges, seccomp
from sensor.stats import KernelStats

_MESSAGE = struct.Struct("=9i")  # the fields of AuditStatus; with failure < 0, its errno instead
_PERIOD = 1000  # milliseconds
_ANSWER = 5.0  # seconds
_CHILD_OOM_SCORE = 0


def watch(config: Config, stats: KernelStats) -> KernelWatch | None:
    """Watch what the kernel lost, if that is asked for; needs the rights that the sensor starts with."""
    return KernelWatch(stats, AuditStatusProcess) if config.loss.kernel else None


class AuditStatusProcess:
    """A source for KernelWatch. Raises OSError where no process can be started."""

    def __init__(self) -> None:
        self._pipe, far = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        between = os.fork()
        if between == 0:
            if os.fork():
                os._exit(0)  # so that the child is not waited for
            _child(far)
        os.waitpid(between, 0)
        os.close(far)

    def request(self) -> None:
        """The child asks by itself."""

    def receive(self) -> AuditStatus | None:
        """The newest status that has come. Raises OSError when the child has ended, with the kernel's reason if any."""
        try:
            data = os.read(self._pipe, 64 * _MESSAGE.size)
        except BlockingIOError:
            return None
        if not data:
            raise OSError(errno.EPIPE, "the process that asks has ended")
        fields = _MESSAGE.unpack(data[-_MESSAGE.size :])
        if fields[0] < 0:
            raise OSError(-fields[0], os.strerror(-fields[0]))
        return AuditStatus(*fields)

    def close(self) -> None:
        """End the child, by closing the pipe."""
        os.close(self._pipe)


def _child(pipe: int) -> None:
    """All that the child does; never returns."""
    try:
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # it lives as long as the pipe
        for name in os.listdir("/proc/self/fd"):
            if int(name) != pipe:
                _close(int(name))
        _serve(pipe, _restricted())
    except OSError as error:
        _send(pipe, [-(error.errno or errno.EIO)] + [0] * 8)
    finally:
        os._exit(0)


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        pass  # that of the folder itself


def _restricted() -> KernelAudit:
    """The socket to the kernel, and no more rights than it takes to use it."""
    try:
        privileges.raise_oom_score(_CHILD_OOM_SCORE)
        if os.geteuid() == 0:
            privileges.become(accounts.stand_in(), ["AUDIT_CONTROL"])
        privileges.harden()
    except privileges.PrivilegeError as error:
        raise OSError(errno.EPERM, str(error)) from error
    kernel = KernelAudit()
    try:
        seccomp.install(False)
    except OSError:
        pass  # the sensor reports it for itself
    return kernel


def _serve(pipe: int, kernel: KernelAudit) -> None:
    hangup = select.poll()
    hangup.register(pipe, 0)  # POLLERR is always reported when there is no reader
    while True:
        status = kernel.ask(_ANSWER)
        _send(pipe, [min(getattr(status, name), 0x7FFFFFFF) for name in AuditStatus.__dataclass_fields__])
        if hangup.poll(_PERIOD):
            return


def _send(pipe: int, fields: list[int]) -> None:
    try:
        os.write(pipe, _MESSAGE.pack(*fields))
    except BlockingIOError:
        pass  # not read for an hour: the newest is not worth waiting for
