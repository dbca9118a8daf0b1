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

from tests.demo.show import explain, raw, show
from tests.support.audit_session import AUID, AuditSession, NoAuditError
from tests.support.program import command, own_probe, write_config

HERE = Path(__file__).resolve().parent
RECORDED = HERE.parent / "data" / "demo" / "deeds.audit"
TRANSLATE = {"universal": True, "user_db": True}
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


def live(folder: Path) -> bytes:
    """The log of the deeds, done now."""
    with own_probe() as probe:
        section = {"use": False} if isinstance(probe, str) else {"use": True, "path": probe.path}
        config = write_config(folder, translate=TRANSLATE, probe=section)
        log = folder / "audit.jsonl"
        with session(folder, command("run", "--config", str(config))) as audited:
            print(f"auditd is process {audited.auditd_pid}, its plugin {audited.plugin_pids()[0]}; login uid {AUID}.")
            if isinstance(probe, str):
                print(f"The kernel probe is not loaded ({probe}): processes that end at once have no GUID.")
            do(audited, folder, log)
        return log.read_bytes()


def record(folder: Path) -> None:
    """Write the recorded feed anew."""
    with session(folder, None) as audited:
        do(audited, folder, audited.feed)
        RECORDED.write_bytes(audited.feed.read_bytes())


def session(folder: Path, plugin: list[str] | None) -> AuditSession:
    """A session in which the deeds are audited."""
    prepare(folder)
    return AuditSession(plugin, rules=[rule.format(folder=folder) for rule in RULES], directory=folder)


def do(audited: AuditSession, folder: Path, log: Path) -> None:
    """Do the deeds, and wait until the log has them."""
    audited.run([str(folder / "deeds"), str(folder), str(closed_port())], cwd="/")
    audited.drain(log)


def replay() -> bytes:
    """The log of the recorded feed."""
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder), translate=TRANSLATE)
        convert = command("convert", "--config", str(config), str(RECORDED))
        return subprocess.run(convert, stdout=subprocess.PIPE, check=True).stdout


def main() -> int:
    """Show the deeds; with the argument `record`, write the recorded feed anew."""
    folder = Path(tempfile.mkdtemp(prefix="host-sensor-demo-"))
    try:
        if sys.argv[1:] == ["record"]:
            record(folder)
            return 0
        log = live(folder)
    except NoAuditError as reason:
        print(f"No live demonstration: {reason}. What follows is a recorded session; its processes are gone,")
        print("so they have no GUID.")
        log = replay()
    finally:
        shutil.rmtree(folder)
    explain()
    show(log)
    raw(log)
    return 0


if __name__ == "__main__":
    sys.exit(main())
