"""Lines with every key that the sensor can add: all that was ever recorded, and by hand what no recording has.

A host of files has what needs a host: containers, a program to hash, a probe, a login, a stage of one's own.
"""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from sensor.audit.notices import Loss, Reload, SensorNotice, Start, Stop
from sensor.build import Sensor, build
from sensor.config import Config, load
from sensor.host_state import HostState
from sensor.probe.layout import EXEC, EXIT, FORK, ProbeRecord
from sensor.probe.reader import ProbeReader
from sensor.probe.ring import Ring
from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.host_paths import HostPaths
from sensor.stats import Stats
from tests.bench.options import everything
from tests.probe.test_reader import HOST, FakeRing
from tests.support.fake_host import BOOTED, NOW, FakeHost, event, exec_event, syscall
from tests.translate.test_sockaddr import CASES

DATA = Path(__file__).resolve().parents[1] / "data"
LOGS = [*DATA.rglob("*.audit"), *DATA.rglob("*.log")]
RARE = (
    "SYSCALL arch=c000003e syscall=59 success=no exit=EACCES a0=? a1=0 a2=0 a3=0 items=0 ppid=1 pid=2 per=400000",
    "CAPSET pid=0 cap_pi=1 cap_pp=1 cap_pe=1 cap_pa=1",
    "BPRM_FCAPS fp=1 fi=1 fe=1 old_pp=1 old_pi=1 old_pe=1 old_pa=1 pp=1 pi=1 pe=1 pa=1 new_pp=1 new_pi=1 new_pe=1",
    'PATH item=0 name=2F746D702FFF nametype=NORMAL cap_fp=1 cap_fi=1 cap_fe=1 cap_fver=2 name="/tmp"',
    "NETFILTER_PKT mark=0x1 hook=3 macproto=0x800 proto=17",
    "EXECVE argc=5000 a0=FF a4=FF",
    "PROCTITLE proctitle=FF00FF",
    "LOGIN pid=9 uid=0 key=FF016161",
    "AVC avc:  denied  { \xff read } for pid=9",
)
"""Records, each of which has what no recorded one has."""

SENSOR_EVENTS = (
    Start(
        7,
        "1.0.0",
        "3.11.2",
        False,
        "ab" * 32,
        "2899dae4-4fa4",
        "6.1.0",
        "3.0.9",
        "attached",
        "crash",
        ["file:3: mistake"],
    ),
    Start(7, "1.0.0", "3.11.2", False, "ab" * 32, "2899dae4-4fa4", "6.1.0", None, "off", None, []),
    Reload(False, "ab" * 32, ["file:3: mistake"]),
    Loss("output", "ENOSPC", "lines", 3, 7, "2026-11-22T13:36:12.104Z", False),
    Stop("end", 70, 7, 8, 0),
)
"""One of each kind."""

Line = tuple[str, bytes]
"""JSON, and the records it is made of."""
ID, OUTER, POD = "3f" * 32, "9b" * 32, "0f" * 16
NOTES = {f"io.kubernetes.cri.{name}": name for name in ("container-name", "image-name", "sandbox-name")}
KUBERNETES = {**NOTES, "io.kubernetes.cri.sandbox-namespace": "shop"}
CGROUP = f"0::/kubepods/pod{POD}/cri-containerd-{ID}.scope\n"
NESTED = f"0::/docker/{OUTER}/docker/{ID}\n"
OF_USER = f"0::/user.slice/user-7.slice/user@7.service/user.slice/libpod-{ID}.scope\n"
UNITS = "0::/user.slice/user-7.slice/user@7.service/app.slice/x.service/y.scope\n"
LOGIN = """USER_LOGIN pid=7 uid=0 ses=3 msg='acct="root" exe="/s" hostname=h addr=::1 terminal=ssh res=success'"""
STAGE = """
def stage(event):
    event.add("why", {"rule": 7})
"""


def configured(folder: Path, sections: dict[str, Any]) -> Config:
    """Every option on, and these."""
    options: dict[str, Any] = everything()
    for name, keys in sections.items():
        options[name] = {**options.get(name, {}), **keys} if isinstance(keys, dict) else keys
    path = folder / "config.yaml"
    path.write_text(json.dumps(options))
    return load(str(path))


def run(sensor: Sensor, text: bytes) -> Iterator[Line]:
    """What becomes of a log."""
    for line in [*sensor.pipeline.feed(text, 0.0), *sensor.pipeline.close()]:
        yield line, text
    assert sensor.stats.pipeline.crashed == 0


def recorded(config: Config) -> Iterator[Line]:
    """All recorded logs, and rare records."""
    addresses = [struct.pack(f"<H{layout}", number, *values) for _, number, layout, values, _ in CASES]
    records = [*RARE, *(f"SOCKADDR saddr={address.hex().upper()}" for address in addresses)]
    texts = [*map(event, records), event("CWD cwd=/", "CWD cwd=/a", "CWD cwd=/b"), event(f'CWD cwd="{"a" * 70000}"')]
    sensor = build(config, Stats(), live=False)
    for log in [*map(Path.read_bytes, LOGS), *(text.encode("latin-1") for text in texts), b"no audit record\n"]:
        yield from run(sensor, log)


class Host:
    """A host of files with processes, and the sensor on it."""

    def __init__(self, folder: Path, output: str = "laurel") -> None:
        self.host = FakeHost(folder)
        self.exe = folder / "program"
        self.exe.write_text("#!")
        (folder / "stage.py").write_text(STAGE)
        names = folder / f"run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json"
        names.parent.mkdir(parents=True)
        names.write_text(json.dumps({"annotations": KUBERNETES}))
        self.host.process(1, 0, "/usr/lib/systemd/systemd", start=1, cgroup="0::/init.scope\n", cmdline="init\0")
        self.host.process(20, 1, str(self.exe), cgroup=CGROUP, environ="LD_PRELOAD=x\0")
        self.host.process(21, 1, str(self.exe), cgroup=UNITS, environ="")
        self.host.process(24, 1, str(self.exe), cgroup=NESTED, environ="")
        self.host.process(25, 1, str(self.exe), cgroup=OF_USER, environ="")
        sections = {
            "output": output,
            "stages": [str(folder / "stage.py")],
            "probe": {"emit": ["exec", "exit"], "coverage_events": True},
            "enrich": {"cmdline_bytes": 8},
            "filter": {"rules": {"flood": "key=flood rate=1/s"}, "keep_first_per_process": False},
        }
        self.config = configured(folder, sections)
        self.host_state = HostState(self.config, Stats(), live=False)
        self.host_state.live, self.host_state.table = True, self.host.table
        self.host_state.host = self.host.proc.host(BOOTED)
        self.host_state.files, self.host_state.containers = ProcFiles(self.host.proc), ContainerNames(str(folder))
        self.host.view(1)
        self.host.view(21, root="/jail", users=4026532200)
        self.host_state.host_paths = HostPaths(self.host.table, self.host.proc)
        self.ring = FakeRing()
        self.ring.untracked = 1  # so that nobody is taken for dead
        self.host_state.probe = ProbeReader(
            lambda: cast(Ring, self.ring), self.host.table, self.host.stats.probe, 0.001
        )
        self.sensor = build(self.config, Stats(), host_state=self.host_state)
        self.host_state.probe.begin()

    def lines(self) -> Iterator[Line]:
        """What becomes of its events."""
        for text in self._events():
            yield from run(self.sensor, text.encode())
        for _ in range(200):  # groups and hashes come in a while
            again = list(run(self.sensor, event(syscall(20, 1, str(self.exe))).encode()))
            if "UID_GROUPS" in again[0][0] and 'EXE_HASH"' in again[0][0]:
                break
            time.sleep(0.01)
        yield from again
        yield from self._probed()
        yield from self._of_its_own()

    def _events(self) -> Iterator[str]:
        exe = str(self.exe)
        yield event(LOGIN)
        yield event(syscall(21, 1, exe))  # who began before the sensor
        yield exec_event(20, 1, exe, ["program", "with", "arguments"])
        yield event(syscall(22, 1, "/gone", ses=4294967295))
        yield event(syscall(23, 999, "/gone"))
        yield event(syscall(24, 1, exe))
        yield event(syscall(25, 1, exe))
        for second in (0, 0, 0, 2):
            yield event(syscall(20, 1, exe, key='"flood"'), time=NOW + second)

    def _of_its_own(self) -> Iterator[Line]:
        """What the sensor says of itself."""
        for reported in SENSOR_EVENTS:
            self.sensor.pipeline.notice(SensorNotice("1795354566.589:sensor-1", reported))
        for line in self.sensor.pipeline.tick(0.0):
            yield line, b""

    def _probed(self) -> Iterator[Line]:
        """What the probe tells: an exec that audit did not report, ends, and a parent of whom nobody else knows."""
        acts = (FORK, 30, 1, 0), (EXEC, 30, 1, 0), (EXIT, 30, 1, 256), (EXIT, 31, 1, 9), (FORK, 32, 500, 0)
        for cgroup, (kind, pid, ppid, status) in enumerate(acts):
            process, parent = (pid * 10_000_000, HOST, pid, pid), (ppid * 10_000_000, HOST, ppid, ppid)
            comm = b"comm".ljust(16, b"\0")
            record = ProbeRecord(process[0], (cgroup + 1) % 4, *process, *parent, *parent, 0, 3, status, kind, 0, comm)
            self.ring.records.append(record)
        assert self.host_state.probe is not None
        self.host_state.probe.check()
        yield from run(self.sensor, exec_event(32, 500, "/gone", ["gone"]).encode())
