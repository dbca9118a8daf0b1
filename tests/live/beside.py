"""The sensor and LAUREL as plugins of one auditd, everything on, over one login session whose processes can be read.

What /proc tells is compared here, which recorded feeds cannot show: containers, units, environments, scripts, groups,
hashes. Each process lives for two seconds, so that both find it.
"""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.live.cgroups import cgroups, hierarchies
from tests.oracle import laurel
from tests.oracle.compare import LABELS, by_id
from tests.oracle.explanations import context
from tests.oracle.options import EVERYTHING, Options, ours
from tests.oracle.run import Verdict, judge
from tests.support.audit_session import AuditSession
from tests.support.program import command, write_config

Moment = tuple[float, int]
RULES = ("-S execve,execveat -k exec", "-S connect,bind -k net", "-S kill -k signal", "-S chdir -k file")
OPTIONS: Options = {
    **EVERYTHING,
    "transform": {"execve-argv": ["array", "string"]},
    "enrich": {**EVERYTHING["enrich"], "exe-hash-size-limit": 500_000, "execve-env": ["LD_PRELOAD", "TEST_*"]},
    "filter": {"filter-keys": ["file"], "filter-sockaddr": ["*:9"], "filter-action": "log"},
    "auditlog": {"file": "audit.jsonl"},
    "filterlog": {"file": "filtered.jsonl"},
}
CONTAINERS = {kind: uuid.uuid4().hex * 2 for kind in ("docker", "outer", "inner")}
GROUPS = {
    "docker": f"docker-{CONTAINERS['docker']}.scope",
    "nested": f"docker-{CONTAINERS['outer']}.scope/docker/{CONTAINERS['inner']}",
    "unit": "user.slice/user@1000.service/app.slice/emacs.service",
}
KEPT, FILTERED = [[f"theirs/{name}", f"ours/{name}"] for name in ("audit.jsonl", "filtered.jsonl")]
SHOWN = (
    "SYSCALL.PID.EVENT_ID",
    "SYSCALL.PPID.EVENT_ID",
    "SYSCALL.SPAWNED_BY.EVENT_ID",
    "SYSCALL.PID.container.id",
    "SYSCALL.PID.systemd_service",
    "CONTAINER_INFO.ID",
    "EXECVE.ENV",
    "SYSCALL.SCRIPT",
    "SYSCALL.UID_GROUPS",
    "SYSCALL.EXE_HASH",
    "SYSCALL.LABELS",
)
WAIT = "2"
SCRIPTS = {
    "plain.sh": f"#!/bin/sh\nsleep {WAIT}\n",
    "by-env.py": f"#!/usr/bin/env python3\nimport time; time.sleep({WAIT})\n",
    "sockets.py": f"""#!/usr/bin/python3
import contextlib, socket, time
addresses = ("127.0.0.1", 9), ("::1", 1), "/nowhere", "\\0name"
for family, address in zip((socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_UNIX), addresses):
    with contextlib.suppress(OSError), socket.socket(family) as one:
        one.connect(address)
time.sleep({WAIT})
""",
}
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TEST_ODD": "a+b %41 \xe4", "TEST_EMPTY": "", "OTHER": "x"}


@contextlib.contextmanager
def both(folder: Path) -> Iterator[AuditSession]:
    """An auditd with both as plugins; they log to `folder`/ours and `folder`/theirs."""
    for name in ("ours", "theirs"):
        (folder / name).mkdir()
    sections = ours(OPTIONS)
    sections["label_process"]["label_root"] = "any"  # LAUREL takes exe= for the host's file, whatever the root
    config = write_config(folder / "ours", **sections)
    run = command("run", "--config", str(config))
    beside = [*laurel.command(), "--config", str(laurel.write_config(folder / "theirs", OPTIONS))]
    with AuditSession(run, beside=beside, rules=RULES, directory=folder, quiet=True) as session:
        yield session


def act(session: AuditSession, scripts: Path) -> None:
    """The scripted session: all at once, to its end."""
    sleep, shell = ["/bin/sleep", WAIT], ["/bin/sh", "-c", f"cd /; sleep {WAIT}"]
    deeds: list[tuple[Sequence[str], dict[str, Any]]] = [
        (sleep, {"env": {**ENVIRONMENT, "LD_PRELOAD": "/nowhere.so"}}),
        (shell, {}),
        (["/bin/sh", "-c", f"sleep {WAIT} & sleep 1; kill -0 $! && wait"], {}),
        ([str(scripts / "plain.sh")], {}),
        (["./plain.sh"], {"cwd": scripts}),
        (["../" + scripts.name + "/link.sh"], {"cwd": scripts}),
        (["/bin/sh", "plain.sh"], {"cwd": scripts}),
        ([str(scripts / "by-env.py"), "argument"], {}),
        ([str(scripts / "sockets.py")], {}),
    ]
    if shutil.which("setpriv"):
        deeds += [(["setpriv", "--reuid", user, "--clear-groups", *sleep], {}) for user in ("65534", "54321")]
    if shutil.which("su"):
        deeds.append((["su", "-s", "/bin/sh", "nobody", "-c", " ".join(sleep)], {}))
    with contextlib.ExitStack() as stack:
        groups = stack.enter_context(cgroups(*GROUPS.values())) if hierarchies() else {}
        deeds += [(shell, {"preexec_fn": join}) for join in groups.values()]
        for argv, options in deeds:
            options = {"env": ENVIRONMENT, "cwd": "/", "stderr": subprocess.DEVNULL, **options}
            stack.enter_context(session.popen(argv, **options))


def lines(log: Path, last: Moment = (math.inf, 0)) -> list[bytes]:
    """The events of a log up to a moment."""
    return [line for line in log.read_bytes().splitlines() if _when(line) <= last]


def _when(line: bytes) -> Moment:
    time, _, serial = json.loads(line)["ID"].partition(":")
    return float(time), int(serial)


def compare(folder: Path) -> tuple[Verdict, Counter[str]]:
    """Run the session with files in an empty folder; what was found, and how often SHOWN was there and the same.

    Raises:
        NoAuditError, NoLaurelError: one of them cannot be had here.
    """
    laurel.command()
    for name, text in SCRIPTS.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / "link.sh").symlink_to("plain.sh")
    with both(folder) as session:
        for deeds in (lambda: None, lambda: act(session, folder)):  # which begin once both are there
            deeds()
            for log in KEPT:
                session.drain(folder / log)
        last = min(max(map(_when, lines(folder / log))) for log in KEPT)  # of what has arrived in both
        kept, filtered = ([lines(folder / log, last) for log in pair] for pair in (KEPT, FILTERED))
    known = context(OPTIONS, kept[0] + filtered[0], kept[1] + filtered[1], errors=0, recorded=False)
    return judge(*kept, known), agreement(*kept)


def agreement(*logs: list[bytes]) -> Counter[str]:
    """How often SHOWN is there and the same."""
    left, right = map(by_id, logs)
    agreed: Counter[str] = Counter(dict.fromkeys(SHOWN, 0))
    for id in left.keys() & right.keys():
        for path in SHOWN:
            pair = [_at(events[id], path) for events in (left, right)]
            agreed[path] += pair[0] is not None and pair[0] == pair[1]
    return agreed


def _at(event: Any, path: str) -> Any:
    for key in path.split("."):
        event = event.get(key) if isinstance(event, dict) else None
    return sorted(event) if path == LABELS and event else event
