"""`make demo`: run four deeds in a login session of their own under a real auditd, and show what the sensor says.

Where there is no audit to be had, it says why and replays a recorded feed of the same deeds.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.audit_session import AUID, AuditSession, NoAuditError
from tests.demo.show import explain, raw, show
from tests.program import command, configurable, write_config

HERE = Path(__file__).resolve().parent
RECORDED = HERE.parent / "data" / "demo" / "deeds.audit"
SECTIONS = configurable({"translate": {"universal": True, "user_db": True}})
RULES = (
    "-S execve,execveat -k exec",
    "-S connect -k net",
    "-F dir={folder}/sudoers.d -F perm=wa -k scope",
    "-S fchmodat -F a2&06000 -k setuid",
    "-S chmod -F a1&06000 -k setuid",
)


def prepare(folder: Path) -> None:
    """Put into the scratch folder what the deeds work on."""
    (folder / "sudoers.d").mkdir()
    script = folder / "maintenance"
    script.write_text("#!/bin/sh\nid -u >/dev/null\n")
    script.chmod(0o755)
    shutil.copy("/bin/true", folder / "harmless")
    shutil.copy(HERE / "deeds", folder)


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def live(folder: Path, keep_feed: Path | None = None) -> bytes:
    """The log of the deeds, done now; with `keep_feed`, what auditd sent instead."""
    prepare(folder)
    config = write_config(folder, **SECTIONS)
    plugin = None if keep_feed else command("run", "--config", str(config))
    rules = [rule.format(folder=folder) for rule in RULES]
    with AuditSession(plugin, rules=rules, directory=folder) as session:
        print(f"auditd is process {session.auditd_pid}, its plugin {session.plugin_pids()[0]}; login uid {AUID}.\n")
        log = session.feed if keep_feed else folder / "audit.jsonl"
        session.run([str(folder / "deeds"), str(folder), str(closed_port())], cwd="/")
        session.drain(log)
        return log.read_bytes()


def replay() -> bytes:
    """The log of the recorded feed."""
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder), **SECTIONS)
        convert = command("convert", "--config", str(config), str(RECORDED))
        return subprocess.run(convert, stdout=subprocess.PIPE, check=True).stdout


def main() -> int:
    """Show the deeds; `record` as argument writes the recorded feed anew."""
    record = RECORDED if sys.argv[1:] == ["record"] else None
    folder = Path(tempfile.mkdtemp(prefix="host-sensor-demo-"))
    try:
        log = live(folder, record)
    except NoAuditError as reason:
        print(f"No live demonstration: {reason}. What follows is a recorded session; its processes are gone,")
        print("so they have no GUID.\n")
        log = replay()
    finally:
        shutil.rmtree(folder)
    if record:
        record.parent.mkdir(exist_ok=True)
        record.write_bytes(log)
        return 0
    explain()
    show(log)
    raw(log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
