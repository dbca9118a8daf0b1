"""What was acted upon: the file of a PATH record, the address of a SOCKADDR, the process of an OBJ_PID, in ECS words.

PATH item=1 name="x.conf" inode=12 dev=fd:01 mode=0100644 ouid=0 ogid=0 … nametype=NORMAL     CWD cwd="/etc"
  "file":{"path":"/etc/x.conf","name":"x.conf","extension":"conf","directory":"/etc","inode":"12","device":"fd:01",
    "mode":"0644","type":"file","uid":"0","gid":"0"}

SOCKADDR saddr=02000050A9FEA9FE0000000000000000
  "destination":{"address":"169.254.169.254","ip":"169.254.169.254","port":80},"network":{…}
"""

from __future__ import annotations

import posixpath
import re
import socket
from collections.abc import Sequence

from sensor.audit.fields import Fields, Value
from sensor.audit.naming import Naming
from sensor.summary.facts import context_parts
from sensor.summary.rules import SummaryRule
from sensor.translate.sockaddr import decode_sockaddr

DIRECTIONS = {
    **dict.fromkeys(("accept", "accept4", "recv", "recvfrom", "recvmsg", "recvmmsg"), "source"),
    **dict.fromkeys(("connect", "send", "sendto", "sendmsg", "sendmmsg"), "destination"),
}
"""System call → where the address it was given belongs; of the others it is neither."""

_PLACES = {"CREATE": -1, "DELETE": 2, "NORMAL": 0, "UNKNOWN": 0}
"""Type of a name → which PATH record it is where kernels do not name it (before Linux 3.6, of RHEL 6)."""

_OCTAL = re.compile("0o[0-7]+")
_TYPES = {
    0o100000: ("file", "file"),
    0o040000: ("directory", "dir"),
    0o020000: ("character-device", "character-device"),
    0o060000: ("block-device", "block-device"),
    0o010000: ("fifo", "fifo"),
    0o120000: ("symlink", "symlink"),
    0o140000: ("socket", "socket"),
}
"""File type → what auparse calls it, and what ECS does."""

_OWNER = ("uid", "owner", "ouid", "OUID")
_GROUP = ("gid", "group", "ogid", "OGID")

_OF_ADDRESSES = "0123456789abcdefABCDEF:."
"""All that there can be in an IP address as text (inet_pton(3))."""

FAMILIES = {"inet": "ipv4", "inet6": "ipv6", "local": "unix"}
"""What families of addresses are called in ECS network.type, where it has a word of its own."""


class Object:
    """One thing that was acted upon.

    top: ECS members for the top level.
    object: members of the summary's object: type, primary, secondary.
    relative: it depends on the current directory, and on whether the call's arguments mean that.
    created: it is a file that was not there before.
    text: for the form; () before it is written.
    """

    __slots__ = ("created", "object", "relative", "text", "top")

    def __init__(self, top: Fields, object: Fields, created: bool = False) -> None:
        self.top = top
        self.object = object
        self.relative = False
        self.created = created
        self.text: tuple[str, ...] = ()


def nametype(path: Fields) -> Value:
    """What a PATH is to the call: NORMAL, PARENT, DELETE, CREATE or UNKNOWN; None if the kernel does not name it."""
    return path.get("nametype") or path.get("objtype")


def is_beside(path: Fields) -> bool:
    """Return whether a PATH is not what the call was about: the directory above it, or something never looked up."""
    return nametype(path) in ("PARENT", "UNKNOWN")


def ends_of(paths: Sequence[Fields], rule: SummaryRule) -> tuple[int, int] | None:
    """Which PATH records are the two names of a call that has two, by its rule; None if they are not both there.

    rename("a", "b"): PARENT "/" PARENT "/" DELETE "a" DELETE "b" CREATE "b" → (2, 4); the fourth if there was a "b".
    """
    types = [nametype(path) for path in paths]
    is_named = any(types)
    found: list[int] = []
    first, second = rule.fields.get("first", (None,))[0], rule.fields["second"][0]
    for wanted in (first, second):
        if wanted is None:
            places = [rule.path]
        elif is_named:
            places = [place for place, type in enumerate(types) if type == wanted and place not in found]
        else:
            places = [_PLACES[wanted] % len(paths)] if len(paths) > _PLACES[wanted] + 1 else []
        if not places or not places[0] < len(paths) or places[0] in found:
            return _as_far_as_it_came(types) if is_named and first is not None and second != "UNKNOWN" else None
        found.append(places[0])
    return found[0], found[1]


def _as_far_as_it_came(types: Sequence[Value]) -> tuple[int, int] | None:
    """The two names of a call that failed: they are there, but not as what they would have become."""
    names = [place for place, type in enumerate(types) if type != "PARENT"]
    return (names[0], names[1]) if len(names) == 2 else None


def file_of(path: Fields, kind: str, cwd: str | None, naming: Naming) -> Object:
    """The file of a PATH record.

    kind: what the rule calls the object; the file's mode comes first.
    cwd: the directory from which a relative name counts, if that is known.
    """
    name = full_name(path.get("name"), cwd)
    mode = path.get("mode")
    number = int(mode, 8) if isinstance(mode, str) and _OCTAL.fullmatch(mode) else None
    what, type = _TYPES.get(number & 0o170000, (kind, None)) if number is not None else (kind, None)
    members = names_of(name) if name is not None else {}
    inode, device = path.get("inode"), path.get("dev")
    if isinstance(inode, int):
        members["inode"] = str(inode)
    if device is not None:
        members["device"] = device
    if number is not None:
        members["mode"] = f"{number & 0o7777:04o}"
    if type is not None:
        members["type"] = type
    _add_owner(members, path, _OWNER, naming)
    _add_owner(members, path, _GROUP, naming)
    context = path.get("obj")
    if isinstance(context, str):
        members["selinux"] = dict(context_parts(context))
    object: Fields = {"type": what}
    if name is not None:
        object["primary"] = name
    return Object({"file": members}, object, nametype(path) == "CREATE")


def names_of(path: Value) -> Fields:
    """ECS members for a path: itself, the last name in it with what follows its last dot, the directory it is in.

    /etc/cron.d/.x.conf → name ".x.conf", extension "conf", directory "/etc/cron.d"; of a relative one no directory.
    """
    if not isinstance(path, str):
        return {"path": path}
    members: Fields = {"path": path}
    directory, _, name = path.rstrip("/").rpartition("/")
    stem, _, extension = name.rpartition(".")
    if name not in ("", ".", ".."):
        members["name"] = name
        if stem.strip(".") and extension:
            members["extension"] = extension
        if path.startswith("/"):
            members["directory"] = directory or "/"
    return members


def add_second(thing: Object, path: Fields, cwd: str | None) -> None:
    """Add the other name of a call that has two: the new one of a file, or the target of a symlink.

    cwd: as in `file_of`; a symlink's text counts from the directory that the link is in.
    """
    file = thing.top["file"]
    assert isinstance(file, dict)
    link = nametype(path) == "UNKNOWN" or file.get("type") == "symlink"
    first = file.get("path")
    if link:
        cwd = posixpath.dirname(first) if isinstance(first, str) and first.startswith("/") else None
    name = full_name(path.get("name"), cwd)
    if name:
        thing.object["secondary"] = name
        if link:
            file["target_path"] = name


def full_name(name: Value, cwd: str | None) -> Value:
    """A name from the root on, if it is known from where it counts; None for a descriptor's own, which is ""."""
    if isinstance(name, str) and cwd is not None and not name.startswith("/"):
        return posixpath.normpath(posixpath.join(cwd, name))
    return name or None


def address_of(saddr: Value, direction: str | None) -> Object:
    """The address of a SOCKADDR record; direction: source, destination or neither."""
    decoded = decode_sockaddr(saddr.encode("latin-1")) if isinstance(saddr, str) else None
    if decoded is None:
        return Object({}, {"type": "socket"})
    address = decoded.get("addr") or decoded.get("path")
    port = decoded.get("port")
    top: Fields = {}
    if direction is not None:
        if address is not None:
            end = {"address": address, "ip": address if address_family(address) else None, "port": port}
            top[direction] = _known(end)
        family = str(decoded.get("saddr_fam"))
        way = "ingress" if direction == "source" else "egress"
        top["network"] = {"direction": way, "type": FAMILIES.get(family, family)}
    return Object(top, _known({"type": "socket", "primary": address, "secondary": _text(port)}))


def process_of(target: Fields) -> Object:
    """The process of an OBJ_PID record."""
    object: Fields = {"type": "process", "primary": target.get("ocomm"), "secondary": _text(target.get("opid"))}
    return Object({}, _known(object))


def source_of(address: str) -> Fields:
    """ECS members for an address from user space, which may be no address."""
    source: Fields = {"address": address, "ip": address if address_family(address) else None}
    return {"source": _known(source), "network": {"direction": "ingress"}}


def address_family(text: Value) -> int | None:
    """Whether a text is an IP address: its family, None if it is none."""
    if str(text).strip(_OF_ADDRESSES):
        return None
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, str(text))
            return family
        except (OSError, ValueError):
            continue
    return None


def _add_owner(members: Fields, path: Fields, names: tuple[str, str, str, str], naming: Naming) -> None:
    """Add whose a file is; names: of the members for the number and the name, and of the fields in which these are."""
    id, name, field, translation = names
    number = path.get(field)
    if isinstance(number, int):
        members[id] = str(number)
    owner = path.get(naming.key(translation)) or path.get(translation)
    if isinstance(owner, str) and "(" not in owner:
        members[name] = owner


def _text(number: Value) -> str | None:
    return str(number) if isinstance(number, int) else None


def _known(fields: Fields) -> Fields:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
