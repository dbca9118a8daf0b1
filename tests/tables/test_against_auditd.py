"""Our names against those of auditd's own tools, `ausyscall` and `ausearch -i`.

Every difference is in a table here with its reason; one that is not fails, and so does a reason no longer needed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sensor.tables import syscalls
from sensor.tables.arches import ARCHES, X32_BIT, X86_64
from sensor.tables.arguments import arguments, spell_arguments

ARCH_NUMBERS = {arch.name: number for number, arch in ARCHES.items()}

#: (architecture, number): a newer name auditd has not learned, or one it spells wrongly.
OTHER_SYSCALL_NAMES = {
    ("i386", 283): "sys_kexec_load",  # the name of the function that serves it
    ("i386", 423): "sched_rr_get_interval64",  # the kernel's has _time64
    ("aarch64", 61): "getdents",  # there is only getdents64
    ("aarch64", 80): "newfstat",  # the kernel's is fstat
    ("arm", 140): "llseek",  # _llseek, as auditd itself has it on i386
    ("arm", 142): "newselect",
    ("arm", 149): "sysctl",
    ("arm", 270): "fadvise64_64",  # arguments in another order: arm_fadvise64_64
    ("arm", 341): "sync_file_range",  # the same: sync_file_range2
    ("arm", 423): "sched_rr_get_interval64",
    ("ppc64le", 291): "fstatat64",  # the 64-bit kernel's is newfstatat
    ("ppc64le", 306): "timerfd",  # became timerfd_create in Linux 2.6.25
    ("ppc64le", 319): "perf_counter_open",  # became perf_event_open in Linux 2.6.32
}
#: Calls that only the 32-bit kernel has, and auditd's one table for both gives to the 64-bit one.
PPC32_ONLY = {192, 193, 194, 195, 196, 197, 204, 226, 254, *range(403, 424)}


def skip_without(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


@skip_without("ausyscall")
@pytest.mark.parametrize("arch", ["x86_64", "i386", "aarch64", "arm", "ppc64le", "s390", "s390x"])
def test_syscall_names(arch: str) -> None:
    dump = subprocess.run(["ausyscall", arch, "--dump"], capture_output=True, text=True, check=True).stdout
    theirs = {int(number): name for number, name in re.findall(r"^(\d+)\t(\S+)$", dump, re.MULTILINE)}
    assert len(theirs) > 300
    if arch == "ppc64le":
        theirs = {number: name for number, name in theirs.items() if number not in PPC32_ONLY}
    ours = syscalls.names(ARCH_NUMBERS[arch])
    differing = {(arch, number): name for number, name in theirs.items() if ours.get(number) != name}
    assert differing == {place: name for place, name in OTHER_SYSCALL_NAMES.items() if place[0] == arch}


LINE = (
    "type=SYSCALL msg=audit(1700000000.001:{serial}): arch=c000003e syscall={number} success=yes exit=0"
    " a0={0:x} a1={1:x} a2={2:x} a3={3:x} items=0 ppid=1 pid=2 auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0"
    ' fsgid=0 tty=pts0 ses=1 comm="a" exe="/a" key=(null)\n'
)
BITS = [1 << bit for bit in range(32)]

Call = tuple[str, tuple[int, int, int, int]]


def calls() -> Iterator[Call]:
    """Every value auditd's tables have a name for, and many they have not."""
    for bit in BITS:
        yield "openat", (0xFFFFFF9C, 1, bit, 0)
        yield "mmap", (0, 4096, bit, bit)
        yield "mount", (1, 1, 1, bit)
        yield "sendto", (3, 1, 1, bit)
    for bit in BITS[8:]:
        yield "clone", (bit | 17, 0, 0, 0)
        yield "unshare", (bit, 0, 0, 0)
    for value in range(264):
        yield "socket", (2, 1, value, 0)
    for value in range(1, 11):
        yield "socket", (2, value, 6, 0)
    for value in range(45):
        yield "fcntl", (3, value, 1, 0)
        yield "fcntl", (3, 1024 + value, 1, 0)
        yield "prctl", (value, 1, 0, 0)
        yield "ptrace", (value, 1, 0, 0)
        yield "ptrace", (0x4200 + value, 1, 0, 0)
        yield "bpf", (value, 0, 0, 0)
        yield "kill", (1, value + 1, 0, 0)
    for value in range(17):
        yield "umount2", (1, value, 0, 0)
        yield "access", (1, value & 7, 0, 0)
        yield "lseek", (1, 1, value, 0)
        yield "setrlimit", (value, 1, 0, 0)
        yield "clock_settime", (value, 0, 0, 0)
        yield "sched_setscheduler", (1, value, 0, 0)
        yield "epoll_ctl", (1, value, 0, 0)
    for level in (0, 1, 6, 17, 41, 263):
        for value in range(90):
            yield "setsockopt", (3, level, value, 0)
    for value in (0x5401, 0x5412, 0x5413, 0x8910, 0x4B3A):
        yield "ioctl", (0, value, 0, 0)


#: What auditd says, with pattern and reason, where ours is more or better.
OTHER_SPELLINGS = [
    (r"0x.*|unknown.*|undefined.*|", "auditd has no name for it"),
    (r"MAP_FILE.*", "a name for no bit at all"),
    (r"O_RDONLY(\|__O_SYNC|\|__O_TMPFILE)?", "auditd drops bits it has no name for, or names half of a pair"),
    (r"PROT_NONE", "auditd drops bits it has no name for"),
    (r"CLONE_STOPPED.*", "the bit is CLONE_NEWCGROUP since Linux 4.6"),
    (r"IGPWR", "a slip in auditd's table for SIGPWR"),
    (r"MS_SNAP_STABLE", "the kernel's header has MS_NOREMOTELOCK"),
    (r"MSG_PROXY|MSG_SENDPAGE_NOTLAST|MSG_CMSG_COMPAT", "the kernel's own, or another name of MSG_PROBE"),
    (
        r"SCM_\w+|IPV6_USE_MIN_MTU|TCP_COOKIE_TRANSACTIONS",
        "reserved numbers, and options no kernel has or has any more",
    ),
    (r"IP6?T_SO_\w+", "auditd gives the name of setting an option to getting it, too"),
    (r"SCHED_OTHER", "auditd drops bits it has no name for"),
    (r"[a-z][A-Za-z0-9.+/-]*", "auditd reads /etc/protocols, or prints names in lower case"),
]


def auditd_shows(feed: Path) -> dict[int, dict[str, str]]:
    """Serial → a0 … a3 as ausearch spells them."""
    command = ["ausearch", "-i", "-if", str(feed)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^type=SYSCALL msg=audit\([^)]*:(\d+)\) : (.*)$", text, re.MULTILINE)
    return {int(serial): dict(re.findall(r" (a[0-3])=(.*?)(?= a[0-3]=| items=)", body)) for serial, body in found}


def spelled(call: str, values: tuple[int, int, int, int]) -> Iterator[tuple[int, str]]:
    """Place and text of each argument we spell as auditd might; plain numbers are left out."""
    ours = spell_arguments(call, values)
    labels = {"@level": "optname", "@protocol": "protocol"}
    for index, entry in enumerate(arguments(call)):
        spelling = ours.get(labels.get(entry, entry.partition(":")[0]))
        if isinstance(spelling, (str, list)):
            yield index, spelling if isinstance(spelling, str) else "|".join(spelling)


@skip_without("ausearch")
def test_arguments(tmp_path: Path) -> None:
    numbers = {name: number for number, name in syscalls.names(X86_64).items() if number < X32_BIT}
    feed = tmp_path / "feed.log"
    table = list(calls())
    feed.write_text("".join(LINE.format(*v, serial=i, number=numbers[call]) for i, (call, v) in enumerate(table)))
    theirs = auditd_shows(feed)
    assert len(theirs) == len(table)
    agreed, explained, unexplained = 0, 0, set()
    for serial, (call, values) in enumerate(table):
        for index, text in spelled(call, values):
            output = theirs[serial][f"a{index}"]
            if output == text:
                agreed += 1
            elif any(re.fullmatch(pattern, output) for pattern, _ in OTHER_SPELLINGS):
                explained += 1
            else:
                unexplained.add((call, hex(values[index]), output, text))
    print(f"arguments against ausearch: {agreed} agree, {explained} differ for a known reason")
    assert unexplained == set()
    assert agreed > 500
