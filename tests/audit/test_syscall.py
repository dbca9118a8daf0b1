"""A SYSCALL record: what it says, and its bytes again."""

from __future__ import annotations

import pytest

from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.syscall_decoder import SyscallDecoder

REST = 'auid=1000 ses=3 comm="bash" exe="/usr/bin/bash"'


@pytest.mark.parametrize(
    ("body", "success", "args"),
    [
        (f"arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=2 ppid=3 pid=4 {REST}", True, "1234"),
        (f"arch=c000003e syscall=2 success=no exit=-2 a0=1 a1=2 a2=3 a3=4 items=0 ppid=3 pid=4 {REST}", False, "1234"),
        (f"arch=c000003e syscall=231 a0=1 a1=2 a2=3 a3=4 items=0 ppid=3 pid=4 {REST}", None, "1234"),
        (f"arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 ppid=3 pid=4 {REST}", True, "12"),
    ],
)
def test_what_a_syscall_record_holds_and_its_bytes(body, success, args):
    call = SyscallDecoder(RecordDecoder(TransformOptions(), (), 64)).decode(body)
    assert (call.success, call.ppid, call.pid) == (success, 3, 4)
    assert [arg for arg in call.args if arg is not None] == list(args)
    assert call.body == body
    assert (call.rest.comm, call.rest.exe, call.rest.ses, call.rest.auid) == ("bash", "/usr/bin/bash", 3, 1000)
