"""A host of files: processes below a directory that looks like /proc, and a pipeline that believes in them.

host = FakeHost(tmp_path)
host.process(100, 1, "/usr/bin/bash", cgroup="0::/system.slice/ssh.service\\n")
host.run([stage], exec_event(100, 1, "/usr/bin/ls", ["ls"]))      # JSON objects
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sensor.audit.event import Event, Stage
from sensor.audit.naming import Naming
from sensor.audit.options import TransformOptions
from sensor.process.host import Host
from sensor.process.procfs import ProcFS
from sensor.process.table import ProcessTable
from sensor.stages.identity import Describe, Identity
from sensor.stages.options import IdentityOptions
from sensor.stats import Stats
from tests.support.pipelines import make_pipeline

BOOTED = 1_700_000_000
"""When the host booted, in seconds since 1970."""
NOW = BOOTED + 1000.0
"""The time of events that say nothing else."""


class FakeHost:
    """The files of a host below `folder`/proc, its process table, and the identity stage over them."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "proc"
        self._write("stat", f"cpu 0\nbtime {BOOTED}\n")
        self._write("sys/kernel/random/boot_id", "2899dae4-4fa4-4eef-95b6-6bc95325f61a\n")
        self._write("sys/kernel/hostname", "web01\n")
        self.proc = ProcFS(str(self.root))
        self.stats = Stats()
        self.table = ProcessTable(self.proc, self.stats.process)
        self.table.calibrate(BOOTED)

    def process(self, pid: int, ppid: int, exe: str, start: int = 5000, state: str = "S", **files: str) -> None:
        """Let a process be there; `files` are those in its directory, by name."""
        comm = exe.rpartition("/")[2][:15]
        self._write(f"{pid}/stat", f"{pid} ({comm}) {state} {ppid} " + "0 " * 17 + f"{start} 0\n")
        self._write(f"{pid}/status", f"Name:\t{comm}\nNStgid:\t{pid}\n")
        self._write(f"{pid}/comm", f"{comm}\n")
        for name, target in (("ns/pid", "pid:[4026531836]"), ("exe", exe)):
            link = self.root / str(pid) / name
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(target)
        for name, text in files.items():
            self._write(f"{pid}/{name}", text)

    def view(self, pid: int, root: str = "/", mounts: int = 4026531832, users: int = 4026531837) -> None:
        """Let /proc show where the paths of a process begin."""
        for name, target in (("root", root), ("ns/mnt", f"mnt:[{mounts}]"), ("ns/user", f"user:[{users}]")):
            link = self.root / str(pid) / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(target)

    def hold(self, pid: int, name: str) -> Callable[[str], object]:
        """Let who reads a file of a process wait until what is returned is called with what there is to read."""
        path = self.root / str(pid) / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        return path.write_text

    def end(self, pid: int) -> None:
        """Let a process be gone."""
        shutil.rmtree(self.root / str(pid))

    def identity(self, *describe: Describe, prefix: str = "", here: Host | None = None, **options: bool) -> Stage:
        """The stage that has to come first, and all that it adds."""
        here = here or self.proc.host(BOOTED)
        identity = Identity(IdentityOptions(**options), Naming(prefix), self.table, here, describe)

        def stage(event: Event) -> None:
            identity.track(event)
            identity.add(event)
            identity.name_others(event)

        return stage

    def run(
        self, stages: Sequence[Stage], *events: str, strings: str = "percent", prefix: str = ""
    ) -> list[dict[str, Any]]:
        """What becomes of events, given as audit text."""
        pipeline = make_pipeline(TransformOptions(strings=strings), stages, prefix=prefix, stats=self.stats.pipeline)
        lines = [line for event in events for line in pipeline.feed(event.encode("latin-1"), 0.0)]
        return [json.loads(line.encode("latin-1")) for line in [*lines, *pipeline.close()]]

    def _write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1"))


_serial = 0


def event(*records: str, time: float = NOW) -> str:
    """Records, each `TYPE body`, as the lines of one event with a serial of its own."""
    global _serial
    _serial += 1
    id = f"{time:.3f}:{_serial}"
    lines = [f"type={record.partition(' ')[0]} msg=audit({id}): {record.partition(' ')[2]}\n" for record in records]
    return "".join(lines) + f"type=EOE msg=audit({id}): \n"


def syscall(pid: int, ppid: int, exe: str, number: int = 257, success: str = "yes", **fields: object) -> str:
    """A SYSCALL record; `fields` replace those of its last part."""
    ids = dict.fromkeys(("uid", "gid", "euid", "suid", "fsuid", "egid", "sgid", "fsgid"), 0)
    comm = exe.rpartition("/")[2][:15]
    rest = {"auid": 1000, **ids, "tty": "pts0", "ses": 3, "comm": f'"{comm}"', "exe": f'"{exe}"'}
    rest.update({"subj": "unconfined", "key": "(null)", **fields})
    return (
        f"SYSCALL arch=c000003e syscall={number} success={success} exit=0 a0=0 a1=0 a2=0 a3=0 items=0"
        f" ppid={ppid} pid={pid} " + " ".join(f"{name}={value}" for name, value in rest.items())
    )


def exec_event(
    pid: int, ppid: int, exe: str, argv: Sequence[str], *more: str, time: float = NOW, **fields: object
) -> str:
    """The event of a successful execve; `more` are further records."""
    arguments = " ".join(f'a{index}="{word}"' for index, word in enumerate(argv))
    execve = f"EXECVE argc={len(argv)} {arguments}"
    return event(syscall(pid, ppid, exe, 59, **fields), execve, 'CWD cwd="/root"', *more, time=time)
