"""The filter refuses what it should, in every thread, and nothing that the sensor or the C library needs."""

from __future__ import annotations

import errno
import json
import platform
import struct
import subprocess
import sys

import pytest

from sensor.rights import seccomp
from sensor.rights.seccomp import BPF_READS, PROGRAMS, REFUSED, Instruction
from sensor.tables import arches, syscalls

REFUSED_NAMES = [name for names in REFUSED.values() for name in names.split()]
ALLOW, EPERM, ENOSYS = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
MACHINES = {"x86_64": arches.X86_64, "aarch64": arches.AARCH64}


def run(program: list[Instruction], number: int, arch: int, first: int = 0) -> int:
    """What the kernel's classic BPF machine makes of a call: the naive reference."""
    data = struct.pack("=iIQ6Q", struct.unpack("=i", struct.pack("=I", number))[0], arch, 0, first, *[0] * 5)
    accumulator = place = 0
    while True:
        code, if_true, if_false, value = program[place]
        place += 1
        if code == 0x20:
            accumulator = struct.unpack_from("=I", data, value)[0]
        elif code == 0x06:
            return value
        else:
            holds = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: accumulator & value != 0}[code]
            place += if_true if holds else if_false


@pytest.mark.parametrize("arch", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("with_programs", [False, True])
def test_every_call_is_allowed_or_refused_as_the_table_shows(arch, with_programs):
    program = seccomp.program(arch, with_programs)
    refused = {*REFUSED_NAMES, *(() if with_programs else PROGRAMS)}
    seen = set()
    for number, name in syscalls.names(arch).items():
        if number >= arches.X32_BIT:
            assert run(program, number, arch) == EPERM
        elif name == "clone3":
            assert run(program, number, arch) == ENOSYS
        elif name != "bpf":
            assert (name, run(program, number, arch)) == (name, EPERM if name in refused else ALLOW)
            seen.add(name)
    assert {"ptrace", "mount", "keyctl", "finit_module", "unshare", "read", "openat", "clone"} <= seen


@pytest.mark.parametrize("arch", MACHINES.values(), ids=MACHINES)
def test_of_bpf_only_what_reads_maps_is_allowed(arch):
    (number,) = [number for number, name in syscalls.names(arch).items() if name == "bpf" and number < arches.X32_BIT]
    program = seccomp.program(arch, False)
    for command in range(64):
        assert run(program, number, arch, command) == (ALLOW if command in BPF_READS.values() else EPERM)
        # The kernel looks at 32 bits of it.
        assert run(program, number, arch, command | 1 << 32) == run(program, number, arch, command)


@pytest.mark.parametrize("arch", MACHINES.values(), ids=MACHINES)
def test_threads_and_forks_are_made_and_namespaces_are_not(arch):
    (number,) = [number for number, name in syscalls.names(arch).items() if name == "clone" and number < arches.X32_BIT]
    program = seccomp.program(arch, False)
    for flags in (0x3D0F00, 0x1200011, 0x4111):  # of pthread_create, fork and posix_spawn
        assert run(program, number, arch, flags) == ALLOW
    for bit in (17, 25, 26, 27, 28, 29, 30):  # CLONE_NEWNS, NEWCGROUP, UTS, IPC, USER, PID, NET
        for others in (0, 0x3D0F00 & ~(1 << 17), 1 << 40):
            assert run(program, number, arch, 1 << bit | others) == EPERM


@pytest.mark.parametrize("arch", [0x40000003, 0x40000028, 0, arches.AARCH64, 0xC000003D])
def test_calls_of_another_architecture_are_refused(arch):
    program = seccomp.program(arches.X86_64, True)
    assert {run(program, number, arch) for number in range(500)} == {EPERM}


CALLS = """
import ctypes, errno, json, sys, threading
from sensor.rights import seccomp
from sensor.tables import arches, syscalls

def numbers():
    arch = seccomp._NUMBERS[{machine!r}][0]
    return {{name: number for number, name in syscalls.names(arch).items() if number < arches.X32_BIT}}

names, by_name = {names!r}, numbers()
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def call_all():
    # With -1 for every argument none of them does anything.
    found = {{}}
    for name in names:
        if name in by_name:
            ctypes.set_errno(0)
            result = libc.syscall(ctypes.c_long(by_name[name]), *[ctypes.c_long(-1)] * 6)
            found[name] = errno.errorcode.get(ctypes.get_errno(), "done") if result == -1 else "done"
    return found

before = call_all()
go, results = threading.Event(), {{}}
def later(name):
    go.wait()
    results[name] = call_all()
threads = [threading.Thread(target=later, args=[f"old-{{n}}"]) for n in range(3)]
for thread in threads: thread.start()
seccomp.install(False)
threads += [threading.Thread(target=later, args=[f"new-{{n}}"]) for n in range(2)]
for thread in threads[3:]: thread.start()
go.set()
for thread in threads: thread.join()
results["main"] = call_all()
modes = [line.split()[1] for line in open("/proc/self/status") if line.startswith("Seccomp:")]
print(json.dumps([before, results, modes]))
"""


def in_a_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


needs_filter = pytest.mark.skipif(platform.machine() not in MACHINES, reason="no filter for this machine")


@needs_filter
def test_every_refused_call_fails_in_every_thread_old_and_new():
    names = [*REFUSED_NAMES, *PROGRAMS, "bpf", "clone3"]
    before, results, modes = json.loads(in_a_process(CALLS.format(machine=platform.machine(), names=names)))
    assert modes == ["2"]
    assert sorted(results) == ["main", "new-0", "new-1", "old-0", "old-1", "old-2"]
    for answers in results.values():
        expected = {name: "ENOSYS" if name == "clone3" else "EPERM" for name in answers}
        assert answers == expected
        assert len(answers) > 40
    # Without the filter they fail for other reasons, so it is the filter that was seen.
    differing = [name for name in before if before[name] not in {"EPERM", "ENOSYS"}]
    assert {"execve", "mount", "unshare", "bpf"} <= set(differing), before


@needs_filter
@pytest.mark.parametrize(
    ("work", "shows"),
    [
        ("import os; pid = os.fork()\nif pid == 0: os._exit(7)\nprint(os.waitpid(pid, 0)[1] >> 8)", "7"),
        ("import threading; t = threading.Thread(target=print, args=[1]); t.start(); t.join()", "1"),
        ("import socket; a, b = socket.socketpair(); a.sendmsg([b'x'])\nprint(b.recvmsg(9)[0])", "b'x'"),
        ("import pwd; print(pwd.getpwuid(0).pw_name)", "root"),
        ("import os; print(len(os.getgrouplist('root', 0)) > 0)", "True"),
        ("import socket; print(socket.getaddrinfo('localhost', 1)[0][4][1])", "1"),
        ("import hashlib; print(hashlib.sha256(b'').hexdigest()[:4])", "e3b0"),
        ("import prometheus_client; print(prometheus_client.CollectorRegistry is not None)", "True"),
        ("import ctypes; print(ctypes.CDLL(None).malloc_trim(0) in (0, 1))", "True"),
        ("import os; print(len(os.listxattr('/')) >= 0, os.stat('/').st_uid)", "True 0"),
        ("import time; print(time.clock_gettime(time.CLOCK_BOOTTIME) > 0)", "True"),
        ("import os\ntry: os.execv('/bin/true', ['true'])\nexcept PermissionError as error: print(error.errno)", "1"),
        ("import subprocess\ntry: subprocess.run(['/bin/true'])\nexcept PermissionError as error: print(1)", "1"),
        ("from sensor.rights import seccomp; seccomp.install(True); print('again')", "again"),
    ],
)
def test_what_still_works(work, shows):
    assert in_a_process(f"from sensor.rights import seccomp\nseccomp.install(False)\n{work}").strip() == shows


@needs_filter
def test_with_programs_they_can_be_started_and_inherit_the_rest():
    code = """
import subprocess
from sensor.rights import seccomp
seccomp.install(True)
print(subprocess.run(["/bin/sh", "-c", "/bin/echo started; exec unshare -r true"], capture_output=True, text=True))
"""
    shown = in_a_process(code)
    assert "started" in shown
    assert "Operation not permitted" in shown


def test_a_machine_without_numbers_is_reported():
    with pytest.raises(OSError, match="there is none for this program on sparc64") as caught:
        seccomp.install(False, "sparc64")
    assert caught.value.errno == errno.ENOSYS


@needs_filter
def test_a_thread_with_another_filter_is_reported():
    """The kernel puts a filter on all threads only if they have the same ones before."""
    code = """
import ctypes, threading
from sensor.rights import seccomp
go, over = threading.Event(), threading.Event()
def other():
    libc = ctypes.CDLL(None)
    libc.prctl(38, 1, 0, 0, 0)
    code = (ctypes.c_uint64 * 1)(0x7FFF000000000006)  # allow all
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))
    assert libc.prctl(22, 2, ctypes.byref(Program(1, ctypes.addressof(code)))) == 0
    go.set()
    over.wait()
threading.Thread(target=other).start()
go.wait()
try: seccomp.install(False)
except OSError as error: print(error.strerror)
over.set()
"""
    assert "has another filter" in in_a_process(code)
