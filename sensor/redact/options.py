"""Options of redaction, and the text of a rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sensor.options import OptionError, option
from sensor.regex import PatternError, Search, searcher
from sensor.regex.groups import Finder, finder

PLACES = ("ARGV", "CMDLINE", "PROCTITLE", "ENV", "USER_CMD", "TTY")
"""What a rule is about if it names no fields."""
FAILED = "failed"
"""Counted under this: texts that were dropped because redaction failed."""
_ACTIONS = ("mask", "hash")
_WORD = re.compile(r"(fields|action|if)=(\S*)\s+")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ELSEWHERE = frozenset({"exe", "comm", "key", "pid", "ppid"})
"""Fields that the sensor keeps outside the record, too, so a rule cannot redact them."""


class RedactionRule(NamedTuple):
    """One rule.

    fields: places, and names of fields of records; hashed: the action.
    condition: finds something in the texts that it is for; None: it is for all.
    find: its groups are the secrets; without a group the whole match is.
    """

    name: str
    fields: tuple[str, ...]
    hashed: bool
    condition: Search | None
    find: Finder


@dataclass(frozen=True)
class Options:
    """Secrets that never leave the sensor: passwords and tokens on command lines, in what was typed, in variables."""

    rules: dict[str, str] = option(
        {},
        "Secrets, one rule each: NAME: [fields=ARGV,CMDLINE] [action=hash] [if=EXPRESSION] EXPRESSION. The groups of "
        "the last one are what is replaced, without a group the whole match is; if= must be found in the same text. "
        "Expressions see \\0 between arguments, and in other text instead of each blank, so [^\\0]+ is the rest of an "
        "argument or of a word. fields: ARGV, CMDLINE, PROCTITLE, ENV, USER_CMD, TTY (without fields these six) and "
        "names of fields of records, as name, cwd, acct. A repetition without limit comes last, or between bytes that "
        "it cannot take. Labels, scripts and filters see command lines without these secrets, too. "
        "/usr/share/host-sensor/redact/secrets.yaml has rules to begin with.",
    )
    action: str = option(
        "mask",
        "What becomes of a secret, unless its rule has an action: `mask` writes *** in its place, `hash` hmac: and the "
        "first 64 bits of its HMAC-SHA-256, so that equal secrets can be joined.",
        _ACTIONS,
    )
    key_file: str | None = option(
        None,
        "The key for `hash`, 16 bytes or more: a file that only root can read, read at the start. Without a usable one "
        "secrets are masked.",
        unit="path",
    )

    def __post_init__(self) -> None:
        parse_rules(self.rules, self.action)


def parse_rules(texts: Mapping[str, str], action: str) -> list[RedactionRule]:
    """The rules that are written; raises OptionError."""
    return [_rule(name, text, action) for name, text in texts.items()]


def _rule(name: str, text: str, action: str) -> RedactionRule:
    if not name or name == FAILED:
        raise OptionError("rules", f'a rule cannot be called "{name}"')
    fields: tuple[str, ...] = PLACES
    rest = text
    condition = None
    while (found := _WORD.match(rest)) is not None:
        word, value = found.groups()
        rest = rest[found.end() :]
        if word == "if":
            condition = value
        elif word == "fields":
            fields = _fields(name, value)
        elif value not in _ACTIONS:
            raise OptionError("rules", f'{name}: expected action=mask or action=hash, found "{value}"')
        else:
            action = value
    try:
        return RedactionRule(
            name, fields, action == "hash", None if condition is None else searcher(condition), finder(rest)
        )
    except PatternError as error:
        raise OptionError("rules", f"{name}: {error}") from None


def _fields(name: str, text: str) -> tuple[str, ...]:
    fields = tuple(text.split(","))
    for field in fields:
        if field not in PLACES and (_NAME.fullmatch(field) is None or field.isupper() or field in _ELSEWHERE):
            raise OptionError("rules", f'{name}: "{field}" is none of {", ".join(PLACES)}, nor a field of a record')
    return fields
