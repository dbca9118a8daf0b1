"""Other spellings of bodies: those of old kernels and programs, and of collectors that lose the byte 0x1d.

    key="exec"ARCH=x86_64 SYSCALL=execve AUID="alice"       key="exec"^]ARCH=x86_64 SYSCALL=execve AUID="alice"
    uid=0 old auid=4294967295 new auid=500 new ses=7        uid=0 old-auid=4294967295 auid=500 ses=7
    acct=bob: exe="/x" (hostname=?, addr=::1, res=ok)       acct=bob exe="/x" hostname=? addr=::1 res=ok

What auditd appends (ENRICHED) begins with one of a few names in capitals and reaches to the end of the record. The
kernel writes a value with a quote in hexadecimal, so between a pair of quotes none of it begins. audit-userspace takes
away the punctuation of old messages likewise (auparse/ellist.c).
"""

from __future__ import annotations

import re
from typing import Final

ENRICHED: Final = "\x1d"
_ID = r"(?:A|E|S|FS|O|OA|I|SA|OLD-A|OLD_A|NEW_)?[UG]ID"
_BEHIND_NAMETYPE = "|".join(f"(?<={name})" for name in ("NORMAL", "PARENT", "DELETE", "CREATE", "UNKNOWN"))
_NAMES = rf"(?:ARCH|SADDR|ID|SYSCALL|{_ID})="
_BARE = rf"(?:(?:ARCH|SADDR)=|(?<![A-Z_-])(?:ID|SYSCALL|{_ID})=|(?:{_BEHIND_NAMETYPE})OUID=)"
_ESCAPES = ("#035", "\\035", "\\x1d", "\\x1D", "\\u001d", "\\u001D", "^]", "%1D", "%1d", "<0x1d>", "&#x1d;")
_REPLACED = ("\t", "\xef\xbf\xbd", "\xe2\x90\x9d")
"""What collectors write for the byte, or put in its place: a tab, U+FFFD, U+241D, some a question mark."""
_ESCAPED = rf"(?:{'|'.join(map(re.escape, _ESCAPES + _REPLACED))}|(?<!=)\?)"
_CANDIDATE = re.compile(rf'"[^"]*"|(?<=[^ {ENRICHED}])(?:{_ESCAPED}(?={_NAMES})|(?={_BARE}))')
_TAIL = re.compile(
    rf"{_ESCAPED}?"
    r'((?:[A-Z][A-Z_-]*=(?:"[^"]*"|\{[^{}]*\})|(?:ARCH|SYSCALL|SADDR)=[^ "{}]+)'
    r'(?: (?:[A-Z][A-Z_-]*=(?:"[^"]*"|\{[^{}]*\})|(?:ARCH|SYSCALL|SADDR)=[^ "{}]+))*)\Z'
)
_MOST_TRIED = 4
_OLD_OR_NEW = re.compile(r"(?<![^ ])(?:old (?=(?:auid|ses)=)|new (?=(?:auid|ses)=))")
_OLD_MESSAGE = re.compile(r"\((?:sauid|hostname|addr|terminal|result|res)=")
_OF_DAEMON = re.compile(r"(?<![^ ])([a-z_-]+=[^ ]*),(?: auditd(?= pid=))?(?![^ ])")


def with_separator(body: str) -> str:
    """A body with the separator before what auditd appended, if that was lost or escaped on the way."""
    if ENRICHED in body or not ('ID="' in body or "SADDR=" in body or "ARCH=" in body):
        return body
    tried = 0
    for found in _CANDIDATE.finditer(body):
        if body[found.start() : found.start() + 1] == '"' and found.end() > found.start():
            continue
        tail = _TAIL.match(body, found.start())
        if tail is not None:
            return f"{body[: found.start()]}{ENRICHED}{tail.group(1)}"
        tried += 1
        if tried == _MOST_TRIED:
            break
    return body


def of_login(body: str) -> str:
    """The body of a LOGIN with names as Linux 3.14 and later write them."""
    if "new auid=" not in body:
        return body
    return _OLD_OR_NEW.sub(lambda found: "old-" if found.group().startswith("old") else "", body)


def of_daemon(body: str) -> str:
    """The body of a DAEMON_* without the commas of auditd 1: `ver=1.7, format=raw, … res=success, auditd pid=7`."""
    return _OF_DAEMON.sub(r"\1", body) if ", " in body else body


def of_message(text: str) -> str:
    """The inside of msg='…' without the punctuation of RHEL 5 and its like."""
    if _OLD_MESSAGE.search(text) is None:
        return text
    return " ".join([_without_punctuation(word) for word in text.split(" ") if word != ":"])


def _without_punctuation(word: str) -> str:
    name, equals, value = word.partition("=")
    if not equals:
        return word
    if value[:1] == '"':
        text, quote, behind = value.rpartition('"')
        value = text + quote if text and not behind.strip(",:)'") else value
    elif value[:1] != "(":
        value = value.rstrip(",)'")
        value = value[:-1] if value[-1:] == ":" and value[-2:] != "::" else value
    return f"{name.lstrip('(')}={value}"
