"""The arguments of syscalls: what each of the four that audit records is called, and what its number means.

    type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=257 … a0=ffffff9c a1=7ffd3a9e a2=80241 a3=180 …
    openat   dirfd:dirfd - flags:open @creat
    {"dirfd": "AT_FDCWD", "flags": ["O_WRONLY", "O_CREAT", "O_TRUNC", "O_CLOEXEC"], "mode": "0o600"}

A `-` is an argument that means nothing by itself: an address. Arguments after the fourth are in no record. What an
argument means may depend on another: the third of fcntl on its command, the mode of open on O_CREAT.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sensor.tables.arches import X86_64, name
from sensor.tables.flags import Spelling, spell

__all__ = ["arguments", "spell_arguments"]

#: Syscall names, then name:form of each argument (the forms of `flags.spell`), or a key of _CASES.
_TABLE = """
access                                - amode:access
faccessat                             dirfd:dirfd - amode:access
faccessat2                            dirfd:dirfd - amode:access flags:at_access
open                                  - flags:open @creat
openat                                dirfd:dirfd - flags:open @creat
openat2                               dirfd:dirfd - - size:long
open_by_handle_at                     mount_fd:dirfd - flags:open
name_to_handle_at                     dirfd:dirfd
creat                                 - mode:mode
mkdir chmod                           - mode:mode
fchmod                                fd:fd mode:mode
mkdirat fchmodat                      dirfd:dirfd - mode:mode
fchmodat2                             dirfd:dirfd - mode:mode flags:at
mknod                                 - mode:mode dev:hex
mknodat                               dirfd:dirfd - mode:mode dev:hex
umask                                 umask:mode
chown lchown chown32 lchown32         - owner:uid group:uid
fchown fchown32                       fd:fd owner:uid group:uid
fchownat                              dirfd:dirfd - owner:uid group:uid
unlinkat                              dirfd:dirfd - flags:at_unlink
renameat renameat2 linkat             olddirfd:dirfd - newdirfd:dirfd
symlinkat                             - newdirfd:dirfd
readlinkat futimesat                  dirfd:dirfd
newfstatat fstatat64 utimensat        dirfd:dirfd - - flags:at
utimensat_time64                      dirfd:dirfd - - flags:at
statx                                 dirfd:dirfd - flags:at mask:statx
truncate                              - length:long
ftruncate                             fd:fd length:long
fallocate                             fd:fd flags:fallocate offset:long length:long
read write                            fd:fd - count:long
pread pwrite pread64 pwrite64         fd:fd - count:long offset:long
close fchdir fsync fdatasync fstat    fd:fd
fstatfs getdents getdents64 syncfs    fd:fd
close_range                           first:uid last:uid flags:close_range
dup                                   oldfd:fd
dup2                                  oldfd:fd newfd:fd
dup3                                  oldfd:fd newfd:fd flags:open
pipe2                                 - flags:open
fcntl fcntl64                         fd:fd cmd:fcntl @fcntl
flock                                 fd:fd lock:flock
lseek                                 fd:fd offset:long whence:seek
ioctl                                 fd:fd request:ioctl
sync_file_range                       fd:fd offset:long nbytes:long flags:sync_file_range
sendfile sendfile64                   out_fd:fd in_fd:fd - count:long
copy_file_range splice                fd_in:fd - fd_out:fd
tee                                   fd_in:fd fd_out:fd len:long flags:splice
vmsplice                              fd:fd - nr_segs:long flags:splice
mount                                 - - - mountflags:mount
umount2                               - flags:umount
fsopen                                - flags:fsopen
fsmount                               fd:fd flags:fsmount attr_flags:mount_attr
fspick                                dirfd:dirfd - flags:fspick
fsconfig                              fd:fd cmd:fsconfig
move_mount                            from_dirfd:dirfd - to_dirfd:dirfd
open_tree                             dirfd:dirfd - flags:open_tree
mount_setattr                         dirfd:dirfd - flags:at size:long
mmap mmap2                            - length:long prot:mmap_prot flags:mmap
mprotect pkey_mprotect                - length:long prot:mmap_prot
munmap mlock                          - length:long
mlock2                                - length:long flags:mlock
mlockall                              flags:mlockall
mremap                                - old_size:long new_size:long flags:mremap
msync                                 - length:long flags:msync
madvise                               - length:long advice:madvise
process_madvise                       pidfd:fd - vlen:long advice:madvise
memfd_create                          - flags:memfd
memfd_secret                          flags:open
mbind                                 - length:long mode:mempolicy
set_mempolicy                         mode:mempolicy
membarrier                            cmd:membarrier
clone                                 flags:clone
clone3                                - size:long
unshare                               flags:unshare
setns                                 fd:fd nstype:unshare
execveat                              dirfd:dirfd
exit exit_group                       status:int
wait4 waitpid                         pid:pid - options:wait
waitid                                idtype:wait_id id:pid - options:wait
kill                                  pid:pid sig:signal
tkill                                 tid:pid sig:signal
tgkill rt_tgsigqueueinfo              tgid:pid tid:pid sig:signal
rt_sigqueueinfo                       tgid:pid sig:signal
pidfd_send_signal                     pidfd:fd sig:signal
pidfd_open                            pid:pid flags:open
pidfd_getfd                           pidfd:fd targetfd:fd
rt_sigaction sigaction signal         sig:signal
rt_sigprocmask sigprocmask            how:sigmask
prctl                                 option:prctl @prctl @prctl3
arch_prctl                            code:arch_prctl
ptrace                                request:ptrace pid:pid - @ptrace
personality                           persona:personality
seccomp                               operation:seccomp flags:seccomp_flags
bpf                                   cmd:bpf - size:int
perf_event_open                       - pid:pid cpu:int group_fd:fd
kcmp                                  pid1:pid pid2:pid kind:kcmp
process_vm_readv process_vm_writev    pid:pid
keyctl                                operation:keyctl @keyctl
request_key                           - - - dest_keyring:keyring
setuid setuid32 setfsuid setfsuid32   uid:uid
setgid setgid32 setfsgid setfsgid32   gid:uid
setreuid setreuid32                   ruid:uid euid:uid
setregid setregid32                   rgid:uid egid:uid
setresuid setresuid32                 ruid:uid euid:uid suid:uid
setresgid setresgid32                 rgid:uid egid:uid sgid:uid
setgroups setgroups32                 size:int
setpgid                               pid:pid pgid:pid
getpgid getsid                        pid:pid
setpriority                           which:priority who:int prio:int
getpriority                           which:priority who:int
setrlimit getrlimit                   resource:rlimit
prlimit64                             pid:pid resource:rlimit
sched_setscheduler                    pid:pid policy:sched
sched_setparam sched_setaffinity      pid:pid
socket socketpair                     domain:socket_family type:socket_type @protocol
bind connect                          sockfd:fd - addrlen:int
listen                                sockfd:fd backlog:int
accept getsockname getpeername        sockfd:fd
accept4                               sockfd:fd - - flags:socket_flags
send recv sendto recvfrom             sockfd:fd - len:long flags:message
sendmsg recvmsg                       sockfd:fd - flags:message
sendmmsg recvmmsg recvmmsg_time64     sockfd:fd - vlen:int flags:message
shutdown                              sockfd:fd how:shutdown
setsockopt getsockopt                 sockfd:fd level:sockopt_level @level
socketcall                            call:socketcall
ipc                                   call:ipc
shmget                                key:hex size:long shmflg:ipc_get
semget                                key:hex nsems:int semflg:ipc_get
msgget                                key:hex msgflg:ipc_get
shmat                                 shmid:int - shmflg:shmat
shmctl                                shmid:int cmd:shm
semctl                                semid:int semnum:int cmd:sem
msgctl                                msqid:int cmd:msg
mq_open                               - oflag:open @creat
inotify_init1                         flags:open
inotify_add_watch                     fd:fd - mask:inotify
inotify_rm_watch                      fd:fd wd:int
fanotify_init                         flags:fanotify event_f_flags:open
fanotify_mark                         fanotify_fd:fd flags:fanotify_mark
epoll_create1                         flags:open
epoll_ctl                             epfd:fd op:epoll fd:fd
eventfd2                              initval:uid flags:eventfd
signalfd4                             fd:fd - sizemask:long flags:signalfd
timerfd_create                        clockid:clock flags:timerfd
timerfd_settime                       fd:fd flags:timerfd_set
userfaultfd                           flags:userfaultfd
clock_settime clock_gettime           clockid:clock
clock_adjtime timer_create            clockid:clock
clock_nanosleep                       clockid:clock flags:timer
futex                                 - futex_op:futex val:uid
getrandom                             - buflen:long flags:getrandom
init_module                           - len:long
finit_module                          fd:fd - flags:module
delete_module                         - flags:open
kexec_load                            entry:hex nr_segments:long - flags:kexec
kexec_file_load                       kernel_fd:fd initrd_fd:fd cmdline_len:long
reboot                                magic:hex magic2:hex cmd:reboot
swapon                                - swapflags:swapon
sethostname setdomainname             - len:int
syslog                                action:syslog - len:int
iopl                                  iopl:int
ioperm                                from:long num:long turn_on:int
io_uring_setup                        entries:uid
io_uring_enter                        fd:fd to_submit:uid min_complete:uid flags:uring_enter
io_uring_register                     fd:fd opcode:uring_register - nr_args:uid
landlock_create_ruleset               - size:long flags:landlock_create
landlock_add_rule                     ruleset_fd:fd rule_type:landlock_rule
landlock_restrict_self                ruleset_fd:fd flags:landlock_restrict
"""

_KEY_OPERATIONS = (
    "KEYCTL_GET_KEYRING_ID KEYCTL_UPDATE KEYCTL_REVOKE KEYCTL_CHOWN KEYCTL_SETPERM KEYCTL_DESCRIBE KEYCTL_CLEAR"
    " KEYCTL_LINK KEYCTL_UNLINK KEYCTL_SEARCH KEYCTL_READ KEYCTL_INSTANTIATE KEYCTL_NEGATE KEYCTL_SET_TIMEOUT"
    " KEYCTL_ASSUME_AUTHORITY KEYCTL_GET_SECURITY KEYCTL_REJECT KEYCTL_INSTANTIATE_IOV KEYCTL_INVALIDATE"
    " KEYCTL_RESTRICT_KEYRING KEYCTL_MOVE KEYCTL_WATCH_KEY"
)
#: What depends on another argument: that argument's name, then its spelling → name:form. No entry: it is left out.
_CASES: dict[str, tuple[str, dict[str, str]]] = {
    "@creat": ("flags oflag", {"O_CREAT": "mode:mode", "O_TMPFILE": "mode:mode"}),
    "@fcntl": (
        "cmd",
        {
            **dict.fromkeys(["F_DUPFD", "F_DUPFD_CLOEXEC", "F_DUPFD_QUERY"], "newfd:fd"),
            "F_SETOWN": "owner:int",
            "F_SETPIPE_SZ": "size:int",
            "F_SETFD": "flags:fd_flags",
            "F_SETFL": "flags:open",
            "F_SETSIG": "sig:signal",
            "F_SETLEASE": "lease:lease",
            "F_NOTIFY": "events:notify",
            "F_ADD_SEALS": "seals:seal",
        },
    ),
    "@prctl": (
        "option",
        {
            **dict.fromkeys(
                ["PR_SET_DUMPABLE", "PR_SET_KEEPCAPS", "PR_SET_CHILD_SUBREAPER", "PR_SET_TSC"], "value:int"
            ),
            **dict.fromkeys(["PR_SET_NO_NEW_PRIVS", "PR_SET_THP_DISABLE", "PR_SET_IO_FLUSHER"], "value:int"),
            **dict.fromkeys(["PR_CAPBSET_READ", "PR_CAPBSET_DROP"], "capability:capability"),
            "PR_SET_PTRACER": "pid:pid",
            "PR_SET_TIMERSLACK": "value:long",
            "PR_SET_PDEATHSIG": "sig:signal",
            "PR_SET_SECCOMP": "seccomp_mode:seccomp_mode",
            "PR_SET_SECUREBITS": "securebits:securebits",
            "PR_SET_MM": "operation:prctl_mm",
            "PR_CAP_AMBIENT": "operation:cap_ambient",
        },
    ),
    "@prctl3": (
        "operation",
        dict.fromkeys(
            ["PR_CAP_AMBIENT_IS_SET", "PR_CAP_AMBIENT_RAISE", "PR_CAP_AMBIENT_LOWER"], "capability:capability"
        ),
    ),
    "@ptrace": (
        "request",
        {
            **dict.fromkeys(["PTRACE_CONT", "PTRACE_DETACH", "PTRACE_SYSCALL", "PTRACE_SINGLESTEP"], "sig:signal"),
            **dict.fromkeys(["PTRACE_SETOPTIONS", "PTRACE_SEIZE"], "options:ptrace_options"),
        },
    ),
    "@keyctl": ("operation", dict.fromkeys(_KEY_OPERATIONS.split(), "keyring:keyring")),
    "@protocol": (
        "domain",
        {
            **dict.fromkeys(["AF_INET", "AF_INET6"], "protocol:ip_protocol"),
            "AF_NETLINK": "protocol:netlink",
            "AF_PACKET": "protocol:packet_protocol",
        },
    ),
    "@level": (
        "level",
        {
            "SOL_SOCKET": "optname:so",
            "SOL_IP": "optname:so_ip",
            "SOL_IPV6": "optname:so_ipv6",
            "SOL_TCP": "optname:so_tcp",
            "SOL_UDP": "optname:so_udp",
            "SOL_PACKET": "optname:so_packet",
            "SOL_NETLINK": "optname:so_netlink",
        },
    ),
}
#: (architecture, syscall) → arguments in an order of their own. An old mmap has but the address of a structure.
_OF_ARCH: dict[tuple[str, str], tuple[str, ...]] = {
    **{(arch, "mmap"): () for arch in ("i386", "m68k", "s390", "s390x", "cris")},
    **{(arch, "clone"): ("-", "flags:clone") for arch in ("s390", "s390x", "cris")},
}


@lru_cache(maxsize=1)
def _parsed() -> dict[str, tuple[str, ...]]:
    table = {}
    for line in _TABLE.strip().splitlines():
        words = line.split()
        syscalls = [word for word in words if word.isidentifier()]
        table.update(dict.fromkeys(syscalls, tuple(words[len(syscalls) :])))
    return table


def arguments(syscall: str, arch: int = X86_64) -> tuple[str, ...]:
    """How the first four arguments of `syscall` are read: `name:form`, `-`, or `@case`; empty if not at all."""
    special = _OF_ARCH.get((name(arch) or "", syscall))
    return special if special is not None else _parsed().get(syscall, ())


def spell_arguments(syscall: str, values: Sequence[int], arch: int = X86_64) -> dict[str, Spelling]:
    """Arguments of one call by name, in order; a name has one JSON type, whatever the call.

    Args:
        syscall: name, as `syscalls.name` gives it.
        values: a0 to a3, unsigned; fewer if the record has fewer.
        arch: audit architecture the call was made on.
    """
    spelled: dict[str, Spelling] = {}
    for entry, value in zip(arguments(syscall, arch), values):
        label, _, form = (_case(entry, spelled) if entry.startswith("@") else entry).partition(":")
        if form:
            spelled[label] = spell(form, value, arch)
    return spelled


def _case(case: str, spelled: dict[str, Spelling]) -> str:
    """`name:form` of an argument in company of the others, or nothing."""
    deciders, cases = _CASES[case]
    for decider in deciders.split():
        words = spelled.get(decider)
        for word in words if isinstance(words, list) else (words,):
            if isinstance(word, str) and word in cases:
                return cases[word]
    return ""
