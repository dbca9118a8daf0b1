"""How auditd words what we say: our value of a field in auparse's spelling, and each difference with its reason.

    exit       "EACCES"                             EACCES(Permission denied)
    mode       "-rwsr-xr-x"                         file,suid,755
    cap_fp     ["cap_chown", "cap_net_raw"]         chown,net_raw
    saddr      {"saddr_fam": "inet", …}             { saddr_fam=inet laddr=127.0.0.1 lport=53 }

Only fields whose wording differs throughout are here; everything else must be the same, or is in EXPLAINED.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from sensor.tables.arguments import arguments
from tests.oracle.auparse import Field
from tests.tables.test_against_auditd import OTHER_SPELLINGS

CAPABILITIES = re.compile(r"(cap_|old_|new_)?(p[piea]|f[pi])")
KINDS = {"-": "file", "d": "dir", "c": "character", "b": "block", "l": "link", "s": "socket", "p": "fifo"}


class Said(NamedTuple):
    """What we have for a field: the value, and whether it is a translation."""

    value: Any
    translated: bool = False


def find(event: dict[str, Any], field: Field) -> list[Said]:
    """Our values of a field, which may stand under other keys; several if its name is in `msg` and beside it."""
    group = event.get(field.type)
    if group is None or (isinstance(group, list) and field.index >= len(group)):
        return []
    record: dict[str, Any] = group[field.index] if isinstance(group, list) else group
    number = re.fullmatch(r"a(\d+)", field.name)
    if field.type == "SYSCALL" and number is not None:
        return _argument(record, int(number[1]))
    if field.type == "EXECVE" and number is not None:
        return [Said(record["ARGV"][int(number[1])])]
    if field.type == "PROCTITLE" and field.name == "proctitle" and "ARGV" in record:
        return [Said(" ".join(record["ARGV"]))]
    message = record.get("msg")
    places = [record, message] if isinstance(message, dict) else [record]
    if field.name in ("seresult", "seperms"):
        found = [(name, place[name]) for place in places for name in ("denied", "granted") if name in place]
        return [Said(name if field.name == "seresult" else ",".join(names)) for name, names in found]
    keys = ((field.name.upper(), True), (field.name, False))
    return [Said(place[key], translated) for place in places for key, translated in keys if key in place]


def _argument(record: dict[str, Any], index: int) -> list[Said]:
    """What an argument says; of one that hangs on another, what any says."""
    arch, argv, spelled = record.get("arch"), record["ARGV"], record.get("ARGS", {})
    entries = arguments(record.get("SYSCALL", ""), int(arch, 16)) if isinstance(arch, str) else ()
    label = entries[index].partition(":")[0] if index < len(entries) else "-"
    raw = Said(argv[index] if index < len(argv) else None)
    if label.startswith("@"):
        return [raw, *(Said(value, True) for value in spelled.values())]
    return [Said(spelled[label], True) if label in spelled else raw]


def agree(field: Field, output: Said) -> bool:
    """Whether auditd means the same, in its own words."""
    value, theirs = output.value, field.output
    if value is None:
        return field.raw in ("?", "(null)", "") and theirs in (field.raw, "none")
    if field.name == "exit" and output.translated:
        return theirs.partition("(")[0] == value
    if field.name == "saddr" and output.translated:
        unnamed = value.get("kind") == "unnamed" and theirs == "{ saddr_fam=local unnamed socket }"  # since audit 4
        return unnamed or theirs == _address(value)
    if value == ["all"]:  # as many words as there are bits
        return theirs.count(",") + 1 == bin(int(field.raw, 16)).count("1")
    if CAPABILITIES.fullmatch(field.name) and (output.translated or value == "0x0"):
        return theirs == (",".join(name[4:] for name in value) if output.translated else "none")
    if field.name == "mode" and output.translated and field.type != "SYSCALL":
        return theirs == _mode(value)
    if isinstance(value, list):
        return theirs == "|".join(value) or (not value and theirs in ("0x0", "none"))
    return theirs == text(value) or f"cap_{theirs}" == value or _same_number(theirs, value)


def text(value: Any) -> str:
    """A value as its bytes, one character each."""
    return unquote_to_bytes(value).decode("latin-1") if isinstance(value, str) else str(value)


def _same_number(theirs: str, ours: Any) -> bool:
    """`0x3` and 3, `0600` and "0o600", 2 and "0x2"; a descriptor of -1 is 0xffffffff."""
    numbers = []
    for written in (theirs, str(ours)):
        if re.fullmatch(r"-?[0-9]+|0x[0-9a-f]+|0o[0-7]+", written) is None:
            return False
        octal = re.fullmatch(r"0[0-7]+", written)
        numbers.append(int(written, 8 if octal else 0))
    return (numbers[0] - numbers[1]) % (1 << 32) == 0


def _mode(ours: str) -> str:
    marks = {"suid": ours[3] in "sS", "sgid": ours[6] in "sS", "sticky": ours[9] in "tT"}
    bits = next(mode for mode in range(0o10000) if stat.filemode(mode)[1:] == ours[1:])
    return ",".join([KINDS[ours[0]], *(name for name, is_set in marks.items() if is_set), f"{bits & 0o777:03o}"])


def _address(ours: dict[str, Any]) -> str:
    """Our address as auditd prints it; the family alone if auditd knows no more of it."""
    family = ours["saddr_fam"]
    words = {
        "local": "path={path}",
        "inet": "laddr={addr} lport={port}",
        "inet6": "laddr={addr} lport={port}",
        "netlink": "nlnk-fam=16 nlnk-pid={pid}",
        "x25": "laddr={addr}",
        "atmpvc": "int={itf}",
        "ipx": "lport={port} ipx-net={ipx_net}",
    }
    network = int(ours.get("network", "0"), 0)
    try:
        members = words[family].format(**{**ours, "path": text(ours.get("path") or " "), "ipx_net": network})
    except KeyError:
        return f"unknown-family({family})"
    return f"{{ saddr_fam={family} {members} }}"


class Explanation(NamedTuple):
    """Why auditd says something else.

    Attributes:
        reason: for the table.
        fields: type.name, a pattern.
        theirs: what auditd says, a pattern.
        ours: what our value must be beside theirs; anything by default.
    """

    reason: str
    fields: str
    theirs: str
    ours: Callable[[str, Said], bool] = lambda theirs, ours: True


def _translated(_: str, ours: Said) -> bool:
    return ours.translated


def _is_part(theirs: str, ours: Said) -> bool:
    return theirs.strip('"') in text(ours.value)


def _is_part_of_list(theirs: str, ours: Said) -> bool:
    return isinstance(ours.value, list) and theirs in ours.value


def _begins_so(theirs: str, ours: Said) -> bool:
    return text(ours.value).startswith(theirs[:-1])


_FREE = r"(?!SYSCALL.a).*\.(op|info|reason|cmdline|subj|a\d+)"
_NO_ADDRESS = r"\{ saddr_fam=\w+ (sockaddr6? len too short|\(unsupported\)) \}"
EXPLAINED = (
    Explanation("a session or a result is a number to us", r".*\.(ses|oses|old-ses|res|prom|old_prom)", "unset|yes|no"),
    Explanation("auditd has no word for it", r".*\.\w+", r"unknown-.*|\(null\).*|0x[0-9a-f]+|\d+", _translated),
    Explanation("auditd has no word for it", r"SYSCALL\.(arch|syscall)", "unknown-.*"),
    Explanation("auditd takes another architecture for the host's", "SYSCALL.syscall", "fadvise64|execve"),
    Explanation(
        "auditd takes another architecture for the host's", "SYSCALL.exit", "(EL2NSYNC|EDESTADDRREQ|EDEADLK).*"
    ),
    Explanation("auditd tells in brackets what socketcall calls", "SYSCALL.syscall", r"socketcall\(\w+\)"),
    Explanation("auditd wants the whole structure, or does not know the family", "SOCKADDR.saddr", _NO_ADDRESS),
    Explanation("auditd shows a call sign as on the air, shifted", "SOCKADDR.saddr", ".*call=.*"),
    Explanation("auditd calls it armeb", "SYSCALL.arch", "armeb", lambda _, ours: ours.value == "arm"),
    Explanation("`?` is nothing to us, 0 to auditd", ".*", ".*", lambda _, ours: ours.value is None),
    Explanation("auditd does not take the quotes off", ".*", '".*', _is_part),
    Explanation("auditd has one field for each of several keys", r".*\.key", ".*", _is_part),
    Explanation(
        "auditd cuts a value at the first blank",
        _FREE,
        "[^ ]*| ",
        _is_part,
    ),
    Explanation(
        "we give the kernel's name, auditd a word of its own",
        r"(NETFILTER_\w+|SECCOMP|FANOTIFY|AVC)\.(family|proto|code|resp|capability)",
        "[a-z0-9_]+",
        lambda theirs, ours: theirs[:6] in str(ours.value).lower() or theirs == "unspecified",
    ),
    Explanation("auditd puts a tilde before the flags of a personality", r"SYSCALL\.(per|a0)", r".*\|~.*"),
    Explanation("auditd shows what was typed with names of keys", r"(USER_)?TTY\.data", '"?.*'),
    Explanation("auditd has a name for signal 0, which is none", r".*\.(sig|a\d)", "SIG0"),
    Explanation("auditd takes the octal number for a hexadecimal one", "OPENAT2.oflag", "O_.*"),
    Explanation("a mode without a file type is octal to us", r"(OPENAT2|IPC|IPC_SET_PERM)\.mode", "000,.*"),
    Explanation("auditd spells bits 04000 to 01000 of a mode", r"SYSCALL\.a\d", "(suid|sgid|sticky),.*", _translated),
    Explanation("a title cut in the middle of a byte", "PROCTITLE.proctitle", ".*", _begins_so),
    Explanation("auditd leaves out the flags of a socket's type", "SYSCALL.a1", r"SOCK_\w+", _is_part_of_list),
    Explanation("auditd names an exit status of 0 or 1", "SYSCALL.a0", "EXIT_SUCCESS|EXIT_FAILURE|UNKNOWN"),
    Explanation("since audit 4: a word for 0, or for 2", r"INTEGRITY_\w+\.errno|FANOTIFY\.\w+", "UNKNOWN|none|unknown"),
    Explanation("since audit 4: the highest bit of an action is left out", "SECCOMP.code", "kill-thread", _translated),
    *(
        Explanation(f"argument: {reason}", r"SYSCALL\.a[0-3]", pattern, _translated)
        for pattern, reason in (*OTHER_SPELLINGS, ("O_.*", "auditd takes flags for those of x86"))
    ),
)


def explain(field: Field, output: Said) -> Explanation | None:
    """The first reason that covers a difference."""
    for explanation in EXPLAINED:
        if (
            re.fullmatch(explanation.fields, f"{field.type}.{field.name}")
            and re.fullmatch(explanation.theirs, field.output, re.DOTALL)
            and explanation.ours(field.output, output)
        ):
            return explanation
    return None
