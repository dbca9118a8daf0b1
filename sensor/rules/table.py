"""Every audit rule that we recommend, in the order of loading: of several that match, the first gives the key.

The minimal set is what an investigation cannot do without, at the least cost. It has neither fork nor exit: the probe
knows every process from its first moment to its last. The recommended set has all of it, and what most hosts can
afford.
"""

from __future__ import annotations

from sensor.rules.match import CHANGING, AuditRule, Exclusion, File, Folder, HomeFile, HomeFolder, Match, SystemCalls

USER, SHIP_USER = "_host-sensor", "_host-sensor-ship"
_BY_A_LOGIN = "auid!=unset"
_MOUNTING = "mount pivot_root chroot move_mount open_tree open_tree_attr fsopen fsmount mount_setattr"
_INTERNET = (2, 10)  # AF_INET, AF_INET6


def _files(paths: str) -> tuple[Match, ...]:
    """Paths with blanks between: those that end with / are folders, those that begin with ~/ are in every home."""
    made: list[Match] = []
    for path in paths.split():
        name = path.removeprefix("~/").rstrip("/")
        file, folder = (HomeFile, HomeFolder) if path.startswith("~/") else (File, Folder)
        made.append(folder(name) if path.endswith("/") else file(name))
    return tuple(made)


def _socket_calls(name: str, number: int, fields: str) -> SystemCalls:
    """A call on a socket; 32-bit programs may also make it as call `number` of socketcall(2)."""
    return SystemCalls(
        name, fields, twin=(SystemCalls(name, fields), SystemCalls("socketcall", f"a0={number} {fields}"))
    )


EXCLUSIONS = (
    Exclusion("the sensor rotates its own log", CHANGING, f"dir=/var/log/host-sensor uid={USER} auid=unset"),
    Exclusion(
        "`host-sensor ship` connects to its destination: an event of that would be shipped, and so on",
        "connect",
        f"uid={SHIP_USER} auid=unset",
    ),
)
"""auditd needs none: the kernel audits no system call of the process that reads its records (auditd_test_task in
kernel/auditsc.c). By auid they hold for services only, not for who logs in and becomes such a user."""

RULES = (
    AuditRule(
        "audit-config",
        ("T1562.012",),
        "Rules and settings of audit itself",
        _files("/etc/audit/ /etc/audisp/ /etc/libaudit.conf"),
        minimal=True,
    ),
    AuditRule(
        "audit-tools",
        ("T1562.012",),
        "Programs that change audit, run or replaced",
        tuple(File(f"/usr/sbin/{name}", "xwa") for name in ("auditctl", "auditd", "augenrules")),
        minimal=True,
    ),
    AuditRule(
        "audit-log",
        ("T1070.002",),
        "The log of auditd, opened for writing, renamed or removed by anyone but auditd",
        _files("/var/log/audit/"),
        minimal=True,
    ),
    AuditRule(
        "sensor",
        ("T1562.001", "T1070.002"),
        "The sensor's program, configuration and log, changed by anyone but the sensor",
        _files("/etc/host-sensor/ /usr/lib/host-sensor/ /usr/sbin/host-sensor /var/log/host-sensor/"),
        minimal=True,
    ),
    AuditRule(
        "identity",
        ("T1136.001", "T1098"),
        "Accounts, their passwords and groups",
        _files("/etc/passwd /etc/shadow /etc/group /etc/gshadow /etc/subuid /etc/subgid"),
        minimal=True,
    ),
    AuditRule(
        "sudo",
        ("T1548.003",),
        "Who may become whom",
        _files("/etc/sudoers /etc/sudoers.d/ /etc/sudo.conf /etc/sudo_logsrvd.conf /etc/doas.conf"),
        minimal=True,
    ),
    AuditRule(
        "pam",
        ("T1556.003",),
        "How a login is decided: the configuration of PAM, and its modules",
        _files(
            "/etc/pam.d/ /etc/pam.conf /etc/security/ /usr/lib/x86_64-linux-gnu/security/ "
            "/usr/lib/aarch64-linux-gnu/security/ /usr/lib64/security/"
        ),
        minimal=True,
    ),
    AuditRule(
        "ssh", ("T1021.004", "T1098.004"), "The configuration of sshd, and its keys", _files("/etc/ssh/"), minimal=True
    ),
    AuditRule(
        "authorized-keys",
        ("T1098.004",),
        "Keys that open an account",
        _files("/root/.ssh/authorized_keys /root/.ssh/authorized_keys2 ~/.ssh/authorized_keys ~/.ssh/authorized_keys2"),
        minimal=True,
    ),
    AuditRule(
        "cron",
        ("T1053.002", "T1053.003"),
        "What cron and at will run",
        _files(
            "/etc/crontab /etc/anacrontab /etc/cron.allow /etc/cron.deny /etc/at.allow /etc/at.deny "
            "/etc/cron.d/ /etc/cron.hourly/ /etc/cron.daily/ /etc/cron.weekly/ /etc/cron.monthly/ "
            "/etc/cron.yearly/ /var/spool/cron/ /var/spool/at/"
        ),
        minimal=True,
    ),
    AuditRule(
        "systemd",
        ("T1543.002", "T1053.006"),
        "Services, timers and generators, of the system and of users",
        _files("/etc/systemd/ /usr/lib/systemd/ /usr/local/lib/systemd/ /run/systemd/system/ ~/.config/systemd/user/"),
        minimal=True,
    ),
    AuditRule(
        "loader",
        ("T1574.006",),
        "Libraries that are loaded into every program",
        _files("/etc/ld.so.preload /etc/ld.so.conf /etc/ld.so.conf.d/"),
        minimal=True,
    ),
    AuditRule(
        "setuid",
        ("T1548.001",),
        "A file that lends the rights of its owner or group",
        (SystemCalls("chmod fchmod", "a1&06000"), SystemCalls("fchmodat fchmodat2", "a2&06000")),
        minimal=True,
    ),
    AuditRule(
        "modules",
        ("T1547.006", "T1014"),
        "Kernel modules, loaded, removed, or to be loaded at boot",
        (
            SystemCalls("init_module finit_module delete_module"),
            *_files("/etc/modules /etc/modules-load.d/ /etc/modprobe.d/"),
        ),
        minimal=True,
    ),
    AuditRule(
        "kexec",
        ("T1542",),
        "Another kernel to boot without a boot",
        (SystemCalls("kexec_load kexec_file_load", twin=(SystemCalls("kexec_load"),)),),
        minimal=True,
    ),
    AuditRule(
        "startup",
        ("T1037.004", "T1547.013"),
        "Scripts that start with the host or with a desktop",
        _files("/etc/rc.local /etc/inittab /etc/init.d/ /etc/rc.d/ /etc/xdg/autostart/"),
    ),
    AuditRule(
        "shell-startup",
        ("T1546.004",),
        "Scripts and variables of every shell, and of those of accounts",
        _files(
            "/etc/profile /etc/profile.d/ /etc/bash.bashrc /etc/bashrc /etc/environment /etc/zsh/ "
            "/etc/zshrc /etc/csh.cshrc /root/.bashrc /root/.profile /root/.bash_profile /root/.zshrc "
            "~/.bashrc ~/.profile ~/.bash_profile ~/.zshrc"
        ),
    ),
    AuditRule("udev", ("T1546.017",), "What is run when a device appears", _files("/etc/udev/ /usr/lib/udev/")),
    AuditRule(
        "network-hooks",
        ("T1546",),
        "What is run when a network comes or goes",
        _files("/etc/network/ /etc/NetworkManager/ /etc/networkd-dispatcher/ /etc/dhcp/ /etc/ppp/"),
    ),
    AuditRule(
        "packages",
        ("T1546.016", "T1195.002"),
        "Sources, keys and hooks of the package managers",
        _files("/etc/apt/ /etc/dpkg/ /etc/yum.repos.d/ /etc/yum/ /etc/dnf/ /etc/pki/rpm-gpg/ /usr/share/keyrings/"),
    ),
    AuditRule(
        "certificates",
        ("T1553.004",),
        "Authorities that every program trusts",
        _files("/etc/ca-certificates/ /usr/local/share/ca-certificates/ /etc/ca-certificates.conf /etc/pki/ca-trust/"),
    ),
    AuditRule(
        "boot",
        ("T1542",),
        "The kernel, its command line and its initial file system",
        _files("/boot/ /etc/default/grub /etc/grub.d/ /etc/initramfs-tools/ /etc/dracut.conf.d/ /etc/kernel/"),
    ),
    AuditRule(
        "confinement",
        ("T1562.001",),
        "AppArmor's and SELinux's policies, and polkit's",
        _files("/etc/apparmor/ /etc/apparmor.d/ /etc/selinux/ /etc/polkit-1/ /usr/share/polkit-1/rules.d/"),
    ),
    AuditRule(
        "logging",
        ("T1562.006",),
        "What is logged, where to, and for how long",
        _files("/etc/rsyslog.conf /etc/rsyslog.d/ /etc/syslog-ng/ /etc/logrotate.conf /etc/logrotate.d/"),
    ),
    AuditRule(
        "firewall",
        ("T1562.004",),
        "Rules of the firewall, as files",
        _files("/etc/nftables.conf /etc/nftables/ /etc/iptables/ /etc/ufw/ /etc/firewalld/"),
    ),
    AuditRule(
        "host-names",
        ("T1565.001",),
        "What names lead to: those of other hosts and our own",
        (
            *_files("/etc/hosts /etc/resolv.conf /etc/nsswitch.conf /etc/hostname"),
            SystemCalls("sethostname setdomainname"),
        ),
    ),
    AuditRule(
        "sysctl",
        ("T1562.001", "T1611"),
        "Parameters of the kernel: core_pattern and modprobe name programs that it runs as root",
        _files("/etc/sysctl.conf /etc/sysctl.d/ /proc/sys/kernel/"),
    ),
    AuditRule(
        "containers",
        ("T1610",),
        "Settings of container runtimes, and pods that a kubelet starts by itself",
        _files("/etc/docker/ /etc/containers/ /etc/containerd/ /etc/cni/ /etc/kubernetes/"),
    ),
    AuditRule(
        "logins",
        ("T1070.002",),
        "The records of logins",
        _files("/var/log/wtmp /var/log/btmp /var/log/lastlog /var/log/wtmp.db /run/utmp"),
    ),
    AuditRule(
        "credentials",
        ("T1003.008",),
        "Passwords, read by a logged-in user",
        (File("/etc/shadow", "r", _BY_A_LOGIN), File("/etc/gshadow", "r", _BY_A_LOGIN)),
    ),
    AuditRule(
        "memory", ("T1014",), "The memory of the kernel, as a file", (File("/dev/mem", "rwa"), File("/dev/port", "rwa"))
    ),
    AuditRule(
        "xattr",
        ("T1548.001", "T1222.002"),
        "Capabilities and access lists of files, changed by a logged-in user",
        (
            SystemCalls(
                "setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat",
                _BY_A_LOGIN,
            ),
        ),
    ),
    AuditRule(
        "access",
        ("T1083",),
        "A user who is refused a file",
        tuple(
            SystemCalls(
                "open openat openat2 open_by_handle_at creat truncate ftruncate",
                f"exit=-{refusal} auid>=1000 {_BY_A_LOGIN}",
            )
            for refusal in ("EACCES", "EPERM")
        ),
    ),
    AuditRule(
        "time",
        ("T1070",),
        "The clock, set; that it is slewed, as time services do all day, is left out",
        (
            SystemCalls("clock_settime", "a0=0", twin=(SystemCalls("clock_settime clock_settime64", "a0=0"),)),
            SystemCalls("settimeofday", twin=(SystemCalls("settimeofday stime"),)),
            File("/etc/localtime"),
        ),
    ),
    AuditRule(
        "injection",
        ("T1055.008", "T1055.009"),
        "A process that takes hold of another, or writes into it",
        (
            *[SystemCalls("ptrace", f"a0={request}") for request in ("0x4", "0x5", "0x10", "0x4206")],
            SystemCalls("process_vm_writev"),
        ),
    ),
    AuditRule(
        "process-memory",
        ("T1003.007",),
        "A process that reads another's memory, or takes its open files",
        (SystemCalls("process_vm_readv pidfd_getfd"),),
    ),
    AuditRule(
        "memfd",
        ("T1620",),
        "A file in memory alone, from which a program may be started",
        (SystemCalls("memfd_create"),),
    ),
    AuditRule(
        "io-uring",
        ("T1562",),
        "A process that can act by io_uring, where no rule for system calls sees it",
        (SystemCalls("io_uring_setup"),),
    ),
    AuditRule(
        "namespaces",
        ("T1611",),
        "A user namespace, in which anyone is root; any namespace that a new process gets or a process enters",
        (SystemCalls("unshare", "a0&0x10000000"), SystemCalls("clone", "a0&0x7e020000"), SystemCalls("setns")),
    ),
    AuditRule(
        "mounts",
        ("T1611", "T1564"),
        "File systems, mounted or moved by a logged-in user; those of services are too many",
        (
            SystemCalls(
                f"{_MOUNTING} umount2",
                _BY_A_LOGIN,
                twin=(SystemCalls(f"{_MOUNTING} umount umount2", _BY_A_LOGIN),),
            ),
        ),
    ),
    AuditRule(
        "handles", ("T1611",), "A file opened by its number, past every mount", (SystemCalls("open_by_handle_at"),)
    ),
    AuditRule(
        "device-nodes",
        ("T1611",),
        "A device file, by which a disk can be read below its file system",
        (SystemCalls("mknod", "a1&0x2000"), SystemCalls("mknodat", "a2&0x2000")),
    ),
    AuditRule("bpf", ("T1014", "T1205.002"), "A program loaded into the kernel", (SystemCalls("bpf", "a0=5"),)),
    AuditRule("sniffing", ("T1040",), "A socket that sees every packet", (SystemCalls("socket", "a0=17"),)),
    AuditRule(
        "remote-shell",
        ("T1059.004", "T1071"),
        "A shell that connects to the network by itself",
        tuple(SystemCalls("connect", f"saddr_fam={family} exe=/usr/bin/bash") for family in _INTERNET),
    ),
    AuditRule(
        "connect",
        ("T1071", "T1021"),
        "A connection of a logged-in user to the network; unix and netlink sockets are left out",
        tuple(_socket_calls("connect", 3, f"saddr_fam={family} {_BY_A_LOGIN}") for family in _INTERNET),
    ),
    AuditRule(
        "bind",
        ("T1571", "T1205"),
        "A program that offers itself to the network; unix and netlink sockets are left out",
        tuple(_socket_calls("bind", 2, f"saddr_fam={family}") for family in _INTERNET),
    ),
    AuditRule(
        "exec",
        ("T1059",),
        "Every program that is started: the sensor's process identities, and most searches, live on these",
        (SystemCalls("execve execveat"),),
        minimal=True,
    ),
)

SETS = {
    "minimal": tuple(rule for rule in RULES if rule.minimal),
    "recommended": RULES,
}
"""The rules of each set, by its name."""
