"""Records in the lines of others: syslog's, the journal's, dmesg's, grep's, and in documents of JSON.

    Nov 18 19:55:36 web01 audisp-syslog[700]: type=CWD msg=audit(1700000000.001:1): cwd="/"
    Nov 18 19:55:41 web01 kernel: [  123.456789] audit: type=1307 audit(1700000000.001:1): cwd="/"
    audit.log.1:12:type=CWD msg=audit(1700000000.001:1): cwd="/"
    {"host":"web01","message":"type=CWD msg=audit(1700000000.001:1): cwd=\\"/\\""}
    {"_TRANSPORT":"audit","_AUDIT_TYPE":"1307","_AUDIT_ID":"1","MESSAGE":"CWD cwd=\\"/\\"",…}

Who may write to syslog can send a record as part of a message; so one must begin where the text does: behind the
first colon, or behind nothing but times, hosts and names of files.

A host in what stands before a record is not its node: a relay puts there whom it took the line from, by the name it
likes, and a record of this host would count as another's, without a process of ours. Only `node=` names it, for which
auditd has name_format.
"""

from __future__ import annotations

import re

from sensor import jsonl
from sensor.audit.framing import line_of
from sensor.audit.header import BLANKS, EVENT_ID, RECORD, Line, parse_line, records_in
from sensor.tables.record_types import NAMES

_PRIORITY = r"(?:[0-9]{1,6} )?<[0-9]{1,3}>"
_DATA = r'-|(?:\[[^\]"]*(?:"(?:[^"\\]|\\.)*"[^\]"]*)*\])+'
_DATE = r"[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.,]{5,18}(?:Z|[+-][0-9:]{4,6})?"
_PREFIX = re.compile(
    rf"(?:{_PRIORITY})?1 (?:[^ ]+ ){{5}}(?:{_DATA}) (?:\xef\xbb\xbf)?"  # RFC 5424, with RFC 6587's count
    rf"|{_PRIORITY}"
    rf"|(?:{_PRIORITY})?(?:{_DATE}) (?:[^ \"'=]+ ){{0,2}}"
    r"|[^ \"'=]+:"  # grep's
    r"|[ \t]*(?:MESSAGE=)?"  # journalctl's
    r"|\xef\xbb\xbf"
)
_OF_KERNEL = re.compile(rf"(?:audit: )?type=([0-9]{{1,10}}) audit{EVENT_ID}:(.*)\Z", re.DOTALL)
_STAMP = re.compile(r"\[(?: *[0-9]+\.[0-9]+|[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} [0-9]{4})\] \Z")
_COOKIE = re.compile(r"@cee: ?\Z")
_LONGEST_PREFIX = 512
_WITHIN = ("_source", "result", "event")
_TEXTS = ("message", "MESSAGE", "log", "original", "event.original", "_raw", "raw", "line", "msg")
"""Members of documents that hold a log's lines: of Filebeat, journald, Docker, Elasticsearch, Splunk and others."""


def behind_prefix(line: str) -> tuple[str, Line] | None:
    """The record behind what stands before it, and that if it is a piece of another record; None if there is none."""
    found = RECORD.search(line)
    if found is not None and found.start() <= _LONGEST_PREFIX:
        before = line[: found.start()]
        record = parse_line(line[found.start() :])
        if record is not None and _is_prefix(before):
            return "", record
        if record is not None and _is_piece(before):
            return before, record
    found = _OF_KERNEL.search(line)
    if found is not None and found.start() <= _LONGEST_PREFIX:
        before = _STAMP.sub("", line[: found.start()])
        if _is_prefix(before):
            number, seconds, milliseconds, serial, body = found.groups()
            id = f"{int(seconds)}.{int(milliseconds):03}:{int(serial)}"
            return "", Line("", _name(int(number)), id, body.strip(BLANKS))
    return None


def pieces_of(line: str) -> list[str]:
    """The records that stand in a line, or in the document that it is, each in a piece; the line if there is none.

    What may stand before a record may stand before several; behind other words all are somebody's message.
    """
    pieces: list[str] = []
    for each in unwrapped(line):
        found = records_in(each)
        if len(found) > 1 and _is_prefix(found[0]):
            del found[0]
        elif len(found) > 1 and not _is_piece(found[0]):
            found = [each]
        pieces += found
    return pieces


def unwrapped(line: str) -> list[str]:
    """The lines of audit text in a document of JSON, each with its newline; the line itself if there is none in it."""
    start = line.find("{", 0, _LONGEST_PREFIX)
    if start < 0 or not _is_prefix(_COOKIE.sub("", line[:start])):
        return [line]
    try:
        document = jsonl.loads(line[start:].encode("latin-1"))
    except ValueError:
        return [line]
    text = _text_in(document) if isinstance(document, dict) else ""
    inner = [f"{each}\n" for each in text.split("\n") if each]
    return inner if inner and (parse_line(inner[0]) or behind_prefix(inner[0])) is not None else [line]


def _is_prefix(text: str) -> bool:
    """Return whether a text is what stands before a record that is all of a message."""
    return text.find(": ") == len(text) - 2 >= 0 or _PREFIX.fullmatch(text) is not None


def _is_piece(text: str) -> bool:
    """Return whether a text is the beginning of a record of which not even the header is whole."""
    return text.startswith(("type=", "node=")) or "type=".startswith(text) or "node=".startswith(text)


def _name(number: int) -> str:
    return NAMES.get(number, f"UNKNOWN[{number}]")


def _text_in(document: dict[str, object]) -> str:
    """The log's own text in a document, one character for each byte; "" if there is none."""
    if document.get("_TRANSPORT") == "audit":
        return _of_journal(document)
    inner = [document.get(name) for name in _WITHIN]
    for members in (document, *[each for each in inner if isinstance(each, dict)]):
        for name in _TEXTS:
            text = _bytes_of(members.get(name))
            if "audit(" in text:
                return text
    return ""


def _of_journal(entry: dict[str, object]) -> str:
    """A record that journald took from the kernel, as auditd writes it (systemd's src/journal/journald-audit.c)."""
    numbers = [str(entry.get(name)) for name in ("_AUDIT_TYPE", "_AUDIT_ID", "_SOURCE_REALTIME_TIMESTAMP")]
    if not all(number.isascii() and number.isdecimal() and len(number) <= 16 for number in numbers):
        return ""
    type, serial, microseconds = map(int, numbers)
    seconds, milliseconds = divmod(microseconds // 1000, 1000)
    body = _bytes_of(entry.get("MESSAGE")).partition(" ")[2]
    return line_of("", _name(type), f"{seconds}.{milliseconds:03}:{serial}", body.replace("\n", " "))


def _bytes_of(value: object) -> str:
    """A text of JSON, one character for each byte; journalctl writes one that is not printable as a list of numbers."""
    if isinstance(value, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("latin-1")
    return value.encode("utf-8", "surrogatepass").decode("latin-1") if isinstance(value, str) else ""
