"""What security modules decided: records that are written for both verdicts, or whose policy is not enforced.

    AVC        avc:  denied  { read } … permissive=0       denied, and it was not done
    AVC        avc:  denied  { read } … permissive=1       denied, but done
    AVC        apparmor="ALLOWED" …                        allowed (complain mode reports what it would deny)
    IPE_ACCESS enforcing=1 … rule="DEFAULT action=DENY"    denied (security/ipe/audit.c)
    FANOTIFY   resp=2                                      denied (linux/fanotify.h: FAN_ALLOW 1, FAN_DENY 2)
    SECCOMP    code=0x7ffc0000                             allowed (linux/seccomp.h: SECCOMP_RET_LOG)

ECS has the verdict in event.type, `denied` or `allowed`; event.outcome is the result, that of the system call if
there is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Callable, NamedTuple

from sensor.audit.fields import Fields, Value
from sensor.summary.facts import Datum, Facts
from sensor.summary.objects import FAMILIES, address_family, names_of

_RET_LOG, _RET_ALLOW = 0x7FFC0000, 0x7FFF0000
_ACTION = 0xFFFF0000
_ALLOW, _DENY = 1, 2
_ENDS = (("destination", "daddr", "dest"), ("destination", "faddr", "fport"))
_NAMES = {2: "inet", 10: "inet6"}

_OF_IPSEC = "MAC_IPSEC_"
_OF_PACKET = "NETFILTER_PKT"

Data = Mapping[str, Datum]


class Verdict(NamedTuple):
    """What was decided, and whether the act was let through in spite of it."""

    denied: bool
    done: bool


def verdict_of(main: str, facts: Facts) -> Verdict | None:
    """The verdict of an event's main record; None if it has none."""
    read = _READERS.get(main)
    return read(facts.data) if read is not None else None


def names_peers(main: str, facts: Facts) -> bool:
    """Return whether an event's main record names addresses: a verdict, a packet, a security association."""
    return main == _OF_PACKET or main.startswith(_OF_IPSEC) or verdict_of(main, facts) is not None


def peers_of(main: str, facts: Facts) -> Fields:
    """ECS source, destination and network from an event's fields; of a verdict daddr= and dest= are the destination."""
    top: Fields = {}
    data = facts.data
    if main.startswith(_OF_IPSEC):
        _put_end(top, "destination", data.get("dst"), None)
        _put_end(top, "source", data.get("src"), None)
        return top
    for end, address, port in _ENDS:
        if end not in top and (address in data or port in data):
            _put_end(top, end, data.get(address), data.get(port) or data.get("dport"))
    if "destination" in top and "saddr" in data:  # a packet; alone it is what was bound
        _put_end(top, "source", data["saddr"], data.get("src") or data.get("sport"))
    return top


def file_of_verdict(facts: Facts) -> Fields:
    """ECS members for the file that a security module names: path="/x" of most, name="/x" of AppArmor; else its name.

    Of D-Bus path= and name= are others.
    """
    data = facts.data
    is_bus = "bus" in data or str(data.get("operation")).startswith("dbus")
    for field in () if is_bus else ("name",) if "apparmor" in data else ("path", "name"):
        text = data.get(field)
        if isinstance(text, str) and text.startswith("/"):
            return {"file": names_of(text)}
    name = data.get("name")
    return {"file": {"name": name}} if isinstance(name, str) and "ino" in data and name not in ("/", "?") else {}


def _put_end(top: Fields, end: str, address: Datum | None, port: Datum | None) -> None:
    text = address if isinstance(address, str) and address != "?" else None
    family = address_family(text) if text is not None else None
    number: Value = int(port) if isinstance(port, str) and port.isdecimal() and len(port) <= 5 else None
    members: Fields = {"address": text, "ip": text if family is not None else None, "port": number}
    known: Fields = {name: value for name, value in members.items() if value is not None}
    if known:
        top[end] = known
    if family is not None:
        top["network"] = {"type": FAMILIES[_NAMES[family]]}


def _avc(data: Data) -> Verdict | None:
    apparmor, smack = data.get("apparmor"), data.get("action") if "lsm" in data else None
    if apparmor is not None:
        return _APPARMOR.get(str(apparmor))
    if smack is not None:
        return Verdict(True, False) if smack == "denied" else Verdict(False, True)
    if "denied" in data:
        return Verdict(True, data.get("permissive") == "1")
    return Verdict(False, True) if "granted" in data else None


def _ipe(data: Data) -> Verdict | None:
    action = str(data.get("rule", "")).rpartition("action=")[2].partition(" ")[0]
    if action == "DENY":
        return Verdict(True, data.get("enforcing") == "0")
    return Verdict(False, True) if action == "ALLOW" else None


def _fanotify(data: Data) -> Verdict | None:
    text = str(data.get("resp"))
    answer = int(text) & (_ALLOW | _DENY) if text.isdecimal() else 0  # an errno may stand above it
    return {_ALLOW: Verdict(False, True), _DENY: Verdict(True, False)}.get(answer)


def _seccomp(data: Data) -> Verdict | None:
    if "code" not in data and data.get("sig", "0") != "0":  # before Linux 3.5 it only killed
        return Verdict(True, False)
    try:
        action = int(str(data.get("code")), 16) & _ACTION
    except ValueError:
        return None
    allowed = action in (_RET_LOG, _RET_ALLOW)
    return Verdict(not allowed, allowed)


_APPARMOR = {
    **dict.fromkeys(("DENIED", "KILLED"), Verdict(True, False)),
    **dict.fromkeys(("ALLOWED", "AUDIT"), Verdict(False, True)),
}
_READERS: dict[str, Callable[[Data], Verdict | None]] = {
    "AVC": _avc,
    "USER_AVC": _avc,
    "IPE_ACCESS": _ipe,
    "FANOTIFY": _fanotify,
    "SECCOMP": _seccomp,
    "LANDLOCK_ACCESS": lambda data: Verdict(True, False),
    **dict.fromkeys(("APPARMOR_DENIED", "APPARMOR_KILL"), lambda data: Verdict(True, False)),
    **dict.fromkeys(("APPARMOR_ALLOWED", "APPARMOR_AUDIT"), lambda data: Verdict(False, True)),
}
