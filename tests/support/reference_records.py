"""The naive implementation, first part: the type and body of a record to the members of a JSON object.

What `sensor.audit` does fast this does plainly, from the same documents: one word and one character at a time, no
cache and no regular expression. It may be slow, quadratic even; it may never be clever.

    PATH, item=0 name=2F746D702F612062 inode=12  →  {"item": 0, "name": "/tmp/a b", "inode": 12}

In and out, a str holds one byte per character. Only the options and lists of names are shared.
"""

from __future__ import annotations

import json
import string
import unicodedata
from typing import Any

from sensor.audit.fields import OURS
from sensor.audit.options import TransformOptions
from sensor.tables import record_types
from sensor.tables.fields import kinds_of
from tests.support.reference_spellings import is_hex, is_quoted, of_message, respelled, unquoted, with_separator

MISSING = 1024  # arguments of a command line that are shown as null
LETTERS = string.ascii_letters
DIGITS = string.digits
UPPER_HEX = "0123456789ABCDEF"


# ---------------------------------------------------------------------------------------------------------------- text
def characters(text: str) -> list[tuple[str, bytes]]:
    """Bytes as (character, its bytes); the character is "" for a byte that is no part of valid UTF-8."""
    data = text.encode("latin-1")
    found = []
    while data:
        for length in (1, 2, 3, 4):
            try:
                found.append((data[:length].decode("utf-8"), data[:length]))
                break
            except UnicodeDecodeError:
                continue
        else:
            length = 1
            found.append(("", data[:1]))
        data = data[length:]
    return found


def percent_string(text: str) -> str:
    out = ""
    for character, data in characters(text):
        if character in ('"', "\\"):
            out += "\\" + character
        elif character == "" or ord(character) < 0x20 or character in "\x7f%+\ufeff":
            out += "".join(f"%{byte:02x}" for byte in data)
        else:
            out += as_shown(character, data)
    return f'"{out}"'


def as_shown(character: str, data: bytes) -> str:
    """A character as it is, or as JSON escapes it where no screen shows it."""
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp"):
        return json.dumps(character)[1:-1] if character != "\x7f" else "\\u007f"
    return data.decode("latin-1")


def unicode_string(text: str) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
    out = ""
    for character, data in characters(text):
        if character == "":
            out += "\ufffd".encode().decode("latin-1")
        elif character in short:
            out += short[character]
        elif ord(character) < 0x20:
            out += f"\\u{ord(character):04x}"
        else:
            out += as_shown(character, data)
    return f'"{out}"'


def is_bad(value: Any) -> bool:
    return isinstance(value, str) and any(character == "" for character, _ in characters(value))


def exact(value: Any) -> Any:
    return value.encode("latin-1").hex() if is_bad(value) else None


def to_json(value: Any, strings: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return percent_string(value) if strings == "percent" else unicode_string(value)
    if isinstance(value, list):
        return "[" + ",".join(to_json(element, strings) for element in value) + "]"
    if strings == "unicode":
        value = with_exact_bytes(value)
    return "{" + ",".join(f'"{name}":{to_json(inner, strings)}' for name, inner in value.items()) + "}"


def with_exact_bytes(fields: dict[str, Any]) -> dict[str, Any]:
    """Beside each text that is not UTF-8, its bytes in hexadecimal, under a name that nothing else has."""
    out: dict[str, Any] = {}
    for name, value in fields.items():
        out[name] = value
        beside = None
        if is_bad(value):
            beside = exact(value)
        elif isinstance(value, list) and any(is_bad(element) for element in value):
            beside = [exact(element) for element in value]
        if beside is not None:
            suffix = "_HEX" if name.isupper() else "_hex"
            name += suffix
            while name in out or name in fields:
                name += suffix
            out[name] = beside
    return out


# -------------------------------------------------------------------------------------------------------------- fields
def field_name(word: str) -> str | None:
    """The name in `name=…`, or None: letters, digits, _ and -, a letter first; perhaps an index in brackets last."""
    name, equals, _ = word.partition("=")
    if not equals:
        return None
    stem, bracket, index = name.partition("[")
    if bracket and not (index[-1:] == "]" and index[:-1] and all(c in DIGITS for c in index[:-1])):
        return None
    if not stem or stem[0] not in LETTERS or any(c not in LETTERS + DIGITS + "_-" for c in stem):
        return None
    return name


def begins_field(word: str) -> bool:
    return word == "avc:" or field_name(word) is not None


def cut(section: str) -> list[tuple[str, str]]:
    """A section as (name, value as written); words that belong to no name have the name ""."""
    words = section.split(" ")
    found = []
    while words:
        word = words.pop(0)
        name = field_name(word) or ""
        raw = word[len(name) + 1 :] if name else word
        if word == "avc:":
            name, raw = "avc", ""
        if name and raw[:1] == '"' and not is_quoted(raw) and any(word[-1:] == '"' for word in words):
            closed = False
            while not closed:
                closed = words[0][-1:] == '"'
                raw += " " + words.pop(0)
        elif name and raw == "{" and "}" in words:
            end = words.index("}")
            raw = "{" + " ".join(words[:end]) + "}"
            words = words[end + 1 :]
        if not is_quoted(raw) and words and not begins_field(words[0]):
            while words and not begins_field(words[0]):
                raw += " " + words.pop(0)
            raw = raw.strip(" ")
        if name or raw:
            found.append((name, raw))
    return found


def add(fields: dict[str, Any], name: str, value: Any) -> None:
    """Add what a record says under a name."""
    put(fields, f"{name}_2" if name in OURS else name, value)


def put(fields: dict[str, Any], name: str, value: Any) -> None:
    """A second value of one name goes under name_2, unless it is the same."""
    if name not in fields:
        fields[name] = value
    elif fields[name] != value:
        number = 2
        while f"{name}_{number}" in fields:
            number += 1
        fields[f"{name}_{number}"] = value


def value_of(raw: str, kind: str) -> Any:
    if raw in ("", "?", "(null)"):
        return None
    if kind == "decimal":
        digits = raw[1:] if raw[0] == "-" else raw
        if raw == "unset":
            return 2**32 - 1
        if 1 <= len(digits) <= 20 and all(c in DIGITS for c in digits) and -(2**63) <= int(raw) < 2**64:
            return int(raw)
    if kind == "hex" and len(raw) <= 16 and all(c in string.hexdigits for c in raw):
        return hex(int(raw, 16))
    if kind == "octal" and len(raw) <= 22 and all(c in string.octdigits for c in raw):
        return oct(int(raw, 8))
    if kind == "encoded" and is_hex(raw):
        return bytes.fromhex(raw).decode("latin-1")
    return raw


def read_section(section: str, kinds: dict[str, str], fields: dict[str, Any]) -> None:
    for name, raw in cut(section):
        text, quoted = unquoted(raw)
        kind = kinds.get(name, "string")
        if name not in kinds and name[-3:] in ("uid", "gid") and name[-4:] not in ("uuid", "guid"):
            kind = "decimal"
        if name == "":
            add(fields, "TEXT", raw)
        elif name == "msg":
            add(fields, "msg", {"TEXT": text})
        elif (quoted and kind in ("encoded", "string")) or (name == "subj" and raw == ""):
            add(fields, name, text)
        elif is_number_before_words(text, quoted, kind):
            number, _, behind = text.partition(" ")
            add(fields, name, value_of(number, kind))
            add(fields, "TEXT", behind)
        elif kind == "decimal" and isinstance(value_of(text, kind), str):
            add(fields, name, None)
            add(fields, f"{name}_text", text)
        else:
            add(fields, name, value_of(text, kind))


def is_number_before_words(text: str, quoted: bool, kind: str) -> bool:
    """`64 by`, of an old kernel's `old=64 by auid=0`."""
    number, blank, _ = text.partition(" ")
    value = value_of(number, kind) if number else None
    return bool(blank) and not quoted and kind in ("decimal", "hex", "octal") and value not in (None, number)


def message(body: str) -> tuple[str, str, str] | None:
    """What stands before, in and behind the first msg='…'.

    The quote that ends it is the last before a separator; a message without one was cut short.
    """
    separators = " \x1d"
    starts = [i for i in range(len(body)) if body[i : i + 5] == "msg='" and (i == 0 or body[i - 1] in separators)]
    if not starts:
        return None
    start = starts[0] + 5
    ends = [i for i in range(start, len(body)) if body[i] == "'" and body[i + 1 : i + 2] in ("", *separators)]
    end = (ends or [i for i in range(start, len(body)) if body[i] == "\x1d"][:1] or [len(body)])[-1]
    return body[: max(starts[0] - 1, 0)], body[start:end], body[end + 1 :]


def split_permissions(fields: dict[str, Any], keep_text: bool) -> None:
    """avc:  denied  { read open } for …"""
    avc = fields.get("avc")
    words = [word for word in avc.split(" ") if word] if isinstance(avc, str) else []
    if words[-1:] == ["for"]:
        words = words[:-1]
    if words[:1] not in (["denied"], ["granted"]) or len(words) < 2:
        return
    inner = " ".join(words[1:])
    if inner != "null" and not (inner[0] == "{" and inner[-1] == "}" and not set("{}") & set(inner[1:-1])):
        return
    if not keep_text:
        del fields["avc"]
    put(fields, words[0], [] if inner == "null" else [word for word in inner[1:-1].split(" ") if word])


def read_body(name: str, body: str) -> dict[str, Any]:
    kinds = kinds_of(name if name in record_types.NUMBERS else "")
    fields: dict[str, Any] = {}
    netlabel = False
    body = respelled(name, with_separator(body))
    if name == "TTY" and body.startswith("tty "):
        body = body[4:]
    elif name == "MAC_POLICY_LOAD" and body.startswith("policy loaded "):
        body = body[14:]
    elif body.startswith("netlabel: "):
        body, netlabel = body[10:], True
    parts = message(body)
    if parts is not None:
        before, inside, body = parts
        for section in before.split("\x1d"):
            read_section(section, kinds, fields)
        inner: dict[str, Any] = {}
        read_section(of_message(inside), kinds, inner)
        split_permissions(inner, keep_text=True)
        add(fields, "msg", inner)
    for section in body.split("\x1d"):
        read_section(section, kinds, fields)
    split_permissions(fields, keep_text=False)
    if netlabel:
        add(fields, "netlabel", None)
    return fields


# ------------------------------------------------------------------------------------------------------- command lines
def argument(name: str) -> tuple[int, int] | None:
    """The numbers of the argument and its piece in `a7` and `a7[2]`; a length, `a7_len`, has the piece -1."""
    number, bracket, piece = name[1:].partition("[")
    length = number.endswith("_len") and not bracket
    number = number[:-4] if length else number
    if name[:1] != "a" or not 1 <= len(number) <= 7 or any(c not in DIGITS for c in number):
        return None
    if not bracket:
        return int(number), -1 if length else 0
    return (int(number), int(piece[:-1])) if 1 <= len(piece) - 1 <= 7 else None


def read_execve(body: str, options: TransformOptions) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    arguments: dict[int, dict[int, str]] = {}
    count = 0
    for section in body.split("\x1d"):
        for name, raw in cut(section):
            text, quoted = unquoted(raw)
            place = argument(name)
            if name == "argc":
                number = value_of(text, "decimal")
                add(fields, "argc", number if isinstance(number, int) else None)
                count = max(count, number) if isinstance(number, int) else count
            elif place is None:
                add(fields, name or "TEXT", text if quoted else value_of(text, "string"))
            elif place[1] >= 0:
                value = text if quoted else value_of(text, "encoded")
                arguments.setdefault(place[0], {}).setdefault(place[1], value or "")
    argv: list[Any] = []
    nulls = MISSING
    position = 0
    for number in [*sorted(arguments), max([count, *(number + 1 for number in arguments)])]:
        missing = number - position
        if missing <= nulls:
            argv += [None] * missing
            nulls -= missing
        else:
            argv.append({"skipped_args": missing, "skipped_bytes": None})
        if number in arguments:
            argv.append("".join(arguments[number][piece] for piece in sorted(arguments[number])))
        position = number + 1
    argv = limited(argv, options.execve_argv_limit_bytes)
    if "array" in options.execve_argv:
        fields["ARGV"] = argv
    if "string" in options.execve_argv:
        fields["ARGV_STR"] = " ".join(map(shown, argv))
    return fields


def limited(argv: list[Any], limit: int | None) -> list[Any]:
    """A command line longer than the limit keeps what fits into half of it at either end."""

    def size(arguments: list[Any]) -> int:
        return sum(len(text) + 1 if isinstance(text, str) else 1 for text in arguments)

    if limit is None or size(argv) <= limit:
        return argv
    head = tail = 0
    while head < len(argv) and size(argv[: head + 1]) <= limit // 2:
        head += 1
    while tail < len(argv) - head and size(argv[len(argv) - tail - 1 :]) <= limit // 2:
        tail += 1
    middle = argv[head : len(argv) - tail]
    return [*argv[:head], {"skipped_args": len(middle), "skipped_bytes": size(middle) - 1}, *argv[len(argv) - tail :]]


def shown(argument: Any) -> str:
    if isinstance(argument, dict):
        return f"<<< Skipped: args={argument['skipped_args']}, bytes={argument['skipped_bytes']} >>>"
    return argument or ""


def read_proctitle(body: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, raw in cut(body):
        text, quoted = unquoted(raw)
        if name != "proctitle":
            add(fields, name or "TEXT", text)
        elif quoted:
            put(fields, "ARGV", text.split("\0"))
        elif value_of(text, "encoded") is None:
            put(fields, "proctitle", None)
        else:
            half = text[-1] if is_hex(text[:-1]) and text[-1] in UPPER_HEX else ""
            put(fields, "ARGV", value_of(text[: len(text) - len(half)], "encoded").split("\0"))
    return fields


def read_record(name: str, body: str, options: TransformOptions) -> dict[str, Any]:
    """The members of the JSON object of a record of the type called `name`."""
    if name == "EXECVE":
        fields = read_execve(body, options)
    elif name == "PROCTITLE":
        fields = read_proctitle(body)
    else:
        fields = read_body(name, body)
    if isinstance(fields.get("key"), str):
        fields["KEYS"] = fields["key"].split("\x01")
    if name == "SYSCALL":
        raws = [fields.pop(argument) for argument in ("a0", "a1", "a2", "a3") if argument in fields]
        fields["ARGV"] = [None if raw is None else value_of(raw, "hex") for raw in raws]
    return fields
