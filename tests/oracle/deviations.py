"""Every way in which our output differs from LAUREL's, and why: the table that host-sensor-laurel(7) shows.

A difference between two logs must be explained by an entry, by its path and its values, or it is a mistake of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.oracle import explanations, living
from tests.oracle import labels_and_filters as choices
from tests.oracle.compare import Difference
from tests.oracle.explanations import Context


@dataclass(frozen=True)
class Deviation:
    """One row of the table.

    Attributes:
        name: short, for the counts.
        theirs: what LAUREL does.
        ours: what we do.
        explains: whether a difference is of this kind.
    """

    name: str
    theirs: str
    ours: str
    explains: Callable[[Difference, Context], bool]


DEVIATIONS = (
    Deviation(
        "numbers",
        'untyped digits are strings, and those of even length are decoded as hexadecimal: `old=64` is `"d"`; '
        "above 2⁶³ numbers become strings",
        "a decimal value is a number: `64`",
        explanations.numbers,
    ),
    Deviation(
        "hexadecimal",
        'the same happens to numbers that are hexadecimal: `a1=bf` of SOCKETCALL is `"%bf"`',
        'they are shown as others are: `"0xbf"`',
        explanations.hexadecimal,
    ),
    Deviation(
        "half-a-byte",
        "a title that was cut in the middle of a byte stays in hexadecimal",
        "it is decoded up to there",
        explanations.half_a_byte,
    ),
    Deviation(
        "verbatim",
        "any unquoted word of hexadecimal digits is decoded: `hostname=8da7ccbba3a1` becomes bytes",
        "only fields that audit writes that way are decoded; the host name stays",
        explanations.verbatim,
    ),
    Deviation(
        "null",
        "`?`, `(null)` and nothing at all are null in some fields, strings in others",
        "null everywhere",
        explanations.nulls,
    ),
    Deviation("unset", "`ses=unset` is a string", "a field has one type: 4294967295", explanations.unset),
    Deviation(
        "keys",
        "several keys of one event are one string, parted by `%01`",
        "that string, and `KEYS`, the list",
        explanations.keys,
    ),
    Deviation(
        "type-names",
        "some record types have no name or that of another",
        "the kernel's name: LANDLOCK_ACCESS, IPE_ACCESS",
        explanations.type_names,
    ),
    Deviation(
        "lost-lines",
        "a line with an unknown type or one odd token is dropped",
        "the odd token is kept; a line that cannot be parsed at all is an event with its text and the reason",
        explanations.lost_lines,
    ),
    Deviation(
        "one-event",
        "user and kernel records of one id are two lines",
        "one event, one line",
        explanations.one_event,
    ),
    Deviation(
        "free-text",
        "`msg='…'` is an object or a string; with a leading blank it is not split",
        'always an object; what is no `key=value` is its `"TEXT"`',
        explanations.free_text,
    ),
    Deviation(
        "user-permissions",
        "the permissions of a user-space AVC stay inside a string",
        "they are also the list `denied` or `granted`, as in the kernel's AVC",
        explanations.permissions,
    ),
    Deviation(
        "quotes", "`cmdline=\"a b\"` in `msg='…'` keeps its quotes", "the quotes are taken off", explanations.quotes
    ),
    Deviation(
        "repeated-keys",
        "a key that occurs twice in a record is twice in the JSON object",
        "once; if the second value differs, it is under `key_2`",
        explanations.repeated,
    ),
    Deviation(
        "failed-execs",
        "an execve that failed begins a new process: PID, PPID and SPAWNED_BY name it",
        "a process goes on as it was",
        explanations.failed_execs,
    ),
    Deviation(
        "interleaved",
        "a process is known from the moment the SYSCALL record of its first event is read",
        "from the end of that event: if a child's event ends before, its parent is not yet known",
        explanations.interleaved,
    ),
    Deviation(
        "meanings",
        "`translate.universal` names architectures, calls, io_uring operations and addresses",
        "also errors (`EXIT` beside `exit`), file modes (`MODE`), signals, sets of capabilities and what "
        "else has a table, each under its key in capitals",
        explanations.meanings,
    ),
    Deviation(
        "raw-addresses",
        "a translated `saddr` is dropped even without `drop-raw`",
        "it is kept unless `drop_raw` is on",
        explanations.raw_addresses,
    ),
    Deviation(
        "addresses",
        "addresses of nine families in the C structure's full length and the host's byte order; abstract names look "
        "like paths; the rest stays as it is",
        "every family, of natural length, in either byte order; `kind` tells pathname, abstract and unnamed, `addr_v4` "
        "the address inside a mapped one; call signs are readable; of an address cut short at least the family",
        explanations.addresses,
    ),
    Deviation(
        "calls",
        "names of system calls for nine architectures, only in SYSCALL; x32 has none",
        "for every architecture that audit knows, x32 included, and in SECCOMP as well",
        explanations.calls,
    ),
    Deviation(
        "dropped",
        "`drop-raw` drops arch, syscall and all numbers of users, translated or not",
        "`drop_raw` drops what was translated, and only that; in SECCOMP and inside `msg` as well",
        explanations.dropped,
    ),
    Deviation(
        "reported-names",
        "names of users that auditd wrote are replaced by this host's, or `unknown(1501)`",
        "auditd's names stay: it asked where the event happened",
        explanations.known_names,
    ),
    Deviation(
        "message-names",
        "numbers of users inside `msg='…'` have no names",
        "they have: `UID`, `SUID`, and `ID` beside the `id` of an account",
        explanations.message_names,
    ),
    Deviation("guids", "has none", "`GUID` and `GUID_SOURCE` of each process, `SESSION_GUID`", explanations.guids),
    Deviation(
        "user-pids",
        "the process of a user-space record is reported by EVENT_ID alone",
        "with comm, exe and ppid, as other processes are",
        explanations.user_pids,
    ),
    Deviation(
        "cut-command-lines",
        "with `execve-argv-limit-bytes` one long argument in the middle is kept whole, and what is left out at the end "
        "is not reported",
        "what does not fit is left out, and reported",
        explanations.cut_command_lines,
    ),
    Deviation(
        "prefix",
        "`enrich.prefix` applies to processes, names of users and groups, ARCH and SYSCALL",
        "to every key that is added",
        explanations.prefix,
    ),
    Deviation(
        "scripts",
        "`SCRIPT` is found in /proc, while the process lives",
        "in the records of the exec: recorded logs and short-lived processes have it",
        explanations.scripts,
    ),
    Deviation(
        "recorded-groups",
        "`UID_GROUPS` of a recorded log are those that a user of that number has here",
        "only live records have them",
        explanations.recorded,
    ),
    Deviation("label-order", "`LABELS` come in any order", "in alphabetical order", choices.label_order),
    Deviation(
        "label-script",
        "`label-script` and `unlabel-script` do nothing",
        "they work; their labels are propagated and filtered as others are",
        choices.label_script,
    ),
    Deviation(
        "label-keys",
        "`label-keys` counts only in the first event of a process",
        "in every event, also for keys that were joined by `%01`",
        choices.label_keys,
    ),
    Deviation(
        "label-forked",
        "`label-exe` and `label-argv` count only in an exec: a child that executes nothing has what is propagated",
        "what runs a program has that program's labels",
        choices.label_forked,
    ),
    Deviation(
        "inherited-labels",
        "what a parent has is propagated from its first SYSCALL record on",
        "from the end of its first event",
        choices.interleaved,
    ),
    Deviation(
        "unspared-execs",
        "an execve that failed is not filtered, being the first event of a process",
        "it is",
        choices.first_of_failed_execs,
    ),
    Deviation(
        "late-labels",
        "a label that is given by arguments comes after the filters: the exec that gets it goes through",
        "all labels come before the filters",
        choices.late_labels,
    ),
    Deviation(
        "first-events",
        "`filter-sockaddr`, and `filter-raw-lines` outside SYSCALL, filter the first event of a process as well",
        "`keep_first_per_process` holds for every filter",
        choices.first_events,
    ),
    Deviation(
        "mapped-addresses",
        "`filter-sockaddr` takes `::ffff:127.0.0.1` for an address of IPv6",
        "for the IPv4 address that it is",
        explanations.mapped_addresses,
    ),
    Deviation(
        "start-times",
        "`START_TIME` of one process varies by milliseconds, as two clocks are read one after the other",
        "in ticks of the kernel, and always the same",
        living.start_times,
    ),
    Deviation(
        "begun-unseen",
        "`EVENT_ID` of a process whose exec was not audited is its first event",
        "`START_TIME`, if /proc or the probe tells: that event began no program",
        living.begun_unseen,
    ),
    Deviation(
        "found-in-proc",
        "a process that is found in /proc before its first event is read is its own `PPID` and `SPAWNED_BY`",
        "they are its parent, and the program that it ran before",
        living.found_in_proc,
    ),
    Deviation(
        "containers",
        "of containers in one another the outermost; an id of 64 digits, no more",
        "the innermost, and `outer`; LXC and nspawn as well; `runtime`, names; `source`: whether it was observed or "
        "inherited",
        living.containers,
    ),
    Deviation("units", "services", "also `systemd_scope`, `_slice`, `_user_unit` and `_source`", living.units),
    Deviation(
        "hashes",
        "no `EXE_HASH` of a program that the process no longer runs",
        "it is there if the file is the one that was executed; `EXE_HASH_SKIPPED` says why there is none",
        living.hashes,
    ),
    Deviation(
        "sources",
        "nothing shows what was seen from what was concluded",
        "`SCRIPT_SOURCE` and `EXE_HASH_SOURCE`: `observed`, or `inherited` from the program before",
        living.sources,
    ),
    Deviation(
        "environments",
        "`ENV` is that of the program which the process runs by now",
        "left out when that is another one",
        living.environments,
    ),
    Deviation(
        "late-groups",
        "the user database is asked at once, and everything waits",
        "it is asked meanwhile: the first events of a user may lack `UID_GROUPS`",
        living.late_groups,
    ),
    Deviation(
        "scripts-by-env",
        "of `#!/usr/bin/env python3` only env has `SCRIPT`",
        "python3 has it as well",
        living.scripts_of_env,
    ),
    Deviation(
        "labels-of-found",
        "a process found in /proc after the start has no labels",
        "it has those of its program",
        living.labels_of_found,
    ),
    Deviation(
        "ended",
        "the sender of a user-space message is reported if it is still there",
        "likewise: the two may look at different moments",
        living.ended,
    ),
)


def explain(difference: Difference, known: Context) -> Deviation | None:
    """The first deviation that explains a difference."""
    return next((deviation for deviation in DEVIATIONS if deviation.explains(difference, known)), None)


def table() -> str:
    """The table of deviations as Markdown."""
    rows = [f"| {deviation.name} | {deviation.theirs} | {deviation.ours} |" for deviation in DEVIATIONS]
    return "\n".join(["| deviation | LAUREL 0.8.2 | host-sensor |", "| --- | --- | --- |", *rows])
