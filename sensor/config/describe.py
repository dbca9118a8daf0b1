"""An Options object as commented YAML: the configuration reference, and a file to begin a configuration with.

    # Where the events go.
    auditlog:
      # A new file begins before one grows beyond this; null: never. Bytes, at least 1.
      #size: 10 MiB

Every key stands commented out with its default; taking away the `#` before a key changes nothing yet.
"""

from __future__ import annotations

import dataclasses
import json
import re
import textwrap
from typing import Any

from sensor.options import Declaration, declaration

HEADER = """\
# The configuration of host-sensor: every key, with its default. Take away the # before a key to change it.
# `host-sensor check` shows what is wrong with a file; a running sensor reads it again on SIGHUP.
# Numbers of bytes may have a unit (kB, MB, GB, KiB, MiB, GiB), and so may seconds (ms, s, min, h, d).
"""
WIDTH = 116


def describe(options: Any, header: str = HEADER) -> str:
    """Return the reference for an Options object whose fields are keys and sections, after a header."""
    return header + "".join(_fields(options, "", set()))


def _fields(options: Any, indent: str, explained: set[type]) -> list[str]:
    """Lines for all fields; the keys of a class that was `explained` before are listed without their help."""
    lines = []
    brief = type(options) in explained
    explained.add(type(options))
    for field in dataclasses.fields(options):
        declared, value = declaration(field), getattr(options, field.name)
        lines += [] if indent else ["\n"]
        if not brief:
            lines += [f"{indent}# {line}\n" for line in textwrap.wrap(caption(declared), WIDTH - len(indent) - 2)]
        if declared.section is None:
            lines.append(f"{indent}#{field.name}: {value_text(value, declared)}\n")
        elif value is not None:
            lines += [f"{indent}{field.name}:\n", *_fields(value, indent + "  ", explained)]
        else:  # absent unless asked for: commented out as a whole
            inner = _fields(declared.section, "  ", explained)
            lines += [f"{indent}#{field.name}:\n", *(indent + "#" + line.replace("#", "", 1) for line in inner)]
    return lines


def caption(declared: Declaration) -> str:
    """The help text, and what else holds for a value, as sentences."""
    facts = []
    if declared.unit in {"bytes", "seconds", "percent"}:
        facts.append(declared.unit)
    if declared.unit == "regex":
        facts.append("regular expressions")
    if declared.choices:
        facts.append(f"one of {declared.listed_choices()}")
    if declared.minimum is not None:
        facts.append(f"at least {value_text(declared.minimum, declared)}")
    text = ", ".join(facts)
    return f"{declared.help} {text[:1].upper()}{text[1:]}." if text else declared.help


def value_text(value: Any, declared: Declaration) -> str:
    """A value as YAML in one line; numbers of bytes with the largest unit that needs no fraction."""
    if isinstance(value, tuple):
        return f"[{', '.join([value_text(element, declared) for element in value])}]"
    if isinstance(value, dict):
        return "{" + ", ".join([f"{_text(key)}: {_text(text)}" for key, text in value.items()]) + "}"
    if isinstance(value, str):
        return _text(value)
    if declared.unit == "bytes" and value:
        for unit, size in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
            if value % size == 0:
                return f"{value // size} {unit}"
    return json.dumps(value)


def _text(value: str) -> str:
    """Plain where YAML reads it back as the same text, else quoted."""
    plain = re.fullmatch(r"[A-Za-z_/][A-Za-z0-9_/.@-]*(:[A-Za-z0-9_/.@-]+)*", value)
    return (
        value
        if plain and value.lower() not in {"null", "true", "false", "yes", "no", "on", "off"}
        else json.dumps(value, ensure_ascii=False)
    )
