"""How field values are written: every field of real records has the kind its writer gave it."""

from __future__ import annotations

import pytest

from sensor.tables.fields import BY_RECORD, KINDS, USER_STRINGS, kinds_of

# Every field name of the audit project's field dictionary. Names ending in uid and gid go by rule.
DICTIONARY = """
    acct acl action added addr apparmor arch argc audit_backlog_limit audit_backlog_wait_time audit_enabled
    audit_failure banners bool bus capability cap_fe cap_fi cap_fp cap_fver cap_pa cap_pe cap_pi cap_pp category
    cgroup changed cipher class cmd code comm compat cwd daddr data default-context dev device dir direction dmac
    dport enforcing entries errno exe exit fam family fd file flags fe feature fi fp format fver grantors grp hook
    hostname icmp_type id img-ctx inif ip ipid ino inode invalid_context ioctlcmd ipx-net item items kernel key kind
    ksize laddr len lport list mac macproto maj major minor mode model msg nargs name nametype net new new-chardev
    new-disk new-enabled new-fs new-level new_lock new-log_passwd new-mem new-net new_pe new_pi new_pp new-range
    new-rng new-role new-seuser new-vcpu nlnk-fam nlnk-grp nlnk-pid obj oflag ocomm old old-chardev old-disk
    old-enabled old_enforcing old-fs old-level old_lock old-log_passwd old-mem old-net old_pa old_pe old_pi old_pp
    old_prom old-range old-rng old-role old-ses old-seuser old_val old-vcpu op opid oses outif pa pe pi pp parent
    path per perm perm_mask permissive pfs pid ppid printer prom proctitle proto qbytes range rdev reason removed
    res resrc result role rport saddr scontext selected-context seperm seqno seperms seresult ses seuser sig
    sigev_signo smac spid sport state subj success syscall table tclass tcontext terminal tty type unit uri user
    uuid val ver virt vm vm-ctx vm-pid watch
"""


def test_the_whole_field_dictionary_is_classified() -> None:
    assert [name for name in DICTIONARY.split() if name not in KINDS] == []


def test_only_known_kinds_are_given() -> None:
    kinds = {"decimal", "hex", "octal", "encoded", "string"}
    assert set(KINDS.values()) == kinds
    assert set(BY_RECORD.values()) <= kinds
    assert USER_STRINGS.issubset(KINDS)


@pytest.mark.parametrize(
    ("record", "kinds"),
    [
        ("SYSCALL", "arch:hex per:hex syscall:decimal exit:decimal tty:string comm:encoded key:encoded subj:string"),
        ("PATH", "inode:decimal dev:string mode:octal rdev:string name:encoded cap_fp:hex cap_frootid:decimal"),
        ("CONFIG_CHANGE", "op:string audit_backlog_limit:decimal old:decimal res:decimal key:encoded list:decimal"),
        ("BPRM_FCAPS", "fver:hex fp:hex fi:hex fe:decimal old_pp:hex pa:hex frootid:decimal"),
        ("SOCKETCALL", "nargs:decimal a0:hex a5:hex"),
        ("SOCKADDR", "saddr:encoded"),
        ("FD_PAIR", "fd0:decimal fd1:decimal"),
        ("MMAP", "fd:decimal flags:hex"),
        ("MQ_OPEN", "oflag:string mode:octal mq_flags:hex mq_maxmsg:decimal mq_msgsize:decimal mq_curmsgs:decimal"),
        ("OPENAT2", "oflag:string mode:octal resolve:hex"),
        ("SECCOMP", "sig:decimal compat:decimal ip:string code:hex"),
        ("FANOTIFY", "resp:decimal fan_type:decimal fan_info:hex subj_trust:decimal"),
        ("TIME_INJOFFSET", "sec:decimal nsec:decimal"),
        ("TIME_ADJNTPVAL", "op:string old:decimal new:decimal"),
        ("BPF", "prog-id:decimal op:string"),
        ("URINGOP", "uring_op:decimal items:decimal"),
        ("DM_EVENT", "module:string dev:string sector:decimal res:decimal"),
        ("NETFILTER_CFG", "table:string family:decimal entries:decimal"),
        ("NETFILTER_PKT", "mark:hex saddr:string daddr:string proto:decimal action:decimal"),
        ("MAC_UNLBL_ALLOW", "unlbl_accept:decimal old:decimal"),
        ("MAC_IPSEC_EVENT", "src:string dst:string"),
        ("AVC", "dest:decimal src:decimal dev:encoded ino:decimal permissive:decimal capability:decimal"),
        ("AVC", "family:string flags:string action:string profile:encoded name:encoded error:decimal tcontext:encoded"),
        ("IPE_ACCESS", "ipe_op:string enforcing:decimal path:encoded dev:encoded ino:decimal"),
        ("LANDLOCK_ACCESS", "domain:string blockers:string path:encoded dev:encoded opid:decimal ocomm:encoded"),
        ("LANDLOCK_DOMAIN", "status:string mode:string exe:encoded denials:decimal"),
        ("INTEGRITY_DATA", "action:string name:encoded dev:encoded res:decimal errno:decimal"),
        ("INTEGRITY_POLICY_RULE", "action:string fsuuid:string res:decimal"),
        ("ANOM_PROMISCUOUS", "dev:string prom:decimal"),
        ("LOGIN", "res:decimal old-ses:decimal tty:string"),
        ("DAEMON_START", "ver:string res:string"),
        ("ADD_USER", "id:decimal op:string res:string"),
        ("USER_LOGIN", "hostname:string addr:string acct:encoded res:string"),
        ("CRYPTO_SESSION", "ksize:decimal spid:decimal rport:decimal lport:decimal res:string"),
        ("CRYPTO_KEY_USER", "fp:string"),
        ("SERVICE_START", "unit:string"),
        ("USER_AVC", "permissive:decimal seqno:decimal"),
        ("VIRT_RESOURCE", "vm:encoded uuid:string maj:hex new-mem:decimal old-disk:encoded"),
        ("UNKNOWN[2999]", "res:decimal"),
    ],
)
def test_kinds_of_the_fields_of_a_record(record: str, kinds: str) -> None:
    table = kinds_of(record)
    found = " ".join(f"{name}:{table.get(name, 'string')}" for name in (pair.split(":")[0] for pair in kinds.split()))
    assert found == kinds
