"""What the records around a system call say, in ECS words: command line, directory, title, address, paths.

EXECVE argc=2 a0="ls" a1="-l"        "args":["ls","-l"],"args_count":2,"command_line":"ls -l"
CWD cwd="/root"                      "working_directory":"/root"
PROCTITLE proctitle=6C73002D6C       "title":"ls -l"
SOCKADDR saddr=0200…                 "socket_family":"ipv4","socket_addr":"10.0.0.1","socket_port":"80"
PATH item=0 name="/a" …              {"item":"0","name":"/a","inode":"12","mode":"0100644","nametype":"NORMAL"}
"""

from __future__ import annotations

from typing import Callable

from sensor.audit.fields import Fields, Value
from sensor.audit.naming import Naming
from sensor.summary.facts import Datum, datum_of, own_fields
from sensor.summary.objects import FAMILIES
from sensor.translate.sockaddr import decode_sockaddr


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
        members[f"socket_{name}"] = text
    return members


def path(fields: Fields, naming: Naming) -> Fields:
    """A member of auditd.paths."""
    return {name: value_of(datum_of(name, value, fields)) for name, value in own_fields(fields, naming)}


READERS: dict[str, Callable[[Fields, Naming], Fields]] = {
    "EXECVE": command,
    "CWD": directory,
    "PROCTITLE": title,
    "SOCKADDR": address,
    "PATH": path,
}


def value_of(datum: Datum | None) -> Value:
    """A fact as a value to be rendered."""
    return list(datum) if isinstance(datum, list) else datum


def _word(word: Value) -> str:
    """An argument; one that stands for others that are left out says so."""
    if isinstance(word, dict):
        return " ".join([f"[{name}: {count}]" for name, count in word.items()])
    return "" if word is None else str(word)
