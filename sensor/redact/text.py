"""Texts without their secrets.

    ["mysql","-pS3cret","db"]   with -p([^\\0]+)   →   ["mysql","-p***","db"]

Arguments are joined by NUL, and a text has NUL for each of its blanks, so one expression is for both. A replacement
never joins arguments or words. What has been replaced once stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from sensor.redact.options import FAILED, RedactionRule

MASK = "***"
CUT = "\x1a"
"""What rules see behind arguments that were cut."""
_REPLACED = re.compile(r"\*\*\*|hmac:[0-9a-f]{16}")
_BLANKS = str.maketrans("\t\n\v\f\r ", "\0" * 6)
_HEXADECIMAL = re.compile(r"(?<![0-9A-Fa-f])(?<!hmac:)[0-9A-Fa-f]{8,}")
_QUOTED = re.compile(r'=("[^"]*")')


class Secrets:
    """What a set of rules finds and replaces.

    key: for hashes; b"" masks instead.
    counts: rule → replacements so far.
    """

    def __init__(self, rules: Sequence[RedactionRule], key: bytes, counts: dict[str, int]) -> None:
        self._rules = tuple(rules)
        self._key = key
        self._counts = counts
        if key:
            with suppress(ImportError):  # without it secrets fail closed, which is better than no redaction at all
                import hmac  # noqa: F401  loaded now, so that no event waits for it

    def words(self, words: list[str], cut: bool = False) -> list[str]:
        """Arguments without their secrets, as many as before; all masked if that fails. cut: there were more bytes."""
        try:
            joined = "\0".join([_HEXADECIMAL.sub(self._in_hexadecimal, word) for word in words])
            return self._replaced(joined + CUT if cut else joined, joined).split("\0") if words else words
        except Exception:  # noqa: BLE001  the border: what cannot be looked at is not let out
            self.fail()
            return [MASK] * len(words)

    def text(self, text: str) -> str:
        """A text without its secrets, those written in hexadecimal included; masked if that fails."""
        try:
            return self._text(text)
        except Exception:  # noqa: BLE001  the border: what cannot be looked at is not let out
            self.fail()
            return MASK

    def line(self, line: str) -> str:
        """A line of input, or a part of one, without its secrets: values in quotes apart, then all of it."""
        try:
            return self._text(_QUOTED.sub(self._in_quotes, line))
        except Exception:  # noqa: BLE001  the border: what cannot be looked at is not let out
            self.fail()
            return MASK

    def fail(self) -> None:
        """Count a text that had to be dropped."""
        self._counts[FAILED] = self._counts.get(FAILED, 0) + 1

    def _in_quotes(self, found: re.Match[str]) -> str:
        return f'="{self._text(found.group(1)[1:-1])}"'

    def _text(self, text: str) -> str:
        text = _HEXADECIMAL.sub(self._in_hexadecimal, text)
        return self._replaced(text.translate(_BLANKS), text)

    def _in_hexadecimal(self, found: re.Match[str]) -> str:
        """The same digits, or others if there was a secret; of a torn value the first one may be half a byte."""
        digits: str = found.group()
        for begin in (0, 1):
            end = len(digits) - (len(digits) - begin) % 2
            text = bytes.fromhex(digits[begin:end]).decode("latin-1")
            replaced = self._replaced(text.translate(_BLANKS), text)
            if replaced != text:
                return digits[:begin] + replaced.encode("latin-1").hex().upper()
        return digits

    def _replaced(self, matched: str, text: str) -> str:
        """A text with replacements; matched: the same, as the rules see it."""
        spans = sorted([span for rule in self._rules for span in _spans(rule, matched)], key=lambda span: span[:2])
        if not spans:
            return text
        merged: list[tuple[int, int, RedactionRule]] = []
        for start, end, rule in spans:
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]), merged[-1][2])
            else:
                merged.append((start, end, rule))
        out: list[str] = []
        done = 0
        for start, end, rule in merged:
            out.append(text[done:start])
            out.append(self._secret(matched[start:end], text[start:end], rule))
            done = end
        return "".join(out) + text[done:]

    def _secret(self, matched: str, text: str, rule: RedactionRule) -> str:
        """What is written for a secret: for each of its words one replacement."""
        out: list[str] = []
        place = 0
        for word in matched.split("\0"):
            secret, behind = text[place : place + len(word)], text[place + len(word) : place + len(word) + 1]
            out.append((self._word(secret, rule) if secret else "") + behind)
            place += len(word) + 1
        return "".join(out)

    def _word(self, secret: str, rule: RedactionRule) -> str:
        if _REPLACED.fullmatch(secret.strip("\"'")) is not None:
            return secret
        self._counts[rule.name] = self._counts.get(rule.name, 0) + 1
        if not rule.hashed or not self._key:
            return MASK
        import hmac  # with it comes OpenSSL, 3.5 MB resident, which rules that mask do without

        return f"hmac:{hmac.digest(self._key, secret.encode('latin-1'), 'sha256').hex()[:16]}"


def _spans(rule: RedactionRule, matched: str) -> list[tuple[int, int, RedactionRule]]:
    spans: list[tuple[int, int, RedactionRule]] = []
    if rule.condition is not None and not rule.condition(matched):
        return spans
    for found in rule.find(matched):
        groups = range(1, found.re.groups + 1) if found.re.groups else (0,)
        spans += [(*found.span(group), rule) for group in groups if found.end(group) > found.start(group)]
    return spans
