"""What shows whether a difference about processes that live, of which both programs read in /proc, is in the table."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from tests.oracle.compare import ABSENT, LABELS, Difference
from tests.oracle.explanations import IDENTITY, Context
from tests.oracle.labels_and_filters import lineage

TICKS = 0.02  # seconds: LAUREL's two clocks, and the ticks of the kernel's
MORE_OF_CONTAINERS = re.compile(r"(.*\.)?O?PID\.container\.(runtime|source|outer|name|image)")
MORE_OF_UNITS = re.compile(r"(.*\.)?O?PID\.systemd_(source|scope|slice|user_unit)")


def start_times(found: Difference, _: Context) -> bool:
    """The same moment, within a few ticks."""
    texts = isinstance(found.theirs, str) and isinstance(found.ours, str)
    return found.path.endswith(".START_TIME") and texts and abs(float(found.theirs) - float(found.ours)) <= TICKS


def begun_unseen(found: Difference, known: Context) -> bool:
    """LAUREL names the first event of a process; that event is no exec, and the process began before it."""
    path, _, key = found.path.rpartition(".")
    if known.recorded or key not in ("EVENT_ID", "START_TIME") or not IDENTITY.fullmatch(path):
        return False
    theirs, ours = (_at(events[found.id], path) for events in (known.theirs, known.ours))
    if "EVENT_ID" not in theirs or "START_TIME" not in ours:
        return False
    first = theirs["EVENT_ID"]
    return (
        "EXECVE" not in known.theirs.get(first, ("EXECVE",))
        and float(ours["START_TIME"]) <= float(first.partition(":")[0]) + TICKS
    )


def found_in_proc(found: Difference, known: Context) -> bool:
    """PPID or SPAWNED_BY of LAUREL's is the process itself, as it was in /proc when LAUREL looked."""
    key = re.fullmatch(r"SYSCALL\.(PPID|SPAWNED_BY)(\.\w+)?", found.path)
    if key is None or known.recorded:
        return False
    syscall = known.theirs[found.id]["SYSCALL"]
    other = syscall.get(key[1], {})
    itself = other.get("pid") == syscall["pid"] if key[1] == "SPAWNED_BY" else other.get("ppid") == syscall["ppid"]
    return itself and "START_TIME" in other


def containers(found: Difference, known: Context) -> bool:
    """More about a container, or the innermost of several where LAUREL has the outermost."""
    if found.path == "CONTAINER_INFO.ID" or found.path.endswith(".PID.container.id"):
        record, _, index = found.path.partition(".")[0].replace("CONTAINER_INFO", "SYSCALL").rstrip("]").partition("[")
        output = known.ours[found.id][record]
        return found.theirs in (output[int(index)] if index else output)["PID"]["container"].get("outer", ())[:1]
    return found.theirs is ABSENT and MORE_OF_CONTAINERS.fullmatch(found.path) is not None


def units(found: Difference, _: Context) -> bool:
    """Units that are no services."""
    return found.theirs is ABSENT and MORE_OF_UNITS.fullmatch(found.path) is not None


def hashes(found: Difference, known: Context) -> bool:
    """Why there is no hash; a hash, and the right one, of a program that has been replaced by another."""
    syscall = known.ours[found.id].get("SYSCALL", {})
    if found.path == "SYSCALL.EXE_HASH_SKIPPED":
        return found.theirs is ABSENT
    if found.path != "SYSCALL.EXE_HASH":
        return False
    if found.ours is ABSENT:
        reason = syscall.get("EXE_HASH_SKIPPED")
        return reason == "pending" or (reason == "gone" and _executes_another(found.id, known))
    return found.theirs is ABSENT and found.ours == hashlib.sha256(Path(syscall["exe"]).read_bytes()).hexdigest()


def sources(found: Difference, known: Context) -> bool:
    """Whether a value was observed or inherited, beside that value."""
    reported = re.fullmatch(r"SYSCALL\.(SCRIPT|EXE_HASH)_SOURCE", found.path)
    return found.theirs is ABSENT and reported is not None and reported[1] in known.ours[found.id]["SYSCALL"]


def environments(found: Difference, known: Context) -> bool:
    """The environment of a process that goes on to execute another program."""
    return found.path == "EXECVE.ENV" and found.ours is ABSENT and _executes_another(found.id, known)


def late_groups(found: Difference, known: Context) -> bool:
    """The groups of a user who was not asked for before."""
    if known.recorded or found.path != "SYSCALL.UID_GROUPS" or found.ours is not ABSENT:
        return False
    uid, place = known.ours[found.id]["SYSCALL"]["uid"], known.order[found.id]
    before = (event.get("SYSCALL", {}) for id, event in known.ours.items() if known.order[id] < place)
    return not any(syscall.get("uid") == uid and "UID_GROUPS" in syscall for syscall in before)


def scripts_of_env(found: Difference, known: Context) -> bool:
    """The script that env(1) found the interpreter of."""
    syscall = known.ours[found.id].get("SYSCALL", {})
    by = syscall.get("SPAWNED_BY", {})
    by_env = by.get("pid") == syscall.get("pid") and str(by.get("exe")).endswith("/env")
    return found.path == "SYSCALL.SCRIPT" and found.theirs is ABSENT and by_env


def labels_of_found(found: Difference, known: Context) -> bool:
    """A label of a program whose exec was not audited, or inherited from one, or from beyond it."""
    if known.recorded or not (found.path.startswith(f"{LABELS}.") and found.theirs is ABSENT):
        return False
    process, rules = known.ours[found.id]["SYSCALL"], known.options["label-process"]
    if "START_TIME" in process["PID"]:
        given = [label for rule, label in rules["label-exe"].items() if re.search(rule, process["exe"])]
        if found.ours in {*given, *rules["label-argv"].values()}:
            return True
    by = (known.ours[id]["SYSCALL"].get("SPAWNED_BY", {}) for id in [found.id, *lineage(known.ours, found.id)])
    return found.ours in rules["propagate-labels"] and any("START_TIME" in program for program in by)


def ended(found: Difference, known: Context) -> bool:
    """The process of a message, which had ended when one of both looked."""
    return not known.recorded and re.fullmatch(r"USER\.PID", found.path) is not None


def _executes_another(id: str, known: Context) -> bool:
    """Whether the process of an event goes on to execute another program."""
    process = known.ours[id]["SYSCALL"]
    begun = process["PID"].items()
    by = (event.get("SYSCALL", {}).get("SPAWNED_BY", {}) for event in known.ours.values())
    return any(program.get("pid") == process["pid"] and begun & program.items() for program in by)


def _at(event: dict[str, Any], path: str) -> dict[str, Any]:
    """The object at a path."""
    for key, index in re.findall(r"(\w+)(?:\[(\d+)\])?", path):
        event = event.get(key, {})
        if index:
            event = event[int(index)]  # type: ignore[index]
    return event
