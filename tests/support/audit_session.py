"""One login session under a real auditd with one plugin, or two, and nothing else of the machine audited.

    with AuditSession([sys.executable, "-m", "sensor", "run"], rules=["-S execve -k exec"]) as session:
        session.run(["ls", "/"])
        session.drain(log)

or from a shell: `python -m tests.support.audit_session --rule '-S execve -k exec' --keep DIR -- ls /`.

The kernel has one audit, so a session holds a lock for as long as it lives, and refuses to start where somebody
else uses audit. Every rule is limited to the login uid of the session. Whatever happens, leaving it ends auditd,
removes the rules, and puts `enabled` and the backlog limit back to what they were.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import psutil

AUID = 60321
RULES = (
    "-S execve,execveat -k exec",
    "-S connect,bind,accept4,sendto -k net",
    "-S unlinkat,renameat2,rename,unlink,fchmodat,fchmod,chmod -k file",
    "-S openat,open -F exit=-EACCES -k access",
    "-S ptrace,kill,tgkill -k signal",
)
BACKLOG = 262144
Q_DEPTH = 90000
LOCK = Path(tempfile.gettempdir()) / "host-sensor-audit.lock"

AUDITD_CONF = """\
local_events = yes
write_logs = no
log_file = {directory}/unused.log
log_format = {format}
flush = INCREMENTAL_ASYNC
freq = 50
priority_boost = 4
q_depth = {q_depth}
overflow_action = SYSLOG
max_restarts = 10
name_format = NONE
space_left = 75
space_left_action = SYSLOG
admin_space_left = 50
admin_space_left_action = SYSLOG
disk_full_action = SYSLOG
disk_error_action = SYSLOG
plugin_dir = {directory}/plugins.d
"""
PLUGIN_CONF = """\
active = yes
direction = out
path = {directory}/{name}
type = always
format = string
"""


class NoAuditError(Exception):
    """Audit cannot be had on this machine, or not now; the text says why."""


def unavailable() -> str | None:
    """Why no session can run on this machine, or None when one can."""
    if os.geteuid() != 0:
        return "needs root"
    for program in ("auditd", "auditctl"):
        if shutil.which(program) is None:
            return f"needs {program}"
    found = subprocess.run(["auditctl", "-s"], capture_output=True, text=True)
    if found.returncode != 0 or "enabled" not in found.stdout:
        return "the kernel has no audit, or it is out of reach in this container"
    return "the audit configuration is locked until the next boot" if "enabled 2" in found.stdout else None


def audit_status() -> dict[str, int]:
    """The kernel's audit status: `enabled`, `pid`, `backlog_limit`, `lost`, `backlog`, …"""
    text = subprocess.run(["auditctl", "-s"], capture_output=True, text=True, check=True).stdout
    pairs = (line.split()[:2] for line in text.splitlines() if len(line.split()) >= 2)
    return {name: int(value) for name, value in pairs if value.isdigit()}


def wait_until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until `true()`; AssertionError naming `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        return psutil.Process(pid).status() not in {psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD}
    except psutil.NoSuchProcess:
        return False


class AuditSession:
    """See the module's docstring.

    Args:
        plugin: command line of the plugin; None captures the feed to `directory/feed`.
        beside: command line of a second one, which gets the same records.
        rules: what auditctl takes after `-a always,exit -F arch=b64`, or whole rules, which begin with -a; limited to
            the session here.
        enriched: whether auditd appends translated fields.
        directory: where configuration and output go; a temporary one that is removed when left out.
        q_depth: records that auditd keeps for its plugins.
        quiet: run auditd as a service manager does; otherwise it says what it does, and prints each record, which
            costs it time.
    """

    def __init__(
        self,
        plugin: Sequence[str] | None = None,
        *,
        beside: Sequence[str] | None = None,
        rules: Sequence[str] = RULES,
        enriched: bool = False,
        directory: Path | None = None,
        q_depth: int = Q_DEPTH,
        quiet: bool = False,
    ) -> None:
        self._temporary = directory is None
        self.directory = (directory or Path(tempfile.mkdtemp(prefix="audit-session-"))).resolve()
        self.feed = self.directory / "feed"
        capture = ["/bin/sh", "-c", f"exec cat >>{shlex.quote(str(self.feed))}"]
        self._plugins = {"plugin": plugin or capture, **({"beside": beside} if beside else {})}
        self._rules, self._format = rules, "ENRICHED" if enriched else "RAW"
        self._q_depth = q_depth
        self._arguments = ["-n" if quiet else "-f", "-c", str(self.directory)]
        self._daemon: subprocess.Popen[bytes] | None = None
        self.settings_before: dict[str, int] = {}
        self._touched = False
        self._lock: Any = None

    # ------------------------------------------------------------------------------------------------- begin and end
    def __enter__(self) -> AuditSession:
        self._lock = LOCK.open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            self._refuse_company()
            self.settings_before = audit_status()
            self._touched = True
            self._write_configuration()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End auditd, remove the rules, restore the kernel's settings; safe to call twice."""
        try:
            if self._touched:
                subprocess.run(["auditctl", "-D"], capture_output=True)
                self.stop()
                subprocess.run(["auditctl", "-e", str(self.settings_before["enabled"])], capture_output=True)
                subprocess.run(["auditctl", "-b", str(self.settings_before["backlog_limit"])], capture_output=True)
                self._touched = False
        finally:
            self._lock.close()
            if self._temporary:
                shutil.rmtree(self.directory, ignore_errors=True)

    def _refuse_company(self) -> None:
        reason = unavailable()
        if reason is not None:
            raise NoAuditError(reason)
        if audit_status()["pid"] != 0:
            raise NoAuditError("an auditd is running already")
        loaded = subprocess.run(["auditctl", "-l"], capture_output=True, text=True).stdout.splitlines()
        if any(line.startswith("-") and f"auid={AUID}" not in line for line in loaded):
            raise NoAuditError("audit rules are loaded already")

    def _write_configuration(self) -> None:
        (self.directory / "plugins.d").mkdir(parents=True, exist_ok=True)
        files = {
            "auditd.conf": AUDITD_CONF.format(directory=self.directory, format=self._format, q_depth=self._q_depth)
        }
        for name, command in self._plugins.items():
            files[f"plugins.d/{name}.conf"] = PLUGIN_CONF.format(directory=self.directory, name=name)
            files[name] = f"#!/bin/sh\nexec {shlex.join(command)}\n"
        for name, text in files.items():
            path = self.directory / name
            path.write_text(text)
            path.chmod(0o750 if name in self._plugins else 0o640)

    def _start(self) -> None:
        with (self.directory / "auditd.out").open("wb") as output:
            self._daemon = subprocess.Popen(
                ["auditd", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._ready, 10, "auditd to register with the kernel and start its plugin")
        self._auditctl("-D")
        self._auditctl("-b", str(BACKLOG))
        for rule in self._rules:
            whole = shlex.split(rule if rule.startswith("-a") else f"-a always,exit -F arch=b64 {rule}")
            self._auditctl(*whole, "-F", f"auid={AUID}")

    def _ready(self) -> bool:
        assert self._daemon is not None
        if self._daemon.poll() is not None:
            raise NoAuditError(f"auditd ended: {self.output()}")
        return audit_status()["pid"] == self._daemon.pid and len(self.plugin_pids()) == len(self._plugins)

    def _auditctl(self, *arguments: str) -> None:
        done = subprocess.run(["auditctl", *arguments], capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, f"auditctl {shlex.join(arguments)}: {done.stderr.strip()}"

    # --------------------------------------------------------------------------------------------------------- inside
    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command in the audited login session."""
        enter = 'echo "$0" >/proc/self/loginuid && exec "$@"'
        return subprocess.Popen(["/bin/sh", "-c", enter, str(AUID), *command], **options)

    def run(self, command: Sequence[str], **options: Any) -> int:
        """Run a command in the audited login session; its exit code."""
        with self.popen(command, **options) as process:
            return process.wait()

    def drain(self, log: Path, seconds: float = 60) -> None:
        """Wait until everything the kernel has queued has gone through auditd and its plugin into `log`.

        A user message is queued behind all that was there before; when the log has it, it has the rest.
        """
        mark = f"drain-{uuid.uuid4().hex}".encode()
        seen = log.stat().st_size if log.exists() else 0
        tail = b""
        self._auditctl("-m", mark.decode())

        def arrived() -> bool:
            nonlocal seen, tail
            if log.exists():
                with log.open("rb") as file:
                    file.seek(seen)
                    tail = tail[tail.find(mark) if mark in tail else -len(mark) :] + file.read()
                    seen = file.tell()
            return mark in tail and tail.endswith(b"\n")  # a reader may see half of a write

        wait_until(arrived, seconds, f"the end of the feed in {log}; auditd says: {self.output()[-2000:]}")

    def wait_for_backlog(self, seconds: float = 60) -> None:
        """Wait until the kernel has handed everything to auditd."""
        wait_until(lambda: audit_status()["backlog"] == 0, seconds, "the kernel's audit backlog to empty")

    def lost(self) -> int:
        """Records the kernel dropped since the session began."""
        return audit_status()["lost"] - self.settings_before["lost"]

    # ------------------------------------------------------------------------------------------- auditd and its plugin
    @property
    def auditd_pid(self) -> int:
        """The process id of auditd."""
        assert self._daemon is not None
        return self._daemon.pid

    def reload(self) -> None:
        """Send SIGHUP to auditd, which passes it to its plugin."""
        os.kill(self.auditd_pid, signal.SIGHUP)

    def plugin_pids(self) -> list[int]:
        """The children of auditd."""
        return [process.pid for process in psutil.Process(self.auditd_pid).children()]

    def signal_plugin(self, number: signal.Signals) -> None:
        """Send the plugin a signal."""
        for pid in self.plugin_pids():
            os.kill(pid, number)

    def stop(self) -> None:
        """End auditd as a service manager does: SIGTERM, then wait."""
        if self._daemon is None:
            return
        plugins = self.plugin_pids()
        self._daemon.terminate()
        try:
            self._daemon.wait(20)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._daemon = None
        deadline = time.monotonic() + 20
        while any(alive(pid) for pid in plugins) and time.monotonic() < deadline:
            time.sleep(0.02)

    def output(self) -> str:
        """What auditd printed so far."""
        path = self.directory / "auditd.out"
        return path.read_text(errors="replace") if path.exists() else ""


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="run a command in a login session audited by a real auditd")
    parser.add_argument("--plugin", help="command line of the plugin; left out, the feed is captured to DIR/feed")
    parser.add_argument("--rule", action="append", help="what to audit, for example '-S execve -k exec'")
    parser.add_argument("--enriched", action="store_true")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="where configuration, output and feed stay")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with AuditSession(
            shlex.split(arguments.plugin) if arguments.plugin else None,
            rules=arguments.rule or RULES,
            enriched=arguments.enriched,
            directory=arguments.keep,
        ) as session:
            code = session.run(arguments.command)
            if arguments.plugin:
                session.wait_for_backlog()
                time.sleep(1)
            else:
                session.drain(session.feed)
            print(f"audit-session: lost {session.lost()}", file=sys.stderr)
            return code
    except NoAuditError as reason:
        print(f"audit-session: {reason}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
