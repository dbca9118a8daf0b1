"""Every way in which our output differs from LAUREL's, and why: the table of deviations that README shows.

A difference between two logs must be explained by an entry, by its path and its values, or it is a mistake of ours.
An entry explains as little as it can: `numbers` takes a string of LAUREL's for a number of ours only if the string
is that number, or the bytes LAUREL makes of its digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from sensor.tables.meanings import forms_of
from tests.oracle.compare import ABSENT, Difference, by_id

UNSET = 4294967295
EXECVE = {59, 322}  # execve and execveat on x86-64
IDENTITY = re.compile(r"(.*\.)?(PID|PPID|OPID|SPAWNED_BY)(\.\w+)?")


@dataclass(frozen=True)
class Context:
    """What an explanation may look up.

    Attributes:
        events: LAUREL's events by id.
        failed_execs: ids of those that are an execve that failed.
        order: id → place in our log.
        errors: lines that LAUREL could not parse.
    """

    events: dict[str, Any]
    failed_execs: frozenset[str]
    order: dict[str, int]
    errors: int


@dataclass(frozen=True)
class Deviation:
    """One row of the table.

    Attributes:
        name: short, for the counts.
        theirs: what LAUREL does.
        ours: what we do.
        explains: whether a difference is of this kind.
    """

    name: str
    theirs: str
    ours: str
    explains: Callable[[Difference, Context], bool]


def context(theirs: Iterable[bytes], ours: Iterable[bytes], errors: int) -> Context:
    """What can be looked up about two logs of one feed, `errors` of whose lines LAUREL could not parse."""
    events = by_id(theirs)
    failed = {id for id, event in events.items() if _is_failed_exec(event.get("SYSCALL", {}))}
    order = {id: place for place, id in enumerate(by_id(ours))}
    return Context(events, frozenset(failed), order, errors)


def explain(difference: Difference, known: Context) -> Deviation | None:
    """The first deviation that explains a difference."""
    return next((deviation for deviation in DEVIATIONS if deviation.explains(difference, known)), None)


def table() -> str:
    """The table of deviations as Markdown."""
    rows = [f"| {deviation.name} | {deviation.theirs} | {deviation.ours} |" for deviation in DEVIATIONS]
    return "\n".join(["| deviation | LAUREL 0.8.2 | host-sensor |", "| --- | --- | --- |", *rows])


# ----------------------------------------------------------------------------------------------------- explanations
def _key(difference: Difference) -> str:
    """The last key of a path: `cap_frootid` of `PATH[1].cap_frootid`."""
    return re.sub(r"\[\d+\]$", "", difference.path).rpartition(".")[2]


def _is_failed_exec(syscall: dict[str, Any]) -> bool:
    return syscall.get("syscall") in EXECVE and syscall.get("success") == "no"


def _unhexed(theirs: Any, written: str) -> bool:
    """Whether LAUREL's string is what it makes of these digits, taking them for hexadecimal or not."""
    if not isinstance(theirs, str):
        return False
    if theirs == written:
        return True
    return len(written) % 2 == 0 and unquote_to_bytes(theirs).hex() == written.lower()


def _numbers(found: Difference, _: Context) -> bool:
    return isinstance(found.ours, int) and not isinstance(found.ours, bool) and _unhexed(found.theirs, str(found.ours))


def _hexadecimal(found: Difference, _: Context) -> bool:
    if not isinstance(found.ours, str) or not found.ours.startswith("0x"):
        return False
    return any(_unhexed(found.theirs, found.ours[2:].zfill(width)) for width in (1, 2, 16))


def _half_a_byte(found: Difference, _: Context) -> bool:
    if found.path != "PROCTITLE.ARGV" or len(found.theirs) != 1 or len(found.theirs[0]) % 2 == 0:
        return False
    return bytes.fromhex(found.theirs[0][:-1]) == "\0".join(found.ours).encode()


def _verbatim(found: Difference, _: Context) -> bool:
    return isinstance(found.ours, str) and found.theirs != found.ours and _unhexed(found.theirs, found.ours)


def _nulls(found: Difference, _: Context) -> bool:
    return found.ours is None and found.theirs in ("?", "(null)", "")


def _unset(found: Difference, _: Context) -> bool:
    return bool(found.ours == UNSET and found.theirs == "unset")


def _keys(found: Difference, _: Context) -> bool:
    return _key(found) == "KEYS" and found.theirs is ABSENT


def _type_names(found: Difference, _: Context) -> bool:
    pairs = {("UNKNOWN[1423]", "LANDLOCK_ACCESS"), ("MAC_TASK_CONTEXTS", "IPE_ACCESS")}
    return any(
        (found.path == theirs and found.ours is ABSENT) or (found.path == ours and found.theirs is ABSENT)
        for theirs, ours in pairs
    )


def _lost_lines(found: Difference, known: Context) -> bool:
    return known.errors > 0 and found.theirs is ABSENT and isinstance(found.ours, dict) and found.path == ""


def _one_event(found: Difference, known: Context) -> bool:
    if found.path == "" and found.ours is ABSENT:
        return "#2" in found.id
    whole_record = found.theirs is ABSENT or isinstance(found.theirs, list)
    return whole_record and f"{found.id}#2" in known.events and "." not in found.path


def _free_text(found: Difference, _: Context) -> bool:
    if found.path.startswith("USER_ROLE_CHANGE.msg."):  # of RHEL 7: msg='pam: default-context=… …'
        return _key(found) in {"pam", "TEXT", "default-context"}
    return _key(found) == "msg" and isinstance(found.theirs, str) and isinstance(found.ours, dict)


def _permissions(found: Difference, _: Context) -> bool:
    return found.path.endswith((".msg.denied", ".msg.granted")) and found.theirs is ABSENT


def _quotes(found: Difference, _: Context) -> bool:
    return ".msg." in found.path and found.theirs == f'"{found.ours}"'


def _repeated(found: Difference, _: Context) -> bool:
    first = re.sub(r"_\d+$", "", found.path)
    return (first != found.path and found.theirs is ABSENT) or found.path in {"DAEMON_END.pid", "DAEMON_END.auid"}


def _failed_execs(found: Difference, known: Context) -> bool:
    if not IDENTITY.fullmatch(found.path):
        return False
    syscall = known.events[found.id].get("SYSCALL", {})
    named = [syscall.get(key, {}).get("EVENT_ID") for key in ("PID", "PPID", "SPAWNED_BY")]
    return bool(known.failed_execs.intersection({*named, found.theirs if isinstance(found.theirs, str) else ""}))


def _interleaved(found: Difference, known: Context) -> bool:
    if found.ours is not ABSENT or not IDENTITY.fullmatch(found.path):
        return False
    return known.order.get(found.theirs["EVENT_ID"], -1) > known.order[found.id]


def _meanings(found: Difference, _: Context) -> bool:
    """A name beside a number, in the record type and under the key of one of our tables."""
    key, record = _key(found), re.match(r"\w+", found.path)
    if found.theirs is not ABSENT or not key.isupper() or record is None or ".msg" in found.path:
        return False
    return key.lower() in forms_of(record[0]) or (key == "EXIT" and record[0] in ("SYSCALL", "URINGOP"))


def _raw_addresses(found: Difference, _: Context) -> bool:
    return re.fullmatch(r"SOCKADDR\[\d+\]\.saddr", found.path) is not None and found.theirs is ABSENT


def _addresses(found: Difference, _: Context) -> bool:
    path = re.sub(r"\[\d+\]", "", found.path)
    if path == "SOCKADDR.SADDR":
        return found.theirs is ABSENT and isinstance(found.ours, dict)
    if path == "SOCKADDR.SADDR.addr":  # of X.25
        return str(found.theirs).endswith("%00") and unquote_to_bytes(found.theirs).strip(b"\0") == found.ours.encode()
    if path == "SOCKADDR.SADDR.call":
        return bytes(byte >> 1 for byte in unquote_to_bytes(found.theirs)[:6]).strip().decode() in found.ours
    return path in {"SOCKADDR.SADDR.kind", "SOCKADDR.SADDR.addr_v4"} and found.theirs is ABSENT


def _calls(found: Difference, _: Context) -> bool:
    return (
        found.theirs is ABSENT
        and re.fullmatch(r"SYSCALL\.SYSCALL|SECCOMP\[\d+\]\.(ARCH|SYSCALL)", found.path) is not None
    )


def _dropped(found: Difference, _: Context) -> bool:
    path = re.sub(r"\[\d+\]", "", found.path)
    if path in {"SYSCALL.arch", "SYSCALL.syscall"}:
        return found.theirs is ABSENT
    return path in {"SOCKADDR.saddr", "SECCOMP.arch", "SECCOMP.syscall"} and found.ours is ABSENT


def _told_names(found: Difference, _: Context) -> bool:
    return _key(found).endswith(("UID", "GID")) and str(found.theirs).startswith("unknown(")


def _message_names(found: Difference, _: Context) -> bool:
    return re.search(r"\.msg\.([A-Z-]*[UG]ID|ID)$", found.path) is not None and found.theirs is ABSENT


def _guids(found: Difference, _: Context) -> bool:
    return _key(found) in {"GUID", "GUID_SOURCE", "SESSION_GUID"} and found.theirs is ABSENT


def _user_pids(found: Difference, _: Context) -> bool:
    return bool(re.search(r"\.PID\.(comm|exe|ppid)$", found.path)) and found.theirs is ABSENT


DEVIATIONS = (
    Deviation(
        "numbers",
        'untyped digits are strings, and those of even length are decoded as hexadecimal: `old=64` is `"d"`; '
        "above 2⁶³ numbers become strings",
        "a decimal value is a number: `64`",
        _numbers,
    ),
    Deviation(
        "hexadecimal",
        'the same happens to numbers that are hexadecimal: `a1=bf` of SOCKETCALL is `"%bf"`',
        'they are shown as others are: `"0xbf"`',
        _hexadecimal,
    ),
    Deviation(
        "half-a-byte",
        "a title that was cut in the middle of a byte stays in hexadecimal",
        "it is decoded up to there",
        _half_a_byte,
    ),
    Deviation(
        "verbatim",
        "any unquoted word of hexadecimal digits is decoded: `hostname=8da7ccbba3a1` becomes bytes",
        "only fields that audit writes that way are decoded; the host name stays",
        _verbatim,
    ),
    Deviation(
        "null", "`?`, `(null)` and nothing at all are null in some fields, strings in others", "null everywhere", _nulls
    ),
    Deviation("unset", "`ses=unset` is a string", "a field has one type: 4294967295", _unset),
    Deviation(
        "keys",
        "several keys of one event are one string, parted by `%01`",
        "that string, and `KEYS`, the list",
        _keys,
    ),
    Deviation(
        "type-names",
        "some record types have no name or that of another",
        "the kernel's name: LANDLOCK_ACCESS, IPE_ACCESS",
        _type_names,
    ),
    Deviation(
        "lost-lines",
        "a line with an unknown type or one odd token is dropped",
        "the odd token is kept; a line that cannot be parsed at all is an event with its text and the reason",
        _lost_lines,
    ),
    Deviation(
        "one-event",
        "user and kernel records of one id are two lines",
        "one event, one line",
        _one_event,
    ),
    Deviation(
        "free-text",
        "`msg='…'` is an object or a string; with a leading blank it is not split",
        'always an object; what is no `key=value` is its `"TEXT"`',
        _free_text,
    ),
    Deviation(
        "user-permissions",
        "the permissions of a user-space AVC stay inside a string",
        "they are also the list `denied` or `granted`, as in the kernel's AVC",
        _permissions,
    ),
    Deviation("quotes", "`cmdline=\"a b\"` in `msg='…'` keeps its quotes", "the quotes are taken off", _quotes),
    Deviation(
        "repeated-keys",
        "a key that occurs twice in a record is twice in the JSON object",
        "once; if the second value differs, it is under `key_2`",
        _repeated,
    ),
    Deviation(
        "failed-execs",
        "an execve that failed begins a new process: PID, PPID and SPAWNED_BY name it",
        "a process goes on as it was",
        _failed_execs,
    ),
    Deviation(
        "interleaved",
        "a process is known from the moment the SYSCALL record of its first event is read",
        "from the end of that event: if a child's event ends before, its parent is not yet known",
        _interleaved,
    ),
    Deviation(
        "meanings",
        "`translate.universal` names architectures, calls, io_uring operations and addresses",
        "also errors (`EXIT` beside `exit`), file modes (`MODE`), signals, sets of capabilities and what "
        "else has a table, each under its key in capitals",
        _meanings,
    ),
    Deviation(
        "raw-addresses",
        "a translated `saddr` is dropped even without `drop-raw`",
        "it is kept unless `drop_raw` is on",
        _raw_addresses,
    ),
    Deviation(
        "addresses",
        "addresses of nine families in the C structure's full length and the host's byte order; abstract names look "
        "like paths; the rest stays as it is",
        "every family, of natural length, in either byte order; `kind` tells pathname, abstract and unnamed, `addr_v4` "
        "the address inside a mapped one; call signs are readable; of an address cut short at least the family",
        _addresses,
    ),
    Deviation(
        "calls",
        "names of system calls for nine architectures, only in SYSCALL; x32 has none",
        "for every architecture that audit knows, x32 included, and in SECCOMP as well",
        _calls,
    ),
    Deviation(
        "dropped",
        "`drop-raw` drops arch, syscall and all numbers of users, translated or not",
        "`drop_raw` drops what was translated, and only that; in SECCOMP as well",
        _dropped,
    ),
    Deviation(
        "told-names",
        "names of users that auditd wrote are replaced by this host's, or `unknown(1501)`",
        "auditd's names stay: it asked where the event happened",
        _told_names,
    ),
    Deviation(
        "message-names",
        "numbers of users inside `msg='…'` have no names",
        "they have: `UID`, `SUID`, and `ID` beside the `id` of an account",
        _message_names,
    ),
    Deviation("guids", "has none", "`GUID` and `GUID_SOURCE` of each process, `SESSION_GUID`", _guids),
    Deviation(
        "user-pids",
        "the process of a user-space record is told by EVENT_ID alone",
        "with comm, exe and ppid, as other processes are",
        _user_pids,
    ),
)
