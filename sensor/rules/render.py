"""Rules as lines that auditctl(8) and augenrules(8) take, each with its 32-bit twin, and what had to be left out.

    ## setuid (T1548.001): A file that lends the rights of its owner or group.
    -a always,exit -F arch=b64 -S chmod,fchmod -F a1&06000 -F key=setuid
    -a always,exit -F arch=b32 -S chmod,fchmod -F a1&06000 -F key=setuid
    -a always,exit -F arch=b64 -S fchmodat,452 -F a2&06000 -F key=setuid

A rule for a folder that is not there cannot be loaded; -i, the first line, lets the load go on.
"""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sensor.rules.match import CHANGING, CHANGING_32, Exclusion, File, Folder, HomeFile, HomeFolder, Match, SystemCalls
from sensor.rules.table import EXCLUSIONS, SETS
from sensor.rules.target import Target

GO_ON = "-i"
_ARCHES = ("b64", "b32")


@dataclass
class Rendered:
    """Lines of rules, by key; what auditctl cannot be given, as words for people.

    rules: key → its lines; exclusions: those that come before all.
    by_number: system calls that auditctl has no name for; missing: those that this machine does not have.
    """

    exclusions: list[str] = field(default_factory=list)
    rules: dict[str, list[str]] = field(default_factory=dict)
    by_number: dict[str, int] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Every rule, without comments."""
        return [*self.exclusions, *[line for lines in self.rules.values() for line in lines]]


def render(name: str, target: Target) -> Rendered:
    """The set `minimal` or `recommended` for a host; raises KeyError for any other name."""
    made = Rendered()
    for exclusion in EXCLUSIONS:
        made.exclusions += _excluded(exclusion, target, made)
    for rule in SETS[name]:
        matches = _for_homes(rule.matches, target)
        lines = [line for match in matches for line in _lines(match, target, made)]
        made.rules[rule.key] = [f"{line} -F key={rule.key}" for line in lines]
    return made


def text(name: str, made: Rendered, version: str) -> str:
    """The file of a set: its heading, -i, exclusions, and each key with what it is for."""
    numbered = ", ".join(f"{number} {call}" for call, number in made.by_number.items())
    heading = f"System calls that are written as numbers, for an auditctl that has no name for them: {numbered}."
    lines = [
        f"## The {name} audit rules of host-sensor {version}; host-sensor-audit-rules(7) explains them.",
        "## -i: a folder that is missing here costs its own rules only; without it loading fails, and auditd with it.",
        *(textwrap.wrap(heading, 118, initial_indent="## ", subsequent_indent="## ") if numbered else []),
        GO_ON,
    ]
    for exclusion, line in zip(EXCLUSIONS, made.exclusions):
        lines += [f"## Left out: {exclusion.why}.", line]
    for rule in SETS[name]:
        if made.rules[rule.key]:
            lines.append(f"## {rule.key} ({', '.join(rule.techniques)}): {rule.why}.")
            lines += made.rules[rule.key]
    return "\n".join(lines) + "\n"


def _for_homes(matches: Iterable[Match], target: Target) -> Iterator[SystemCalls | File | Folder]:
    """The matches, those for home directories once for each that is there."""
    for match in matches:
        if isinstance(match, HomeFile):
            paths = [f"{home}/{match.path}" for home in target.homes]
            yield from [File(path) for path in paths if os.path.isdir(os.path.dirname(path))]
        elif isinstance(match, HomeFolder):
            paths = [f"{home}/{match.path}" for home in target.homes]
            yield from [Folder(path) for path in paths if os.path.isdir(path)]
        else:
            yield match


def _lines(match: SystemCalls | File | Folder, target: Target, made: Rendered) -> Iterator[str]:
    for size, arch in enumerate(_ARCHES):
        if target.known[size] is None:
            continue
        head = f"-a always,exit -F arch={arch}"
        if isinstance(match, File):
            yield f"{head} -F path={match.path} -F perm={match.perm}{_conditions(match.fields)}"
        elif isinstance(match, Folder):
            names = _names(CHANGING_32 if size else CHANGING, size, target, made)
            if names:
                yield f"{head} -S {names} -F dir={match.path} -F perm=wa"
        else:
            for calls in (match.twin or (match,)) if size else (match,):
                names = _names(calls.names, size, target, made)
                if names:
                    yield f"{head} -S {names}{_conditions(calls.fields)}"


def _excluded(exclusion: Exclusion, target: Target, made: Rendered) -> Iterator[str]:
    """First in the kernel's list (-A), for whatever was loaded before."""
    names = _names(exclusion.names, 0, target, made)
    if names:
        yield f"-A never,exit -F arch=b64 -S {names}{_conditions(exclusion.fields)}"


def _conditions(fields: str) -> str:
    return "".join([f" -F {condition}" for condition in fields.split()])


def _names(names: str, size: int, target: Target, made: Rendered) -> str:
    """Names and numbers as -S takes them; empty if this machine has none of these system calls."""
    known, numbers = target.known[size] or frozenset(), target.numbers[size]
    found = []
    for name in names.split():
        if name in known:
            found.append(name)
        elif name in numbers:
            found.append(str(numbers[name]))
            made.by_number[name] = numbers[name]
        else:
            made.missing[name] = None
    return ",".join(found)
