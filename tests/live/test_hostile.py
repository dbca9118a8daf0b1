"""Nothing a hostile user can do, and no service that hangs, keeps the sensor from its feed, and every event comes out.

The sensor is given the same feed twice, once under friendly circumstances; the other time may take little longer, and
not many times the CPU time.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import exec_users
from tests.live.fed import FIRST, PATIENCE, RATE, Outcome, executed, fed, number_of
from tests.support.audit_session import AuditSession, NoAuditError, alive, wait_until
from tests.support.held_memory import held_exec
from tests.support.program import command, write_config

pytestmark = [pytest.mark.live, pytest.mark.root]

EVENTS = 2 * RATE
SECOND = 1.0
"""What noise may cost; what is tried here would take ten, or for ever."""


def keeps_up(hostile: Outcome, friendly: Outcome, times_cpu: float) -> list[str]:
    """What is wrong with how the sensor did under hostile circumstances."""
    print(f"friendly: {friendly}\nhostile:  {hostile}")
    found = [*hostile.complaints(EVENTS), *friendly.complaints(EVENTS)]
    if hostile.blocked > SECOND:
        found.append("the writer was blocked")
    if hostile.took > 1.5 * friendly.took + SECOND:
        found.append("it fell behind")
    if hostile.ended > friendly.ended + SECOND:
        found.append("it did not end")
    if hostile.cpu > times_cpu * friendly.cpu:
        found.append("it cost too much")
    return found


HOSTILE = ["(a+)+$", "(.*a){20}", "(a|aa)+b|((a*)*)*c", "(a?){20}a{20}=", "^(([a-z])+.)+[A-Z]([a-z])+$", "a{0,350}z"]
FRIENDLY = ["a$", "a{20}", "ab|ac", "a=", "^[a-z]+[A-Z]", "az"]
NEVER = ["(a+)+@$", "(a|aa)+@", "a.*a.*a.*@", "b(a|b)*a(a|b){300}@"]
EVERY = 60
"""One command line in so many is hostile: 25 a second."""


def command_line(number: int) -> str:
    """Long or short, and each another."""
    if number % EVERY:
        return f"--number={number}"
    shuffled = "".join(random.Random(number).choices("ab", k=4000))
    kinds = ["a" * 4000, "a" * 30_000, "ab" * 1500, shuffled]
    return f"{number}{kinds[number // EVERY % len(kinds)]}!"


def test_regular_expressions_that_explode(tmp_path: Path) -> None:
    """With `re` some of them take for ever, others a time that grows with the square of the command line."""
    feed = [executed(number, command_line(number), os.getpid(), os.getppid()) for number in range(EVENTS)]

    def run(name: str, labels: list[str], lines: list[str]) -> Outcome:
        rules = {text: f"label-{index}" for index, text in enumerate(labels)}
        return fed(
            tmp_path / name,
            feed,
            label_process={"label_argv": rules, "label_exe": rules, "label_argv_bytes": 1 << 16},
            filter={"filter_raw_lines": lines, "keep_first_per_process": False},
        )

    friendly = run("friendly", FRIENDLY, ["@@", "a@$", "b@", "@a"])
    hostile = run("hostile", HOSTILE, NEVER)
    assert keeps_up(hostile, friendly, 3) == []
    labelled = {number_of(event) for event in hostile.events if "label-1" in event["SYSCALL"].get("LABELS", [])}
    assert labelled == set(range(0, EVENTS, EVERY))


class Database:
    """A user database that hangs, for a program in a mount namespace of its own."""

    def __init__(self, folder: Path) -> None:
        if not shutil.which("cc"):
            pytest.skip("needs a C compiler")
        if not os.path.exists("/etc/nsswitch.conf"):
            pytest.skip("needs the name service switch of glibc")
        source = Path(__file__).with_name("hanging.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "libnss_hanging.so.2", source], check=True)
        self._folder = folder
        self._asked = folder / "asked"

    def prefix(self) -> list[str]:
        """The command line to put before the command line of a program that is to use it, after the files."""
        switch = self._folder / "nsswitch.conf"
        switch.write_text("passwd: files hanging\ngroup: files hanging\n")
        script = f'mount --bind "{switch}" /etc/nsswitch.conf && exec "$0" "$@"'
        environment = [f"LD_LIBRARY_PATH={self._folder}", f"HANGING={self._asked}"]
        return ["unshare", "--mount", "/bin/sh", "-c", script, "/usr/bin/env", *environment]

    def asked(self) -> set[str]:
        """The kinds of questions it was asked."""
        return set(self._asked.read_text().splitlines()) if self._asked.exists() else set()


ALL_KINDS = {"user", "group", "groups of user"}
USERS: dict[str, Any] = {"translate": {"user_db": True}, "enrich": {"uid_groups": True}}


def test_a_user_database_that_hangs(tmp_path: Path) -> None:
    """Thousands of users of whom it knows nothing; and root, whose groups it is asked for."""
    database = Database(tmp_path)
    users = [0 if number % 10 == 0 else 100_000 + number for number in range(EVENTS)]
    feed = [executed(number, "", os.getpid(), os.getppid(), user) for number, user in enumerate(users)]
    friendly = fed(tmp_path / "friendly", feed, enrich={"uid_groups": False})
    hostile = fed(tmp_path / "hostile", feed, database.prefix(), **USERS)
    assert database.asked() == ALL_KINDS
    assert keeps_up(hostile, friendly, 4) == []
    assert {event["SYSCALL"]["UID"] for event in hostile.events if event["SYSCALL"]["uid"] == 0} == {"root"}


def test_a_user_database_that_hangs_under_auditd(tmp_path: Path) -> None:
    """Programs that really run, as many users; every tenth is root's."""
    count = 1500
    database = Database(tmp_path)
    config = write_config(tmp_path, auditlog={"size": 1 << 30}, **USERS)
    plugin = [*database.prefix(), *command("run", "--config", str(config))]
    log = tmp_path / "audit.jsonl"
    with audited(plugin, tmp_path) as session:
        with session.popen([sys.executable, exec_users.__file__, str(count), "100000"]) as running:
            still = standstill(log, running)
        start = time.monotonic()
        session.drain(log, PATIENCE)
        late = time.monotonic() - start
        lost = session.lost()
    print(f"the log stood still for {still:.2f} s, and had all {count} programs {late:.2f} s after the last")
    found = Counter(argv[1] for argv in map(arguments, log.read_bytes().splitlines()) if argv[1:])
    assert lost == 0
    assert found == Counter(f"load-{number}" for number in range(count))
    assert database.asked() == ALL_KINDS
    assert max(still, late) < 3 * SECOND


@contextlib.contextmanager
def audited(plugin: list[str], folder: Path) -> Iterator[AuditSession]:
    """A session whose plugin is gone afterwards, whatever it waits for."""
    try:
        session = AuditSession(plugin, rules=["-S execve -k exec"], directory=folder, quiet=True).__enter__()
    except NoAuditError as reason:
        pytest.skip(str(reason))
    (sensor,) = session.plugin_pids()
    try:
        yield session
    finally:
        session.close()
        if alive(sensor):
            os.kill(sensor, signal.SIGKILL)


def standstill(log: Path, running: subprocess.Popen[bytes]) -> float:
    """The longest time for which the log did not grow while a load was running."""
    longest, size, since = 0.0, 0, time.monotonic()
    while running.poll() is None:
        now = time.monotonic()
        if log.exists() and log.stat().st_size > size:
            size, since = log.stat().st_size, now
        longest = max(longest, now - since)
        time.sleep(0.01)
    assert running.returncode == 0
    return longest


def arguments(line: bytes) -> list[str]:
    argv: list[str] = json.loads(line).get("EXECVE", {}).get("ARGV", [])
    return argv if argv[:1] == ["true"] else []


ZOMBIES = """
import os, sys
pids = [os.fork() or os._exit(0) for _ in range(500)]
print(*pids, flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def zombies() -> Iterator[list[int]]:
    """Processes that have ended and of which their parent takes no notice."""
    with subprocess.Popen([sys.executable, "-c", ZOMBIES], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        yield [int(word) for word in parent.stdout.readline().split()]


def test_pids_of_the_dead(tmp_path: Path) -> None:
    """Each record names processes that are gone, or of which only a zombie is left."""
    most = int(Path("/proc/sys/kernel/pid_max").read_text())
    dead = (pid for pid in range(most - 1, 300, -1) if not os.path.exists(f"/proc/{pid}"))

    def feed(pids: Iterator[int]) -> list[str]:
        texts = []
        for number in range(EVENTS):
            text = executed(number, "", next(pids), next(pids))
            target = (
                f'type=OBJ_PID msg=audit(now:{FIRST + number}): opid={next(pids)} oauid=0 ouid=0 oses=1 ocomm="x"\n'
            )
            texts.append(text.replace("type=CWD", f"{target}type=CWD"))
        return texts

    with zombies() as undead:
        mixed = (pid for pair in zip(dead, itertools.cycle(undead)) for pid in pair)
        hostile = fed(tmp_path / "hostile", feed(mixed))
    friendly = fed(tmp_path / "friendly", feed(itertools.repeat(os.getpid())))
    assert keeps_up(hostile, friendly, 3) == []


NAME = "a" * 247
CONTAINER = "0123456789abcdef" * 4
DEPTH = 15
PROCESSES = 20


def test_control_groups_with_paths_of_4_kb(tmp_path: Path) -> None:
    """Half of the processes are in one whose path the kernel just tells, the others in one it does not tell whole."""
    rules = {"label_unit": {f"^{NAME}": "deep"}, "label_container": {"^0123": "contained"}}
    with contextlib.ExitStack() as stack:
        groups = deep_groups(stack)
        pids = [stack.enter_context(sleeping()) for _ in range(PROCESSES)]
        feed = [executed(number, "", pids[number % PROCESSES], os.getpid()) for number in range(EVENTS)]
        friendly = fed(tmp_path / "friendly", feed, label_process=rules)
        for pid, group in zip(pids, itertools.cycle(groups)):
            move(pid, group)
        hostile = fed(tmp_path / "hostile", feed, label_process=rules)
    assert keeps_up(hostile, friendly, 3) == []
    for event in hostile.events:
        call = event["SYSCALL"]
        if call["pid"] in pids[::2]:
            assert call["LABELS"] == ["contained"]  # a unit below a container is not the host's of that name
            assert call["PID"]["container"]["id"] == CONTAINER
            assert call["PID"]["systemd_service"] == [f"docker-{CONTAINER}", *[NAME] * DEPTH]


def deep_groups(stack: contextlib.ExitStack) -> list[int]:
    """Make a control group whose path has nearly 4096 bytes, and one below it; their directories, open."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    mount = next((fields[1] for fields in mounts if fields[2] == "cgroup2"), None)
    if mount is None or not os.access(mount, os.W_OK):
        pytest.skip("needs a cgroup2 file system that can be written")
    directory = os.open(mount, os.O_RDONLY | os.O_DIRECTORY)
    stack.callback(os.close, directory)
    opened = [directory]
    for name in [f"host-sensor-{os.getpid()}", f"docker-{CONTAINER}.service", *[f"{NAME}.service"] * (DEPTH + 1)]:
        os.mkdir(name, dir_fd=opened[-1])
        stack.callback(remove, name, opened[-1])
        opened.append(os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=opened[-1]))
        stack.callback(os.close, opened[-1])
    return opened[-2:]


def remove(name: str, above: int) -> None:
    """Remove a control group; the kernel may hold on to one for a moment after its last process."""

    def removed() -> bool:
        try:
            os.rmdir(name, dir_fd=above)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True

    wait_until(removed, 5, f"the control group {name} to be empty")


def move(pid: int, group: int) -> None:
    """Put a process into the control group of a directory."""
    file = os.open("cgroup.procs", os.O_WRONLY, dir_fd=group)
    os.write(file, str(pid).encode())
    os.close(file)


@contextlib.contextmanager
def sleeping() -> Iterator[int]:
    """The pid of a process that does nothing."""
    with subprocess.Popen(["/bin/sleep", "600"]) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def test_a_process_whose_exec_does_not_end(tmp_path: Path) -> None:
    """Each event is of it or has it for a parent, a state names it, and it is there still when the sensor ends."""
    mount, state = tmp_path / "mount", tmp_path / "state"
    mount.mkdir()
    enrich = {"leaders": True, "root": True, "container": True, "systemd": True}
    with held_exec(mount) as pid:
        entry = {"pid": pid, "ppid": 1, "key": [1, 1, pid], "source": "proc", "comm": "a", "exe": "/a", "event_id": ""}
        state.write_text(json.dumps({"version": 1, "processes": [entry]}))
        feed = [executed(0, "", pid, os.getpid()), *[executed(number, "", os.getpid(), pid) for number in range(1, 20)]]
        outcome = fed(tmp_path / "fed", feed, enrich=enrich, state={"file": str(state)})
    print(outcome)
    assert outcome.complaints(20) == []
    assert max(outcome.took, outcome.ended) < 3 * SECOND
