"""How far `output: ecs` agrees with what go-libaudit, auditbeat's library, makes of the same events; field by field.

    python -m tests.summary.agreement        prints the table

Theirs are the golden files of its aucoalesce package. A field of theirs is looked up where auditbeat puts it, which
is where we have it. Every difference is explained by an entry of EXPLANATIONS, or it is a mistake of ours.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from sensor.build import build
from sensor.config import Config
from sensor.stats import Stats

FOLDER = Path(__file__).parent.parent / "data" / "go-libaudit" / "aucoalesce"
UNSET = "unset"
ABSENT = "(absent)"

IDS = {
    "uid": "user.id",
    "gid": "user.group.id",
    "euid": "user.effective.id",
    "egid": "user.effective.group.id",
    "suid": "user.saved.id",
    "sgid": "user.saved.group.id",
    "fsuid": "user.filesystem.id",
    "fsgid": "user.filesystem.group.id",
    "auid": "user.audit.id",
    "old-auid": "user.old-auid.id",
}
PLACES = {
    "@timestamp": "@timestamp",
    "sequence": "auditd.sequence",
    "record_type": "auditd.message_type",
    "result": "auditd.result",
    "session": "auditd.session",
    "tags": "tags",
    "process.pid": "process.pid",
    "process.ppid": "process.parent.pid",
    "process.title": "process.title",
    "process.name": "process.name",
    "process.exe": "process.executable",
    "process.cwd": "process.working_directory",
    "process.args": "process.args",
    "network.direction": "network.direction",
    **{f"ecs.event.{name}": f"event.{name}" for name in ("kind", "category", "type", "outcome")},
    **{f"user.ids.{name}": place for name, place in IDS.items()},
    "summary.action": "event.action",
    "data.argc": "process.args_count",
}
"""Where a field of theirs is in the document that auditbeat makes, and in ours; others are where they are."""
RENAMED = [
    (re.compile(r"summary\.(.*)"), r"auditd.summary.\1"),
    (re.compile(r"data\.socket_(.*)"), r"auditd.data.socket.\1"),
    (re.compile(r"data\.(.*)"), r"auditd.data.\1"),
    (re.compile(r"paths\.(.*)"), r"auditd.paths.\1"),
    (re.compile(r"ecs\.(.*)"), r"\1"),
]
BOTH_WAYS = re.compile(
    r"(event\.(kind|action|category|type)|auditd\.summary|source|destination|network\.direction)\b.*"
)
"""Places where what we have and they have not is a difference, too."""


class Difference(NamedTuple):
    """One field that is not the same.

    Attributes:
        test: name of the case.
        place: in our document.
        theirs, ours: the values, or ABSENT.
        event: their whole event.
    """

    test: str
    place: str
    theirs: Any
    ours: Any
    event: dict[str, Any]


@dataclass(frozen=True)
class Explanation:
    """Why something differs."""

    name: str
    reason: str
    explains: Callable[[Difference], bool]


def cases() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Name, audit lines and their event, of every golden case."""
    for golden in sorted(FOLDER.glob("*.json.golden")):
        lines = yaml.safe_load(golden.with_name(golden.name.replace(".json.golden", ".yaml")).read_text())["tests"]
        for case in json.loads(golden.read_text()):
            name = case["test_name"]
            yield f"{golden.name.partition('.json')[0]}: {name}", lines[name], case["event"]


def ours(lines: str) -> dict[str, Any]:
    """Our document of the one event in some lines."""
    config = replace(Config(), output="ecs")
    pipeline = build(config, Stats(), live=False).pipeline
    (line,) = pipeline.feed(lines.replace(" type=", "\ntype=").encode() + b"\n", 0.0) + pipeline.close()
    return dict(json.loads(line))


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Path → value of everything in a document; a list of texts is one value, one of objects counts its members."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{index}")
    else:
        yield path, [str(word) for word in value] if isinstance(value, list) else str(value)


def place_of(path: str) -> str:
    """Where a field of theirs is in our document."""
    if path in PLACES:
        return PLACES[path]
    for pattern, replacement in RENAMED:
        if pattern.fullmatch(path):
            return pattern.sub(replacement, path)
    return path


def differences(name: str, theirs: dict[str, Any], document: dict[str, Any]) -> tuple[list[str], list[Difference]]:
    """The places that agree, and those that differ."""
    mine = dict(leaves(document))
    wanted: dict[str, Any] = {"event.kind": "event"}
    for path, value in leaves(theirs):
        place = place_of(path)
        if place not in wanted or path.startswith("ecs."):  # auditbeat puts these over the rest
            wanted[place] = value
    same: list[str] = []
    found: list[Difference] = []
    for place, value in wanted.items():
        got = mine.get(place, ABSENT)
        if got == value:
            same.append(place)
        else:
            found.append(Difference(name, place, value, got, theirs))
    beyond = [place for place in mine if place not in wanted and BOTH_WAYS.fullmatch(place)]
    return same, [*found, *(Difference(name, place, ABSENT, mine[place], theirs) for place in beyond)]


def _is_same_as_user(difference: Difference) -> bool:
    """Whether an id that we leave out is that of the user itself."""
    ids = difference.event["user"]["ids"]
    same = {"effective": "euid", "saved": "suid", "filesystem": "fsuid"}
    groups = {"effective": "egid", "saved": "sgid", "filesystem": "fsgid"}
    found = re.fullmatch(r"user\.(effective|saved|filesystem)(\.group)?\.id", difference.place)
    if found is None or difference.ours != ABSENT:
        return False
    own, other = (groups, "gid") if found.group(2) else (same, "uid")
    return ids.get(own[found.group(1)]) == ids.get(other)


def _is_same_time(difference: Difference) -> bool:
    return str(difference.theirs)[:-1].ljust(23, "0") == str(difference.ours)[:-1]


def _is_redundant_effective(difference: Difference) -> bool:
    user = difference.event["ecs"]["user"]
    return difference.place == "user.effective.id" and user["effective"].get("id") == user.get("id")


def _place(pattern: str, also: Callable[[Difference], bool] = lambda _: True) -> Callable[[Difference], bool]:
    """Whether a difference is at a place, and of a kind."""
    compiled = re.compile(pattern)
    return lambda difference: compiled.fullmatch(difference.place) is not None and also(difference)


def _is_reported_of_the_user(difference: Difference) -> bool:
    """Whether a field of the second record only repeats what the SYSCALL record says."""
    field = difference.place.rpartition(".")[2]
    reported = {**difference.event["user"]["ids"], "ses": difference.event["session"]}
    return difference.ours == ABSENT and reported.get(field) == difference.theirs


def _is_about_device_node(difference: Difference) -> bool:
    """Whether it is about the object of a call whose PATH records say objtype=, as those of Linux 3.10 do."""
    return any(path.get("objtype") == "PARENT" for path in difference.event.get("paths", ()))


EXPLANATIONS = (
    Explanation(
        "kind of event",
        "`category` is auparse's kind of event; auditbeat puts ECS's event.category in its place, which we compare.",
        _place("category"),
    ),
    Explanation(
        "unset",
        "A number that is not set has no member; theirs is the word, which auditbeat drops.",
        lambda d: d.theirs == UNSET and d.ours == ABSENT,
    ),
    Explanation(
        "same as the user",
        "effective, saved and filesystem users are there where they are others.",
        _is_same_as_user,
    ),
    Explanation(
        "redundant effective",
        "Whoever acts as nobody but himself has no effective user; auditbeat drops it as well.",
        _is_redundant_effective,
    ),
    Explanation("zeros at the end", "Times have milliseconds; Go drops zeros.", _place("@timestamp", _is_same_time)),
    Explanation(
        "address",
        "ECS wants `address` beside `ip`; it holds host names and paths as well.",
        _place(r"(source|destination)\.address", lambda d: d.theirs == ABSENT),
    ),
    Explanation(
        "device",
        "file.device is the device that holds the file; theirs is `rdev`, which only device nodes have.",
        _place(r"file\.device", lambda d: d.theirs == "00:00"),
    ),
    Explanation(
        "objtype",
        "Linux 3.10 writes objtype= where later ones write nametype=; theirs takes the directory for the new file.",
        _place(r"file\.(path|inode|mode)|auditd\.summary\.object\.(primary|type)", _is_about_device_node),
    ),
    Explanation(
        "type of file",
        "The mode of a PATH record is Unix's; theirs reads it as Go's, so that everything is a `file`.",
        _place(r"auditd\.summary\.object\.type", lambda d: d.theirs == "file"),
    ),
    Explanation(
        "second name",
        "Of a call that has two names theirs tells one.",
        _place(r"auditd\.summary\.object\.secondary", lambda d: d.theirs == ABSENT and "paths" in d.event),
    ),
    Explanation(
        "contexts of paths",
        "In auditd.paths a security context is one text, `obj`, as it is in the record.",
        _place(r"auditd\.paths\.\d+\.obj_(user|role|domain|level)", lambda d: d.ours == ABSENT),
    ),
    Explanation(
        "hexadecimal numbers",
        "Numbers the kernel writes in hexadecimal begin with 0x, and have no leading zeros.",
        _place(r"auditd\.paths\.\d+\.cap_(fi|fp|fver)", lambda d: int(d.theirs, 16) == int(d.ours, 16)),
    ),
    Explanation(
        "number of items",
        "How many PATH records there are is left out; theirs has it only where there is none.",
        _place(r"auditd\.data\.items", lambda d: d.ours == ABSENT),
    ),
    Explanation(
        "printed once",
        "What another record says of the user as well stands once.",
        _place(r"auditd\.data\.(auid|uid|gid|fsuid|ses)", _is_reported_of_the_user),
    ),
    Explanation(
        "types once",
        "A category or type stands once, also where two rules give it.",
        _place(r"event\.type", lambda d: list(dict.fromkeys(d.theirs)) == d.ours),
    ),
    Explanation(
        "violations",
        "Theirs gives violations of a security policy the category of the system call alone.",
        _place(r"event\.(category|type)", lambda d: d.event["record_type"] == "avc" and set(d.theirs) < set(d.ours)),
    ),
    Explanation(
        "a host on the alert",
        "A device that hears everything is a change of the host; ECS has no changes of intrusion_detection alone.",
        _place("event.category", lambda d: d.event["record_type"] == "anom_promiscuous" and "host" in d.ours),
    ),
    Explanation(
        "allowed by AppArmor",
        "AUDIT and ALLOWED are reported of what AppArmor let through, which is no violation; theirs takes all for one.",
        _place(r"event\.action", lambda d: (d.theirs, d.ours) == ("violated-apparmor-policy", "used-apparmor-policy")),
    ),
    Explanation(
        "calls without a rule",
        "A system call that no rule knows is called by its name; theirs has no action then.",
        _place(r"event\.action", lambda d: d.theirs == ABSENT and d.ours.startswith("called-")),
    ),
    Explanation(
        "key of a key",
        "Old versions of auditctl made `key=NAME` the key; theirs cuts it off, here the key is what it is.",
        _place("tags", lambda d: [f"key={tag}" for tag in d.theirs] == d.ours),
    ),
    Explanation(
        "lost separator",
        "The lines of the test have lost the byte before auditd's translations, which theirs takes for the key's end.",
        _place("tags", lambda d: d.theirs == ["x86_64"] and d.ours == ABSENT),
    ),
    Explanation(
        "stray quote",
        "The line of the test has a quote too much at its end, which is shown here.",
        _place(r"process\.args", lambda d: d.test.endswith("EXECVE with multiple keys")),
    ),
)


def explain(difference: Difference) -> Explanation | None:
    """The first entry that explains a difference."""
    return next((entry for entry in EXPLANATIONS if entry.explains(difference)), None)


@dataclass
class Account:
    """Agreement by place, explained differences by entry, and what is left."""

    agreed: Counter[str]
    differing: Counter[str]
    explained: Counter[str]
    left: list[Difference]


def account() -> Account:
    """Compare every case."""
    all = Account(Counter(), Counter(), Counter(), [])
    for name, lines, theirs in cases():
        same, found = differences(name, theirs, ours(lines))
        all.agreed.update(re.sub(r"\.\d+\.", ".N.", place) for place in same)
        all.differing.update(re.sub(r"\.\d+\.", ".N.", difference.place) for difference in found)
        for difference in found:
            entry = explain(difference)
            if entry is None:
                all.left.append(difference)
            else:
                all.explained[entry.name] += 1
    return all


def main() -> int:
    """Print agreement by field, explanations by number, and whatever is left."""
    all = account()
    print("agree differ  field")
    for place in sorted({*all.agreed, *all.differing}):
        print(f"{all.agreed[place]:5} {all.differing[place] or '':>6}  {place}")
    total = sum(all.agreed.values())
    print(f"{total} of {total + sum(all.differing.values())} fields agree; the others differ because of")
    for name, count in all.explained.most_common():
        print(f"{count:5} × {name}: {next(entry.reason for entry in EXPLANATIONS if entry.name == name)}")
    for difference in all.left:
        print(f"UNEXPLAINED {difference.test}: {difference.place}: {difference.theirs!r} is here {difference.ours!r}")
    return 1 if all.left else 0


if __name__ == "__main__":
    sys.exit(main())
