"""Put a set of rules into one file of our own, and load it beside the rules of others.

    /etc/audit/rules.d/50-host-sensor.rules      ## set=minimal sum=0123456789abcdef, then what render.text makes

Nothing that is not ours is changed: a file of that name that we did not write, or that was edited since, stays as it
is; in the kernel rules are added first, then those of ours that are no longer in the set are deleted, and `auditctl -D`
is never used. There is no moment without rules. At the next boot the service of audit loads the folder.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

from sensor import __version__
from sensor.doctor.host import HostView
from sensor.errors import RulesError
from sensor.rules import render
from sensor.rules.kernel import feed, subject
from sensor.rules.target import Target

FOLDER = "/etc/audit/rules.d"
FILE = f"{FOLDER}/50-host-sensor.rules"
_MARK = re.compile(r"## host-sensor rules: set=(\w+) sum=([0-9a-f]{16})\n")
_RULE = re.compile(r"-[aA] ")
_LOCKED = re.compile(r"(?m)^enabled 2\b")


@dataclass(frozen=True)
class Installed:
    """Our file. name: of the set, empty where the file is not ours; edited: whether someone did after we wrote it."""

    name: str
    edited: bool
    text: str

    def rules(self) -> list[str]:
        """Its rules, without comments and options."""
        return rules_of(self.text)


def rules_of(text: str) -> list[str]:
    """The lines of a file that add a rule."""
    return [line.strip() for line in text.splitlines() if _RULE.match(line.strip())]


def installed(host: HostView) -> Installed | None:
    """What is installed; None where there is no such file."""
    status = host.status(FILE)
    if status is None:
        return None
    text = host.read(FILE) if stat.S_ISREG(status.st_mode) else None
    mark = _MARK.match(text or "")
    if text is None or mark is None:
        return Installed("", True, text or "")
    return Installed(mark[1], _sum(text[mark.end() :]) != mark[2], text)


def marked(name: str, text: str) -> str:
    """The text of a set with the mark by which we know it again."""
    return f"## host-sensor rules: set={name} sum={_sum(text)}\n{text}"


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def install(host: HostView, name: str, target: Target) -> Iterator[str]:
    """Install a set and load it; what was done and what was left out, for people.

    Raises:
        RulesError: nothing was changed, and why.
    """
    before = _ours_or_nothing(host)
    if host.status(FOLDER) is None:
        raise RulesError(f"{FOLDER} is not there: is auditd installed?")
    made = render.render(name, target)
    text = marked(name, render.text(name, made, __version__))
    if before is not None and before.text == text:
        yield f"{FILE} has the {name} set already"
    else:
        _write(host, text)
        yield f"{FILE}: the {name} set, {len(made.lines())} rules"
    if made.by_number:
        yield f"as numbers, because this auditctl does not know the names: {', '.join(made.by_number)}"
    if made.missing:
        yield f"left out, because this machine has no such system calls: {', '.join(made.missing)}"
    yield from _load(host, made.lines(), before.rules() if before else [])
    yield from _next_boot(host)


def remove(host: HostView) -> Iterator[str]:
    """Remove our file, and our rules from the kernel. Raises RulesError as `install`."""
    before = _ours_or_nothing(host)
    if before is None:
        yield f"{FILE} is not there: nothing to remove"
        return
    os.unlink(host.path(FILE))
    yield f"{FILE} is removed"
    yield from _load(host, [], before.rules())


def _ours_or_nothing(host: HostView) -> Installed | None:
    if not host.is_root():
        raise RulesError("only root can change audit rules")
    before = installed(host)
    if before is not None and not before.name:
        raise RulesError(f"{FILE} was not written by this command: it is left as it is; give it another name first")
    if before is not None and before.edited:
        raise RulesError(f"{FILE} was edited: it is left as it is; give it another name to keep it beside ours")
    return before


def _write(host: HostView, text: str) -> None:
    """Replace the file in one step; a name that augenrules does not read stands for it until it is whole."""
    try:
        handle, path = tempfile.mkstemp(prefix=".host-sensor-", suffix=".new", dir=host.path(FOLDER))
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(file.fileno(), 0o640)
                file.flush()
                os.fsync(file.fileno())
            os.rename(path, host.path(FILE))
        except BaseException:
            os.unlink(path)
            raise
    except OSError as error:
        raise RulesError(f"{FILE}: {error.strerror}") from error


def _load(host: HostView, lines: list[str], before: list[str]) -> Iterator[str]:
    """Add what is new, then delete what is ours no longer; rules that the file of another has as well are kept."""
    status = host.run("auditctl", "-s")
    if status is None or status.status != 0:
        yield "nothing is loaded: the kernel's audit cannot be reached from here"
        return
    if _LOCKED.search(status.text):
        yield "nothing is loaded: audit is locked (-e 2) until the next boot, which loads the file"
        return
    if lines:
        yield from _add(host, lines)
    kept = {*lines, *others(host)}
    stale = [line for line in before if line not in kept]
    if stale:
        refused = feed(host, [f"-d {line[3:]}" for line in stale])
        gone = len(stale) - len(refused)
        yield f"deleted from the kernel: {gone} rules of the set before"


def others(host: HostView) -> dict[str, str]:
    """The rules in other files of the folder: rule → name of its file."""
    found = {}
    for name in host.names(FOLDER):
        if name.endswith(".rules") and f"{FOLDER}/{name}" != FILE:
            found.update(dict.fromkeys(rules_of(host.read(f"{FOLDER}/{name}") or ""), name))
    return found


def _add(host: HostView, lines: list[str]) -> Iterator[str]:
    refused = feed(host, lines)
    reasons: dict[str, list[str]] = {}
    for line, reason in refused.items():
        reasons.setdefault(reason, []).append(line)
    there = reasons.pop("Rule exists", [])
    failed = sum(map(len, reasons.values()))
    yield f"loaded: {len(lines) - failed - len(there)} rules, {len(there)} were there before"
    for reason, refused_lines in reasons.items():
        subjects = dict.fromkeys(map(subject, refused_lines))
        yield f"not loaded ({reason or 'no reason given'}): {', '.join(subjects)}"


def _next_boot(host: HostView) -> Iterator[str]:
    """A word where no service loads the folder at boot."""
    answer = host.run("systemctl", "cat", "auditd.service", "audit-rules.service")
    if answer is not None and "[Service]" in answer.text:
        starts = [line for line in answer.text.splitlines() if line.startswith("Exec") and "augenrules" in line]
        if not starts:
            yield f"no service runs augenrules: what loads rules at boot does not read {FOLDER}"
