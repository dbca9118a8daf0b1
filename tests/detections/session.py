"""A login session in which intruders' commands are done by stand-ins: copies of true(1) under other names.

`python -m tests.detections.session` records its feed anew.
"""

from __future__ import annotations

import lzma
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.audit_session import AuditSession

HERE = Path(__file__).resolve().parent
RECORDED = HERE.parent / "data" / "ecs" / "intruders.audit.xz"
NAMES = "nc base64 chattr nmap useradd crontab iptables insmod whoami curl chmod true"
RULES = (
    "-S execve,execveat -k exec",
    "-S connect,bind -k net",
    "-S rename,renameat,renameat2,unlink,unlinkat -k file",
    "-F dir={folder}/lib -F perm=wa -k scope",
    "-F dir={folder}/cron.d -F perm=wa -k scope",
    "-F dir={folder}/.ssh -F perm=wa -k scope",
    "-F path={folder}/etc/shadow -F perm=r -k secrets",
)


def prepare(folder: Path) -> None:
    """Put into the scratch folder what the deeds work on."""
    for name in ("bin", "etc", "lib", "cron.d", ".ssh", "log"):
        (folder / name).mkdir()
    for name in NAMES.split():
        shutil.copy("/bin/true", folder / "bin" / name)
    for name in ("etc/passwd", "etc/shadow", ".bash_history", "log/auth.log"):
        (folder / name).write_text("x\n")
    shutil.copy(HERE / "deeds", folder)


def session(folder: Path, plugin: Sequence[str] | None) -> AuditSession:
    """A session in which the deeds are audited."""
    prepare(folder)
    return AuditSession(plugin, rules=[rule.format(folder=folder) for rule in RULES], directory=folder)


def do(audited: AuditSession, folder: Path, log: Path) -> None:
    """Do the deeds, and wait until the log has them."""
    assert audited.run([str(folder / "deeds"), str(folder)], cwd="/") == 0
    audited.drain(log)


def main() -> int:
    """Write the recorded feed anew."""
    with tempfile.TemporaryDirectory(prefix="intruders-") as name:
        folder = Path(name)
        with session(folder, None) as audited:
            do(audited, folder, audited.feed)
            RECORDED.write_bytes(lzma.compress(audited.feed.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
    return 0


if __name__ == "__main__":
    sys.exit(main())
