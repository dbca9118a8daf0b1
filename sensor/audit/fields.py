"""The body of a record to names and values.

    pid=9460 uid=1000 ses=1 msg='op=PAM:accounting acct="user" addr=? res=success'^]UID="user"
    item=0 name=2F746D702F612062 inode=12 dev=fd:01 mode=0100644 cap_frootid=0
    avc:  denied  { read open } for  pid=2 comm="httpd"

`^]` is the byte 0x1d, behind which auditd writes what it translated (ENRICHED).
A value is what follows `name=`: a "quoted" or { braced } text, or all words up to
the next `name=`. How it is written follows from its name, never guessed from its
looks (sensor.tables.fields), so digits are numbers and never hexadecimal text.

Nothing is refused and nothing is lost: words that belong to no name are kept under
TEXT, a second value of one name under name_2, and a word where a number belongs
under name_text, words behind a number under TEXT, so that a JSON key occurs once and has one type; `msg` always has
names of its own. Every scan is linear in the length of the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Union

from sensor.audit.spellings import ENRICHED, of_message
from sensor.cache import BoundedDict

Value = Union[None, int, float, str, list["Value"], dict[str, "Value"]]
"""A decoded value; a str holds one byte per character."""
Fields = dict[str, Value]
NOTHING: Fields = {}
"""No fields, for all who have none: not to be changed."""


UNSET = 4294967295
"""The kernel's (uid_t)-1 and unset session, which tools write as `unset`."""

OURS = frozenset(
    (
        *("ARGV", "ARGV_STR", "KEYS", "denied", "granted", "PID", "PPID", "SPAWNED_BY", "SESSION_GUID"),
        *("UID_GROUPS", "EXE_HASH", "EXE_HASH_SKIPPED", "EXE_HASH_SOURCE", "SCRIPT", "SCRIPT_SOURCE", "LABELS", "ENV"),
        *("URING_OP", "EXIT", "ARGS"),
        *("ANCESTORS", "CMDLINE", "CMDLINE_SKIPPED", "CMDLINE_SOURCE", "PARENT_INFO", "SESSION", "LEADS"),
    )
)
"""Keys that the sensor adds to a record. No record has such names; one that does finds its value under NAME_2."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\[[0-9]+\])?")
PLAIN = re.compile(r"""(?:[A-Za-z][A-Za-z0-9_-]*(?:\[[0-9]+\])?=(?:"[^" ]*"|[^" {][^ ]*)(?: (?=.)|\Z))+""", re.DOTALL)
"""Sections in which each word is a whole `name=value`: nearly all of them."""
NULLS = frozenset({"?", "(null)"})
"""How the kernel and its tools write that there is no value."""

_INTEGER = re.compile(r"-?[0-9]{1,20}")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{1,16}")
_OCTAL = re.compile(r"[0-7]{1,22}")
_MESSAGE = re.compile(r"(?:^|[ \x1d])msg='")
_PERMISSIONS = re.compile(r"(denied|granted) +(?:\{([^{}]*)\}|null)(?: +for)?")
_LONGEST_WORD = 80
_WORDS = 2048
_TEXTS = frozenset({"encoded", "string"})
_NUMBERS = frozenset({"decimal", "hex", "octal"})
_QUOTES = "\"'"


class Collector:
    """Names and values on their way into one JSON object, in which a name occurs once."""

    __slots__ = ("_repeats", "fields")

    def __init__(self) -> None:
        self.fields: Fields = {}
        self._repeats: dict[str, int] = {}

    def add(self, name: str, value: Value) -> None:
        """Set a name; a second value that differs goes under name_2, a third under name_3 …"""
        fields = self.fields
        if name not in fields:
            fields[name] = value
        elif fields[name] != value:
            number = self._repeats.get(name, 2)
            while f"{name}_{number}" in fields:
                number += 1
            fields[f"{name}_{number}"] = value
            self._repeats[name] = number + 1

    def merge(self, parts: list[Fields]) -> None:
        """Add the names and values of all parts."""
        merged: Fields = {}
        for part in parts:
            merged.update(part)
        if len(merged) == sum(map(len, parts)) and merged.keys().isdisjoint(self.fields):
            self.fields.update(merged)
            return
        for part in parts:
            for name, value in part.items():
                self.add(name, value)


class Kinds:
    """How the fields of one type of record are written, and the short ones decoded lately.

    kinds: field name → decimal, hex, octal, encoded or string.
    words: `name=value` as written → its fields; most words come again and again.
    """

    __slots__ = ("kinds", "words")

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = kinds
        self.words: BoundedDict[str, Fields] = BoundedDict(_WORDS)

    def of(self, name: str) -> str:
        """How the values of a name are written."""
        kind = self.kinds.get(name)
        if kind is None:
            kind = "decimal" if name.endswith(("uid", "gid")) and not name.endswith(("uuid", "guid")) else "string"
        return kind

    def field(self, word: str) -> Fields:
        """Decode one whole `name=value`; a word where a number belongs goes under name_text, and name is null."""
        name, _, raw = word.partition("=")
        fields = self.decode(name, raw)
        if len(word) <= _LONGEST_WORD:
            self.words.keep(word, fields)
        return fields

    def decode(self, name: str, raw: str) -> Fields:
        """Decode a value as written, with its quotes."""
        text, quoted = unquote(raw)
        kind = self.of(name)
        name = key_of(name)
        if name == "msg":
            return {name: {"TEXT": text}}
        if (quoted and kind in _TEXTS) or (name == "subj" and not raw):
            return {name: text}
        value = decode(text, kind)
        if kind in _NUMBERS and isinstance(value, str) and " " in value and not quoted:
            word, _, behind = text.partition(" ")
            number = decode(word, kind)
            if isinstance(number, int) or (number is not None and number != word):
                return {name: number, "TEXT": behind}  # as in `old=64 by auid=0` of old kernels
        if kind == "decimal" and isinstance(value, str):
            return {name: None, f"{name}_text": value}
        return {name: value}


def parse_fields(body: str, kinds: Kinds) -> Fields:
    """Parse one body, which has no blanks at either end."""
    record = Collector()
    message = _MESSAGE.search(body) if "msg='" in body else None  # which few have: a search takes as long as the rest
    if message is not None:
        end = _message_end(body, message.end())
        for section in body[: message.start()].split(ENRICHED):
            _collect(section, kinds, record)
        inner = Collector()
        _collect(of_message(body[message.end() : end]), kinds, inner)
        _split_permissions(inner, keep_text=True)
        record.add("msg", inner.fields)
        body = body[end + 1 :]
    for section in body.split(ENRICHED):
        _collect(section, kinds, record)
    _split_permissions(record, keep_text=False)
    return record.fields


def key_of(name: str) -> str:
    """The JSON key of a name in a record."""
    return f"{name}_2" if name in OURS else name or "TEXT"


def decode(raw: str, kind: str) -> Value:
    """Decode one unquoted value; a word in a numeric field comes back as a str."""
    if raw in NULLS or not raw:
        return None
    if kind == "decimal":
        if raw == "unset":
            return UNSET
        if _INTEGER.fullmatch(raw) and -(1 << 63) <= (number := int(raw)) < 1 << 64:
            return number
    elif kind == "hex":
        if _HEXADECIMAL.fullmatch(raw):
            return f"0x{int(raw, 16):x}"
    elif kind == "octal":
        if _OCTAL.fullmatch(raw):
            return f"0o{int(raw, 8):o}"
    elif kind == "encoded":
        text = text_of_digits(raw)
        return raw if text is None else text
    return raw


def text_of_digits(digits: str) -> str | None:
    """The text whose bytes are written as hexadecimal digits in capitals, as the kernel does; None if they are not.

    kernel/audit.c, audit_log_n_hex. An expression that looks at each digit takes five times as long.
    """
    if not digits or digits != digits.upper():
        return None
    try:
        data = bytes.fromhex(digits)
    except ValueError:
        return None
    return data.decode("latin-1") if 2 * len(data) == len(digits) else None  # else there were blanks between them


def plain_address(body: str) -> str | None:
    """The address in a SOCKADDR body, as the kernel writes it; None if there is more in it."""
    return text_of_digits(body[6:]) if body.startswith("saddr=") else None


def plain_title(body: str) -> str | None:
    """The command line in a PROCTITLE body in hexadecimal digits, as the kernel mostly writes it; None if it is not."""
    return text_of_digits(body[10:]) if body.startswith("proctitle=") else None


def _message_end(body: str, start: int) -> int:
    """Where msg='… ends: at the last quote that a separator follows; one without such a quote was cut short."""
    end = len(body)
    while (end := body.rfind("'", start, end)) >= 0:
        if body[end + 1 : end + 2] in ("", " ", ENRICHED):
            return end
    end = body.find(ENRICHED, start)
    return len(body) if end < 0 else end


def split_section(section: str) -> list[tuple[str, str]]:
    """Cut a section into (name, value as written); words that belong to no name have the name ""."""
    if PLAIN.fullmatch(section):
        return [tuple(word.split("=", 1)) for word in section.split(" ")]  # type: ignore[misc]
    return list(_split_odd_section(section))


def _split_odd_section(section: str) -> Iterator[tuple[str, str]]:
    words = section.split(" ")
    last_quote, last_brace = _last_closings(words)
    index, count = 0, len(words)
    while index < count:
        word = words[index]
        name, equals, value = word.partition("=")
        start = index
        index += 1
        if word == "avc:":
            name, value = "avc", ""
        elif not equals or _NAME.fullmatch(name) is None:
            name, value = "", word
        elif value[:1] == '"' and (len(value) == 1 or value[-1] != '"') and start < last_quote:
            while words[index][-1:] != '"':
                index += 1
            index += 1
            value = value + " " + " ".join(words[start + 1 : index])
        elif value == "{" and start < last_brace:
            index = words.index("}", index) + 1
            value = "{" + " ".join(words[start + 1 : index - 1]) + "}"
        if value[:1] != '"' or value[-1:] != '"' or len(value) < 2:
            stop = _next_name(words, index)
            if stop > index:
                value = " ".join([value, *words[index:stop]]).strip(" ")
                index = stop
        if name or value:
            yield name, value


def _last_closings(words: list[str]) -> tuple[int, int]:
    """Where the last words stand that can close a quoted and a braced value, so that no search runs in vain."""
    quote = brace = -1
    for index, word in enumerate(words):
        if word[-1:] == '"':
            quote = index
        elif word == "}":
            brace = index
    return quote, brace


def _next_name(words: list[str], index: int) -> int:
    count = len(words)
    while index < count:
        name, equals, _ = words[index].partition("=")
        if (equals and _NAME.fullmatch(name)) or words[index] == "avc:":
            break
        index += 1
    return index


def _collect(section: str, kinds: Kinds, into: Collector) -> None:
    if PLAIN.fullmatch(section):
        known, field = kinds.words.get, kinds.field
        into.merge([known(word) or field(word) for word in section.split(" ")])
    else:
        into.merge([kinds.decode(name, raw) if name else {"TEXT": raw} for name, raw in _split_odd_section(section)])


def unquote(raw: str) -> tuple[str, bool]:
    """Take the quotes off a value; return whether it had some."""
    if len(raw) >= 2 and raw[0] == raw[-1] and raw[0] in _QUOTES:
        return raw[1:-1], True
    return raw, False


def _split_permissions(into: Collector, keep_text: bool) -> None:
    """`avc:  denied  { read open } for` to "denied": ["read", "open"]."""
    found = _PERMISSIONS.fullmatch(str(into.fields.get("avc", "")))
    if found is not None:
        if not keep_text:
            del into.fields["avc"]
        into.add(found.group(1), [word for word in (found.group(2) or "").split(" ") if word])
