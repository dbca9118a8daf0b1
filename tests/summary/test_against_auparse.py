"""Against the normalizer of auditd's own library: what it calls each system call and record type, and real events.

Every difference is of a kind that EXPLAINED lists. `pytest -s` prints the agreement.
"""

from __future__ import annotations

import json
import lzma
import posixpath
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import pytest

from sensor.build import build
from sensor.config import Config
from sensor.stats import Stats
from sensor.tables import syscalls
from sensor.tables.arches import X32_BIT, X86_64
from sensor.tables.record_types import NAMES
from tests.oracle.auparse import NoAuparseError, load
from tests.summary.auparse_normalizer import Said, normalized
from tests.summary.events import call
from tests.test_data import DATA

NO_RULE = {"triggered-audit-rule", "triggered-unknown-audit-rule", ""}
"""What auparse says of what it has no rule for."""

EXPLAINED = {
    "It has no rule, or says only which audit rule it was.": dict.fromkeys(NO_RULE, ""),
    "go-libaudit's word": {
        "allocated-memory-in": "allocated-memory",
        "adjusted-security-policy-of": "changed-security-policy",
        "changed-selinux-enforcement-to": "changed-selinux-enforcement",
        "called-seccomp-controlled-syscall": "violated-seccomp-policy",
        "accessed-mac-policy-controlled-object": "violated-selinux-policy",
        "caused-account-error": "error",
        "changed-socket-promiscuous-mode": "changed-promiscuous-mode-on-device",
        "installed-software": "package-updated",
        "add_rule": "changed-audit-configuration",
        "remove_rule": "changed-audit-configuration",
        "set": "changed-audit-configuration",
    },
    "a slip of the pen": {
        "used-suspcious-link": "used-suspicious-link",
        "removed-use-role-from": "removed-user-role-from",
    },
    "A record without a call is called by its type; io_uring's name their operation.": {
        "io_uring-operation": "uringop"
    },
    "It takes the process's title for another target.": {"killed-list-of-pids": "killed-pid"},
    "The operation itself, `op=x` in this test; here the action says what kind of operation it is.": {"x": ""},
    "It says of user space's messages what it says of the kernel's.": {
        "accessed-mac-policy-controlled-object": "access-permission",
    },
}
"""Why an action differs → theirs → ours; "" stands for any."""


@pytest.fixture(scope="module", autouse=True)
def need_auparse() -> None:
    try:
        load()
    except NoAuparseError as reason:
        pytest.skip(str(reason))


def is_explained(theirs: str, ours: str) -> bool:
    return any(pairs.get(theirs) in ("", ours) for pairs in EXPLAINED.values() if theirs in pairs)


def summaries(feed: bytes) -> dict[str, dict[str, Any]]:
    config = replace(Config(), translate=replace(Config().translate, summary=True))
    pipeline = build(config, Stats(), live=False).pipeline
    lines = pipeline.feed(feed, 0.0) + pipeline.close()
    events = [json.loads(line.encode("latin-1")) for line in lines]
    return {event["ID"]: event["SUMMARY"] for event in events if "SUMMARY" in event}


def everything() -> list[str]:
    """An event for each system call, and for each record type that stands alone."""
    lines = []
    for number in sorted(number for number in syscalls.names(X86_64) if not number & X32_BIT):
        lines.append(call(number).replace("1.000:1", f"1.000:{len(lines) + 1}"))
    for number, name in NAMES.items():
        if number > 1004 and name not in ("EOE", "SYSCALL"):
            message = 'op=x acct="bob" exe="/usr/bin/cat" hostname=? addr=10.0.0.1 terminal=pts/0 res=success'
            head = f"type={name} msg=audit(1.000:{len(lines) + 1}): pid=31 uid=0 auid=1000 ses=3"
            lines.append(f"{head} msg='{message}'")
    return lines


def test_every_call_and_record_type_that_auparse_knows_has_its_action(tmp_path: Path) -> None:
    log = tmp_path / "all.audit"
    log.write_text("\n".join(everything()) + "\n")
    ours = summaries(log.read_bytes())
    unexplained, agreed = set(), 0
    for output in normalized(log):
        action = ours[output.id]["event"]["action"]
        agreed += action == output.action
        if action != output.action and not is_explained(output.action, action):
            unexplained.add((output.action, action))
    assert unexplained == set()
    assert agreed >= 170


def compared(output: Said, summary: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Theirs and ours, by what they are about."""
    own = summary["auditd"]["summary"]
    object = own.get("object", {})
    results = {"yes": "success", "no": "failure", "1": "success", "0": "failure", "failed": "failure", "": "unknown"}
    pairs = {
        "action": (output.action, summary["event"]["action"]),
        "result": (results.get(output.result, output.result), summary["event"]["outcome"]),
        "actor": (output.actor.replace("4294967295", "unset"), own.get("actor", {}).get("primary", "")),
        "how": (output.how, own.get("how", "")),
    }
    if output.action == summary["event"]["action"]:
        pairs["object"] = (output.object.replace("file-system", "filesystem"), object.get("type", ""))
        pairs["thing"] = (output.thing.encode("latin-1").decode("utf-8", "surrogateescape"), object.get("primary", ""))
    return pairs


def is_known(name: str, theirs: str, ours: str, summary: dict[str, Any]) -> bool:
    """Whether a difference in a real event is of a known kind."""
    action = summary["event"]["action"]
    if name == "action":
        return is_explained(theirs, ours)
    if name == "actor":  # it takes the record of the call, not the one that reports the login
        return action == "changed-login-id-to"
    if name == "how":  # go-libaudit's: the call; and auditd was not started by a program that a record names
        return (
            ours in ("exit_group", "exit", "setgroups")
            or theirs in ("init", "signal")
            or action == "changed-login-id-to"
        )
    if name == "object":  # it calls all that is opened a file, and looks in vain where a record is missing
        return theirs in ("file", "filesystem") and action in ("opened-file", "mounted", "created-directory")
    return name == "thing" and is_known_thing(theirs, ours, summary)


def last(path: str) -> str:
    return posixpath.basename(posixpath.normpath(unquote(path)))


def is_known_thing(theirs: str, ours: str, summary: dict[str, Any]) -> bool:
    """Whether both have a reason to take another object, or to write it in another way."""
    user = summary.get("user", {})
    return (
        theirs == ""  # a call that failed has fewer PATH records than it counts on
        or (ours.startswith("/") > theirs.startswith("/") and last(ours) == last(theirs))  # relative, made absolute
        or unquote_to_bytes(ours) == theirs.encode("utf-8", "surrogateescape")
        or (theirs.startswith("{ saddr_fam=") and (ours in theirs))
        or theirs == "?"
        or (ours == "" and theirs == summary["process"]["executable"])  # the process that changes its own identity
        or theirs in (user.get("effective", {}).get("name"), user.get("name"))  # go-libaudit: the terminal
        or summary["event"]["action"] == "changed-login-id-to"  # a name for the number
    )


def test_real_events_are_reported_the_same_way(tmp_path: Path) -> None:
    log = tmp_path / "mixed.audit"
    log.write_bytes(lzma.decompress((DATA / "corpora" / "session-mixed.raw.audit.xz").read_bytes()))
    ours = summaries(log.read_bytes())
    agreed: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    unknown: list[tuple[str, str, str, str]] = []
    for output in normalized(log):
        summary = ours.get(output.id)
        if summary is None:
            continue
        for name, (theirs, mine) in compared(output, summary).items():
            if theirs == mine:
                agreed[name] += 1
            else:
                differing[name] += 1
                if not is_known(name, theirs, mine, summary):
                    unknown.append((output.id, name, theirs, mine))
    for name in agreed:
        print(f"{name}: {agreed[name]} agree, {differing[name]} differ")
    assert unknown[:5] == []
    assert agreed["result"] > 10_200
    assert agreed["actor"] > 10_200
    assert agreed["how"] > 9_800
    assert agreed["action"] > 8_500
