"""Everything of one kind that an event names, in one place: ECS `related`.

"related":{"user":["alice","root"],"ip":["10.0.2.2"],"hosts":["web01"],"hash":["9f…"]}

Users by their names, or by their numbers where no name is known.
"""

from __future__ import annotations

from sensor.audit.fields import Fields, Value
from sensor.forms.ecs.enrichment import Enrichment
from sensor.summary.objects import address_family
from sensor.summary.summary import Subject

_NO_HOST = frozenset({"?", "localhost", "localhost.localdomain", "UNKNOWN"})


def related(who: Subject, ends: tuple[str, ...], added: Enrichment | None, host: str) -> Fields:
    """The members of `related`, without those that have nothing in them.

    ends: IP addresses of what was acted upon; host: of the event.
    """
    addresses = [*ends]
    hosts = [host] if host else []
    hashes: list[str] = []
    if added is not None:
        addresses += added.addresses
        hashes += added.hashes
    name = _named_host(who)
    if name:
        (hosts if address_family(name) is None else addresses).append(name)
    members: Fields = {}
    _put(members, "user", users_in(who.users.get("user")))
    _put(members, "ip", addresses)
    _put(members, "hosts", hosts)
    _put(members, "hash", hashes)
    return members


def users_in(user: Value) -> list[str]:
    """The names, else the numbers, of ECS `user` and of the users within it; groups are none."""
    if not isinstance(user, dict):
        return []
    name = user.get("name") or user.get("id")
    names = [name] if isinstance(name, str) else []
    for member, inner in user.items():
        if member not in ("group", "selinux"):
            names += users_in(inner)
    return names


def addresses_in(top: Fields) -> tuple[str, ...]:
    """The IP addresses of ECS source and destination."""
    if "source" not in top and "destination" not in top:  # nearly always
        return ()
    addresses: list[str] = []
    for end in ("source", "destination"):
        members = top.get(end)
        ip = members.get("ip") if isinstance(members, dict) else None
        if isinstance(ip, str):
            addresses.append(ip)
    return tuple(addresses)


def _named_host(who: Subject) -> str:
    """The host, or its address, that a message of user space names; "" if it names none."""
    name = who.facts.data.get("hostname")
    return name if isinstance(name, str) and name not in _NO_HOST else ""


def _put(members: Fields, name: str, texts: list[str]) -> None:
    """Add texts, each once."""
    if texts:
        members[name] = [*sorted(set(texts))]
