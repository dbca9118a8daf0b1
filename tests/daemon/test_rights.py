"""What a running sensor may do: whom it becomes, that it fails closed, and that no name service keeps it waiting."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sensor.rights.accounts import stand_in
from tests.support.program import ROOT, no_enrichment

pytestmark = pytest.mark.root
SYS_PTRACE, DAC_READ_SEARCH = 1 << 19, 1 << 2


def event(number: int, pid: int = 2, uid: int = 7) -> bytes:
    id = f"msg=audit({time.time():.3f}:{number})"
    return (
        f"type=SYSCALL {id}: arch=c000003e syscall=59 success=yes exit={number} a0=1 a1=2 a2=3 a3=4 items=0 ppid=1"
        f' pid={pid} auid=7 uid={uid} gid=7 euid=7 comm="true" exe="/bin/true" key=(null)\ntype=EOE {id}: \n'
    ).encode()


class Sensor:
    """A sensor fed by this test, that starts as root; `folder` can be reached by everybody.

    before: words that stand before its command line.
    """

    def __init__(self, folder: Path, environment: dict[str, str], before: Sequence[str] = (), **sections: Any) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.config = folder / "config.yaml"
        self.configure(**sections)
        self.messages = folder / "messages"
        ours, self.auditd = socket.socketpair()
        self.auditd.settimeout(10)
        with ours, self.messages.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*before, sys.executable, "-m", "sensor", "run", "-c", self.config],
                stdin=ours,
                stderr=stderr,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": "/", **environment},
            )

    def configure(self, **sections: Any) -> None:
        usual = {"directory": str(self.log), "probe": {"use": False}, "metrics": {"listen": ""}, "sensor_events": False}
        self.config.write_text(json.dumps({**usual, **sections}).replace("LOG", str(self.log)))

    def output(self) -> str:
        return self.messages.read_text()

    def wait_for(self, what: Callable[[], Any], seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.output()
            time.sleep(0.01)

    def started(self, seconds: float = 20) -> Sensor:
        self.wait_for(lambda: " runs" in self.output(), seconds)
        return self

    def status(self) -> dict[str, str]:
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}

    def written(self) -> list[int]:
        file = self.log / "audit.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        return [json.loads(line)["SYSCALL"]["exit"] for line in lines]

    def end(self) -> int:
        self.auditd.close()
        return self.process.wait(20)


@pytest.fixture
def sensor() -> Iterator[Callable[..., Sensor]]:
    made: list[Sensor] = []
    with tempfile.TemporaryDirectory(prefix="host-sensor-rights-") as folder:
        Path(folder).chmod(0o755)

        def start(environment: dict[str, str] | None = None, **sections: Any) -> Sensor:
            made.append(Sensor(Path(folder), environment or {}, **sections))
            return made[-1]

        yield start
        for each in made:
            each.auditd.close()
            each.process.kill()
            each.process.wait()


@pytest.fixture(scope="module")
def slow_names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which name services take their time."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    library = tmp_path_factory.mktemp("slow") / "slow_names.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, Path(__file__).parent / "slow_names.c"], check=True)
    return {"LD_PRELOAD": str(library), "SLOW_NAMES": "30"}


@pytest.mark.parametrize("user", ["no-such-user", "+", "root:x", "0x", "nobody\nroot", "999999", "nobody "])
def test_an_unknown_user_is_replaced_and_the_sensor_is_not_root(sensor, user):
    run = sensor(user=user).started()
    expected = stand_in()
    assert f"there is no user {user}; running as {expected.name}" in run.output()
    status = run.status()
    assert status["Uid"].split() == [str(expected.uid)] * 4
    assert status["Gid"].split() == [str(expected.gid)] * 4
    assert "0" not in status["Groups"].split()
    kept = SYS_PTRACE | DAC_READ_SEARCH
    assert [int(status[name], 16) & ~kept for name in ("CapPrm", "CapEff", "CapBnd")] == [0, 0, 0]
    assert [int(status[name], 16) for name in ("CapInh", "CapAmb")] == [0, 0]
    assert status["NoNewPrivs"] == "1"
    run.auditd.sendall(event(1))
    run.wait_for(lambda: run.written() == [1])
    assert run.end() == 0


@pytest.mark.parametrize(
    ("lacking", "enrich", "expected"),
    [
        (
            "sys_ptrace",
            {},
            "CAP_SYS_PTRACE was not given to the sensor, which it needs for: namespaces and executables",
        ),
        ("dac_read_search", {}, "CAP_DAC_READ_SEARCH was not given to the sensor, which it needs for: names of"),
        ("dac_read_search", no_enrichment(), None),
        ("net_admin", {}, None),
    ],
)
def test_a_capability_that_was_not_given_is_logged(sensor, lacking, enrich, expected):
    """As where auditd's unit has a CapabilityBoundingSet of its own."""
    run = sensor(before=["setpriv", f"--bounding-set=-{lacking}"], user="nobody", enrich=enrich).started()
    assert run.end() == 0
    assert expected in run.output() if expected else "was not given" not in run.output()


def test_without_proc_the_end_has_a_reason(sensor):
    run = sensor(
        before=["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"'], user="nobody"
    )
    assert run.process.wait(20) == 1
    assert "/proc/sys/kernel/random/boot_id cannot be read: is /proc mounted?" in run.output()
    assert "Traceback" not in run.output()


@pytest.mark.parametrize(
    ("directory", "expected"),
    [("/etc/passwd", "/etc/passwd: is no directory"), ("/proc/none", "/proc/none: No such file or directory")],
)
def test_what_is_no_directory_is_logged_in_words(sensor, directory, expected):
    run = sensor(user="nobody", directory=directory).started()
    assert run.end() == 0
    assert expected in run.output()
    assert "[Errno" not in run.output()


def test_a_user_without_a_name_is_a_mistake_and_the_sensor_is_not_root(sensor):
    run = sensor(user="").started()
    assert "user: expected a name, or null to stay root" in run.output()
    assert "0" not in run.status()["Uid"].split()
    assert run.end() == 0


def test_what_is_not_configured_is_not_kept_without_the_user_either(sensor):
    run = sensor(user="no-such-user", enrich=no_enrichment(), loss={"kernel": False}).started()
    assert int(run.status()["CapPrm"], 16) & ~SYS_PTRACE == 0


@pytest.mark.parametrize(("user", "missing"), [("no-such-user", 1), ("nobody", 0), (None, 0)])
def test_a_metric_shows_that_the_user_is_missing(sensor, user, missing):
    run = sensor(user=user, metrics={"listen": "", "textfile": "LOG/host-sensor.prom"}).started()
    assert run.end() == 0
    text = (run.log / "host-sensor.prom").read_text()
    assert re.findall(r"^host_sensor_user_missing (\d)", text, re.MULTILINE) == [str(missing)]


def test_a_folder_that_the_stand_in_may_not_write_to_is_reported(sensor):
    """It is not taken over: a typing mistake must not change who owns a folder."""
    run = sensor(user="no-such-user", directory="/etc").started()
    run.auditd.sendall(event(1))
    run.wait_for(lambda: "/etc/audit.jsonl: Permission denied" in run.output())
    assert run.end() == 0
    assert "1 lines lost" in run.output()


@pytest.mark.parametrize("listen", ["", "127.0.0.1:0", "localhost:0"])
def test_no_name_service_is_waited_for_before_the_first_read(sensor, slow_names, listen):
    """Not for the user's groups, not for readers, not for a host's name."""
    readers = {"read_users": ["far", "no-such"], "read_groups": ["adm", "far-group"]}
    start = time.monotonic()
    run = sensor(slow_names, user="nobody", auditlog=readers, metrics={"listen": listen}).started(10)
    assert time.monotonic() - start < 8
    run.auditd.sendall(event(1))
    run.wait_for(lambda: run.written() == [1], 5)
    start = time.monotonic()
    assert run.end() == 0
    assert time.monotonic() - start < 5


def test_the_user_that_the_sensor_became_does_not_write_its_configuration(sensor):
    """At the start only root's is taken; that stays so when the sensor is that user, with rights that it lacks."""
    run = sensor(user="nobody").started()
    run.configure(user="nobody", marker="mine")
    os.chown(run.config, pwd.getpwnam("nobody").pw_uid, -1)
    run.process.send_signal(signal.SIGHUP)
    run.wait_for(lambda: "must be owned by root" in run.output())
    run.wait_for(lambda: "the configuration stays as it was" in run.output())
    assert run.end() == 0


def test_no_name_service_is_waited_for_at_a_reload(sensor, slow_names):
    run = sensor(slow_names, user="nobody").started(10)
    for number, name in enumerate(("read_users", "read_groups")):
        run.configure(user="nobody", auditlog={name: ["far", f"no-such-{number}"]})
        run.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        run.auditd.sendall(event(number))
        run.wait_for(lambda number=number: number in run.written(), 5)


def test_a_user_that_only_a_slow_name_service_knows_is_waited_for_while_records_are_read(sensor, slow_names):
    run = sensor({**slow_names, "SLOW_NAMES": "4"}, user="far")
    sent = [event(number) for number in range(5000)]
    start = time.monotonic()
    for each in sent:
        run.auditd.sendall(each)
    assert time.monotonic() - start < 4  # 1.4 MB, and a socket holds 200 kB
    assert " runs" not in run.output()
    run.started()
    assert run.status()["Uid"].split() == ["4321"] * 4
    assert run.end() == 0
    assert run.written() == list(range(5000))


def test_a_user_that_no_name_service_shows_in_time_is_unknown(sensor, slow_names):
    run = sensor(slow_names, user="no-such-user").started(20)
    assert f"running as {stand_in().name}" in run.output()
    assert run.end() == 0


def test_a_reader_gets_in_when_the_name_service_answers(sensor, slow_names):
    if shutil.which("getfacl") is None:
        pytest.skip("getfacl is not installed")
    run = sensor({**slow_names, "SLOW_NAMES": "2"}, user="nobody", auditlog={"read_users": ["far", "bin", "none"]})
    run.started()

    def readers() -> str:
        return subprocess.run(["getfacl", "-cpE", run.log / "audit.jsonl"], capture_output=True, text=True).stdout

    run.wait_for(lambda: "user:bin:r--" in readers())
    run.wait_for(lambda: "user:far:r--" in readers() or "user:4321:r--" in readers())
    run.wait_for(lambda: "none: no such user or group; left out of the readers" in run.output())
