"""SYSCALL records: the usual form and all others give the same as field by field."""

from __future__ import annotations

import json

import pytest

from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.audit.syscall_decoder import SyscallDecoder
from tests.support.pipelines import laurel

REST = 'auid=1000 uid=0 tty=pts1 ses=3 comm="bash" exe="/usr/bin/bash" subj=unconfined key="exec"'
USUAL = f"arch=c000003e syscall=59 success=yes exit=0 a0=55c0 a1=7f a2=0 a3=8 items=2 ppid=31 pid=48 {REST}"


def decoder() -> SyscallDecoder:
    return SyscallDecoder(RecordDecoder(TransformOptions(), (), 64))


def test_the_usual_form():
    syscall = decoder().decode(USUAL)
    assert laurel().call(syscall) == (
        '"SYSCALL":{"arch":"0xc000003e","syscall":59,"success":"yes","exit":0,"items":2,"ppid":31,"pid":48,'
        '"auid":1000,"uid":0,"tty":"pts1","ses":3,"comm":"bash","exe":"/usr/bin/bash","subj":"unconfined",'
        '"key":"exec","KEYS":["exec"],"ARGV":["0x55c0","0x7f","0x0","0x8"]}'
    )
    assert (syscall.head.arch, syscall.head.number) == (0xC000003E, 59)
    assert (syscall.success, syscall.exit, syscall.args) == (True, "0", ("55c0", "7f", "0", "8"))
    assert (syscall.ppid, syscall.pid) == (31, 48)
    assert (syscall.rest.comm, syscall.rest.exe, syscall.rest.ses) == ("bash", "/usr/bin/bash", 3)
    assert syscall.rest.auid == 1000
    assert syscall.rest.fields["subj"] == "unconfined"


def test_the_layout_of_what_repeats_is_learned():
    records = RecordDecoder(TransformOptions(), (), 64)
    syscalls = SyscallDecoder(records)
    for uid in range(3):
        assert syscalls.decode(USUAL.replace("uid=0", f"uid={uid}")).rest.fields["uid"] == uid
    assert records.find("SYSCALL", REST.replace("uid=0", "uid=7")) is not None


def test_what_stages_add_stands_last():
    syscall = decoder().decode("arch=c000003e")
    assert laurel().call(syscall, ',"PID":{}') == '"SYSCALL":{"arch":"0xc000003e","ARGV":[],"PID":{}}'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("success=yes exit=0 ", ""),
        ("exit=0", "exit=-13"),
        ("success=yes", "success=no"),
        ("success=yes exit=0", "exit=0 success=yes"),
        ("success=yes", "success=maybe"),
        ("a0=55c0", "a0=0055c0"),
        ("a0=55c0", "a0=ffffffffffffffff"),
        ("a0=55c0", "a0=10000000000000000"),
        ("a0=55c0", "a0=?"),
        ("a0=55c0", 'a0="55c0"'),
        ("a3=8 ", ""),
        ("a3=8 ", "a3=8 a4=9 "),
        ("arch=c000003e", "arch=C000003E"),
        ("arch=c000003e", "arch=0xc000003e"),
        ("arch=c000003e", "arch=x86_64"),
        ("arch=c000003e", "arch=0xzz"),
        ("syscall=59", "syscall=?"),
        ("syscall=59", "syscall=execve"),
        ("syscall=59", "syscall=059"),
        ("ppid=31", "ppid=031"),
        ("pid=48", "pid=9999999999999999999999"),
        ("syscall=59", "syscall=59 per=400000"),
        ("syscall=59", "syscall=59 per=0400000"),
        ("syscall=59 success=yes exit=0", "syscall=59 per=8"),
        ("success=yes exit=0", "success=yes exit=0 per=8"),
        ("auid=1000", "auid=1000 per=8"),
        ("auid=1000", "per=8 auid=1000"),
        ("auid=1000", "auid=1000 PER=8"),
        ("pid=48 ", "pid=48  "),
        ("pid=48 ", "pid=48 \t"),
        ("pid=48 ", "pid=48 more "),
        ("pid=48 ", "pid=48 netlabel: "),
        (REST, "msg='a=b'"),
        (REST, "=x"),
        (REST, ""),
        ("auid=1000", "auid=1000 pid=49"),
        ("auid=1000", "auid=1000 success=no"),
        ("auid=1000", "auid=1000 a0=1"),
        ("auid=1000", "auid=1000 ARGV=1"),
        ("auid=1000", "auid=1000 PID=1"),
        ("auid=1000", "auid=unset auid=1"),
        ("ses=3", "ses=?"),
        ("auid=1000", "auid=?"),
        ("auid=1000", "auid=4294967295"),
        ("auid=1000", "auid=-1"),
        ('key="exec"', "key=(null)"),
        ('key="exec"', "key=61016200"),
        ('key="exec"', "key=\xa0"),
        ('key="exec"', 'key="exec"\x1dARCH=x86_64 SYSCALL=execve AUID="root"'),
        ("subj=unconfined", "subj==/usr/sbin/ntpd (enforce)"),
    ],
)
def test_every_form_gives_what_field_by_field_gives(old, new):
    """Twice, and after the usual one: whatever is remembered changes nothing."""
    body = USUAL.replace(old, new).rstrip(" ")
    syscalls, form = decoder(), laurel()
    form.call(syscalls.decode(USUAL))
    expected = SyscallDecoder(RecordDecoder(TransformOptions(), (), 64))._decode_unusual(body)
    for _ in range(3):
        syscall = syscalls.decode(body)
        assert form.call(syscall) == laurel().call(expected)
        assert (syscall.exit or "") == (expected.exit or "")
        for name in ("success", "args", "ppid", "pid"):
            assert getattr(syscall, name) == getattr(expected, name)
        for name in ("comm", "exe", "ses", "auid"):
            assert getattr(syscall.rest, name) == getattr(expected.rest, name)
        assert (syscall.head.arch, syscall.head.number) == (expected.head.arch, expected.head.number)


PERSONALITY = USUAL.replace("syscall=59", "syscall=59 per=400000")


@pytest.mark.parametrize("first", [USUAL, PERSONALITY])
@pytest.mark.parametrize(
    "second", ["per=8 auid=1000", "auid=1000 per=8", "auid=1000 per=400000", "auid=1000 per=8 per=9"]
)
def test_no_name_is_written_twice(first, second):
    """What stands in both parts of a record, whichever of them has come before."""
    syscalls, form = decoder(), laurel()
    for text in (USUAL, PERSONALITY, first.replace("auid=1000", second)) * 3:
        members = json.loads("{" + form.call(syscalls.decode(text)) + "}", object_pairs_hook=list)[0][1]
        names = [name for name, _ in members]
        assert len(names) == len(set(names))
        written = [value for name, value in members if name[:3] == "per"]
        assert written == list(dict.fromkeys(f"0x{word[4:]}" for word in text.split() if word.startswith("per=")))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", {"ARGV": []}),
        ("syscall=? pid=(null) ses=unset", {"syscall": None, "pid": None, "ses": 4294967295, "ARGV": []}),
        ("a0=7f a3=zz", {"ARGV": ["0x7f", "zz"]}),
        ("a0=? a1=1", {"ARGV": [None, "0x1"]}),
        ("a0=1 a0=2", {"a0_2": "2", "ARGV": ["0x1"]}),
        ("pid=x", {"pid": None, "pid_text": "x", "ARGV": []}),
    ],
)
def test_odd_records(body, expected):
    assert json.loads("{" + laurel().call(decoder().decode(body)) + "}") == {"SYSCALL": expected}


def test_the_memory_is_bounded():
    """What was decoded first is forgotten, what was decoded last is not."""
    syscalls = decoder()
    bodies = [USUAL.replace("syscall=59", f"syscall={number}").replace("bash", f"b{number}") for number in range(4097)]
    decoded = [syscalls.decode(body) for body in bodies]
    last, first = syscalls.decode(bodies[-1]), syscalls.decode(bodies[0])
    assert (last.head is decoded[-1].head, last.rest is decoded[-1].rest) == (True, True)
    assert (first.head is decoded[0].head, first.rest is decoded[0].rest) == (False, False)
