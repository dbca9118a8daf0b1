"""How a part declares what can be configured about it: `option()` for a key, `section()` for keys below one.

Only the declaration lives here; `sensor.config` reads YAML into these classes, checks it and prints the reference from
them. A part keeps one frozen dataclass beside the code that uses it:

    from __future__ import annotations
    from dataclasses import dataclass
    from sensor.options import option

    @dataclass(frozen=True)
    class Options:
        \"""Where finished lines go.\"""
        file: str = option("audit.jsonl", "File name below `directory`; `-` is standard output.")
        size: int | None = option(None, "Start a new file beyond this size.", minimum=4096, unit="bytes")
        strings: str = option("percent", "How bytes that are no text are shown.", choices=("percent", "unicode"))
        read_users: tuple[str, ...] = option((), "Users who may read the file.")

A key's type is its annotation, one of: bool, int, float, str, tuple[str, ...], dict[str, str], each also `| None`, and
`str | dict[str, str]`, a word or a map.
Annotations are never evaluated, so `int | None` is right on every Python. Help texts are whole sentences; the first
line of the class docstring is the caption of the section in the reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*:)")


class OptionError(ValueError):
    """Raised by an Options class's `__post_init__` for a value that no declaration can rule out.

    `key` is the key at fault, without its section, so that the message can name the line it stands on; `inner.key` is
    one of a section inside.
    """

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True)
class Declaration:
    """The arguments of `option()`, kept as the field's `metadata["option"]`.

    `unit` is what a value means and how text is read: "bytes" takes 10485760 as well as "10 MiB", "seconds" takes
    5 as well as "5 min", "percent" takes 20 as well as "20 %", "regex" must compile (of a dict the keys), "path" must
    name a file or directory of this host (see `path_mistake`); None takes the value as it is. `minimum` holds for
    numbers; `choices` holds for a text or for each element of a tuple. `section` is what a nested section holds where
    the configuration has nothing else: an object of its Options class.
    """

    help: str
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    unit: str | None = None
    section: Any = None

    def listed_choices(self) -> str:
        """The choices as words of a sentence; empty text as two quotes."""
        return ", ".join([str(choice) or '""' for choice in self.choices])


def option(
    default: Any,
    help: str,
    choices: tuple[Any, ...] | None = None,
    minimum: float | None = None,
    unit: str | None = None,
) -> Any:
    """Declare one key of an Options class; see `Declaration` for what the arguments mean."""
    metadata = {"option": Declaration(help, choices or (), minimum, unit)}
    if isinstance(default, dict):
        return field(default_factory=default.copy, metadata=metadata)
    return field(default=default, metadata=metadata)


def section(options: Any, optional: bool = False, help: str = "") -> Any:
    """Declare a nested section by an object with its defaults; an optional one is None unless the configuration has it.

    Without `help` the first line of its class's docstring is the caption.
    """
    caption = help or str(type(options).__doc__).partition("\n")[0]
    return field(default=None if optional else options, metadata={"option": Declaration(caption, section=options)})


def declaration(of: Any) -> Declaration:
    """The `Declaration` of a dataclass field made by `option()` or `section()`."""
    found: Declaration = of.metadata["option"]
    return found


def path_mistake(text: str) -> str | None:
    """What is wrong with a text that should name a file or directory of this host; None: nothing.

    `tcp://collector:514`, `https://…` and `tcp:collector:514` are words of programs that have such outputs. Taken as
    names of files they would silently fill the disk.
    """
    scheme = _SCHEME.match(text)
    if scheme is not None:
        return f'expected a path, found "{text}": nothing here serves "{scheme[1]}"; ./{text.strip()} would be a file'
    return None
