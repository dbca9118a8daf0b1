"""The table: complete against the lists that others recommend, and free of what the probe makes needless."""

from __future__ import annotations

import re

import pytest

from sensor.rules.match import AuditRule, File, Folder, HomeFile, HomeFolder, SystemCalls
from sensor.rules.table import EXCLUSIONS, RULES, SETS
from sensor.tables import syscalls

X86_64, I386 = 0xC000003E, 0x40000003


def calls_of(rule: AuditRule, size: int) -> list[SystemCalls]:
    found = [match for match in rule.matches if isinstance(match, SystemCalls)]
    return [twin for match in found for twin in (match.twin or (match,))] if size == 32 else found


def test_keys_are_short_words_and_each_has_one_row() -> None:
    keys = [rule.key for rule in RULES]
    assert len(set(keys)) == len(keys)
    assert [key for key in keys if not re.fullmatch(r"[a-z-]{3,18}", key)] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_every_row_has_techniques_and_a_reason(rule: AuditRule) -> None:
    assert rule.matches
    assert rule.techniques
    assert [one for one in rule.techniques if not re.fullmatch(r"T1\d{3}(\.\d{3})?", one)] == []
    assert re.fullmatch(r"[A-Z][^`\n]*[^.\n]", rule.why)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.key)
def test_every_call_exists_for_both_word_sizes(rule: AuditRule) -> None:
    for size, arch in ((64, X86_64), (32, I386)):
        for calls in calls_of(rule, size):
            assert [name for name in calls.names.split() if not syscalls.numbers(arch, name)] == []


def test_the_minimal_set_is_part_of_the_recommended_and_much_smaller() -> None:
    assert set(SETS["minimal"]) < set(SETS["recommended"])
    assert len(SETS["minimal"]) * 2 < len(SETS["recommended"])


def test_neither_fork_nor_exit_is_audited() -> None:
    """clone is there for new namespaces only."""
    every = [(name, calls.fields) for rule in RULES for calls in calls_of(rule, 64) for name in calls.names.split()]
    names = {name for name, fields in every if name != "clone"}
    assert names.isdisjoint({"fork", "vfork", "clone3", "exit", "exit_group"})
    assert [fields for name, fields in every if name == "clone"] == ["a0&0x7e020000"]


def test_connections_are_asked_for_their_family() -> None:
    asked = [
        calls for rule in RULES for calls in calls_of(rule, 32) if re.search("connect|bind|socketcall", calls.names)
    ]
    assert len(asked) >= 8
    assert [calls for calls in asked if not re.search(r"saddr_fam=(2|10)\b", calls.fields)] == []


EXPECTED = {
    "audit-config": "/etc/audit/ /etc/libaudit.conf",
    "audit-tools": "/usr/sbin/auditctl /usr/sbin/auditd /usr/sbin/augenrules",
    "audit-log": "/var/log/audit/",
    "identity": "/etc/passwd /etc/shadow /etc/group /etc/gshadow",
    "authorized-keys": "/root/.ssh/authorized_keys ~/.ssh/authorized_keys",
    "sudo": "/etc/sudoers /etc/sudoers.d/ /etc/sudo.conf",
    "pam": "/etc/pam.d/ /etc/security/",
    "cron": "/etc/crontab /etc/cron.d/ /etc/cron.hourly/ /etc/cron.daily/ /etc/cron.weekly/ /etc/cron.monthly/ "
    "/etc/cron.allow /etc/cron.deny /var/spool/cron/",
    "systemd": "/etc/systemd/ /usr/lib/systemd/ ~/.config/systemd/user/",
    "loader": "/etc/ld.so.preload /etc/ld.so.conf /etc/ld.so.conf.d/",
    "udev": "/etc/udev/",
    "packages": "/etc/apt/ /etc/dpkg/ /etc/yum.repos.d/ /etc/dnf/",
    "confinement": "/etc/apparmor.d/ /etc/selinux/",
    "host-names": "/etc/hosts /etc/hostname /etc/resolv.conf sethostname setdomainname",
    "logins": "/var/log/wtmp /var/log/btmp /var/log/lastlog",
    "time": "/etc/localtime clock_settime settimeofday",
    "setuid": "chmod fchmod fchmodat fchmodat2",
    "xattr": "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr",
    "modules": "init_module finit_module delete_module /etc/modprobe.d/",
    "kexec": "kexec_load kexec_file_load",
    "access": "open openat openat2 creat truncate ftruncate open_by_handle_at",
    "mounts": "mount umount2 move_mount fsopen fsmount open_tree mount_setattr pivot_root",
    "namespaces": "unshare setns",
    "io-uring": "io_uring_setup",
    "memfd": "memfd_create",
    "bpf": "bpf",
    "injection": "ptrace process_vm_writev",
    "exec": "execve execveat",
}
"""What the rules of CIS benchmarks, of widely used lists and of our own notes on new system calls ask for."""


@pytest.mark.parametrize("key", EXPECTED)
def test_what_others_recommend_is_there(key: str) -> None:
    (rule,) = [rule for rule in RULES if rule.key == key]
    found: set[str] = set()
    for match in rule.matches:
        if isinstance(match, SystemCalls):
            found |= set(match.names.split())
        else:
            home = "~/" if isinstance(match, (HomeFile, HomeFolder)) else ""
            found.add(f"{home}{match.path}{'/' if isinstance(match, (Folder, HomeFolder)) else ''}")
    assert set(EXPECTED[key].split()) <= found


def test_paths_are_whole_and_have_no_end_of_a_folder() -> None:
    paths = [match.path for rule in RULES for match in rule.matches if isinstance(match, (File, Folder))]
    assert [path for path in paths if not re.fullmatch(r"(/[\w.-]+)+", path)] == []
    assert len(set(paths)) == len(paths) - 2  # shadow and gshadow, once written and once read


def test_what_is_excluded_holds_for_services_only() -> None:
    assert [one for one in EXCLUSIONS if not {"auid=unset"} < set(one.fields.split())] == []
