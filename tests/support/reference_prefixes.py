"""The naive implementation, third part: what may stand before a record in its line."""

from __future__ import annotations

from tests.support.reference_records import DIGITS, LETTERS

BOM = "\xef\xbb\xbf"


def digits(text: str, start: int, most: int) -> str:
    """The digits at a place in the text, no more than so many."""
    end = start
    while end < len(text) and end - start < most and text[end] in DIGITS:
        end += 1
    return text[start:end]


def is_piece(text: str) -> bool:
    """The beginning of a record whose header is not whole."""
    return text.startswith(("type=", "node=")) or text in ("type="[: len(text)], "node="[: len(text)])


def is_prefix(text: str) -> bool:
    """What stands before a message: nothing, a text up to its first colon, or what some program writes there."""
    if text.endswith(": ") and text.index(": ") == len(text) - 2:
        return True
    if text.lstrip(" \t") in ("", "MESSAGE=") or text == BOM or is_of_grep(text):
        return True
    rest = behind_priority(text)
    return rest == "" or is_rfc5424(rest) or is_time_and_hosts(rest)


def is_of_grep(text: str) -> bool:
    """`audit.log.1:12:`."""
    return text.endswith(":") and len(text) > 1 and not any(c in text for c in " \"'=")


def behind_priority(text: str) -> str:
    """`<86>`, and the length before it, left out."""
    count = digits(text, 0, 6)
    rest = text[len(count) + 1 :] if count and text[len(count) :].startswith(" <") else text
    number = digits(rest, 1, 3)
    return rest[len(number) + 2 :] if rest[:1] == "<" and number and rest[len(number) + 1 :][:1] == ">" else text


def is_rfc5424(text: str) -> bool:
    """Its seven fields, the last one of which is the structured data."""
    words = text.removesuffix(BOM).split(" ", 6)
    return len(words) == 7 and words[0] == "1" and all(words) and words[6].endswith(" ") and is_data(words[6][:-1])


def is_data(text: str) -> bool:
    """`[name key="va]l\\"ue"][other]`, or a hyphen."""
    quoted = inside = False
    place = 0
    while place < len(text):
        c = text[place]
        if quoted:
            place += c == "\\"
            quoted = c != '"'
        elif inside:
            quoted, inside = c == '"', c != "]"
        elif c == "[":
            inside = True
        else:
            return text == "-"
        place += 1
    return text != "" and not inside and place == len(text)


def is_time_and_hosts(text: str) -> bool:
    """A time and no more than two words."""
    length = length_of_time(text)
    words = text[length:].split(" ")
    if not length or len(words) not in (2, 3, 4) or words[0] or words[-1]:
        return False
    return all(word and not any(c in word for c in "\"'=") for word in words[1:-1])


def length_of_time(text: str) -> int:
    """`Nov 18 19:55:36` or `2024-11-18T19:55:39.123456+00:00`; 0 for anything else."""
    month = text[:3]
    if month[:1].isascii() and month[:1].isupper() and is_small(month[1:]) and len(month) == 3:
        rest = text[3:15]
        day = rest[:1] == " " and rest[3:4] == " " and all(c in " 0123456789" for c in rest[1:3])
        return 15 if day and len(rest) == 12 and all(c in "0123456789:" for c in rest[4:]) else 0
    word = text.partition(" ")[0]
    if len(word) == 10 and text[10:11] == " ":
        word = text[: 11 + len(text[11:].partition(" ")[0])]
    parts = [word[:4], word[5:7], word[8:10]]
    if word[4:5] + word[7:8] != "--" or not all(len(digits(part, 0, 4)) == len(part) for part in parts):
        return 0
    clock = word[11:]
    length = 0
    while length < len(clock) and clock[length] in "0123456789:.,":
        length += 1
    zone = clock[length:]
    plain = zone in ("", "Z") or (
        zone[0] in "+-" and 4 <= len(zone) - 1 <= 6 and all(c in DIGITS + ":" for c in zone[1:])
    )
    return len(word) if word[10:11] in ("T", " ") and 5 <= length <= 18 and plain else 0


def is_small(text: str) -> bool:
    """Small letters of ASCII only."""
    return all(c in LETTERS and c == c.lower() for c in text)


def without_stamp(text: str) -> str:
    """`[  123.456789] ` or `[Tue Nov 14 22:13:20 2023] ` at the end of a text left out."""
    if not text.endswith("] ") or "[" not in text:
        return text
    start = text.rindex("[")
    inside = text[start + 1 : -2]
    seconds, point, rest = inside.lstrip(" ").partition(".")
    is_stamp = bool(point and seconds and rest) and all(c in DIGITS for c in seconds + rest)
    weekday, date, year = inside[:4], inside[4:19], inside[19:]
    is_date = weekday[:1].isupper() and is_small(weekday[1:3]) and weekday[3:] == " " and length_of_time(date) == 15
    return text[:start] if is_stamp or (is_date and year[:1] == " " and len(digits(year, 1, 4)) == 4) else text
