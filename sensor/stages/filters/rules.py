"""Rules: what an event must be like to be filtered.

    exe=/usr/sbin/cron syscall=open,openat success=yes
    type=USER_ACCT,CRED_* acct=nagios
    path=/var/cache/* uid!=0 rate=100/s
    exe=/usr/sbin/nginx root=any
    key=file-open repeat=60s action=log

Conditions are separated by blanks and all must hold; of the values of one condition,
separated by commas, one must fit, or with `!=` none. A value that ends in `*` fits what
begins so. Values with blanks are quoted as in a shell. `path` holds only if each file that the
event names fits, so that no file is hidden behind another, and only if the records show which files these are: not
for names that count from another directory than the current one (openat(2) with a descriptor). Links are not followed:
who can make one in a folder can give any file a name there.

A rule that asks for exe, comm or path holds for processes in the host's own root only (sensor.process.host_paths), as
any user can call a program /usr/sbin/cron in a root of his own: for exe alone the image must be the host's file of that
name. `root=any` lets a rule hold wherever a process is, `root=other` for all others, as those in containers.
"""

from __future__ import annotations

import shlex

from sensor.audit.event import Event
from sensor.audit.fields import Fields
from sensor.audit.paths import names_are_known
from sensor.stages.filters.facts import NUMBERS, WHO, EventFacts, Texts
from sensor.stages.filters.limits import PER, Limit, Rate, Repeat
from sensor.tables import syscalls

EVENT = ("success", "syscall", "type", "label", "systemd_unit", "container", "path")
NAMES = ("exe", "comm", "path")
"""What is asked by names that depend on the root of the process."""
ROOTS = ("host", "other", "any")
REPEATED = ("success", "syscall", "type", "path")
ACTIONS = ("drop", "log")
_WORDS = {"success": ("yes", "no"), "action": ACTIONS, "root": ROOTS, "per": PER}


class Condition:
    """One condition of a rule.

    values, beginnings: what fits as a whole, and as a beginning.
    """

    __slots__ = ("beginnings", "name", "negated", "values")

    def __init__(self, name: str, negated: bool, values: frozenset[str], beginnings: tuple[str, ...]) -> None:
        self.name = name
        self.negated = negated
        self.values = values
        self.beginnings = beginnings

    def holds(self, texts: Texts) -> bool:
        """Return whether the texts that an event has for the name fit."""
        if self.name == "path":
            for text in texts:
                if (not text or self._fits(text)) if self.negated else not self._fits(text):
                    return False
            return self.negated or bool(texts)
        for text in texts:
            if self._fits(text):
                return not self.negated
        return self.negated

    def _fits(self, text: str) -> bool:
        return text in self.values or (bool(self.beginnings) and text.startswith(self.beginnings))


class FilterRule:
    """A rule, by its name.

    action: "drop", "log", or "" for the configured `filter_action`.
    limit: what lets some of the matching events through.
    root: one of ROOTS; "" for host where it asks for NAMES, else any.
    conditions: in the order in which they are asked, what costs least first.
    certain: what fits is filtered; nothing else is asked.
    """

    def __init__(
        self, name: str, conditions: list[Condition], limit: Limit | None = None, action: str = "", root: str = ""
    ) -> None:
        self.name = name
        self.limit = limit
        self.action = action
        who = [condition for condition in conditions if condition.name in WHO]
        others = [condition for condition in conditions if condition.name not in WHO]
        self._who = [(WHO[condition.name], condition) for condition in who]
        others.sort(key=lambda condition: EVENT.index(condition.name))
        self._repeated = [condition for condition in others if condition.name in REPEATED]
        self._process = [condition for condition in others if condition.name not in REPEATED]
        self.conditions = (*who, *self._repeated, *self._process)
        asked = {condition.name for condition in conditions}.intersection(NAMES)
        self._root = root or ("host" if asked else "any")
        self._image_only = asked == {"exe"}
        self._by_path = "path" in asked
        self.certain = limit is None and not self._process and self._root == "any" and not self._by_path

    def may_match(self, fields: Fields) -> bool:
        """Return whether the conditions on who acted hold."""
        for texts, condition in self._who:
            if not condition.holds(texts(fields)):
                return False
        return True

    def fits(self, event: Event, facts: EventFacts) -> bool:
        """Return whether the conditions on what repeats of an event hold (sensor.audit.event.Template)."""
        for condition in self._repeated:
            if not condition.holds(facts.event[condition.name](event)):
                return False
        return True

    def matches(self, event: Event, facts: EventFacts) -> bool:
        """Return whether the other conditions hold: those on the process, and that the names are what they seem."""
        if self._by_path and not names_are_known(event):
            return False
        for condition in self._process:
            if not condition.holds(facts.event[condition.name](event)):
                return False
        return self._root == "any" or facts.root_is(self._root, event, self._image_only)


def parse_rule(name: str, text: str) -> FilterRule:
    """Read a rule; raises ValueError with what is wrong."""
    conditions: list[Condition] = []
    limit: Limit | None = None
    words = {"action": "", "root": "", "per": ""}
    rate = ""
    for word in shlex.split(text):
        key, equals, value = word.partition("=")
        negated = key.endswith("!")
        key = key[:-1] if negated else key
        if not equals or not value:
            raise ValueError(f'"{word}" is no condition; write NAME=VALUE')
        _check(key, value)
        if key in ("rate", "per", "repeat", "action", "root") and negated:
            raise ValueError(f"{key} takes = only")
        if key == "rate":
            rate = value
        elif key == "repeat":
            limit = Repeat(value)
        elif key in words:
            if "," in value:
                raise ValueError(f"{key} takes one value")
            words[key] = value
        elif key in WHO or key in EVENT:
            conditions.append(_condition(key, negated, value))
        else:
            names = ", ".join([*WHO, *EVENT, "rate", "per", "repeat", "root", "action"])
            raise ValueError(f'"{key}" cannot be asked; there are {names}')
    per = words.pop("per")
    if per and not rate:
        raise ValueError("per= decides whose events a rate counts, and there is no rate=")
    if rate:
        limit = Rate(rate, per or PER[0])
    if not conditions and limit is None and words["root"] in ("", "any"):
        raise ValueError("a rule without conditions would filter everything")
    return FilterRule(name, conditions, limit, **words)


def _check(name: str, value: str) -> None:
    """Refuse values that no event can have, so that a mistake does not go unnoticed; raises ValueError."""
    for text in value.split(","):
        if name in _WORDS and text not in _WORDS[name]:
            raise ValueError(f'{name} is {" or ".join(_WORDS[name])}, not "{text}"')
        if name in ("exe", "path") and text and text[0] not in "/*(":  # (null) is one, too
            raise ValueError(f'{name} is a full path, which begins with /, not "{text}"')
        if text.endswith("*"):
            continue
        if name in NUMBERS and text != "unset" and not text.isdigit():
            raise ValueError(f'{name} is a number or unset, not "{text}"')
        if name == "syscall" and text and not text.isdigit() and not syscalls.is_name(text):
            raise ValueError(f'there is no system call "{text}"')


def _condition(name: str, negated: bool, value: str) -> Condition:
    values = [text.encode().decode("latin-1") for text in value.split(",") if text]
    whole = frozenset([text for text in values if not text.endswith("*")])
    return Condition(name, negated, whole, tuple([text[:-1] for text in values if text.endswith("*")]))
