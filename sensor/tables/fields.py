"""How the value of each audit field is written, by name.

Only the classification of field names lives here; turning values into JSON is `sensor.audit`'s. A record is
a row of `name=value`, and nothing in it distinguishes a number from a hex-encoded string:

    type=CONFIG_CHANGE msg=audit(1700000000.001:1): op=set audit_backlog_limit=8192 old=64 auid=0 ses=1 res=1
    type=PATH msg=audit(1700000000.001:1): item=0 name=2F746D702F612062 inode=12 dev=fd:01 mode=0100644

so `old=64` must be known to be decimal, and `name=2F…` to be an encoded string. The kinds are:

    decimal   signed decimal number                             JSON integer
    hex       hexadecimal number, with or without 0x            JSON string "0x…"
    octal     octal number                                      JSON string "0o…"
    encoded   "quoted", or the hex digits of its bytes          JSON string
    string    anything else: kept as it is, never decoded       JSON string

A name in no table is a string, and names ending in `uid` or `gid` are decimal without being listed. A value
that does not fit its kind (`ses=unset`, or the old path of `op=make_equiv old="/a"`) is a string as well. One name
has one kind within one record type, so that a JSON key always has one type; BY_RECORD holds the names that mean
different things in different records.

Sources: the audit project's field dictionary, auparse's table of escaped fields, and the audit_log_format()
and audit_log_untrustedstring() calls of Linux 6.18.
"""

from __future__ import annotations

__all__ = ["BY_RECORD", "KINDS", "USER_STRINGS", "kinds_of"]

from sensor.tables.record_types import NUMBERS, is_kernel


def _names(kind: str, text: str) -> dict[str, str]:
    return dict.fromkeys(text.split(), kind)


#: Field name → kind, in every record type without an entry of its own in BY_RECORD.
KINDS: dict[str, str] = {
    # The header of an event, processes, users' sessions
    **_names("decimal", "argc exit item items syscall pid ppid opid spid vm-pid ses oses old-ses"),
    **_names("hex", "arch per"),
    **_names("encoded", "comm exe ocomm cwd key proctitle"),
    # Files
    **_names("decimal", "inode ino parent fd fd0 fd1 major minor cap_fe cap_frootid"),
    **_names("octal", "mode"),
    **_names("hex", "cap_fi cap_fp cap_fver ioctlcmd resolve flags"),
    **_names("encoded", "name path file dir watch xattr device root_dir"),
    # Capabilities
    **_names("decimal", "capability fe frootid"),
    **_names("hex", "cap_pa cap_pe cap_pi cap_pp fi fp fver pa pe pi pp"),
    **_names("hex", "old_pa old_pe old_pi old_pp new_pe new_pi new_pp"),
    # Inter-process communication, signals, time, io_uring, BPF
    **_names("decimal", "nargs mqdes mq_maxmsg mq_msgsize mq_curmsgs msg_len msg_prio sigev_signo sig"),
    **_names("decimal", "abs_timeout_sec abs_timeout_nsec sec nsec uring_op prog-id compat"),
    **_names("hex", "mq_flags qbytes code"),
    # The audit system's own configuration
    **_names("decimal", "audit_enabled audit_failure audit_pid audit_rate_limit audit_backlog_limit"),
    **_names("decimal", "audit_backlog_wait_time backlog_wait_time_actual lost list old new res errno"),
    **_names("decimal", "old_lock new_lock old-enabled new-enabled old-log_passwd new-log_passwd nl-mcgrp"),
    # Network
    **_names("decimal", "osid family entries proto protocol ipid frag sport dport src dest lport fport rport port"),
    **_names("decimal", "icmp_type icmptype icmpcode hook len prom old_prom nlnk-fam nlnk-grp nlnk-pid"),
    **_names("decimal", "sec_alg sec_doi cipso_doi calipso_doi src_prefixlen dst_prefixlen unlbl_accept"),
    **_names("hex", "mark macproto flowlbl"),
    **_names("encoded", "saddr"),
    # Security modules
    **_names("decimal", "permissive enforcing old_enforcing enabled val old_val seqno nlmsg_type port_num denials"),
    **_names("encoded", "invalid_context srawcon trawcon kmod key_desc"),
    **_names("decimal", "key_serial"),
    # fanotify, device mapper
    **_names("decimal", "resp fan_type subj_trust obj_trust sector"),
    **_names("hex", "fan_info"),
    # Terminals and user space: accounts, virtual machines, packages, file integrity checkers
    **_names("encoded", "data acct cmd grp new_group cgroup sw vm"),
    **_names("encoded", "old-chardev new-chardev old-disk new-disk old-fs new-fs old-net new-net old-rng new-rng"),
    **_names("decimal", "id ksize old-mem new-mem old-vcpu new-vcpu added removed changed peer_pid"),
    **_names("hex", "maj"),  # libvirt writes the number of a device class as %02X
    # Words: nothing to read in them, and some look like hex (hostname=8da7ccbba3a1, unit=cafe)
    **_names("string", "acl action addr apparmor banners bool bus category cipher class daddr default-context dev"),
    **_names("string", "direction dmac domain fam feature format fsuuid grantors hostname img-ctx inif ip ipx-net"),
    **_names("string", "kernel kind laddr mac model msg nametype net new-level new-range new-role new-seuser obj"),
    **_names("string", "oflag old-level old-range old-role old-seuser op outif perm perm_mask pfs printer range"),
    **_names("string", "rdev reason resrc result role scontext selected-context seperm seperms seresult seuser"),
    **_names("string", "smac state subj success table tclass tcontext terminal tty type unit uri user uuid ver"),
    **_names("string", "virt vm-ctx"),
}

#: Names that KINDS holds for the kernel's sake and that are words in records of user space:
#: `res=success`, `fp=SHA256:…` of a key, `code=` and `mode=` of whatever the program likes.
USER_STRINGS: frozenset[str] = frozenset(
    _names("string", "res mode flags fp fi pp pe pi pa code val family proto protocol src dest")
)

#: The records all security modules share: SELinux's, Smack's and AppArmor's fields, and those of lsm_audit.c.
_AVC = (
    "AVC",
    "APPARMOR",
    "AA",
    "APPARMOR_AUDIT",
    "APPARMOR_ALLOWED",
    "APPARMOR_DENIED",
    "APPARMOR_HINT",
    "APPARMOR_STATUS",
    "APPARMOR_ERROR",
    "APPARMOR_KILL",
)
_AVC_KINDS: dict[str, str] = {
    **_names("string", "family flags saddr device"),  # family="inet" flags="ro, noexec" saddr=10.0.0.1
    **_names("encoded", "dev profile namespace ns label target peer tcontext"),  # a context has colons, so is no hex
    **_names("encoded", "srcname fstype trans options capname addr peer_addr subject object"),
    **_names("decimal", "error value offset ipc_key ssid tsid"),
}
#: dev=… is the name of a file system there ("dm-0", or hex), where PATH has numbers (fd:01).
_WITH_DEVICE_NAME = (
    "IPE_ACCESS",
    "LANDLOCK_ACCESS",
    "INTEGRITY_DATA",
    "INTEGRITY_METADATA",
    "INTEGRITY_STATUS",
    "INTEGRITY_HASH",
    "INTEGRITY_PCR",
    "INTEGRITY_RULE",
)

#: (record type, field name) → kind, where it differs from KINDS.
BY_RECORD: dict[tuple[str, str], str] = {
    **{(record, name): kind for record in _AVC for name, kind in _AVC_KINDS.items()},
    **{(record, "dev"): "encoded" for record in _WITH_DEVICE_NAME},
    **{("SOCKETCALL", f"a{index}"): "hex" for index in range(6)},
    ("LANDLOCK_ACCESS", "saddr"): "string",
    ("LANDLOCK_DOMAIN", "mode"): "string",  # mode=enforcing
    ("MAC_IPSEC_EVENT", "src"): "string",  # addresses, where an AVC has ports
    ("MAC_IPSEC_EVENT", "dst"): "string",
    ("MAC_UNLBL_STCADD", "src"): "string",
    ("MAC_UNLBL_STCDEL", "src"): "string",
    ("MAC_MAP_ADD", "src"): "string",
    ("NETFILTER_PKT", "saddr"): "string",
    ("NETFILTER_PKT", "action"): "decimal",  # a word in AVC and INTEGRITY_*
    ("NETFILTER_PKT", "truncated"): "decimal",
}


def kinds_of(record: str) -> dict[str, str]:
    """Every listed field of record type `record` → its kind; a new dict, to be kept by the caller.

    `record` is a name as in NUMBERS. A type not known there (`UNKNOWN[n]`, too) has the kernel's kinds.
    """
    kinds = {**KINDS, **{name: kind for (owner, name), kind in BY_RECORD.items() if owner == record}}
    number = NUMBERS.get(record)
    if number is not None and not is_kernel(number):
        kinds.update(dict.fromkeys(USER_STRINGS, "string"))
    return kinds
