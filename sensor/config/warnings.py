"""What a configuration asks for that this host does not have: no mistake in the file, and yet not what was meant.

user: there is no user _laurel on this host; the sensor would run as nobody
"""

from __future__ import annotations

import dataclasses
import os
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from sensor.config import Config
from sensor.errors import OutputError
from sensor.metrics.secured import context
from sensor.outputs import Options as OutputOptions
from sensor.redact.key import KeyFileError, read_key
from sensor.rights import accounts
from sensor.stages.custom.loading import StageFileError, absent, find, source


class Missing(NamedTuple):
    """Something that is not there.

    option: dotted name of the option that asks for it; kind: "user", "group", "stage", "file" or "folder"; text: a
    sentence about it.
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
    for path in absent(config.stages):
        yield Missing("stages", "stage", f"there is no file {path} on this host; no stage is loaded from it")
    for path in find(config.stages):
        try:
            source(path)
        except StageFileError as error:
            yield Missing("stages", "stage", f"not loaded: {error}")
    yield from _readers(config, "")
    yield from _files(config)
    for name, log in logs_of(config):
        yield from _place(name, log, config.directory)


def logs_of(config: Config) -> list[tuple[str, OutputOptions]]:
    """The logs that are configured, by the names of their sections."""
    debug = config.debug
    found = [("auditlog", config.auditlog), ("filterlog", config.filterlog)]
    beside = (("debug.inputlog", debug.inputlog), ("debug.parse_error_log", debug.parse_error_log))
    return [*found, *[(name, log) for name, log in beside if log is not None]]


def _files(config: Config) -> Iterator[Missing]:
    """Files that are named and cannot be used, as the sensor finds at its start."""
    if config.redact.key_file is not None:
        try:
            read_key(config.redact.key_file)
        except KeyFileError as error:
            yield Missing("redact.key_file", "file", f"{error}; secrets are masked")
    if config.metrics.tls.certificate is not None:
        try:
            context(config.metrics.tls)
        except OutputError as error:
            yield Missing("metrics.tls", "file", f"{str(error).partition(': ')[2]}; nothing is listened on")
    folder = os.path.dirname(config.metrics.textfile)
    if folder and not os.path.isdir(folder):
        yield Missing("metrics.textfile", "folder", f"there is no folder {folder} on this host; no file is written")


def _place(name: str, options: OutputOptions, directory: str) -> Iterator[Missing]:
    """What an output needs and cannot make itself: its program, or the folder of its file."""
    if options.file.startswith("|"):
        program = shlex.split(options.file[1:])[0]
        if not os.path.isfile(program) or not os.access(program, os.X_OK):
            yield Missing(f"{name}.file", "file", f"there is no program {program} on this host; lines are lost")
    elif options.file != "-" and not options.file.startswith("unix:"):
        folder = os.path.dirname(os.path.join(directory, options.file))
        if os.path.normpath(folder) != os.path.normpath(directory) and not os.path.isdir(folder):
            yield Missing(f"{name}.file", "folder", f"there is no folder {folder} on this host; lines are lost")


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
