"""One record's type and body to its fields, remembered.

Without its event id a record is a repeated string: what

    type=PATH item=0 name="/usr/bin/bash" inode=260104 dev=fe:00 mode=0100755 …

means, and how it is written, is a pure function of its bytes and of the configuration, so a
bounded cache turns most of both into one dictionary look-up (45 ns instead of 10 µs). SYSCALL records
are new each time and have a decoder of their own (sensor.audit.syscall).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Callable, Final, TypeVar

from sensor.audit.argv import arguments_of, execve_fields, parse_execve, parse_proctitle, plain_arguments
from sensor.audit.fields import NOTHING, Fields, Kinds, parse_fields, plain_address
from sensor.audit.header import BEGIN, BLANKS
from sensor.audit.layout import Found, LayoutsByType
from sensor.audit.options import TransformOptions
from sensor.audit.picks import Concerns, Picks, Shared
from sensor.audit.spellings import of_daemon, of_login, with_separator
from sensor.audit.types import LIST, RecordType, RecordTypes
from sensor.cache import BoundedDict
from sensor.tables.fields import kinds_of
from sensor.tables.record_types import NUMBERS

Rewrite = Callable[[str, str], str]
"""Type, one of WORDS, and body of a record → the body that is read in its place; must depend on nothing else."""
Transform = Callable[[str, Fields], None]
"""Rewrites the fields of a record of the named type in place; must depend on nothing else."""

_NAME = re.compile(r"[A-Za-z0-9_]+|UNKNOWN\[[0-9]{1,10}\]")
_ELSEWHERE = frozenset({"SYSCALL", "EOE"})
NUMBERED = frozenset(
    ["arch", "syscall", "per", "success", "exit", "items", "ppid", "pid", "a0", "a1", "a2", "a3", "ARGV"]
)
"""What a SYSCALL record has in its first part; another one in its last part would be a second one of the name."""
WORDS = frozenset({"CWD", "EXECVE", "PROCTITLE"})
"""Types that hold words and nothing else: no transform sees them."""
_LONGEST_CACHED: Final = 1024
_REMEMBERED = 1024


Key = TypeVar("Key")
Made = TypeVar("Made")


class Record:
    """A record, decoded on demand; shared by all events that hold the same bytes.

    type: its record type; name: the key in an event.
    repeats: an event may have several of its type.
    body: its bytes as they came, one character each.
    added: members that stages added to it.
    origin: the record without them; None if there are none.
    text: for the form: its place in an event that has one of its type; "" before it is written.
    """

    __slots__ = ("_decoder", "_fields", "_found", "added", "body", "name", "origin", "repeats", "text", "type")

    def __init__(self, type: RecordType, body: str, decoder: RecordDecoder) -> None:
        self.type = type
        self.name = type.name
        self.repeats = type.shape == LIST
        self.body = body
        self.added = NOTHING
        self.origin: Record | None = None
        self.text = ""
        self._decoder = decoder
        self._fields: Fields | None = None
        self._found: Found | None = None

    @property
    def fields(self) -> Fields:
        """Its decoded members, for the stages. Not to be changed: records are shared."""
        if self._fields is None:
            self._found = self._decoder.find(self.name, self.body)
            self._fields = self._decoder.fields_of(self.name, self.body, self._found)
        return self._fields

    def find(self) -> Found | None:
        """Its layout and values; None if no such layout is known, but the record has been made an example of one.

        What `fields` has found is kept until it is asked for here, as it is once: when the record is written.
        """
        found, self._found = self._found, None
        if found is None:
            found = self._decoder.find(self.name, self.body)
            if found is None and self._fields is None:
                self._fields = self._decoder.parse_example(self.name, self.body)
        return found

    @property
    def arguments(self) -> list[str] | None:
        """The words of an EXECVE record's command line, as `plain_arguments` finds them. Not to be changed."""
        return self._decoder.arguments(self.body)

    @property
    def pids(self) -> list[tuple[str, int]]:
        """The processes it names, as (key of the identity, pid)."""
        return [
            (name.upper(), pid)
            for name, pid in self.fields.items()
            if name[-3:] == "pid" and isinstance(pid, int) and pid > 0 and name != "ipid"  # which numbers packets
        ]

    def extended(self, added: Fields) -> Record:
        """A copy with further members."""
        copy = Record(self.type, self.body, self._decoder)
        copy.origin = self.origin or self
        copy.added = {**self.added, **added}
        return copy


class RecordDecoder:
    """Bodies to Records, with the cache in between.

    transforms: applied in their order to the fields of every record.
    rewrite: what is read in place of the bodies that no transform sees, if anything.
    prefix: of the keys that stages add; a record's own name that begins so gets another, as those in fields.OURS do.
    """

    def __init__(
        self,
        options: TransformOptions,
        transforms: Sequence[Transform],
        entries: int,
        prefix: str = "",
        rewrite: Rewrite | None = None,
    ) -> None:
        self.types = RecordTypes(prefix=prefix)
        self._prefix = prefix
        self.cache: BoundedDict[str, Record] = BoundedDict(entries)
        self._added: BoundedDict[Shared, Fields] = BoundedDict(_REMEMBERED)
        self._picks: Picks | None = None
        self._titles: BoundedDict[str, Record] = BoundedDict(entries)
        self._forget = [self.cache.clear, self._titles.clear, self._added.clear]
        self._options = options
        self._transforms = transforms
        self._rewrite = rewrite
        self._kinds: dict[str, Kinds] = {}
        self._layouts = LayoutsByType(self.kinds, options.strings)
        self._command = ""
        self._arguments: list[str] | None = None

    @property
    def redacts(self) -> bool:
        """Whether secrets are taken out of what is read."""
        return self._rewrite is not None

    def share(self, concerns: Concerns | None) -> None:
        """Let what transforms add to a record be added to all that are alike in what these care about."""
        self._picks = Picks(concerns) if concerns is not None else None

    def forget(self) -> None:
        """Decode everything anew: what the transforms know has changed."""
        for forget in self._forget:
            forget()

    def cleared(self, cache: BoundedDict[Key, Made]) -> BoundedDict[Key, Made]:
        """The same dictionary, which `forget` will empty, for what others make of records."""
        self._forget.append(cache.clear)
        return cache

    def find(self, name: str, body: str) -> Found | None:
        """The known layout of a record of the type called `name`, and the values in it; None if there is none."""
        return self._layouts.find(name, body)

    def arguments(self, body: str) -> list[str] | None:
        """The words in an EXECVE body, if it is plain; those of the last one are remembered: several ask for them."""
        if body != self._command:
            self._command, self._arguments = body, plain_arguments(body)
        return self._arguments

    def all_arguments(self, body: str) -> list[str | int | None]:
        """What `arguments_of` finds in an EXECVE body."""
        plain = self.arguments(body)
        return arguments_of(body) if plain is None else [*plain]

    def decode(self, name: str, body: str) -> Record:
        """Decode a record of the type called `name`."""
        key = f"type={name}\0{body}"
        found = self.cache.get(key)
        if found is not None:
            return found
        return self._record(name, body) if "\0" in body or BEGIN in body else self._remember(key, name, body)

    def title(self, piece: str) -> Record | None:
        """Decode the PROCTITLE record behind whose id a piece of text stands; None if that is no body."""
        return self._titles.get(piece) or self._new_title(piece)

    def decode_key(self, key: str) -> Record | None:
        """Decode "type=NAME\\0BODY", as a line reads once its event id is a NUL; None if this is no such line.

        SYSCALL and EOE, and auditd's own records, which belong to no event, are not decoded here.
        """
        end = key.find("\0")
        name, body = key[5:end], key[end + 1 :]
        if end < 0 or not key.startswith("type=") or (name not in NUMBERS and _NAME.fullmatch(name) is None):
            return None
        if "\0" in body or BEGIN in body or self.types.get(name).name in _ELSEWHERE:
            return None
        record = self._remember(key, name, body.strip(BLANKS))
        return None if record.type.alone else record

    def parse(self, name: str, body: str) -> Fields:
        """Parse and transform the fields of a record of the type auditd calls `name`."""
        return self.fields_of(name, body, self.find(name, body))

    def fields_of(self, name: str, body: str, found: Found | None) -> Fields:
        """The same, if its layout and values have been looked for."""
        if found is None:
            return self.parse_example(name, body)
        layout, values = found
        fields = layout.fields(values)
        if self._picks is None or name in WORDS:
            return self._transformed(name, fields)
        shared = self._picks.shared(name, layout, values)
        added = self._added.get(shared)
        if added is None:
            return self._learn_additions(shared, fields)
        fields.update(added)
        return fields

    def _learn_additions(self, shared: Shared, fields: Fields) -> Fields:
        """Transform fields, and remember what was added, if nothing else was done."""
        before = list(fields.items())
        after = list(self._transformed(shared[0], fields).items())
        if after[: len(before)] == before:
            self._added.keep(shared, dict(after[len(before) :]))
        return fields

    def parse_example(self, name: str, body: str) -> Fields:
        """The same of a record that has no known layout, which is made an example of one."""
        fields = self._parse(name, body)
        if name != "SYSCALL" or NUMBERED.isdisjoint(fields):
            self._layouts.learn(name, body, fields)
        return self._transformed(name, fields)

    def _transformed(self, name: str, fields: Fields) -> Fields:
        if name not in WORDS:
            for transform in self._transforms:
                transform(name, fields)
        return fields

    def _parse(self, name: str, body: str) -> Fields:
        if name == "EXECVE":
            plain = self.arguments(body)
            fields = parse_execve(body, self._options) if plain is None else execve_fields(plain, self._options)
        elif name == "PROCTITLE":
            fields = parse_proctitle(body)
        elif name == "SOCKADDR" and (address := plain_address(body)) is not None:
            fields = {"saddr": address}
        else:
            fields = _parse_prefixed(name, with_separator(body), self.kinds(name))
        key = fields.get("key")
        if isinstance(key, str):
            fields["KEYS"] = list(key.split("\x01"))
        return _set_aside(fields, self._prefix) if self._prefix else fields

    def kinds(self, name: str) -> Kinds:
        """How the fields of a type are written; one table for all unknown types."""
        name = name if name in NUMBERS else ""
        kinds = self._kinds.get(name)
        if kinds is None:
            kinds = self._kinds[name] = Kinds(kinds_of(name))
        return kinds

    def _new_title(self, piece: str) -> Record | None:
        if not piece.startswith(" ") or "\0" in piece or BEGIN in piece:
            return None
        record = self._record("PROCTITLE", piece.strip(BLANKS))
        return self._titles.keep(piece, record) if len(piece) <= _LONGEST_CACHED else record

    def _remember(self, key: str, name: str, body: str) -> Record:
        record = self._record(name, body)
        if len(body) <= _LONGEST_CACHED and not record.type.alone:
            self.cache.keep(key, record)
        return record

    def _record(self, name: str, body: str) -> Record:
        type = self.types.get(name)
        rewritten = body if self._rewrite is None or type.name not in WORDS else self._rewrite(type.name, body)
        return Record(type, rewritten, self)


def _set_aside(fields: Fields, prefix: str) -> Fields:
    """Give own names that begin like added ones others; none that records are known to have does."""
    out: Fields = {}
    for name, value in fields.items():
        kept = _set_aside(value, prefix) if name == "msg" and isinstance(value, dict) else value
        if name.startswith(prefix):
            name += "_2"
            while name in fields or name in out:
                name += "_2"
        out[name] = kept
    return out


def _parse_prefixed(name: str, body: str, kinds: Kinds) -> Fields:
    """Parse fields behind the words that the kernel writes before those of a few types."""
    if name == "TTY" and body.startswith("tty "):
        body = body[4:]
    elif name == "MAC_POLICY_LOAD" and body.startswith("policy loaded "):
        body = body[14:]
    elif name == "LOGIN":
        body = of_login(body)
    elif name.startswith("DAEMON_"):
        body = of_daemon(body)
    elif body.startswith("netlabel: "):
        fields = parse_fields(body[10:], kinds)
        return {**fields, "netlabel_2" if "netlabel" in fields else "netlabel": None}
    return parse_fields(body, kinds)
