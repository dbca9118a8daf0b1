"""Labels on processes, by what they run, for searches and filters.

    label_process:
      label_exe: {"^/usr/lib/jvm/.*/java$": java}
      label_keys: [software_mgmt]
      unlabel_keys: {"^software_mgmt_end$": software_mgmt}
      propagate_labels: [software_mgmt]

    "SYSCALL":{…,"LABELS":["java","software_mgmt"]}

A program gets its labels when its first event is seen, before any filter decides: those
of the program that started it, if they are propagated; then by systemd unit, container,
executable, command line and script, in this order, each time first the added and then
the removed ones. The key of any later event may add one more, and take some away, in this order
again. Children of an init process inherit nothing: every orphan would. Shown in
alphabetical order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Callable, Final, cast

from sensor.audit.event import Addition, Event
from sensor.audit.fields import Fields, Value
from sensor.audit.syscall import Rest
from sensor.cache import BoundedDict
from sensor.process.command import NOT_YET, Commands
from sensor.process.containers import ContainerNames
from sensor.process.host_paths import HostPaths
from sensor.process.program import Labels, Process, Program
from sensor.regex import Search, searcher
from sensor.stages.options import LabelOptions

_NONE: Final[Labels] = frozenset()
_REMEMBERED = 512
_MOST_ANCESTORS = 32


class _Change:
    """What the keys of a call add and take away."""

    __slots__ = ("added", "removed")

    def __init__(self, added: Labels, removed: Labels) -> None:
        self.added = added
        self.removed = removed


_UNCHANGED: Final = _Change(_NONE, _NONE)


class _Rules:
    """What texts of one kind add and take away; what they did is remembered."""

    def __init__(self, add: Mapping[str, str], remove: Mapping[str, str]) -> None:
        self._add, self._remove = _compiled(add), _compiled(remove)
        self._known: BoundedDict[tuple[str, ...], tuple[Labels, Labels]] = BoundedDict(_REMEMBERED)

    def __bool__(self) -> bool:
        return bool(self._add or self._remove)

    def apply(self, labels: Labels, texts: tuple[str, ...]) -> Labels:
        """The labels after looking at texts."""
        found = self._known.get(texts)
        if found is None:
            found = self._known.keep(texts, (_matching(self._add, texts), _matching(self._remove, texts)))
        added, removed = found
        if added:
            labels = labels | added
        return labels - removed if removed else labels


def _compiled(rules: Mapping[str, str]) -> list[tuple[Search, str]]:
    return [(searcher(text), _bytes(label)) for text, label in rules.items()]


def _matching(rules: Iterable[tuple[Search, str]], texts: tuple[str, ...]) -> Labels:
    return frozenset([label for search, label in rules if _is_found(search, texts)])


def _is_found(search: Search, texts: tuple[str, ...]) -> bool:
    for text in texts:
        if search(text):
            return True
    return False


class Labeller:
    """The stages; `label` comes before all that read labels, `show` after all that add some."""

    def __init__(self, options: LabelOptions, paths: HostPaths, commands: Commands, containers: ContainerNames) -> None:
        self._table = paths.table
        self._paths = paths if options.label_root == "host" else None
        self._commands = commands
        self._containers = containers
        self._shown: BoundedDict[Labels, Addition] = BoundedDict(_REMEMBERED)
        self._keys = frozenset(map(_bytes, options.label_keys))
        self._unkeys = _compiled(options.unlabel_keys)
        self._by_keys = bool(self._keys or self._unkeys)
        self._propagated = frozenset(map(_bytes, options.propagate_labels))
        self._argv_count, self._argv_bytes = options.label_argv_count, options.label_argv_bytes
        self._unit = _Rules(options.label_unit, options.unlabel_unit)
        self._container = _Rules(options.label_container, options.unlabel_container)
        self._exe = _Rules(options.label_exe, options.unlabel_exe)
        self._argv = _Rules(options.label_argv, options.unlabel_argv)
        self._script = _Rules(options.label_script, options.unlabel_script)

    def label(self, event: Event) -> None:
        """Give labels to the process of an event."""
        process, syscall = event.process, event.syscall
        if process is None:
            return
        program = process.program
        if program.labels is None or program.labels_open:
            self._give(process, event)
        if self._by_keys:
            if syscall is None:
                change = self._change_by(event.subject) if event.is_call else _UNCHANGED
            else:
                known = syscall.rest.labelling
                change = self._remember(syscall.rest) if known is None else cast(_Change, known)
            if change is not _UNCHANGED:
                labels = program.labels
                if labels is None or not (change.added <= labels and change.removed.isdisjoint(labels)):
                    _change(process, change.added, change.removed)  # else nothing is new

    def _give(self, process: Process, event: Event) -> None:
        program = process.program
        program.labels_open = False
        before, program.labels = program.labels, self._labels_of(program, process.spawned_by, event)
        if before is not None and program.labels != before:
            process.changed()

    def _remember(self, rest: Rest) -> _Change:
        rest.labelling = change = self._change_by(rest.written)
        return change

    def _change_by(self, fields: Fields) -> _Change:
        """The labels that the keys of a call give, and those they take away."""
        keys = fields.get("KEYS")
        given = tuple([key for key in keys if isinstance(key, str)]) if isinstance(keys, list) else ()
        added, removed = self._keys.intersection(given), _matching(self._unkeys, given)
        return _Change(added, removed) if added or removed else _UNCHANGED

    def show(self, event: Event) -> None:
        """Add LABELS to an event."""
        labels = event.process.program.labels if event.process is not None else None
        if labels:
            shown = self._shown.get(labels) or self._show(labels)
            if event.syscall is not None:
                event.additions.append(shown)
            else:
                name = next(iter(event.records))
                event.replace(name, 0, event.records[name][0].extended(shown.subject))

    def _show(self, labels: Labels) -> Addition:
        names: list[Value] = [*sorted(labels)]
        return self._shown.keep(labels, Addition({"LABELS": names}))

    def _labels_of(self, program: Program, started_by: Program | None, event: Event, depth: int = 0) -> Labels:
        labels = _NONE
        if self._propagated and started_by is not None and (started_by.pid == program.pid or not _is_init(started_by)):
            if started_by.labels is None and depth < _MOST_ANCESTORS:
                grandparent = self._started_by(started_by, event)
                started_by.labels = self._labels_of(started_by, grandparent, event, depth + 1)
            labels = (started_by.labels or _NONE) & self._propagated
        place = program.place
        if place is not None:
            if self._unit:
                # A regular expression fits anywhere: what a user, or a container's root, has named must not be there.
                labels = self._unit.apply(labels, tuple([unit for unit in place.cgroup.units if "/" not in unit]))
            if self._container:
                labels = self._container.apply(labels, self._containers.of_system(place.cgroup))
        if self._exe and self._holds(program, HostPaths.image_holds):
            labels = self._exe.apply(labels, (program.exe,))
        if self._argv:
            command = self._commands.of(program, started_by)
            program.labels_open = program.labels_open or command is NOT_YET
            labels = self._argv.apply(labels, (self._joined(command.words),)) if command.words else labels
        script = program.script
        if self._script and script is not None and script.certain and self._holds(program, HostPaths.paths_hold):
            labels = self._script.apply(labels, (script.path,))
        if program.labels_given:
            labels = labels | (program.labels_given & self._keys)
        if program.labels_taken:
            labels = labels - program.labels_taken.intersection([label for _, label in self._unkeys])
        return labels

    def _holds(self, program: Program, question: Callable[[HostPaths, Process | None], bool]) -> bool:
        """Return whether names of a program are the host's; as long as they may turn out to be, it is asked again."""
        if self._paths is None:
            return True
        process = self._table.process_of(program) if program.key is not None else None
        if question(self._paths, process):
            return True
        if process is not None and self._paths.is_open(process):
            program.labels_open = True
        return False

    def _started_by(self, program: Program, event: Event) -> Program | None:
        """Who started a program that made no event of its own yet."""
        process = self._table.current(program.pid)
        if process is None or process.program is not program:
            return None
        if process.spawned_by is None and program.ppid > 0:
            parent = self._table.find(program.ppid, event.time)
            return parent.program if parent is not None else None
        return process.spawned_by

    def _joined(self, words: tuple[str, ...]) -> str:
        """As many arguments as are looked at, joined by blanks."""
        room = self._argv_bytes
        taken: list[str] = []
        for word in words[: self._argv_count]:
            room -= len(word) + bool(taken)
            if room <= 0:
                break
            taken.append(word)
        return " ".join(taken)


def _change(process: Process, added: Labels, removed: Labels) -> None:
    """Add the labels that a key gives, then take those away that it takes."""
    program = process.program
    before = program.labels or _NONE
    labels = (before | added) - removed
    if labels != before:
        program.labels = labels
        program.labels_given = (program.labels_given | added) - removed
        program.labels_taken = (program.labels_taken - added) | removed
        process.changed()


def _is_init(program: Program) -> bool:
    return program.pid == 1 or (program.key is not None and program.key.tgid == 1)


def _bytes(text: str) -> str:
    return text.encode().decode("latin-1")
