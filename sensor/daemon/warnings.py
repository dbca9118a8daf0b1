"""What a configuration asks for that this host does not have: no mistake in the file, and yet not what was meant.

user: there is no user _laurel on this host; the sensor would run as nobody
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from sensor.config import Config
from sensor.outputs import Options as OutputOptions
from sensor.rights import accounts
from sensor.stages.custom.loading import StageFileError, find, source


def warnings(config: Config) -> Iterator[str]:
    """One sentence for each, beginning with the option; waits for name services."""
    if config.user is not None and accounts.any_user(config.user) is None:
        yield f"user: there is no user {config.user} on this host; the sensor would run as {accounts.stand_in().name}"
    for path in find(config.stages):
        try:
            source(path)
        except StageFileError as error:
            yield f"stages: not loaded: {error}"
    yield from _readers(config, "")


def _readers(section: object, prefix: str) -> Iterator[str]:
    """Readers of logs that do not exist on this host, in a section and those below it."""
    if isinstance(section, OutputOptions):
        for name in section.read_users:
            if not name.isdigit() and accounts.any_user(name) is None:
                yield f"{prefix}read_users: there is no user {name} on this host; left out of the readers"
        for name in section.read_groups:
            if not name.isdigit() and accounts.any_group(name) is None:
                yield f"{prefix}read_groups: there is no group {name} on this host; left out of the readers"
    elif dataclasses.is_dataclass(section):
        for field in dataclasses.fields(section):
            yield from _readers(getattr(section, field.name), f"{prefix}{field.name}.")
