"""What shows whether a label that only one program has, or an event that only one lets through, is in the table.

A label is a difference of its own: `SYSCALL.LABELS.script`, absent on one side. Whether an event is filtered follows
from what both programs say of it without filters, which includes its labels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.oracle.compare import ABSENT, LABELS, Difference
from tests.oracle.explanations import Context

_BY_COMMAND = ("label-exe", "label-argv")


def label_order(found: Difference, _: Context) -> bool:
    """The same labels, ours in alphabetical order."""
    return found.path == LABELS and bool(sorted(found.theirs) == found.ours)


def label_script(found: Difference, known: Context) -> bool:
    """A label that only scripts get, on a process that descends from a script; or on an event that was filtered."""
    scripts = set((known.option("label-process", "label-script") or {}).values())
    return any(
        label in scripts and any("SCRIPT" in known.ours[id]["SYSCALL"] for id in lineage(known.ours, found.id))
        for label in _only_ours(found, known)
    )


def label_keys(found: Difference, known: Context) -> bool:
    """A label by key, on a process that descends from one with that key; or on an event that was filtered."""
    keys = known.option("label-process", "label-keys") or ()
    return any(
        label in keys and any(label in known.keys.get(id, ()) for id in lineage(known.ours, found.id))
        for label in _only_ours(found, known)
    )


def label_forked(found: Difference, known: Context) -> bool:
    """A label by executable or arguments, on a process whose first event is no exec; or on one that was filtered."""
    rules = ({} if (rule := known.option("label-process", key)) is None else rule for key in _BY_COMMAND)
    given = {label for rule in rules for label in rule.values()}
    begun = [known.ours[id] for id in _programs(known.ours.get(found.id, {})) if id in known.ours]
    return any("EXECVE" not in event for event in begun) and not given.isdisjoint(_only_ours(found, known))


def interleaved(found: Difference, known: Context) -> bool:
    """A label that is inherited from a program whose first event ends later, or from beyond it."""
    if not (found.path.startswith(f"{LABELS}.") and found.ours is ABSENT):
        return False
    *_, oldest = ["", *lineage(known.ours, found.id)]
    by = known.theirs.get(oldest, {}).get("SYSCALL", {}).get("SPAWNED_BY", {}).get("EVENT_ID")
    return known.order.get(by, -1) > known.order.get(oldest, -1)


def first_of_failed_execs(found: Difference, known: Context) -> bool:
    """LAUREL lets a failed execve through as the first event of a process."""
    return _is_spared_by_them(found) and found.id in known.failed_execs


def late_labels(found: Difference, known: Context) -> bool:
    """The exec that gives a label by its arguments goes through, with that label on it."""
    if not _is_spared_by_them(found):
        return False
    unwanted = set(known.option("filter", "filter-labels") or ())
    by_arguments = set((known.option("label-process", "label-argv") or {}).values())
    return not unwanted.isdisjoint(by_arguments.intersection(_labels(known.theirs[found.id])))


def first_events(found: Difference, known: Context) -> bool:
    """The first event of a process, with an address or a line that filters."""
    spares = known.option("filter", "keep-first-per-process")
    return found.path == "" and found.theirs is ABSENT and bool(spares) and found.id in _programs(known.ours[found.id])


def lineage(events: dict[str, Any], id: str) -> Iterator[str]:
    """The events in which the program of an event began, and those before it, as far as each was known by then."""
    seen: set[str] = set()
    event = events.get(id, {})
    for begun in _programs(event):
        if begun in events:
            seen.add(begun)
            yield begun
            event = events[begun]
    while True:
        by = event.get("SYSCALL", {}).get("SPAWNED_BY", {}).get("EVENT_ID")
        if by is None or by in seen or by not in events:
            return
        seen.add(by)
        yield by
        event = events[by]


def _programs(event: dict[str, Any]) -> list[str]:
    begun = event.get("SYSCALL", {}).get("PID", {}).get("EVENT_ID")
    return [begun] if begun else []


def _labels(event: dict[str, Any]) -> set[str]:
    return set(event.get("SYSCALL", {}).get("LABELS", ()))


def _is_spared_by_them(found: Difference) -> bool:
    return found.path == "" and found.ours is ABSENT


def _only_ours(found: Difference, known: Context) -> set[str]:
    """The label that only we have; of an event that only we filter the labels for which we do."""
    if found.path.startswith(f"{LABELS}."):
        return {found.ours} if found.theirs is ABSENT else set()
    if not _is_spared_by_them(found):
        return set()
    unwanted = set(known.option("filter", "filter-labels") or ())
    return unwanted & _labels(known.ours.get(found.id, {})) - _labels(known.theirs[found.id])
