"""What shows whether a difference is of one of the kinds in the table of deviations: its path and both its values.

An explanation takes as little as it can: `numbers` takes a string of LAUREL's for a number of ours only if the string
is that number, or the bytes LAUREL makes of its digits.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from sensor.tables.meanings import forms_of
from tests.oracle.compare import ABSENT, Difference, by_id
from tests.oracle.options import Options

UNSET = 4294967295
EXECVE = {59, 322}  # execve and execveat on x86-64
IDENTITY = re.compile(r"(.*\.)?(PID|PPID|OPID|SPAWNED_BY)(\.\w+)?")


@dataclass(frozen=True)
class Context:
    """What an explanation may look up.

    Attributes:
        options: under which both programs ran, in LAUREL's words.
        theirs: all of LAUREL's events by id, as they are without filters and without a prefix.
        ours: the same of ours.
        failed_execs: ids of those that are an execve that failed.
        order: id → place in our log.
        keys: the event in which a program began → the keys of all its events.
        errors: lines that LAUREL could not parse.
        recorded: the processes of the feed are gone.
    """

    options: Options
    theirs: dict[str, Any]
    ours: dict[str, Any]
    failed_execs: frozenset[str]
    order: dict[str, int]
    keys: dict[str, set[str]]
    errors: int
    recorded: bool

    def option(self, section: str, key: str) -> Any:
        """The value of an option; None if it is not set."""
        return self.options.get(section, {}).get(key)


def context(
    options: Options, theirs: Iterable[bytes], ours: Iterable[bytes], errors: int, recorded: bool = True
) -> Context:
    """What can be looked up about two logs of one feed, `errors` of whose lines LAUREL could not parse."""
    left, right = by_id(theirs), by_id(ours)
    failed = {id for id, event in left.items() if _is_failed_exec(event.get("SYSCALL", {}))}
    order = {id: place for place, id in enumerate(right)}
    keys: dict[str, set[str]] = {}
    for event in right.values():
        syscall = event.get("SYSCALL", {})
        keys.setdefault(syscall.get("PID", {}).get("EVENT_ID", ""), set()).update(syscall.get("KEYS", ()))
    return Context(options, left, right, frozenset(failed), order, keys, errors, recorded)


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


def numbers(found: Difference, _: Context) -> bool:
    return isinstance(found.ours, int) and not isinstance(found.ours, bool) and _unhexed(found.theirs, str(found.ours))


def hexadecimal(found: Difference, _: Context) -> bool:
    if not isinstance(found.ours, str) or not found.ours.startswith("0x"):
        return False
    return any(_unhexed(found.theirs, found.ours[2:].zfill(width)) for width in (1, 2, 16))


def half_a_byte(found: Difference, _: Context) -> bool:
    if found.path != "PROCTITLE.ARGV" or len(found.theirs) != 1 or len(found.theirs[0]) % 2 == 0:
        return False
    return bytes.fromhex(found.theirs[0][:-1]) == "\0".join(found.ours).encode()


def verbatim(found: Difference, _: Context) -> bool:
    return isinstance(found.ours, str) and found.theirs != found.ours and _unhexed(found.theirs, found.ours)


def nulls(found: Difference, _: Context) -> bool:
    return found.ours is None and found.theirs in ("?", "(null)", "")


def unset(found: Difference, _: Context) -> bool:
    return bool(found.ours == UNSET and found.theirs == "unset")


def keys(found: Difference, _: Context) -> bool:
    return _key(found) == "KEYS" and found.theirs is ABSENT


def type_names(found: Difference, _: Context) -> bool:
    pairs = {("UNKNOWN[1423]", "LANDLOCK_ACCESS"), ("MAC_TASK_CONTEXTS", "IPE_ACCESS")}
    return any(
        (found.path == theirs and found.ours is ABSENT) or (found.path == ours and found.theirs is ABSENT)
        for theirs, ours in pairs
    )


def lost_lines(found: Difference, known: Context) -> bool:
    return known.errors > 0 and found.id not in known.theirs and isinstance(found.ours, dict) and found.path == ""


def one_event(found: Difference, known: Context) -> bool:
    if found.path == "" and found.ours is ABSENT:
        return "#2" in found.id
    whole_record = found.theirs is ABSENT or isinstance(found.theirs, list)
    return whole_record and f"{found.id}#2" in known.theirs and "." not in found.path


def free_text(found: Difference, _: Context) -> bool:
    if found.path.startswith("USER_ROLE_CHANGE.msg."):  # of RHEL 7: msg='pam: default-context=… …'
        return _key(found) in {"pam", "TEXT", "default-context"}
    return _key(found) == "msg" and isinstance(found.theirs, str) and isinstance(found.ours, dict)


def permissions(found: Difference, _: Context) -> bool:
    return found.path.endswith((".msg.denied", ".msg.granted")) and found.theirs is ABSENT


def quotes(found: Difference, _: Context) -> bool:
    return ".msg." in found.path and found.theirs == f'"{found.ours}"'


def repeated(found: Difference, _: Context) -> bool:
    first = re.sub(r"_\d+$", "", found.path)
    return (first != found.path and found.theirs is ABSENT) or found.path in {"DAEMON_END.pid", "DAEMON_END.auid"}


def failed_execs(found: Difference, known: Context) -> bool:
    if not IDENTITY.fullmatch(found.path):
        return False
    syscall = known.theirs[found.id].get("SYSCALL", {})
    named = [syscall.get(key, {}).get("EVENT_ID") for key in ("PID", "PPID", "SPAWNED_BY")]
    return bool(known.failed_execs.intersection({*named, found.theirs if isinstance(found.theirs, str) else ""}))


def interleaved(found: Difference, known: Context) -> bool:
    if found.ours is not ABSENT or not isinstance(found.theirs, dict) or not IDENTITY.fullmatch(found.path):
        return False
    return known.order.get(found.theirs.get("EVENT_ID", ""), -1) > known.order[found.id]


def meanings(found: Difference, _: Context) -> bool:
    """A name beside a number, in the record type and under the key of one of our tables."""
    key, record = _key(found), re.match(r"\w+", found.path)
    if found.theirs is not ABSENT or not key.isupper() or record is None or ".msg" in found.path:
        return False
    return key.lower() in forms_of(record[0]) or (key == "EXIT" and record[0] in ("SYSCALL", "URINGOP"))


def raw_addresses(found: Difference, _: Context) -> bool:
    return re.fullmatch(r"SOCKADDR\[\d+\]\.saddr", found.path) is not None and found.theirs is ABSENT


def addresses(found: Difference, _: Context) -> bool:
    path = re.sub(r"\[\d+\]", "", found.path)
    if path == "SOCKADDR.SADDR":
        return found.theirs is ABSENT and isinstance(found.ours, dict)
    if path == "SOCKADDR.SADDR.addr":  # of X.25
        return str(found.theirs).endswith("%00") and unquote_to_bytes(found.theirs).strip(b"\0") == found.ours.encode()
    if path == "SOCKADDR.SADDR.call":
        return bytes(byte >> 1 for byte in unquote_to_bytes(found.theirs)[:6]).strip().decode() in found.ours
    return path in {"SOCKADDR.SADDR.kind", "SOCKADDR.SADDR.addr_v4"} and found.theirs is ABSENT


def calls(found: Difference, _: Context) -> bool:
    return (
        found.theirs is ABSENT
        and re.fullmatch(r"SYSCALL\.SYSCALL|SECCOMP\[\d+\]\.(ARCH|SYSCALL)", found.path) is not None
    )


def dropped(found: Difference, known: Context) -> bool:
    inside = re.fullmatch(r"(\w+)\.msg\.(\w*[ug]id|id)", found.path)
    if inside is not None and found.ours is ABSENT and known.option("translate", "drop-raw"):
        return inside[2].upper() in known.ours[found.id][inside[1]]["msg"]
    path = re.sub(r"\[\d+\]", "", found.path)
    if path in {"SYSCALL.arch", "SYSCALL.syscall"}:
        return found.theirs is ABSENT
    return path in {"SOCKADDR.saddr", "SECCOMP.arch", "SECCOMP.syscall"} and found.ours is ABSENT


def known_names(found: Difference, _: Context) -> bool:
    return _key(found).endswith(("UID", "GID")) and str(found.theirs).startswith("unknown(")


def message_names(found: Difference, _: Context) -> bool:
    return re.search(r"\.msg\.([A-Z-]*[UG]ID|ID)$", found.path) is not None and found.theirs is ABSENT


def guids(found: Difference, _: Context) -> bool:
    return _key(found) in {"GUID", "GUID_SOURCE", "SESSION_GUID"} and found.theirs is ABSENT


def user_pids(found: Difference, _: Context) -> bool:
    return bool(re.search(r"\.PID\.(comm|exe|ppid)$", found.path)) and found.theirs is ABSENT


def recorded(found: Difference, known: Context) -> bool:
    """What a recorded log cannot tell, and LAUREL takes from the machine it happens to run on."""
    return known.recorded and found.path == "SYSCALL.UID_GROUPS" and found.ours is ABSENT


def scripts(found: Difference, known: Context) -> bool:
    """The script of a process that is gone: the file that was executed, or an argument of what env(1) runs."""
    if not (known.recorded and found.path == "SYSCALL.SCRIPT" and found.theirs is ABSENT):
        return False
    event = known.ours[found.id]
    names = [event["PATH"][0]["name"], *event["EXECVE"]["ARGV"]]
    return posixpath.basename(found.ours) in {posixpath.basename(name) for name in names if isinstance(name, str)}


def cut_command_lines(found: Difference, known: Context) -> bool:
    """A long argument in the middle, which LAUREL keeps; a mark at the end, which it does not make."""
    if found.path == "EXECVE.ARGV_STR":
        pair = (known.theirs[found.id]["EXECVE"]["ARGV"], known.ours[found.id]["EXECVE"]["ARGV"])
        return pair[0] != pair[1] and all(map(str.__eq__, (found.theirs, found.ours), map(_joined, pair)))
    if not re.fullmatch(r"EXECVE\.ARGV(\[\d+\])?", found.path):
        return False
    if isinstance(found.ours, dict):
        return found.ours == {"skipped_args": 1, "skipped_bytes": len(unquote_to_bytes(found.theirs))}
    return bool(_is_mark(found.ours[-1]) and found.theirs == found.ours[:-1])


def prefix(found: Difference, known: Context) -> bool:
    """A name that LAUREL adds and leaves as it is."""
    key = _key(found)
    return found.theirs == key and key.isupper() and found.ours == f"{known.option('enrich', 'prefix')}{key.lower()}"


def mapped_addresses(found: Difference, known: Context) -> bool:
    """An event that only we filter, for an IPv4 address inside an IPv6 one."""
    if not (found.path == "" and found.ours is ABSENT and known.option("filter", "filter-sockaddr")):
        return False
    return any("addr_v4" in record.get("SADDR", ()) for record in known.ours.get(found.id, {}).get("SOCKADDR", ()))


def _is_mark(argument: Any) -> bool:
    return isinstance(argument, dict) and argument.keys() == {"skipped_args", "skipped_bytes"}


def _joined(argv: list[Any]) -> str:
    return " ".join(
        "<<< Skipped: args={skipped_args}, bytes={skipped_bytes} >>>".format(**word) if _is_mark(word) else word or ""
        for word in argv
    )
