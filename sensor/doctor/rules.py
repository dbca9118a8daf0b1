"""The audit rules in the kernel, beside those in the files: an audit without rules for execs leaves the log empty."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView

_FOLDER = "/etc/audit/rules.d"
_INSTALL = "host-sensor rules --install minimal"
_RULE = re.compile(r"-(?:a|A|w)\s")
_EXEC = re.compile(r"-S\s+(?:\S*,)?(?:execve|all)\b")
_WATCHED = re.compile(r"(-w\s+|-F\s+(?:path|dir|exe)=)(/\S*)")
_USER = re.compile(r"-F\s+[aefs]?uid!?=([A-Za-z_][\w.-]*)")


def check_rules(host: HostView) -> Iterator[Finding]:
    """What is loaded, what it misses, and what the files promise."""
    answer = host.run("auditctl", "-l")
    if answer is None or answer.status != 0:
        yield Finding(NOTE, "rules.loaded", "the loaded rules cannot be listed", "run doctor as root")
        return
    loaded = [line for line in answer.text.splitlines() if _RULE.match(line)]
    if not loaded:
        yield Finding(FAILURE, "rules.loaded", "no audit rule is loaded: the log stays empty", _INSTALL)
    else:
        yield Finding(OK, "rules.loaded", f"{len(loaded)} audit rules are loaded")
        yield from _execs(loaded)
    yield from _never(loaded)
    yield from _files(host, len(loaded))
    service = host.run("systemctl", "is-failed", "audit-rules.service")
    if service and service.text.split() == ["failed"]:
        text = "audit-rules.service failed: rules are missing, and auditd may not start at the next boot"
        yield Finding(FAILURE, "rules.service", text, "augenrules --load shows the line; systemctl restart audit-rules")


def _execs(loaded: list[str]) -> Iterator[Finding]:
    """Whether programs that start are audited, also those of the other word size."""
    execs = [line for line in loaded if line.startswith("-a always,exit") and _EXEC.search(line)]
    if not execs:
        text = "no rule audits execve: programs that start leave no event"
        yield Finding(WARNING, "rules.exec", text, _INSTALL)
        return
    sizes = {size for size in ("b64", "b32") if any(f"arch={size}" in line for line in execs)}
    if sizes == {"b64"}:
        text = "32-bit programs start unseen: execve is audited for arch=b64 only"
        yield Finding(WARNING, "rules.exec_32", text, f"add the same rule with -F arch=b32, or {_INSTALL}")
    else:
        yield Finding(OK, "rules.exec", "programs that start are audited")


def _never(loaded: list[str]) -> Iterator[Finding]:
    if any(re.match(r"-a (?:never,task|task,never)\s*$", line) for line in loaded):
        text = "the rule `-a never,task` switches system call auditing off for all processes"
        advice = f"remove it from {_FOLDER}, augenrules --load, and restart what should be audited"
        yield Finding(FAILURE, "rules.never_task", text, advice)


def what_is_missing(host: HostView, line: str) -> str:
    """What a rule needs and the host does not have; empty if the rule can be loaded.

    A folder must be there; a file need not, but the folder that it is in. A user must be one of the host's files.
    """
    for kind, path in _WATCHED.findall(line):
        place = path.rstrip("/") if "dir=" in kind or path.endswith("/") else os.path.dirname(path)
        if not host.exists(place or "/"):
            return str(path)
    for user in _USER.findall(line):
        if user != "unset" and not re.search(rf"(?m)^{re.escape(user)}:", host.read("/etc/passwd") or ""):
            return f"user {user}"
    return ""


def _files(host: HostView, loaded: int) -> Iterator[Finding]:
    """Rules in files that are not loaded, and watched paths that are not there."""
    lines = []
    for name in host.names(_FOLDER):
        if name.endswith(".rules"):
            lines += [line.strip() for line in (host.read(f"{_FOLDER}/{name}") or "").splitlines()]
    written = list(dict.fromkeys(line for line in lines if _RULE.match(line)))
    lacks = {line: what_is_missing(host, line) for line in written}
    due = sum(not lack for lack in lacks.values())
    if due > loaded:
        text = f"{loaded} of the {due} rules in {_FOLDER} that can be loaded are"
        yield Finding(FAILURE, "rules.files", text, "augenrules --load shows which line the kernel refused")
    missing = sorted({lack for lack in lacks.values() if lack})
    if missing:
        text = f"watched and not there: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}"
        advice = "without -i in a rules file the first such rule stops the load; remove it, or make the folder"
        level = NOTE if any(line in {"-i", "-c"} for line in lines) else WARNING
        yield Finding(level, "rules.paths", text, advice)
    if host.exists("/etc/osquery/osquery.conf"):
        text = "osquery may load audit rules of its own and read the audit stream instead of auditd"
        yield Finding(NOTE, "rules.others", text, "disable_audit=true in osquery's flags")
