"""Which script an interpreter was started for.

    execve("./backup.sh")     #!/bin/sh -e
      EXECVE argc=3 a0="/bin/sh" a1="-e" a2="./backup.sh"
      CWD cwd="/root"
      PATH item=0 name="./backup.sh" …   PATH item=1 name="/bin/sh" …   PATH item=2 name="/lib64/ld-linux…" …

    "SYSCALL":{…,"exe":"/usr/bin/dash",…,"SCRIPT":"/root/backup.sh","SCRIPT_SOURCE":"observed"}

The records of the exec are enough: for a script the kernel (fs/binfmt_script.c) puts the
interpreter's name before the arguments, the file's among them, and opens the interpreter
under that very name. `sh backup.sh` is no script in this sense: there the program is sh. The path is
made absolute and `.`, `..` are folded; symbolic links stay. One that execveat(2) found from a descriptor has the name
that the kernel gives it, /dev/fd/3/backup.sh, for no record shows which directory that is. For `#!/usr/bin/env python3`
both execs have SCRIPT, that of env and that of python3, which has `inherited` it.
"""

from __future__ import annotations

from sensor.audit.event import Event
from sensor.audit.fields import Value
from sensor.audit.paths import folded
from sensor.process.command import Commands
from sensor.process.program import Process, Script

_DESCRIPTORS = "/dev/fd/"


class Scripts:
    """The stages: `learn` before the stages that use the script, `show` later."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def learn(self, event: Event) -> None:
        """Keep the script that an exec executes."""
        process = event.process
        if process is not None and event.began_program:
            process.program.script = self._executed(event, process) or self._handed_on(process, event)

    def show(self, event: Event) -> None:
        """Add SCRIPT to the exec of a script."""
        script = event.process.program.script if event.process is not None else None
        if script is not None and event.began_program:
            event.add({"SCRIPT": script.path, "SCRIPT_SOURCE": "inherited" if script.inherited else "observed"})

    def _executed(self, event: Event, process: Process) -> Script | None:
        """The script that an exec event executes; None if it is none."""
        if event.syscall is None or _opens(event, event.syscall.rest.exe):  # nearly always
            return None
        names = {record.fields.get("item"): record.fields.get("name") for record in event.records.get("PATH", ())}
        name = names.pop(0, None)
        if not isinstance(name, str) or not name or name == event.syscall.rest.exe:
            return None
        if not _begins_with(event, names):
            return None
        words = self._commands.of(process.program).words
        if len(words) < 2 or words[0] not in names.values():
            return None
        named = next((word for word in words[1:] if _names(word, name)), None)
        return _absolute(event, named) if named is not None else None

    def _handed_on(self, process: Process, event: Event) -> Script | None:
        """The script of env(1), which executes the interpreter that `#!/usr/bin/env python3` names."""
        before = process.spawned_by
        if before is None or before.script is None or before.pid != process.pid or not before.exe.endswith("/env"):
            return None
        words = self._commands.of(process.program).words
        same = any(_absolute(event, word) == before.script for word in words[1:])
        return before.script._replace(inherited=True) if same else None


def _opens(event: Event, exe: str) -> bool:
    """Return whether the exec named the file that the process now runs, if that can be seen without decoding it."""
    paths = event.records.get("PATH")
    return paths is not None and bool(exe) and paths[0].body.startswith(f'item=0 name="{exe}" ')


def _begins_with(event: Event, names: dict[Value, Value]) -> bool:
    """Return whether the first argument may be one of these names; most often it can be seen without decoding it."""
    body = event.records["EXECVE"][0].body
    return ' a0="' not in body or any(f' a0="{name}"' in body for name in names.values())


def _absolute(event: Event, name: str) -> Script:
    cwd = event.records["CWD"][0].fields.get("cwd") if "CWD" in event.records else None
    if name.startswith(_DESCRIPTORS):
        return Script(name, False, False)
    path, left = folded(cwd if isinstance(cwd, str) else "/", name)
    return Script(path, False, not left)


def _names(word: str, name: str) -> bool:
    """Return whether an argument stands for the file; execveat(2) names it /dev/fd/N/name."""
    return word == name or (word.startswith(_DESCRIPTORS) and word.endswith(f"/{name}"))
