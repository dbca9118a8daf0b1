"""Every key that the sensor adds to records: the contract of its output.

    identity | GUID | string | probe, or … | enrich.pid, enrich.spawned_by | of the process, for all its life …

`host-sensor fields` prints this table and host-sensor-events(5) is made from it; a test holds what is really emitted
against it. Keys in small letters that are not here are fields of the records themselves (sensor.tables.fields).

in        where the key stands: `event`, the top level; `record`, any record, and the message of one from user
          space; a type of record; otherwise an object, named in brackets in the type of the key that holds it
key       names with blanks between them; `*` stands for any text
type      alternatives with `or`; all behind `list of` and `object of` are about the elements
source    where it comes from; NAME= is a field of the record
option    what switches it on; none: it is always there
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple

from sensor.tables.fields import KINDS, kinds_of
from sensor.tables.record_types import NUMBERS

__all__ = ["KEYS", "OutputKey", "clash", "find", "holders"]

_TABLE = """
event | ID | string or null | records | | seconds.milliseconds:serial, as auditd writes it;
  seconds.milliseconds:probe-n for PROBE_EXEC and PROBE_EXIT, :sensor-n where SENSOR is alone; null beside PARSE_ERROR,
  and where SUPPRESSED is alone
event | NODE | string | records | | the host, where node= stands before the records; not one that syslog names
event | TIME | string | ID | translate.time | the same time as RFC 3339, in UTC
event | TYPE | string | records | translate.type | type of the record that shows what happened
event | SUMMARY | object | records | translate.summary | who did what to what, how, with what result: event, user,
  group, process, file, source, destination, network, auditd.summary and others of ECS 8.17.0, as there; labels.root is
  other where names are of another root than the host's
event | PARENT_INFO | object (parent) | records, probe, /proc | enrich.parent_info | the parent, as in LAUREL's first
  releases
event | CONTAINER_INFO | object (container info) | /proc/PID/cgroup | enrich.container_info | as in older LAUREL
event | SUPPRESSED | object of numbers | filter | filter.rules | events that a rule with rate or repeat held back
  before this one, or when no other came, by the rule's name
event | CUSTOM | object | stages of your own | stages | what your own stages add
event | PROBE_EXEC | object (probe) | probe | probe.emit, probe.coverage_events | an event of its own: a program began
event | PROBE_EXIT | object (probe) | probe | probe.emit | an event of its own: a process ended
event | PARSE_ERROR | object (error) | sensor | | an event of its own: a line that is no audit record
event | SENSOR | object (sensor) | sensor | | what the sensor reports about the event; alone: an event of its own,
  about the sensor
sensor | event | string | sensor | sensor_events | of an event of its own: start, stop, reload, loss
sensor | pid | number | sensor | sensor_events | of the sensor; in start
sensor | version python kernel boot_id | string | sensor | sensor_events | of the sensor, its interpreter, the running
  kernel, this boot; in start
sensor | compiled | boolean | sensor | sensor_events | true: the hot path runs as machine code; in start
sensor | auditd | string or null | auditd's program file | sensor_events | version of the auditd that started the
  sensor; in start
sensor | probe | string | sensor | sensor_events | attached; absent: none is loaded; off: none is looked for; in start
sensor | before | string or null | sensor | sensor_events | how the sensor before ended: stop, crash (it was killed);
  in start
sensor | config_sha256 | string | configuration | sensor_events | SHA-256 of the configuration file and its fragments,
  one after the other; in start, reload
sensor | mistakes | list of strings | configuration | sensor_events | what is wrong with it, at most 20; in start (the
  rest is in use), reload (nothing of it is in use)
sensor | accepted | boolean | sensor | sensor_events | whether the configuration is in use that was read; in reload
sensor | reason | string | sensor | sensor_events | of stop: end (of the input), signal, timeout (not all that was read
  was processed); of loss: see LOSSES
sensor | lines events written lost | number | sensor | sensor_events | of the whole run: lines read and events made,
  lines in the log, lines of input and output given up; in stop
sensor | place | string | sensor | sensor_events | where it went missing, see LOSSES; in loss
sensor | unit | string | sensor | sensor_events | what is counted: records, lines, events, execs, processes, bytes,
  times; in loss
sensor | count | number | sensor | sensor_events | how much is missing since the last such event; in loss
sensor | total | number | sensor | sensor_events | how much since the start of the sensor; in loss
sensor | since | string, RFC 3339 | sensor | sensor_events | when it was not yet so: it went missing between then and
  the time in ID; in loss
sensor | earlier | boolean | sensor | sensor_events | true: it happened to the sensor before, which could not report
  it; in loss
sensor | notes | list of strings | sensor | coalesce | late, timeout, evicted, truncated_records, truncated_bytes,
  truncated_line: not all records are here; stage_failed: not all that is added is here
sensor | shortened | object (shortened) | sensor | auditlog.max_line | the line was too long
shortened | bytes | number, bytes | sensor | auditlog.max_line | its length before
shortened | members | list of strings | sensor | auditlog.max_line | what is not whole any more, as
  EXECVE.ARGV; the first eight
error | reason | string | sensor | | header: it does not begin as a record does; zeros: a block of zero bytes, as a
  machine that went down leaves in a file; crash: a fault of the sensor kept it from being processed
error | raw | string | input | | the line; of zeros their number
record | KEYS | list of strings | key= | | the audit rule's keys; key has them joined by the byte 0x01
record | *PID | object (identity) | probe, /proc, records | enrich.pid | the process in a field whose name ends in
  pid: PID of pid=, OPID of opid= …
record | SESSION_GUID | string or null | ses=, boot id | enrich.session_guid | of the login session; null for none
record | denied granted | list of strings | avc: | | permissions of a security module's decision
record | avc | string | avc: | | the same as text, in messages of user space
record | msg | object | msg='…' | | what a program of user space reports; its members are those of a record
record | netlabel | null | netlabel: | | the word before the fields of some MAC records
record | TEXT | string | words without a name | | what stands between the fields; all of a msg without fields
record | *_text | string | the field | | a word where a number belongs: exit=EACCES is exit null, exit_text "EACCES"
record | *_2 *_3 | any | the field | | a second and third value of a name, and so on, where they differ; a field with a
  name of this table
any object | *_hex *_HEX | string or list of strings or nulls | the bytes | transform.strings | exact bytes, in
  hexadecimal, of a text that is no UTF-8
record | ARCH | string | arch=; auditd | translate.universal | name of the architecture
record | SYSCALL | string | syscall=, arch=; auditd | translate.universal | name of the call
record | *UID *GID | string | the number; configuration, auditd, NSS | translate.user_db | name of the user or group
record | ID | string | id= of an account; as UID | translate.user_db | name of the user or group
record | EXIT | string | exit= of URINGOP | translate.universal | the error
record | CAPABILITY CODE FAMILY HOOK IOCTLCMD LIST MACPROTO MODE PROTO RESP SIG SIGEV_SIGNO URING_OP | string | the
  field in small letters | translate.universal | its meaning, of numbers that have one; MODE as ls(1) shows it
record | CAP_FI CAP_FP CAP_PA CAP_PE CAP_PI CAP_PP FI FP OLD_PA OLD_PE OLD_PI OLD_PP PA PE PI PP NEW_PE NEW_PI NEW_PP
  | list of strings | the field in small letters | translate.universal | capabilities in the set; all of a full one
record | FLAGS MQ_FLAGS OFLAG PER RESOLVE | list of strings | the field in small letters | translate.universal | flags
  that are set
record | SADDR | object (address) or string | saddr= of SOCKADDR | translate.universal | the socket address; a string is
  what auditd wrote (ENRICHED), where it was not translated
SYSCALL | ARGV | list of strings or nulls | a0= to a3= | | the first four arguments, in hexadecimal
SYSCALL | PID | object (identity) | probe, /proc, records | enrich.pid | the process that made the call
SYSCALL | PPID | object (identity) | probe, /proc, records | enrich.pid | the process in ppid=
SYSCALL | SPAWNED_BY | object (identity) | probe, /proc, records | enrich.spawned_by | the program that forked the
  process or, after another exec, that it ran before
SYSCALL | ANCESTORS | list of objects (ancestor) | probe, /proc, records | enrich.ancestors | on an exec: parent, its
  parent, and so on
SYSCALL | SCRIPT | string | EXECVE, CWD, PATH | enrich.script | on an exec: the script that an interpreter was started
  for
SYSCALL | SCRIPT_SOURCE | string | sensor | enrich.script | observed; or inherited: of env(1), which executed the
  interpreter that #!/usr/bin/env names
SYSCALL | CMDLINE | list of strings | EXECVE, /proc/PID/cmdline | enrich.cmdline | the command line of the process
SYSCALL | CMDLINE_SKIPPED | number, bytes | EXECVE, /proc/PID/cmdline | enrich.cmdline_bytes | how much of it is left
  out, at least
SYSCALL | CMDLINE_SOURCE | string | sensor | enrich.cmdline | observed; or inherited: of the process that forked this
  one
SYSCALL | UID_GROUPS | list of strings | NSS | enrich.uid_groups | groups of the user in uid=, the primary one first
SYSCALL | SESSION | object (session) | USER_LOGIN, USER_START | enrich.session | how the session in ses= began
SYSCALL | EXE_HASH | string | /proc/PID/exe, the file | enrich.exe_hash | SHA-256 of the executed file
SYSCALL | EXE_HASH_SOURCE | string | sensor | enrich.exe_hash | observed; or inherited: the file is that of the process
  which forked this one
SYSCALL | EXE_HASH_SKIPPED | string | sensor | enrich.exe_hash | why there is none: gone, too_large, pending, changed,
  unreadable
record | LABELS | list of strings | configuration, stages of your own | label_process, stages | of its process
SYSCALL | EXIT | string | exit= | translate.universal | the error, of a call that failed
SYSCALL | ARGS | object of strings or numbers or lists | a0= to a3= | translate.arguments | arguments by their names
  in the call's manual page; flags are lists, constants names, descriptors and sizes numbers; addresses are left out
EXECVE | ARGV | list of strings or nulls or objects (skipped) | a0=, a1= … | transform.execve_argv | the command line;
  null is an argument that the records lack
EXECVE | ARGV_STR | string | a0=, a1= … | transform.execve_argv | the same, joined by blanks
EXECVE | ENV | object of strings | /proc/PID/environ | enrich.execve_env | variables of the program's environment
skipped | skipped_args | number | a0=, a1= … | transform.execve_argv_limit_bytes | arguments left out here; a great
  many that the records lack
skipped | skipped_bytes | number or null, bytes | a0=, a1= … | transform.execve_argv_limit_bytes | their length
PROCTITLE | ARGV | list of strings | proctitle= | | the title in words; the kernel cuts it at 128 bytes
identity | EVENT_ID | string | records | enrich.pid, enrich.spawned_by | ID of the event that began the program
identity | START_TIME | string, seconds since 1970 | probe, /proc/PID/stat | enrich.pid, enrich.spawned_by | of a
  process of which no such event is known
identity | GUID | string | probe, or /proc/PID/stat, status and ns/pid; boot id | enrich.pid, enrich.spawned_by | of
  the process for all its life: OCSF's Common Process Identifier
identity | GUID_SOURCE | string | sensor | enrich.pid, enrich.spawned_by | probe or proc: who knew the start
identity | pid | number | records, probe | enrich.spawned_by | in SPAWNED_BY
identity | comm | string or null | records, probe, /proc/PID/comm | enrich.ppid_verbose, enrich.spawned_by | name of
  the program; not in SYSCALL.PID, beside which it stands
identity | exe | string or null | records, /proc/PID/exe | enrich.ppid_verbose, enrich.spawned_by | its file; as comm
identity | ppid | number | records, probe, /proc/PID/stat | enrich.ppid_verbose | pid of the parent; as comm, and not
  in SPAWNED_BY
identity | container | object (container) | /proc/PID/cgroup | enrich.container | the innermost container; in PID
identity | systemd_service | list of strings | /proc/PID/cgroup | enrich.systemd | units of the process, outermost
  first
identity | systemd_scope systemd_slice systemd_user_unit | string | /proc/PID/cgroup | enrich.systemd | its unit of
  this kind
identity | root | object (root) | probe, /proc/PID/root, ns/mnt and ns/user | enrich.root | what its paths and exe are
  relative to, where that is not the host's root; in PID
identity | systemd_source | string | sensor | enrich.systemd | observed; or inherited from the program that started it
container | id | string | /proc/PID/cgroup | enrich.container | 64 hexadecimal digits, or the name
container | runtime | string | /proc/PID/cgroup | enrich.container | docker, containerd, cri-o, podman, lxc,
  systemd-nspawn …; missing where the control group does not show it
container | name image | string | the runtime's files | enrich.container | as people call it
container | pod namespace | string | the runtime's files | enrich.container | of kubernetes
container | pod_uid | string | /proc/PID/cgroup | enrich.container | of kubernetes
container | user | string | /proc/PID/cgroup | enrich.container | number or name of the user whose runtime it is;
  missing where the system's does
container | outer | list of strings | /proc/PID/cgroup | enrich.container | ids of containers around it
container | source | string | sensor | enrich.container | observed; or inherited from the program that started it
container info | ID | string | /proc/PID/cgroup | enrich.container_info | container.id
root | path | string | /proc/PID/root | enrich.root | of its root directory as the host sees it, / in another mount
  namespace; of a process that lived when it was seen
root | mount_namespace | number | probe, /proc/PID/ns/mnt | enrich.root | inode of its mount namespace
root | user_namespace | string | probe, /proc/PID/ns/user | enrich.root | other: it is another than the host's, so that
  the process can change its root at any time
ancestor | GUID | string or null | as in an identity | enrich.ancestors | as in an identity
ancestor | comm | string or null | records, probe, /proc/PID/comm | enrich.ancestors | name of the program
session | acct addr hostname terminal exe | string | acct=, addr= … of the login | enrich.session | account, address
  and terminal of the login, and the program that let it in
parent | ARGV | list of strings | EXECVE, /proc/PID/cmdline | enrich.parent_info | its command line
parent | ARGV_SOURCE | string | sensor | enrich.parent_info | observed; or inherited: of the process that forked it
parent | launch_time | number, seconds since 1970 | records, probe, /proc/PID/stat | enrich.parent_info | when it
  began its program
parent | ppid | number | records, probe, /proc/PID/stat | enrich.parent_info | its own parent's pid
parent | comm exe | string or null | as in an identity | enrich.parent_info | its name and file
parent | GUID GUID_SOURCE | string | as in an identity | enrich.parent_info | as in an identity
probe | pid ppid auid ses | number | probe | probe.emit, probe.coverage_events | as in SYSCALL
probe | comm | string | probe | probe.emit, probe.coverage_events | as in SYSCALL
probe | cgroup | number or null | probe | probe.emit, probe.coverage_events | id of the control group: the inode of
  its directory
probe | reported | boolean | sensor | probe.coverage_events | false: audit did not report this exec
probe | exit_code | number or null | probe | probe.emit | what the process gave exit(2); in PROBE_EXIT
probe | signal | number or null | probe | probe.emit | what killed it; in PROBE_EXIT
probe | duration | number, seconds | probe | probe.emit | from its start to its end; in PROBE_EXIT
probe | PID PPID SPAWNED_BY | object (identity) | probe | enrich.pid, enrich.spawned_by | as in SYSCALL
address | saddr_fam | string | saddr= | translate.universal | inet, inet6, local, netlink … or unknown(n)
address | addr | string | saddr= | translate.universal | of inet, inet6, smc, x25, packet, bluetooth
address | port | number | saddr= | translate.universal | of inet, inet6, smc, ipx, vsock, qipcrtr
address | addr_v4 | string | saddr= | translate.universal | of inet6: the IPv4 address inside a mapped one
address | flowinfo scope_id | number | saddr= | translate.universal | of inet6
address | kind | string | saddr= | translate.universal | of local: pathname, abstract or unnamed
address | path | string or null | saddr= | translate.universal | of local
address | pid | number | saddr= | translate.universal | of netlink
address | groups | string | saddr= | translate.universal | of netlink
address | protocol | string | saddr= | translate.universal | of packet
address | ifindex | number | saddr= | translate.universal | of packet, can, xdp
address | queue | number | saddr= | translate.universal | of xdp
address | network node | string | saddr= | translate.universal | of ipx, mctp, tipc, qipcrtr
address | type | number | saddr= | translate.universal | of ipx
address | eid | number | saddr= | translate.universal | of mctp
address | scope service lower upper instance domain ref | number | saddr= | translate.universal | of tipc
address | call | string | saddr= | translate.universal | of ax25
address | itf vpi vci | number | saddr= | translate.universal | of atmpvc
address | alg_type alg_name | string | saddr= | translate.universal | of alg
address | device | number | saddr= | translate.universal | of nfc, bluetooth
address | target nfc_protocol | number | saddr= | translate.universal | of nfc
address | cid | number | saddr= | translate.universal | of vsock, bluetooth
address | psm channel | number | saddr= | translate.universal | of bluetooth
"""


class OutputKey(NamedTuple):
    """One row of the table; where: the column `in`; option: "" for what is always there."""

    where: str
    name: str
    type: str
    unit: str
    source: str
    option: str
    meaning: str

    @property
    def kind(self) -> str:
        """Type and unit."""
        return f"{self.type}, {self.unit}" if self.unit else self.type


def _row(line: str) -> OutputKey:
    where, name, type, *rest = (cell.strip() for cell in line.split("|"))
    type, _, unit = type.partition(", ")
    return OutputKey(where, name, type, unit, *rest)


KEYS: tuple[OutputKey, ...] = tuple([_row(line) for line in _TABLE.replace("\n  ", " ").strip().splitlines()])


_MORE_FIELDS = ("a0", "auid", "uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid", "ouid", "ogid", "profile")


def clash(prefix: str) -> str | None:
    """A field of the records that begins like this, so that with it before them added keys and fields mix; or None."""
    return next((name for name in (*KINDS, *_MORE_FIELDS) if name.startswith(prefix)), None)


def holders(where: str) -> list[str]:
    """The keys whose objects have their members in the rows of this place."""
    return list(dict.fromkeys([name for row in KEYS if f"({where})" in row.type for name in row.name.split()]))


def find(key: str) -> list[OutputKey]:
    """The rows about a key, alone or as a path (`SYSCALL.PID.GUID`); those of a rule (`*UID`) only if it has no own."""
    *path, name = key.replace("[]", "").split(".")
    for spelling in (name, name.upper()):
        rows = [row for row in KEYS if spelling in row.name.split()]
        rows = rows or [row for row in KEYS if any(fnmatchcase(spelling, rule) for rule in row.name.split())]
        if rows:
            break
    if not path:
        return rows
    types = [row.type for row in KEYS if path[-1] in row.name.split()]
    held = [row for row in rows if row.where == path[-1] or any(f"({row.where})" in type for type in types)]
    if not held and path[-1] in NUMBERS and name in KINDS:  # a field that the record itself has
        return [row for row in rows if row.where in ("record", "any object")]
    return held or rows


def how_written(key: str) -> str | None:
    """How audit writes a field, alone or of a record (`PATH.name`), as in `KINDS`; None for what no record has."""
    *path, name = key.replace("[]", "").split(".")
    if path and path[-1] not in NUMBERS and any(path[-1] in row.name.split() for row in KEYS):
        return None  # a member of an added object
    return kinds_of(path[-1] if path else "").get(name)
