"""Everything of one kind that an event names, in one place: ECS `related`.

"related":{"user":["alice","root"],"ip":["10.0.2.2"],"hosts":["web01"],"hash":["9f…"]}

Users by their names, or by their numbers where no name is known.
"""

from __future__ import annotations

from collections.abc import Iterator

from sensor.audit.fields import Fields, Value
from sensor.forms.ecs.enrichment import Enrichment
from sensor.summary.objects import Object, address_family
from sensor.summary.summary import Subject

_NO_HOST = frozenset({"?", "localhost", "localhost.localdomain", "UNKNOWN"})


def related(who: Subject, thing: Object, added: Enrichment | None, host: str) -> Fields:
    """The members of `related`, without those that have nothing in them; host: of the event."""
    hosts, addresses = [host], [*_addresses(thing.top), *(added.addresses if added is not None else ())]
    for name in _named_hosts(who):
        (hosts if address_family(name) is None else addresses).append(name)
    everything: Fields = {
        "user": _once([*users_in(who.users.get("user"))]),
        "ip": _once(addresses),
        "hosts": _once([name for name in hosts if name]),
        "hash": _once([*(added.hashes if added is not None else ())]),
    }
    return {name: values for name, values in everything.items() if values}


def users_in(user: Value) -> Iterator[str]:
    """The names, else the numbers, of ECS `user` and of the users within it; groups are none."""
    if not isinstance(user, dict):
        return
    name = user.get("name") or user.get("id")
    if isinstance(name, str):
        yield name
    for member, inner in user.items():
        if member not in ("group", "selinux"):
            yield from users_in(inner)


def _addresses(top: Fields) -> Iterator[str]:
    for end in ("source", "destination"):
        members = top.get(end)
        ip = members.get("ip") if isinstance(members, dict) else None
        if isinstance(ip, str):
            yield ip


def _named_hosts(who: Subject) -> list[str]:
    """The host, or its address, that a message of user space names."""
    name = who.facts.data.get("hostname")
    return [name] if isinstance(name, str) and name not in _NO_HOST else []


def _once(texts: list[str]) -> list[Value]:
    return [*sorted(set(texts))]
