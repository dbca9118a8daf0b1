"""What the records around a system call mean, in ECS words: command line, directory, title, address, paths.

EXECVE argc=2 a0="ls" a1="-l"        "args":["ls","-l"],"args_count":2,"command_line":"ls -l"
CWD cwd="/root"                      "working_directory":"/root"
PROCTITLE proctitle=6C73002D6C       "title":"ls -l"
SOCKADDR saddr=0200…                 "socket":{"family":"ipv4","addr":"10.0.0.1","port":"80"}
BPRM_FCAPS … pp=2000 pe=2000         "thread":{"capabilities":{"permitted":["CAP_NET_RAW"],"effective":["CAP_NET_RAW"]}}
PATH item=0 name="/a" …              {"item":"0","name":"/a","inode":"12","mode":"0100644","nametype":"NORMAL"}
"""

from __future__ import annotations

import re
from typing import Callable

from sensor.audit.fields import Fields, Value
from sensor.audit.naming import Naming
from sensor.summary.facts import Datum, datum_of, own_fields
from sensor.summary.objects import FAMILIES
from sensor.tables.capabilities import decode
from sensor.translate.sockaddr import decode_sockaddr

_SETS = {"permitted": ("pp", "new_pp", "cap_pp"), "effective": ("pe", "new_pe", "cap_pe")}
"""Set of capabilities in ECS → what the records call it (kernel/auditsc.c; new_pp before Linux 4.15)."""
_MASK = re.compile(r"0x[0-9a-fA-F]{1,16}")


def command(fields: Fields, naming: Naming) -> Fields:
    """Members of `process` from an EXECVE record."""
    argv, line = fields.get("ARGV"), fields.get("ARGV_STR")
    members: Fields = {}
    if isinstance(argv, list):
        words = [_word(word) for word in argv]
        members = {"args": list(words)}
        line = " ".join(words)
    return {**members, "args_count": fields.get("argc"), "command_line": line}


def directory(fields: Fields, naming: Naming) -> Fields:
    """Members of `process` from a CWD record."""
    return {"working_directory": fields.get("cwd")}


def title(fields: Fields, naming: Naming) -> Fields:
    """Members of `process` from a PROCTITLE record."""
    argv = fields.get("ARGV")
    return {"title": " ".join(map(_word, argv)) if isinstance(argv, list) else None}


def address(fields: Fields, naming: Naming) -> Fields:
    """Members of auditd.data from a SOCKADDR record."""
    saddr = fields.get("saddr")
    decoded = decode_sockaddr(saddr.encode("latin-1")) if isinstance(saddr, str) else None
    members: Fields = {}
    for name, value in (decoded or {}).items():
        text = str(value) if value is not None else None
        if name == "saddr_fam":
            name, text = "family", FAMILIES.get(str(value), text)
        members[name] = text
    return {"socket": members} if members else {}


def capabilities(fields: Fields, naming: Naming) -> Fields:
    """Members of `process` from a BPRM_FCAPS or CAPSET record: the capabilities of the thread behind it."""
    sets: Fields = {}
    for name, spellings in _SETS.items():
        mask = next((fields[spelling] for spelling in spellings if spelling in fields), None)
        if isinstance(mask, str) and _MASK.fullmatch(mask):
            sets[name] = [word.upper() for word in decode(int(mask, 16))]
    return {"thread": {"capabilities": sets}}


def path(fields: Fields, naming: Naming) -> Fields:
    """A member of auditd.paths."""
    return {name: value_of(datum_of(name, value, fields)) for name, value in own_fields(fields, naming)}


READERS: dict[str, Callable[[Fields, Naming], Fields]] = {
    "EXECVE": command,
    "CWD": directory,
    "PROCTITLE": title,
    "SOCKADDR": address,
    "BPRM_FCAPS": capabilities,
    "CAPSET": capabilities,
    "PATH": path,
}


def value_of(datum: Datum | None) -> Value:
    """A fact as a value to be rendered."""
    return list(datum) if isinstance(datum, list) else datum


def _word(word: Value) -> str:
    """An argument; one that stands for others that are left out shows it."""
    if isinstance(word, dict):
        return " ".join([f"[{name}: {count}]" for name, count in word.items()])
    return "" if word is None else str(word)
