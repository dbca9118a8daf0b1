"""Command lines inside audit text: bodies of EXECVE, PROCTITLE and CWD records, and arguments in any line.

argc=3 a0="mysql" a1=2D7020… a2[0]=… a2[1]=…   →   argc=3 a0="mysql" a1="-p***" a2="…"
"""

from __future__ import annotations

import re

from sensor.audit.fields import decode, split_section, unquote
from sensor.audit.spellings import ENRICHED
from sensor.redact.text import MASK, Secrets

_ARGUMENT = re.compile(r"a([0-9]{1,7})(?:\[([0-9]{1,7})\])?")
_IN_LINE = re.compile(r'(?<![^ \x1d])(a[0-9]{1,7}(?:\[[0-9]{1,7}\])?)=("[^"]*"|[^ \x1d\n]*)')
_TITLE = re.compile(r'(?<![^ \x1d])proctitle=("[^"]*"|[^ \x1d\n]*)')
_PLAIN = re.compile(r"[!#-~]*")
_SHORTEST_CUT = 127
"""The kernel keeps 128 bytes of a title (kernel/auditsc.c, MAX_PROCTITLE_AUDIT_LEN)."""
_NAMES = frozenset({"proctitle", "cwd"})


def execve(body: str, secrets: Secrets) -> str:
    """The bodies of one event's EXECVE records, joined by blanks; as they were if there is no secret in them."""
    pieces: dict[int, list[tuple[int, str]]] = {}
    others: list[str] = []
    for section in body.split(ENRICHED):
        for name, raw in split_section(section):
            found = _ARGUMENT.fullmatch(name)
            if found is None:
                others.append(f"{name}={raw}" if name else raw)
            else:
                pieces.setdefault(int(found.group(1)), []).append((int(found.group(2) or 0), _decoded(raw)))
    places = sorted(pieces)
    words = [_joined(pieces[place]) for place in places]
    redacted = _without_strays(places, pieces, secrets.words(words))
    shown = [secrets.line(other) for other in others]
    if redacted == words and shown == others:
        return body
    arguments = [f"a{place}={_encoded(word)}" for place, word in zip(places, redacted)]
    return " ".join([*shown, *arguments])


def _without_strays(places: list[int], pieces: dict[int, list[tuple[int, str]]], words: list[str]) -> list[str]:
    """Mask each argument that lacks its beginning or follows a missing one.

    The missing text may be the option whose value this is; without the program's name no argument can be judged.
    """
    if places and places[0] != 0:
        return [MASK] * len(words)
    known = [place == before + 1 for before, place in zip([-1, *places], places)]
    whole = [min([index for index, _ in pieces[place]]) == 0 for place in places]
    return [word if sure else MASK for word, sure in zip(words, map(all, zip(known, whole)))]


def words(body: str, secrets: Secrets) -> str:
    """The body of a PROCTITLE or CWD record; as it was if there is no secret in it."""
    out: list[str] = []
    changed = False
    for name, raw in split_section(body):
        if name in _NAMES:
            text = _decoded(raw)
            title = secrets.words(text.split("\0"), len(text) >= _SHORTEST_CUT)
            value = _encoded("\0".join(title))
            changed = changed or title != text.split("\0")
            out.append(f"{name}={value}")
        else:
            whole = f"{name}={raw}" if name else raw
            out.append(secrets.line(whole))
            changed = changed or out[-1] != whole
    return " ".join(out) if changed else body


def nothing(name: str) -> str:
    """The body of a record of which nothing can be let out."""
    return {"EXECVE": f'argc=1 a0="{MASK}"', "PROCTITLE": f'proctitle="{MASK}"'}.get(name, f'cwd="{MASK}"')


def arguments(line: str, secrets: Secrets) -> str:
    """A line of input whose arguments and title have no secrets; a piece of an argument is masked as a whole.

    The rest of it may stand in another line, so no rule could know what it is; nor could it without the first argument.
    """
    found = list(_IN_LINE.finditer(line))
    stray = bool(found) and found[0].group(1) != "a0"
    decoded = [_decoded(each.group(2)) for each in found]
    redacted = secrets.words(decoded)
    out: list[str] = []
    done = 0
    for each, before, after in zip(found, decoded, redacted):
        out.append(line[done : each.start(2)])
        value = f'"{MASK}"' if stray or "[" in each.group(1) else _encoded(after) if after != before else each.group(2)
        out.append(value)
        done = each.end(2)
    line = "".join(out) + line[done:]
    return _TITLE.sub(lambda each: f"proctitle={_title(each.group(1), secrets)}", line)


def _title(raw: str, secrets: Secrets) -> str:
    text = _decoded(raw).split("\0")
    redacted = secrets.words(text, len("\0".join(text)) >= _SHORTEST_CUT)
    return raw if redacted == text else _encoded("\0".join(redacted))


def _decoded(raw: str) -> str:
    """A value as written → its text; of one that is torn within a byte that half byte is left out."""
    text, quoted = unquote(raw)
    if quoted:
        return text
    value = decode(text[:-1] if len(text) % 2 and decode(text, "encoded") == text else text, "encoded")
    return text if value is None else str(value)


def _encoded(text: str) -> str:
    """A text as the kernel writes one (kernel/audit.c, audit_log_n_untrustedstring)."""
    return f'"{text}"' if _PLAIN.fullmatch(text) else text.encode("latin-1").hex().upper()


def _joined(parts: list[tuple[int, str]]) -> str:
    seen: dict[int, str] = {}
    for index, text in parts:
        seen.setdefault(index, text)
    return "".join([seen[index] for index in sorted(seen)])
