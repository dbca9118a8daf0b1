"""Who: the users of an event, in ECS words.

    auid=1000 uid=0 euid=0 egid=5
      "user":{"id":"0","name":"root","effective":{"group":{"id":"5"}},"audit":{"id":"1000"}}

`id` is the real user, `effective`, `saved` and `filesystem` are there where they are
others, `audit` is who logged in. For what a login, sudo or useradd reports, the rule decides who is
meant: `user` is who did it, `effective` as whom, `target` to whom. No number, no member.
"""

from __future__ import annotations

from typing import NamedTuple

from sensor.audit.fields import Fields
from sensor.summary.facts import Facts
from sensor.summary.rules import SummaryRule

_UNSET = frozenset({"unset", "4294967295", "-1"})
PLACES = {
    "uid": (),
    "euid": ("effective",),
    "suid": ("saved",),
    "fsuid": ("filesystem",),
    "auid": ("audit",),
    "gid": ("group",),
    "egid": ("effective", "group"),
    "sgid": ("saved", "group"),
    "fsgid": ("filesystem", "group"),
    "old-auid": ("old-auid",),
}
"""Field with the number of a user or group → where in `user` it stands; others, as ouid of a file, are no actor's."""
_SAME_AS = {**dict.fromkeys(("euid", "suid", "fsuid"), "uid"), **dict.fromkeys(("egid", "sgid", "fsgid"), "gid")}
"""Fields whose value is not repeated if it is that of the other."""

Found = tuple[str, str]
"""A field and its text."""


class Actor(NamedTuple):
    """Who acted, and as whom."""

    primary: Found | None
    secondary: Found | None


def actor_of(rule: SummaryRule, facts: Facts) -> Actor:
    """The actor by the rule, else the login user and the real one."""
    primary = facts.find(rule.fields.get("subject", ())) or facts.find(("auid",))
    secondary = facts.find(rule.fields.get("subject2", ())) or facts.find(("uid",))
    return Actor(primary, secondary)


def users_of(rule: SummaryRule, facts: Facts, actor: Actor, target: Found | None) -> tuple[Fields, Fields]:
    """ECS `user` and `group`; target: what was acted upon, where it is a user or a group."""
    user: Fields = {}
    ids, unset, same_as = facts.ids, _UNSET, _SAME_AS
    for field, place in PLACES.items():
        value = ids.get(field)
        if value is None or value in unset or ids.get(same_as.get(field, "")) == value:
            continue
        if field != "suid" or (field, value) not in (actor.secondary, target):  # else it is an account's name
            _put(user, place, _entity(facts, (field, value)))
    group: Fields = {}
    for option in ("user", "effective", "target", "group"):
        wanted = rule.fields.get(option)
        if wanted is not None:
            _assign(user, group, option, _entity(facts, _meant(wanted, facts, actor, target)))
    effective = user.get("effective")
    if isinstance(effective, dict) and any(
        effective.get(key) == user.get(key) for key in ("id", "name") if key in user
    ):
        del user["effective"]
    if facts.subject:
        user["selinux"] = dict(facts.subject)
    return user, group


def _meant(words: tuple[str, ...], facts: Facts, actor: Actor, target: Found | None) -> Found | None:
    """What the words of a rule stand for: a part of the event, or the first of some fields that is there."""
    parts = {"subject": actor.primary, "subject2": actor.secondary, "object": target}
    return parts[words[0]] if words[0] in parts else facts.find(words)


def _assign(user: Fields, group: Fields, option: str, entity: Fields) -> None:
    """Let a user or group of the rule's take the place of the numbers' meaning."""
    if option == "group":
        group.update(entity)
    elif option == "user":
        for key in ("id", "name"):
            user.pop(key, None)
        user.update(entity)
    else:
        user.pop(option, None)
        if entity:
            user[option] = entity


def _put(user: Fields, place: tuple[str, ...], entity: Fields) -> None:
    inner = user
    for key in place:
        below = inner.setdefault(key, {})
        assert isinstance(below, dict)
        inner = below
    inner.update(entity)


def _entity(facts: Facts, found: Found | None) -> Fields:
    """A user or group as ECS has it: a number is an id, anything else a name."""
    if found is None or found[1] in _UNSET:
        return {}
    field, value = found
    if not value.isdecimal():
        return {"name": value}
    name = facts.names.get(field)
    return {"id": value, "name": name} if name and not name.startswith("unknown(") else {"id": value}
