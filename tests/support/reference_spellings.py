"""The naive implementation, third part: where records begin in a line, and other spellings of their bodies."""

from __future__ import annotations

import string

CAPITALS = string.ascii_uppercase
UPPER_HEX = "0123456789ABCDEF"
ESCAPES = ["#035", "\\035", "^]", "%1d", "%1D", "<0x1d>", "&#x1d;", "\t", "\xef\xbf\xbd", "\xe2\x90\x9d"]
ESCAPES += ["\\x1d", "\\x1D", "\\u001d", "\\u001D"]
NAMETYPES = ("NORMAL", "PARENT", "DELETE", "CREATE", "UNKNOWN")
BEFORE_ID = ("", "A", "E", "S", "FS", "O", "OA", "I", "SA", "OLD-A", "OLD_A", "NEW_")
IDS = [f"{before}{kind}ID" for before in BEFORE_ID for kind in "UG"]


# ----------------------------------------------------------------------------------------------------------- separator
def escape_at(body: str, place: int) -> int:
    """How long the escaped separator at a place is."""
    if body[place : place + 1] == "?" and body[place - 1 : place] != "=":
        return 1
    return next((len(escape) for escape in ESCAPES if body.startswith(escape, place)), 0)


def appended_at(body: str, place: int, escaped: bool = False) -> bool:
    """Whether the first of the names that auditd appends stands at a place."""
    if body.startswith(("ARCH=", "SADDR="), place):
        return True
    if body.startswith("OUID=", place) and body[:place].endswith(NAMETYPES):
        return True
    before = body[place - 1 : place]
    return (escaped or not (before and before in CAPITALS + "_-")) and any(
        body.startswith(f"{name}=", place) for name in ("ID", "SYSCALL", *IDS)
    )


def reaches_the_end(text: str) -> bool:
    """Whether a text is nothing but names in capitals and values, a blank between them."""
    while True:
        name, equals, text = text.partition("=")
        if not equals or name[:1] not in list(CAPITALS) or any(c not in CAPITALS + "_-" for c in name):
            return False
        if text[:1] == '"':
            value, quote, text = text[1:].partition('"')
            closed = bool(quote)
        elif text[:1] == "{":
            value, brace, text = text[1:].partition("}")
            closed = bool(brace) and "{" not in value
        else:
            value, blank, text = text.partition(" ")
            text = blank + text
            closed = bool(value) and not set('"{}') & set(value) and name in ("ARCH", "SYSCALL", "SADDR")
        if not closed:
            return False
        if not text:
            return True
        if text[0] != " ":
            return False
        text = text[1:]


def with_separator(body: str) -> str:
    """The separator before what auditd appended, if it was lost: outside of quotes, within the first four places."""
    if "\x1d" in body or not any(word in body for word in ('ID="', "SADDR=", "ARCH=")):
        return body
    place = tried = 0
    while place < len(body) and tried < 4:
        if body[place] == '"' and '"' in body[place + 1 :]:
            place = body.index('"', place + 1) + 1
            continue
        length = escape_at(body, place)
        if place == 0 or body[place - 1] in " \x1d" or not appended_at(body, place + length, length > 0):
            length = 0
            if place == 0 or body[place - 1] in " \x1d" or not appended_at(body, place):
                place += 1
                continue
        if reaches_the_end(body[place + length :]):
            return f"{body[:place]}\x1d{body[place + length :]}"
        tried += 1
        place += length or 1
    return body


# ------------------------------------------------------------------------------------------------------ old spellings
def respelled(name: str, body: str) -> str:
    """The body of a record of a type as it is spelled today."""
    if name == "LOGIN":
        return of_login(body)
    return of_daemon(body) if name.startswith("DAEMON_") else body


def of_login(body: str) -> str:
    if "new auid=" not in body:
        return body
    words = body.split(" ")
    out: list[str] = []
    for word in words:
        if word.startswith(("auid=", "ses=")) and out[-1:] == ["old"]:
            out[-1] = f"old-{word}"
        elif word.startswith(("auid=", "ses=")) and out[-1:] == ["new"]:
            out[-1] = word
        else:
            out.append(word)
    return " ".join(out)


def of_daemon(body: str) -> str:
    words = body.split(" ")
    out: list[str] = []
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        is_field = equals and name and all(c in string.ascii_lowercase + "_-" for c in name)
        if word == "auditd" and place and words[place + 1 : place + 2] and words[place + 1].startswith("pid="):
            before = words[place - 1].partition("=")
            if before[1] and before[2].endswith(",") and out[-1] != words[place - 1]:
                continue
        out.append(word[:-1] if is_field and value.endswith(",") else word)
    return " ".join(out) if ", " in body else body


def of_message(text: str) -> str:
    if not any(f"({name}=" in text for name in ("sauid", "hostname", "addr", "terminal", "result", "res")):
        return text
    return " ".join(plain_word(word) for word in text.split(" ") if word != ":")


def plain_word(word: str) -> str:
    if "=" not in word:
        return word
    name, value = word[: word.index("=")], word[word.index("=") + 1 :]
    while name.startswith("("):
        name = name[1:]
    if value.startswith('"'):
        closing = value.rindex('"')
        if closing > 0 and all(c in ",:)'" for c in value[closing + 1 :]):
            value = value[: closing + 1]
    elif not value.startswith("("):
        while value.endswith((",", ")", "'")):
            value = value[:-1]
        if value.endswith(":") and not value.endswith("::"):
            value = value[:-1]
    return f"{name}={value}"


# -------------------------------------------------------------------------------------------------------------- values
def is_quoted(raw: str) -> bool:
    return len(raw) >= 2 and raw[0] == '"' and raw[-1] == '"'


def unquoted(raw: str) -> tuple[str, bool]:
    if len(raw) >= 2 and raw[0] == raw[-1] and raw[0] in "\"'":
        return raw[1:-1], True
    return raw, False


def is_hex(raw: str) -> bool:
    return len(raw) > 0 and len(raw) % 2 == 0 and all(c in UPPER_HEX for c in raw)
