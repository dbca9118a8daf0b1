"""What a configuration asks for that this host does not have: no mistake in the file, and yet not what was meant.

user: there is no user _laurel on this host; the sensor would run as nobody
"""

from __future__ import annotations

import dataclasses
import glob
from collections.abc import Iterator
from typing import NamedTuple

from sensor.config import Config
from sensor.outputs import Options as OutputOptions
from sensor.rights import accounts
from sensor.stages.custom.loading import StageFileError, find, source


class Missing(NamedTuple):
    """Something that is not there.

    option: dotted name of the option that asks for it; kind: "user", "group" or "stage"; text: a sentence about it.
    """

    option: str
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.option}: {self.text}"


def missing(config: Config) -> Iterator[Missing]:
    """All that is missing on this host; waits for name services."""
    if config.user is not None and accounts.any_user(config.user) is None:
        text = f"there is no user {config.user} on this host; the sensor would run as {accounts.stand_in().name}"
        yield Missing("user", "user", text)
    for pattern in config.stages:
        if pattern == glob.escape(pattern) and not find([pattern]):
            yield Missing("stages", "stage", f"there is no file {pattern} on this host; no stage is loaded from it")
    for path in find(config.stages):
        try:
            source(path)
        except StageFileError as error:
            yield Missing("stages", "stage", f"not loaded: {error}")
    yield from _readers(config, "")


def _readers(section: object, prefix: str) -> Iterator[Missing]:
    """Readers of logs that do not exist on this host, in a section and those below it."""
    if isinstance(section, OutputOptions):
        for name in section.read_users:
            if not name.isdigit() and accounts.any_user(name) is None:
                yield _reader(f"{prefix}read_users", "user", name)
        for name in section.read_groups:
            if not name.isdigit() and accounts.any_group(name) is None:
                yield _reader(f"{prefix}read_groups", "group", name)
    elif dataclasses.is_dataclass(section):
        for field in dataclasses.fields(section):
            yield from _readers(getattr(section, field.name), f"{prefix}{field.name}.")


def _reader(option: str, kind: str, name: str) -> Missing:
    return Missing(option, kind, f"there is no {kind} {name} on this host; left out of the readers")
