"""What system calls do: the rules for events whose main record is SYSCALL or URINGOP, as text.

    action       object[/path]  category:type   names of system calls…
    renamed      file/2         file:change     rename renameat renameat2

`path` is which PATH record of the event names the object, counted from 0; that of a
directory above it is passed over. `how=syscall` means that the call itself was the
means. Actions, objects and categories are those of go-libaudit's normalizations.yaml
(Elastic, Apache-2.0) and, for calls that it does not have, of auparse (audit-userspace);
the last part is what neither of them names. A call in no rule is `called-NAME`.
"""

from __future__ import annotations

RULES = """
opened-file                    file          file:creation      creat memfd_create memfd_secret
opened-file                    file          file:change        fallocate truncate ftruncate truncate64 ftruncate64
opened-file                    file          file:info          open openat openat2 readlink readlinkat
opened-file                    file          file:info          open_by_handle_at open_tree open_tree_attr pidfd_getfd
read-file                      file          file:info          read readv pread64 preadv preadv2
wrote-to-file                  file          file:change        write writev pwrite64 pwritev pwritev2
changed-file-attributes-of     file          file:change        setxattr fsetxattr lsetxattr setxattrat
changed-file-attributes-of     file          file:change        removexattr fremovexattr lremovexattr removexattrat
changed-file-attributes-of     file          file:change        mount_setattr file_setattr
changed-file-permissions-of    file          file:change        chmod fchmod fchmodat fchmodat2
changed-file-ownership-of      file          file:change        chown fchown fchownat fchownat2 lchown
changed-file-ownership-of      file          file:change        chown32 fchown32 lchown32
loaded-kernel-module           file          driver:start       finit_module init_module
unloaded-kernel-module         file          driver:end         delete_module
created-directory              file/1        file:creation      mkdir mkdirat
mounted                        filesystem/1  file:creation      second=NORMAL mount move_mount
mounted                        filesystem/1  file:creation      fsconfig fsmount fsopen fspick
renamed                        file/2        file:change        first=DELETE second=CREATE rename renameat renameat2
checked-metadata-of            file          file:info          access faccessat faccessat2
checked-metadata-of            file          file:info          stat fstat lstat stat64 fstat64 lstat64
checked-metadata-of            file          file:info          fstatat newfstatat fstatat64 statx file_getattr
checked-metadata-of            file          file:info          getxattr lgetxattr fgetxattr getxattrat
checked-metadata-of            file          file:info          listxattr llistxattr flistxattr listxattrat
checked-filesystem-metadata-of filesystem    file:info          statfs fstatfs statfs64 fstatfs64 statmount
linked                         file          file:creation      first=NORMAL second=CREATE link linkat
symlinked                      file          file:creation      first=CREATE second=UNKNOWN symlink symlinkat
unmounted                      filesystem    file:deletion      umount umount2
deleted                        file          file:deletion      rmdir unlink unlinkat
changed-timestamp-of           file          file:info          utime utimes futimesat futimens
changed-timestamp-of           file          file:info          utimensat utimensat_time64
executed                       file          process:start      execve execveat
listen-for-connections         socket        network:start      listen
accepted-connection-from       socket        network:connection+start   accept accept4
bound-socket                   socket        network:start      bind
connected-to                   socket        network:connection+start   connect
received-from                  socket        network:connection+info    recv recvfrom recvmsg recvmmsg recvmmsg_time64
sent-to                        socket        network:connection+info    send sendto sendmsg sendmmsg
killed-pid                     process       process:end        kill tkill tgkill
killed-pid                     process       process:end        pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo
changed-identity-of            process       process:change     how=syscall setuid seteuid setfsuid setreuid setresuid
changed-identity-of            process       process:change     how=syscall setgid setegid setfsgid setregid setresgid
changed-identity-of            process       process:change     how=syscall setuid32 setfsuid32 setreuid32 setresuid32
changed-identity-of            process       process:change     how=syscall setgid32 setfsgid32 setregid32 setresgid32
changed-system-time            system        host:change        settimeofday clock_settime clock_settime64 stime
changed-system-time            system        host:change        adjtimex clock_adjtime clock_adjtime64
make-device                    file          file:creation      mknod mknodat
changed-system-name            system        host:change        sethostname setdomainname
allocated-memory               memory        process:info       mmap mmap2 brk map_shadow_stack
adjusted-scheduling-policy-of  process       process:change     how=syscall sched_setparam sched_setscheduler
adjusted-scheduling-policy-of  process       process:change     how=syscall sched_setattr
end                            process       process:end        how=syscall exit_group exit
changed-security-policy        security-policy   process:change     landlock_create_ruleset landlock_add_rule
changed-security-policy        security-policy   process:change     landlock_restrict_self lsm_set_self_attr mseal
checked-security-attributes    security-policy   process:info       lsm_get_self_attr
listed-security-modules        security-modules  process:info       lsm_list_modules

forked                         process       process:start      fork vfork clone clone2 clone3
traced                         process       process:change     ptrace
read-memory-of                 process       process:access     process_vm_readv
wrote-to-memory-of             process       process:change     process_vm_writev
changed-namespace-of           process       process:change     unshare setns
changed-root-of                file          process:change     second=NORMAL chroot pivot_root
changed-directory-of           file          process:info       chdir fchdir
changed-capabilities-of        process       process:change     capset
changed-groups-of              process       process:change     how=syscall setgroups setgroups32
changed-limits-of              process       process:change     how=syscall setrlimit prlimit64
changed-memory-protection      memory        process:change     mprotect pkey_mprotect
used-bpf                       bpf           process:info       bpf
created-socket                 socket        network:info       socket socketpair
rebooted-system                system        host:change        reboot
loaded-kernel                  system        host:change        kexec_load kexec_file_load
changed-swap-area              filesystem    file:change        swapon swapoff
changed-quota                  filesystem    file:change        quotactl quotactl_fd
changed-accounting             file          host:change        acct
"""

OTHER = "called-{name} - process:info"
"""The rule of every other system call; {name} is what it is called."""
