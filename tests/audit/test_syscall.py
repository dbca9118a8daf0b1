"""A SYSCALL record: what it says, and its bytes again."""

from __future__ import annotations

import pytest

from sensor.audit.fields import Fields
from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.syscall_decoder import SyscallDecoder

CALL = "arch=c000003e syscall=2 success=no exit=-2 a0=1 a1=2 a2=3 a3=4 items=0 ppid=3 pid=4"
REST = 'auid=1000 ses=3 comm="bash" exe="/usr/bin/bash"'


@pytest.mark.parametrize(
    ("body", "success", "args"),
    [
        (f"arch=c000003e syscall=59 success=yes exit=0 a0=1 a1=2 a2=3 a3=4 items=2 ppid=3 pid=4 {REST}", True, "1234"),
        (f"{CALL} {REST}", False, "1234"),
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


@pytest.mark.parametrize("key", ["(null)", '"exec"', "657865630161"])
@pytest.mark.parametrize("number", range(4))
def test_what_was_written_is_known_without_what_transforms_add(key, number):
    def name_the_user(name: str, fields: Fields) -> None:
        if "uid" in fields:
            fields["UID"] = f"user{fields['uid']}"

    decoder = SyscallDecoder(RecordDecoder(TransformOptions(), [name_the_user], 64))
    for uid in range(number + 1):  # whose layout is known from the third on
        body = f'auid=1000 uid={uid} ses=3 comm="bash" exe="/usr/bin/bash" key={key}'
        rest = decoder.decode(f"{CALL} {body}").rest
        written = {name: value for name, value in rest.written.items() if name != "UID"}
        whole = {**rest.fields}
        assert whole.pop("UID") == f"user{uid}"
        assert written == whole
        assert rest.written.get("uid") == uid


@pytest.mark.parametrize("number", range(4))
def test_what_is_redacted_is_so_in_what_was_written(number):
    """Filters by tty or subj are to find the same in each record, whether its layout is known or not."""

    def mask(name: str, fields: Fields) -> None:
        fields["tty"] = "***"

    decoder = SyscallDecoder(RecordDecoder(TransformOptions(), [mask], 64, rewrite=lambda name, body: body))
    for uid in range(number + 1):
        rest = decoder.decode(f'{CALL} auid=1000 uid={uid} tty=pts0 ses=3 comm="bash" exe="/usr/bin/bash"').rest
        assert rest.written["tty"] == rest.fields["tty"] == "***"
