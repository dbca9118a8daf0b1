"""Which script an interpreter was started for.

    execve("./backup.sh")     #!/bin/sh -e
      EXECVE argc=3 a0="/bin/sh" a1="-e" a2="./backup.sh"
      CWD cwd="/root"
      PATH item=0 name="./backup.sh" …   PATH item=1 name="/bin/sh" …   PATH item=2 name="/lib64/ld-linux…" …

    "SYSCALL":{…,"exe":"/usr/bin/dash",…,"SCRIPT":"/root/backup.sh","SCRIPT_SOURCE":"observed"}

The records of the exec tell it all: for a script the kernel (fs/binfmt_script.c) puts the
interpreter's name before the arguments, the file's among them, and opens the interpreter
under that very name. `sh backup.sh` is no script in this sense: there the program is sh. The path is
made absolute and `.`, `..` are folded; symbolic links stay. For `#!/usr/bin/env python3`
both execs have SCRIPT, that of env and that of python3, which has `inherited` it. Kept under the
mark "script".
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass

from sensor.audit.fields import Value
from sensor.audit.render import Style
from sensor.event import Event
from sensor.options import option
from sensor.process.command import Commands
from sensor.process.program import Process

MARK, _INHERITED = "script", "script_inherited"


@dataclass(frozen=True)
class Options:
    """Scripts."""

    script: bool = option(True, "Add SCRIPT to the exec of a script: its path.")


class Scripts:
    """The stages: `learn` before whoever wants to know the script, `show` later."""

    def __init__(self, style: Style, commands: Commands) -> None:
        self._quote = style.quote
        self._key, self._source = style.key("SCRIPT"), style.key("SCRIPT_SOURCE")
        self._commands = commands

    def learn(self, event: Event) -> bool:
        """Keep the script that an exec executes; drops nothing."""
        process = event.process
        if process is not None and process.program.event_id == event.id and "EXECVE" in event.records:
            marks = process.program.marks
            path = self._executed(event)
            if path is not None:
                marks[MARK] = path
            elif (path := self._handed_on(process, event)) is not None:
                marks[MARK], marks[_INHERITED] = path, True
        return True

    def show(self, event: Event) -> bool:
        """Add SCRIPT to the exec of a script; drops nothing."""
        process = event.process
        if process is not None and process.program.event_id == event.id and "EXECVE" in event.records:
            marks = process.program.marks
            path = marks.get(MARK)
            if path is not None:
                source = "inherited" if _INHERITED in marks else "observed"
                event.syscall.extra += f',"{self._key}":{self._quote(path)},"{self._source}":"{source}"'
        return True

    def _executed(self, event: Event) -> str | None:
        """The absolute path of the script that an exec event executes; None if it is none."""
        process: Process = event.process
        names = {record.fields.get("item"): record.fields.get("name") for record in event.records.get("PATH", ())}
        name = names.pop(0, None)
        if not isinstance(name, str) or not name or name == event.syscall.rest.exe or not _begins_with(event, names):
            return None
        words = self._commands.of(process.program).words
        if len(words) < 2 or words[0] not in names.values() or not any(_names(word, name) for word in words[1:]):
            return None
        return _absolute(event, name)

    def _handed_on(self, process: Process, event: Event) -> str | None:
        """The script of env(1), which executes the interpreter that `#!/usr/bin/env python3` names."""
        before = process.spawned_by
        if before is None or before.pid != process.pid or not before.exe.endswith("/env"):
            return None
        script: str | None = before.marks.get(MARK)
        words = self._commands.of(process.program).words
        return script if script and any(_absolute(event, word) == script for word in words[1:]) else None


def _begins_with(event: Event, names: dict[Value, Value]) -> bool:
    """Tell whether the first argument may be one of these names; most often it can be seen without decoding it."""
    body: str = event.records["EXECVE"][0].body
    return ' a0="' not in body or any(f' a0="{name}"' in body for name in names.values())


def _absolute(event: Event, name: str) -> str:
    cwd = event.records["CWD"][0].fields.get("cwd") if "CWD" in event.records else None
    return posixpath.normpath(posixpath.join(cwd if isinstance(cwd, str) else "/", name))


def _names(word: str, name: str) -> bool:
    """Tell whether an argument stands for the file; execveat(2) names it /dev/fd/N/name."""
    return word == name or (word.startswith("/dev/fd/") and word.endswith(f"/{name}"))
