"""Secrets replaced before anything leaves the process: in every form of output, and in every copy of the input.

    EXECVE, PROCTITLE, CWD    the record's body, before it is parsed         argc=2 a0="mysql" a1="-p***"
    other records             their fields, before any stage sees them        cmd, data, name …
    /proc/PID/cmdline, environ                                                as they are read
    PARSE_ERROR, debug.inputlog                                               as text, by all rules

Records that repeat are remembered, so a secret in them is replaced, and counted, once while they are. What fails is
masked. Without rules none of this is built.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sensor.audit.fields import Fields, Value
from sensor.redact import bodies
from sensor.redact.options import PLACES, Options, RedactionRule, parse_rules
from sensor.redact.text import MASK, Secrets

__all__ = ["Options", "Redactor"]

_TYPES = {"USER_CMD": "USER_CMD", "TTY": "TTY", "USER_TTY": "TTY"}
"""Types of records of which all text is looked at, and the place that a rule calls them."""
_ELSEWHERE = {"cmd": "USER_CMD", "cmdline": "CMDLINE"}
"""Fields of other records that hold a command line, and the place: systemd writes one into USER_AVC."""
_NUMBER = re.compile("(_[0-9]+|_text)$")


class Redactor:
    """All rules of a configuration, by where they hold.

    key: for hashes; b"" masks instead.
    counts: rule → replacements so far.
    """

    def __init__(self, options: Options, key: bytes, counts: dict[str, int]) -> None:
        rules = parse_rules(options.rules, options.action)
        counts.update({rule.name: counts.get(rule.name, 0) for rule in rules})
        self._rules = rules
        self._key = key
        self._counts = counts
        self._places = {place: self._secrets_of([place]) for place in PLACES}
        wanted = frozenset([field for rule in rules for field in rule.fields])
        self._named = (wanted - set(PLACES)) | {name for name, place in _ELSEWHERE.items() if place in wanted}
        self._fields = {name: self._secrets_of([name, _ELSEWHERE.get(name, name)]) for name in self._named}
        self._any_field = self._secrets_of(sorted(wanted))
        words = {"EXECVE": "ARGV", "PROCTITLE": "PROCTITLE", "CWD": "cwd"}
        self._of_words = {name: self._secrets_of([place]) for name, place in words.items() if place in wanted}
        self._all = Secrets(rules, key, counts)

    def _secrets_of(self, fields: Sequence[str]) -> Secrets:
        chosen: list[RedactionRule] = [rule for rule in self._rules if not set(fields).isdisjoint(rule.fields)]
        return Secrets(chosen, self._key, self._counts)

    def body(self, name: str, body: str) -> str:
        """The body of an EXECVE, PROCTITLE or CWD record without secrets."""
        try:
            secrets = self._of_words.get(name)
            if secrets is None:
                return body
            return bodies.execve(body, secrets) if name == "EXECVE" else bodies.words(body, secrets)
        except Exception:  # noqa: BLE001  the border: what cannot be looked at is not let out
            self._places["ARGV"].fail()
            return bodies.nothing(name)

    def transform(self, name: str, fields: Fields) -> None:
        """Take secrets out of the fields of another record."""
        place = _TYPES.get(name)
        if place is not None:
            _everywhere(self._places[place], fields)
        if self._named:
            self._where_named(fields)

    def concerns(self, name: str, field: str) -> bool:
        """Return whether a field matters here, by its name or by what remains of that without its number."""
        base = _NUMBER.sub("", field)
        return name in _TYPES or base in self._named or base == "TEXT"

    def command(self, words: tuple[str, ...], cut: bool) -> tuple[str, ...]:
        """A command line without secrets; cut: there were more bytes."""
        return tuple(self._places["CMDLINE"].words(list(words), cut))

    def environment(self, variables: dict[str, str]) -> Fields:
        """Variables without secrets; the rules see NAME=VALUE."""
        words = self._places["ENV"].words([f"{name}={value}" for name, value in variables.items()])
        found: Fields = {}
        for name, word in zip(variables, words):
            found[name] = word[len(name) + 1 :] if word.startswith(f"{name}=") else MASK
        return found

    def line(self, line: str) -> str:
        """A line of input, or what of it is no record, without secrets."""
        try:
            return self._all.line(bodies.arguments(line, self._all))
        except Exception:  # noqa: BLE001  the border: what cannot be looked at is not let out
            self._all.fail()
            return MASK

    def _where_named(self, fields: Fields) -> None:
        for name, value in fields.items():
            base = _NUMBER.sub("", name)
            if isinstance(value, dict):
                self._where_named(value)
            elif base in self._named:
                fields[name] = _redacted(self._fields[base], value)
            elif base == "TEXT":  # words that lost their name
                fields[name] = _redacted(self._any_field, value)


def _everywhere(secrets: Secrets, fields: Fields) -> None:
    for name, value in fields.items():
        fields[name] = _redacted(secrets, value)


def _redacted(secrets: Secrets, value: Value) -> Value:
    if isinstance(value, str):
        return secrets.text(value)
    if isinstance(value, dict):
        _everywhere(secrets, value)
    elif isinstance(value, list):
        return [_redacted(secrets, each) for each in value]
    return value
