"""What the probe reads of the kernel's structures, and the compiler's flags by which bpf/process.c finds it.

    -DAT_task_struct__tgid=1268 -DAT_pid_namespace__ns__inum=136 -DSIZE_upid=16 …

Each is looked for in the running kernel's BTF; the version of the kernel is never asked.
"""

from __future__ import annotations

from collections.abc import Mapping

from sensor.errors import ProbeError
from sensor.probe.btf import Btf

Fields = Mapping[str, tuple[str, ...]]
"""Names of fields by struct."""

REQUIRED: Fields = {
    "task_struct": ("pid", "tgid", "group_leader", "real_parent", "signal", "start_boottime"),
    "signal_struct": ("live", "pids"),
    "pid": ("level", "numbers"),
    "upid": ("nr", "ns"),
    "pid_namespace": ("ns.inum",),
}
"""Without these there is no identity, so no probe. All are in Linux 5.5 and later."""

_OF_ROOT = ("fs", "nsproxy", "real_cred", "mm")
OPTIONAL: Fields = {
    "task_struct": ("comm", "flags", "exit_code", "cgroups", "loginuid", "sessionid", *_OF_ROOT),
    "signal_struct": ("flags", "group_exit_code"),
    "css_set": ("dfl_cgrp",),
    "cgroup": ("kn",),
    "kernfs_node": ("id",),
    "fs_struct": ("root.mnt", "root.dentry"),
    "nsproxy": ("mnt_ns",),
    "mnt_namespace": ("ns.inum",),
    "mount": ("mnt", "mnt_ns"),
    "cred": ("user_ns",),
    "mm_struct": ("exe_file",),
    "file": ("f_path.mnt",),
    "pid_namespace": ("child_reaper",),
}
"""A kernel that lacks one, for example loginuid without CONFIG_AUDIT, leaves that part of the record empty."""


def defines(btf: Btf, optional: Fields = OPTIONAL) -> list[str]:
    """The flags; ProbeError naming the field when one of REQUIRED is not there."""
    flags = []
    for wanted in (REQUIRED, optional):
        for struct, fields in wanted.items():
            for field in fields:
                offset = btf.offset(struct, field)
                if offset is not None:
                    flags.append(f"-DAT_{struct}__{field.replace('.', '__')}={offset}")
                elif wanted is REQUIRED:
                    raise ProbeError(f"this kernel's struct {struct} has no {field}, which the probe cannot do without")
    flags.append(f"-DSIZE_upid={btf.size('upid')}")
    # The exit tracepoint reports it itself since Linux 6.16; its arguments are a context and the task before that.
    if btf.parameters("btf_trace_sched_process_exit") == 3:
        flags.append("-DEXIT_TELLS_GROUP_DEAD")
    return flags


def missing(btf: Btf, optional: Fields = OPTIONAL) -> tuple[str, ...]:
    """Optional fields that this kernel lacks, as "task_struct.loginuid"."""
    wanted = ((struct, field) for struct, fields in optional.items() for field in fields)
    return tuple(f"{struct}.{field}" for struct, field in wanted if btf.offset(struct, field) is None)
