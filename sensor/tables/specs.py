"""What `generate.py` takes from the kernel's headers: one Spec for each table of constants.

Only patterns live here. A table is found by its headers and the names of its constants; names that match the
pattern for another reason (masks, limits, other meanings) are named in `without`:

    #define O_ACCMODE 00000003      ← without
    #define O_CREAT   00000100      ← pattern O_[A-Z]+
    enum bpf_cmd { BPF_MAP_CREATE,  ← enumerators are found, too

The product never imports this file. Constants that no user-space header has are in the modules that use them.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["SPECS", "Spec"]


class Spec(NamedTuple):
    """Where one table comes from.

    Attributes:
        headers: names of headers, included in this order; one that an architecture lacks is left out.
        pattern: what a whole name must match.
        without: what it must not.
        flags: the values are bits, so a name for zero is of no use.
        differs: architectures have values of their own.
        rename: pattern and replacement, to write names as manual pages do.
        extra: more names and values.
    """

    headers: str
    pattern: str
    without: str = ""
    flags: bool = False
    differs: bool = False
    rename: tuple[str, str] = ("$^", "")
    extra: dict[str, int] = {}  # noqa: RUF012 (a NamedTuple's default is never changed)


def _flags(headers: str, pattern: str, without: str = "", differs: bool = False) -> Spec:
    return Spec(headers, pattern, without, flags=True, differs=differs)


_NETLINK_OPTIONS = (
    "NETLINK_(ADD_MEMBERSHIP|DROP_MEMBERSHIP|PKTINFO|BROADCAST_ERROR|NO_ENOBUFS|LISTEN_ALL_NSID|LIST_MEMBERSHIPS"
    "|CAP_ACK|EXT_ACK|GET_STRICT_CHK|RX_RING|TX_RING)"
)
_BPF = (
    "BPF_(MAP_(CREATE|(LOOKUP|UPDATE|DELETE|LOOKUP_AND_DELETE)_(ELEM|BATCH)|GET_(NEXT_KEY|NEXT_ID|FD_BY_ID)|FREEZE)"
    "|PROG_(LOAD|ATTACH|DETACH|TEST_RUN|GET_NEXT_ID|GET_FD_BY_ID|QUERY|BIND_MAP|STREAM_READ_BY_FD|ASSOC_STRUCT_OPS)"
    "|OBJ_(PIN|GET|GET_INFO_BY_FD)|RAW_TRACEPOINT_OPEN|BTF_(LOAD|GET_FD_BY_ID|GET_NEXT_ID)|TASK_FD_QUERY"
    "|LINK_(CREATE|UPDATE|GET_FD_BY_ID|GET_NEXT_ID|DETACH)|ENABLE_STATS|ITER_CREATE|TOKEN_CREATE)"
)
_PRCTL = (
    "PR_(SET_(?!MM_|PTRACER_ANY)|GET_|CAPBSET_|TASK_PERF_|MPX_|SVE_[SG]ET_VL|SME_[SG]ET_VL|PAC_(RESET|[SG]ET_ENABLED)_KEYS"
    r"|RISCV_[VS]\w*_(CONTROL|CTX)|PPC_[SG]ET_DEXCR$|LOCK_SHADOW_STACK|TIMER_CREATE_RESTORE_IDS$)\w*"
    "|PR_(MCE_KILL|MCE_KILL_GET|CAP_AMBIENT|SCHED_CORE|FUTEX_HASH|RSEQ_SLICE_EXTENSION)"
)
#: Only 32-bit architectures have them, and one set of headers serves both word sizes.
_FCNTL64 = {"F_GETLK64": 12, "F_SETLK64": 13, "F_SETLKW64": 14}
_FUTEX = (
    "FUTEX_(WAIT|WAKE|FD|REQUEUE|CMP_REQUEUE|WAKE_OP|LOCK_PI|UNLOCK_PI|TRYLOCK_PI|WAIT_BITSET|WAKE_BITSET"
    "|WAIT_REQUEUE_PI|CMP_REQUEUE_PI|LOCK_PI2)"
)
_NO_TCP = (
    r"TCP_(MSS|NLA|FLAG|CA|FASTOPEN_CLIENT|SYNACK|RECEIVE_ZEROCOPY_FLAG|BPF|ESTABLISHED|ACCECN|AO_KEYF|MD5SIG_FLAG)_\w+"
    "|TCP_(AO|MD5SIG)_MAXKEYLEN|TCP_(NO|RECV|SEND)_QUEUE|TCP_QUEUES_NR|TCP_REPAIR_(ON|OFF|OFF_NO_WP)|TCP_DATA_OFFSET|TCP_RESERVED_BITS"
)
_IOCTL_HEADERS = (
    "linux/types.h asm/ioctls.h asm/termbits.h linux/termios.h linux/sockios.h linux/kd.h linux/vt.h linux/fs.h"
    " linux/if_tun.h linux/loop.h linux/dm-ioctl.h linux/nsfs.h linux/pidfd.h linux/perf_event.h linux/userfaultfd.h"
    " linux/random.h"
)
_IOCTL = (
    r"T[CI][A-Z0-9]+|FIO[A-Z]+|FI[A-Z]+|SIOC[A-Z0-9]+|KD[A-Z]+|VT_[A-Z]+|FS_IOC_\w+|BLK[A-Z]+|TUN[A-Z]+|LOOP_[A-Z_]+"
    r"|DM_(VERSION|REMOVE_ALL|LIST_\w+|DEV_\w+|TABLE_\w+|TARGET_MSG|GET_TARGET_VERSION)|NS_GET_\w+|PIDFD_GET_\w+"
    r"|PERF_EVENT_IOC_\w+|UFFDIO_\w+|RND[A-Z]+"
)
_NO_IOCTL = r"TCSA[A-Z]+|VT_(AUTO|PROCESS|ACKACQ)|DM_\w+_CMD|UFFDIO_\w+_MODE_\w+|TUN_\w+"

SPECS: dict[str, Spec] = {
    # Numbers
    "errno": Spec("asm/errno.h", "E[A-Z0-9]+", differs=True),
    "signal": Spec("asm/signal.h", "SIG[A-Z0-9]+", "SIG(RTMIN|RTMAX|STKSZ|SWI|RESERVE)", differs=True),
    "capability": Spec("linux/capability.h", "CAP_[A-Z_]+", "CAP_LAST_CAP"),
    "uring_op": Spec("linux/io_uring.h", r"IORING_OP_\w+", "IORING_OP_LAST", rename=("IORING_OP_", "")),
    "clock": Spec("linux/time.h", "CLOCK_[A-Z_]+", "CLOCK_AUX_LAST"),
    "rlimit": Spec("asm/resource.h", r"RLIMIT_\w+", differs=True),
    "sched": Spec("linux/sched.h", "SCHED_(NORMAL|FIFO|RR|BATCH|ISO|IDLE|DEADLINE|EXT)", rename=("NORMAL", "OTHER")),
    "priority": Spec("linux/resource.h", "PRIO_(PROCESS|PGRP|USER)"),
    "seek": Spec("linux/fs.h", r"SEEK_\w+", "SEEK_MAX"),
    "madvise": Spec("asm/mman.h", r"MADV_\w+", differs=True),
    "keyctl": Spec("linux/keyctl.h", "KEYCTL_[A-Z_]+", "KEYCTL_(MOVE_EXCL|SUPPORTS_.*)"),
    "keyring": Spec("linux/keyctl.h", "KEY_SPEC_[A-Z_]+"),
    "bpf": Spec("linux/bpf.h", _BPF),
    "fsconfig": Spec("linux/mount.h", r"FSCONFIG_\w+"),
    "kcmp": Spec("linux/kcmp.h", r"KCMP_\w+", "KCMP_TYPES"),
    "membarrier": Spec("linux/membarrier.h", r"MEMBARRIER_CMD_\w+", "MEMBARRIER_CMD_FLAG_CPU"),
    "mempolicy": Spec("linux/mempolicy.h", "MPOL_(DEFAULT|PREFERRED|BIND|INTERLEAVE|LOCAL|(PREFERRED|WEIGHTED)_.*)"),
    "wait_id": Spec("linux/wait.h", "P_(ALL|PID|PGID|PIDFD)"),
    "landlock_rule": Spec("linux/landlock.h", r"LANDLOCK_RULE_\w+"),
    "reboot": Spec("linux/reboot.h", r"LINUX_REBOOT_CMD_\w+"),
    "futex": Spec("linux/futex.h", _FUTEX),
    # Processes
    "clone": _flags("linux/sched.h", "CLONE_[A-Z_]+", r"CLONE_ARGS_\w+"),
    "wait": _flags("linux/wait.h", "W[A-Z]+|__W[A-Z]+"),
    "ptrace": Spec(
        "linux/ptrace.h asm/ptrace.h",
        "PTRACE_[A-Z0-9_]+",
        r"PTRACE_(O|EVENT|EVENTMSG|CFI|SYSCALL_INFO|PEEKSIGINFO)_\w+",
        differs=True,
        rename=("USR$", "USER"),
    ),
    "ptrace_options": _flags("linux/ptrace.h", r"PTRACE_O_\w+", "PTRACE_O_MASK"),
    "prctl": Spec("linux/prctl.h", _PRCTL, r"PR_(SET_MM_\w+|SET_VMA_ANON_NAME|SET_PTRACER_ANY|\w+_MASK)"),
    "prctl_mm": Spec("linux/prctl.h", r"PR_SET_MM_\w+"),
    "cap_ambient": Spec("linux/prctl.h", r"PR_CAP_AMBIENT_\w+"),
    "arch_prctl": Spec("asm/prctl.h", "ARCH_[A-Z_]+", differs=True),
    "securebits": _flags("linux/securebits.h", r"SECBIT_\w+"),
    "personality": Spec("linux/personality.h", "PER_[A-Z0-9_]+", "PER_MASK"),
    "personality_flags": _flags(
        "linux/personality.h", "(ADDR|MMAP|READ|SHORT|WHOLE|STICKY|UNAME)[A-Z0-9_]+|FDPIC_FUNCPTRS"
    ),
    "seccomp": Spec("linux/seccomp.h", "SECCOMP_(SET|GET)_[A-Z_]+"),
    "seccomp_flags": _flags("linux/seccomp.h", r"SECCOMP_FILTER_FLAG_\w+"),
    "seccomp_action": Spec("linux/seccomp.h", "SECCOMP_RET_[A-Z_]+", "SECCOMP_RET_(ACTION|ACTION_FULL|DATA)"),
    "seccomp_mode": Spec("linux/seccomp.h", r"SECCOMP_MODE_\w+"),
    "sigmask": Spec("asm/signal.h", "SIG_(BLOCK|UNBLOCK|SETMASK)", differs=True),
    "landlock_create": _flags("linux/landlock.h", r"LANDLOCK_CREATE_RULESET_\w+"),
    "landlock_restrict": _flags("linux/landlock.h", r"LANDLOCK_RESTRICT_SELF_\w+"),
    "perf": _flags("linux/perf_event.h", r"PERF_FLAG_\w+"),
    # Files
    "open": Spec(
        "asm/fcntl.h", "O_[A-Z]+|FASYNC", "O_ACCMODE|O_NDELAY", flags=True, differs=True, rename=("FASYNC", "O_ASYNC")
    ),
    "resolve": _flags("linux/openat2.h", r"RESOLVE_\w+"),
    "at": _flags(
        "linux/fcntl.h",
        "AT_(SYMLINK_NOFOLLOW|SYMLINK_FOLLOW|NO_AUTOMOUNT|EMPTY_PATH|RECURSIVE|STATX_(FORCE|DONT)_SYNC)",
    ),
    "at_access": _flags("linux/fcntl.h", "AT_(EACCESS|SYMLINK_NOFOLLOW|EMPTY_PATH)"),
    "at_unlink": _flags("linux/fcntl.h", "AT_REMOVEDIR"),
    "statx": _flags("linux/stat.h", r"STATX_[A-Z0-9_]+", "STATX_(ATTR_.*|BASIC_STATS|ALL|_.*)"),
    "fcntl": Spec(
        "linux/fcntl.h",
        r"F_\w+",
        r"F_(RDLCK|WRLCK|UNLCK|EXLCK|SHLCK|LINUX_SPECIFIC_BASE|(SEAL|OWNER)_\w+)",
        differs=True,
        extra=_FCNTL64,
    ),
    "seal": _flags("linux/fcntl.h", r"F_SEAL_\w+"),
    "lease": Spec("linux/fcntl.h", "F_(RDLCK|WRLCK|UNLCK)", differs=True),
    "notify": _flags("linux/fcntl.h", r"DN_\w+"),
    "flock": _flags("asm/fcntl.h", "LOCK_[A-Z]+"),
    "fallocate": _flags("linux/falloc.h", r"FALLOC_FL_\w+"),
    "sync_file_range": _flags("linux/fs.h", r"SYNC_FILE_RANGE_\w+", "SYNC_FILE_RANGE_WRITE_AND_WAIT"),
    "close_range": _flags("linux/close_range.h", r"CLOSE_RANGE_\w+"),
    "mount": _flags("linux/mount.h", "MS_[A-Z_]+", "MS_(VERBOSE|RMT_MASK|MGC_MSK)"),
    "fsopen": _flags("linux/mount.h", r"FSOPEN_\w+"),
    "fspick": _flags("linux/mount.h", r"FSPICK_\w+"),
    "fsmount": _flags("linux/mount.h", r"FSMOUNT_\w+"),
    "mount_attr": _flags("linux/mount.h", r"MOUNT_ATTR_\w+", "MOUNT_ATTR_(_ATIME|SIZE_VER0)"),
    "open_tree": _flags(
        "linux/fcntl.h linux/mount.h",
        r"OPEN_TREE_\w+|AT_(SYMLINK_NOFOLLOW|NO_AUTOMOUNT|EMPTY_PATH|RECURSIVE)",
        differs=True,
    ),
    "inotify": _flags("linux/inotify.h", "IN_[A-Z_]+", "IN_(CLOSE|MOVE|ALL_EVENTS|CLOEXEC|NONBLOCK)"),
    "fanotify": _flags(
        "linux/fanotify.h",
        r"FAN_(CLOEXEC|NONBLOCK|CLASS_\w+|UNLIMITED_\w+|ENABLE_AUDIT|REPORT_\w+)",
        "FAN_REPORT_DFID_NAME.*",
    ),
    "fanotify_mark": _flags("linux/fanotify.h", r"FAN_MARK_\w+", "FAN_MARK_CMD_MASK"),
    "epoll": Spec("linux/eventpoll.h", "EPOLL_CTL_[A-Z]+"),
    "ioctl": Spec(_IOCTL_HEADERS, _IOCTL, _NO_IOCTL, differs=True),
    # Memory
    "mmap_prot": _flags("asm/mman.h", r"PROT_\w+", differs=True),
    "mmap": _flags(
        "linux/mman.h", "MAP_[A-Z0-9_]+", "MAP_(TYPE|FILE|HUGE_.*|INHERIT|RENAME|AUTOGROW|LOCAL|AUTORSRV)", differs=True
    ),
    "mremap": _flags("linux/mman.h", r"MREMAP_\w+"),
    "msync": _flags("asm/mman.h", "MS_[A-Z]+", differs=True),
    "mlockall": _flags("asm/mman.h", r"MCL_\w+", differs=True),
    "mlock": _flags("asm/mman.h", r"MLOCK_\w+", differs=True),
    "memfd": _flags("linux/memfd.h", "MFD_(CLOEXEC|ALLOW_SEALING|HUGETLB|NOEXEC_SEAL|EXEC)"),
    "getrandom": _flags("linux/random.h", r"GRND_\w+"),
    "userfaultfd": _flags("asm/fcntl.h linux/userfaultfd.h", "UFFD_USER_MODE_ONLY|O_CLOEXEC|O_NONBLOCK", differs=True),
    # Sockets
    "ip_protocol": Spec("linux/in.h linux/in6.h", "IPPROTO_[A-Z0-9]+", "IPPROTO_MAX"),
    "netlink": Spec("linux/netlink.h", "NETLINK_[A-Z0-9_]+", _NETLINK_OPTIONS + "|NETLINK_(UN)?CONNECTED"),
    "ethernet": Spec("linux/if_ether.h", "ETH_P_[A-Z0-9_]+"),
    "so": Spec("asm/socket.h", r"SO_\w+", differs=True, rename=("_OLD$", "")),
    "so_ip": Spec("linux/in.h", "IP_[A-Z_]+|MCAST_[A-Z_]+", r"IP_(PMTUDISC|DEFAULT|MAX)_\w+|MCAST_(IN|EX)CLUDE"),
    "so_ipv6": Spec(
        "linux/in.h linux/in6.h",
        "IPV6_[A-Z0-9_]+|MCAST_[A-Z_]+",
        r"IPV6_(PMTUDISC|FL|PRIORITY|PREFER|TLV)_\w+|IPV6_FLOWINFO_(FLOWLABEL|PRIORITY)|MCAST_(IN|EX)CLUDE",
    ),
    "so_tcp": Spec("linux/tcp.h", "TCP_[A-Z0-9_]+", _NO_TCP),
    "so_udp": Spec("linux/udp.h", "UDP_(CORK|ENCAP|NO_CHECK6_TX|NO_CHECK6_RX|SEGMENT|GRO)"),
    "so_packet": Spec(
        "linux/if_packet.h",
        "PACKET_[A-Z_]+",
        r"PACKET_(HOST|BROADCAST|MULTICAST|OTHERHOST|OUTGOING|LOOPBACK|USER|KERNEL|FASTROUTE|MR_\w+|FANOUT_(?!DATA)\w+)",
    ),
    "so_netlink": Spec("linux/netlink.h", _NETLINK_OPTIONS),
    "socketcall": Spec("linux/net.h", "SYS_[A-Z0-9]+", rename=("SYS_", "")),
    "netfilter": Spec("linux/netfilter.h", "NFPROTO_[A-Z0-9]+", "NFPROTO_NUMPROTO"),
    "netfilter_hook": Spec("linux/netfilter.h", "NF_INET_[A-Z_]+", "NF_INET_NUMHOOKS"),
    # System V IPC, io_uring, timers, events, modules
    "ipc": Spec("linux/ipc.h", "(SEM|MSG|SHM)(OP|GET|CTL|TIMEDOP|SND|RCV|AT|DT)"),
    "ipc_get": _flags("linux/ipc.h linux/shm.h", "IPC_(CREAT|EXCL|NOWAIT)|SHM_(HUGETLB|NORESERVE)"),
    "sem": Spec(
        "linux/ipc.h linux/sem.h", "IPC_(RMID|SET|STAT|INFO)|[GS]ET(PID|VAL|ALL|NCNT|ZCNT)|SEM_(STAT|INFO|STAT_ANY)"
    ),
    "msg": Spec("linux/ipc.h linux/msg.h", "IPC_(RMID|SET|STAT|INFO)|MSG_(STAT|INFO|STAT_ANY)"),
    "shm": Spec("linux/ipc.h linux/shm.h", "IPC_(RMID|SET|STAT|INFO)|SHM_(LOCK|UNLOCK|STAT|INFO|STAT_ANY)"),
    "shmat": _flags("linux/shm.h", "SHM_(RDONLY|RND|REMAP|EXEC)"),
    "uring_enter": _flags("linux/io_uring.h", r"IORING_ENTER_\w+"),
    "uring_register": Spec(
        "linux/io_uring.h",
        r"IORING_(UN)?REGISTER_\w+",
        "IORING_REGISTER_(LAST|FILES_SKIP|USE_REGISTERED_RING|SRC_.*|DST_.*)",
    ),
    "timerfd": _flags("linux/timerfd.h", "TFD_(CLOEXEC|NONBLOCK)", differs=True),
    "timerfd_set": _flags("linux/timerfd.h", "TFD_TIMER_[A-Z_]+"),
    "eventfd": _flags("linux/eventfd.h", "EFD_[A-Z]+", differs=True),
    "signalfd": _flags("linux/signalfd.h", "SFD_[A-Z]+", differs=True),
    "module": _flags("linux/module.h", r"MODULE_INIT_\w+"),
    "kexec_file": _flags("linux/kexec.h", r"KEXEC_FILE_\w+"),
    "kexec": _flags("linux/kexec.h", "KEXEC_(ON_CRASH|PRESERVE_CONTEXT|UPDATE_ELFCOREHDR|CRASH_HOTPLUG_SUPPORT)"),
}
