"""YAML into an Options object: every value checked against its declaration, every mistake with its line.

    auditlog:                  a section: an Options object of its own
      size: 10 MiB             a number with a unit, bytes or seconds
      read_groups: [splunk]    a list; a single value will do
    label_exe:                 a map
      ^/usr/bin/java$: java

The YAML is only composed, never constructed: its nodes bear line numbers and raw text, from which values are read by
what is expected. So `marker: no` is the text "no", and nothing in the file can make an object.

    /etc/host-sensor/config.yaml
    /etc/host-sensor/conf.d/10-siem.yaml      fragments, in the order of their names, each as if it came after
    /etc/host-sensor/conf.d/20-rules.yaml
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from sensor.errors import ConfigError
from sensor.options import Declaration, OptionError, declaration, path_mistake
from sensor.printable import printable
from sensor.regex import PatternError, searcher
from sensor.rights import trust

FRAGMENTS = "conf.d"
"""The folder, beside a configuration file, of files that are read after it."""

_LARGEST = 4 << 20
"""Bytes of a configuration file."""


def read_options(path: str, defaults: Any) -> tuple[Any, list[ConfigError]]:
    """Return `defaults`, an Options object, with what the file and then its fragments set, and all mistakes.

    Sections and maps are merged; of other keys the last one holds. Mistakes come in the order of files and lines; what
    a mistaken key was before stays.
    """
    options, mistakes = defaults, []
    try:
        beside = fragments(path)
    except OSError as error:
        beside, mistakes = [], [ConfigError(str(error.filename), None, "", error.strerror or str(error))]
    for file in (path, *beside):
        options, found = _read_file(file, options)
        mistakes += found
    return options, mistakes


def files_with_keys(path: str) -> frozenset[str]:
    """Of a configuration file and its fragments, those that have a key; one that cannot be read has none."""
    return frozenset([file for file in files_of(path) if _has_key(file)])


def files_of(path: str) -> list[str]:
    """A configuration file and its fragments, as far as the latter can be listed."""
    try:
        return [path, *fragments(path)]
    except OSError:
        return [path]


def _has_key(path: str) -> bool:
    try:
        root = yaml.compose(_text_of(path), Loader=yaml.SafeLoader)
    except (ConfigError, OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return False
    return isinstance(root, yaml.MappingNode) and bool(root.value)


def fragments(path: str) -> list[str]:
    """The files conf.d/*.yaml beside a configuration file, in the order they are read in; raises OSError."""
    folder = os.path.join(os.path.dirname(path), FRAGMENTS)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    return [os.path.join(folder, name) for name in sorted(names) if name.endswith(".yaml") and not name.startswith(".")]


def _read_file(path: str, options: Any) -> tuple[Any, list[ConfigError]]:
    reader = _Reader(path, options)
    try:
        root = yaml.compose(_text_of(path), Loader=yaml.SafeLoader)
    except ConfigError as error:
        return options, [error]
    except OSError as error:
        return options, [ConfigError(path, None, "", error.strerror or str(error))]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return options, [ConfigError(path, mark.line + 1 if mark else None, "", f"this is no YAML: {error.problem}")]
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        return options, [ConfigError(path, None, "", f"this is no YAML: {error}")]
    if root is not None:
        options = reader.section(root, options, "")
    return options, sorted(reader.mistakes, key=lambda mistake: mistake.line or 0)


def _text_of(path: str) -> str:
    """The text of a file that only root or our own user can have written; raises ConfigError."""
    try:
        data = trust.read(path, trust.administrators(), _LARGEST + 1)
    except trust.UntrustedError as error:
        raise ConfigError(
            path, None, "", f"not used, because a configuration decides what runs with the sensor's rights: {error}"
        ) from error
    if len(data) > _LARGEST:
        raise ConfigError(path, None, "", f"is larger than {_LARGEST} bytes")
    return data.decode()


class _Reader:
    """Walks the sections and collects mistakes on the way."""

    def __init__(self, path: str, root: Any) -> None:
        self._path = path
        self._root = root
        self.mistakes: list[ConfigError] = []

    def section(self, node: yaml.Node, defaults: Any, prefix: str) -> Any:
        """Return `defaults` with what a mapping sets; an empty node changes nothing, and may stand beside another."""
        if _is_null(node):
            return defaults
        if not isinstance(node, yaml.MappingNode):
            self._mistake(node, prefix.rstrip("."), f"expected a section of keys, found {_found(node)}")
            return defaults
        fields = {field.name: field for field in dataclasses.fields(defaults)}
        keys: dict[str, yaml.Node] = {}
        values: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            inner = declaration(fields[name]).section if name in fields else None
            if inner is not None and _is_null(value):
                values.setdefault(name, getattr(defaults, name) or inner)
                continue
            if name in keys:
                self._mistake(key, prefix + name, f"given twice, first on line {_line(keys[name])}")
            elif name not in fields:
                self._mistake(key, prefix + name, f"no such key; {self._guess(name, list(fields))}")
            else:
                values[name] = self._value(fields[name], value, getattr(defaults, name), prefix + name)
            keys.setdefault(name, key)
        while True:
            try:
                return dataclasses.replace(defaults, **values)
            except OptionError as error:
                name = _at_fault(defaults, values, error)
                self._mistake(keys.get(name, node), prefix + error.key, str(error))
                del values[name]

    def _value(self, field: dataclasses.Field[Any], node: yaml.Node, default: Any, key: str) -> Any:
        declared = declaration(field)
        if declared.section is not None:
            return self.section(node, default or declared.section, f"{key}.")
        try:
            found = read_value(str(field.type), declared, node)
            return {**default, **found} if isinstance(default, dict) and isinstance(found, dict) and found else found
        except ValueError as error:
            self._mistake(node, key, str(error))
            return default

    def _guess(self, name: str, here: list[str]) -> str:
        """What somebody who wrote `name` may have meant: a key much like it, or the same one in another section."""
        close = _closest(name.replace("-", "_"), here, 0.7)
        if close:
            return f'did you mean "{close}"?'
        elsewhere = [key for key in _all_keys(self._root, "") if f".{key}".endswith("." + name.replace("-", "_"))]
        if elsewhere:
            return f"did you mean {' or '.join(elsewhere)}?"
        return f"here are {', '.join(here)}"

    def _mistake(self, node: yaml.Node, key: str, message: str) -> None:
        self.mistakes.append(ConfigError(self._path, _line(node), printable(key), printable(message)))


def _at_fault(defaults: Any, values: dict[str, Any], error: OptionError) -> str:
    """Which of the values that do not go together has to go: the one named, or the last without which the rest does."""
    name = error.key.partition(".")[0]
    if name in values:
        return name
    for name in reversed(values):
        try:
            dataclasses.replace(defaults, **{other: value for other, value in values.items() if other != name})
        except OptionError:
            continue
        return name
    return next(reversed(values))


def _all_keys(options: Any, prefix: str) -> list[str]:
    """The dotted names of all keys of an Options object."""
    found = []
    for field in dataclasses.fields(options):
        inner = declaration(field).section
        found += [prefix + field.name] if inner is None else _all_keys(inner, f"{prefix}{field.name}.")
    return found


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _found(node: yaml.Node) -> str:
    """What stands there, for a message."""
    if isinstance(node, yaml.MappingNode):
        return "a section"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "nothing" if _is_null(node) else f'"{node.value}"'


def read_value(annotation: str, declared: Declaration, node: yaml.Node) -> Any:
    """Read the value of one key; raises ValueError saying what was expected and what was found.

    `annotation` is the text of a field's type, as sensor.options lists them.
    """
    kind = annotation.removesuffix(" | None")
    if _is_null(node) and kind != annotation:
        return None
    return _KINDS[kind](node, declared)


def _scalar(node: yaml.Node, expected: str) -> str:
    """The text of a single value."""
    if not isinstance(node, yaml.ScalarNode) or _is_null(node):
        raise ValueError(f"expected {expected}, found {_found(node)}")
    text = str(node.value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"expected {expected}, found half of a character")
    return text


def _bool(node: yaml.Node, declared: Declaration) -> bool:
    text = _scalar(node, "true or false").lower()
    if text in {"true", "yes", "on"}:
        return True
    if text in {"false", "no", "off"}:
        return False
    raise ValueError(f"expected true or false, found {_found(node)}")


_UNITS: dict[str | None, dict[str, float]] = {
    None: {"": 1},
    "bytes": {"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30},
    "seconds": {"": 1, "ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400},
    "percent": {"": 1, "%": 1},
}
_EXAMPLES = {
    None: "",
    "bytes": " of bytes such as 10485760 or 10 MiB",
    "seconds": " of seconds such as 90 or 1.5 min",
    "percent": " such as 20 %",
}
_NUMBER = re.compile(r"([+-]?[0-9][0-9_]*(?:\.[0-9]+)?) *([A-Za-z]*|%)")


def _number(node: yaml.Node, declared: Declaration, expected: str) -> float:
    units = _UNITS[declared.unit]
    expected += _EXAMPLES[declared.unit]
    match = _NUMBER.fullmatch(_scalar(node, expected))
    if match is None or match.group(2).lower() not in units:
        raise ValueError(f"expected {expected}, found {_found(node)}")
    value = float(match.group(1).replace("_", "")) * units[match.group(2).lower()]
    if math.isinf(value):
        raise ValueError(f"expected {expected}, found one of {len(match.group(1))} digits")
    if declared.minimum is not None and value < declared.minimum:
        raise ValueError(f"expected at least {declared.minimum:g}, found {_found(node)}")
    return value


def _int(node: yaml.Node, declared: Declaration) -> int:
    value = _number(node, declared, "a whole number")
    if value != int(value):
        raise ValueError(f"expected a whole number, found {_found(node)}")
    return int(value)


def _closest(text: str, known: Sequence[str], least: float) -> str:
    """Which of these is written much like it; "" if none is. least: of difflib's ratio."""
    import difflib  # 0.1 MB that a configuration without mistakes need not have

    return next(iter(difflib.get_close_matches(text, known, 1, least)), "")


def _float(node: yaml.Node, declared: Declaration) -> float:
    return _number(node, declared, "a number")


def _str(node: yaml.Node, declared: Declaration) -> str:
    text = _scalar(node, "text")
    if declared.choices and text not in declared.choices:
        close = _closest(text, declared.choices, 0.6)
        guess = f'; did you mean "{close}"?' if close else ""
        raise ValueError(f"expected one of {declared.listed_choices()}, found {_found(node)}{guess}")
    if declared.unit == "regex":
        return _regex(text)
    if "\0" in text:  # neither a path nor a name of a user can have it, and system calls refuse it with ValueError
        raise ValueError("expected text without the character NUL")
    mistake = path_mistake(text) if declared.unit == "path" else None
    if mistake is not None:
        raise ValueError(mistake)
    return text


def _regex(text: str) -> str:
    try:
        searcher(text)
    except PatternError as error:
        raise ValueError(f'expected a regular expression, found "{text}": {error}') from None
    return text


def _tuple(node: yaml.Node, declared: Declaration) -> tuple[str, ...]:
    if _is_null(node):
        return ()
    if isinstance(node, yaml.ScalarNode):
        return (_str(node, declared),)
    if not isinstance(node, yaml.SequenceNode):
        raise ValueError(f"expected a list, found {_found(node)}")
    return tuple([_str(element, declared) for element in node.value])


def _dict(node: yaml.Node, declared: Declaration) -> dict[str, str]:
    if _is_null(node):
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(f"expected a map, found {_found(node)}")
    found: dict[str, str] = {}
    for key_node, value_node in node.value:
        key = _scalar(key_node, "text before the colon")
        if key in found:
            raise ValueError(f'"{key}" is given twice')
        found[_regex(key) if declared.unit == "regex" else key] = _scalar(value_node, f'text for "{key}"')
    return found


def _str_or_dict(node: yaml.Node, declared: Declaration) -> str | dict[str, str]:
    if isinstance(node, yaml.MappingNode):
        return _dict(node, declared)
    if isinstance(node, yaml.SequenceNode):
        raise ValueError(f"expected a map, or one of {declared.listed_choices()}, found a list")
    return _str(node, declared)


_KINDS: dict[str, Callable[[yaml.Node, Declaration], Any]] = {
    "bool": _bool,
    "int": _int,
    "float": _float,
    "str": _str,
    "tuple[str, ...]": _tuple,
    "dict[str, str]": _dict,
    "str | dict[str, str]": _str_or_dict,
}
