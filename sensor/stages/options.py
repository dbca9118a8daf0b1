"""Options of the stages: a configuration is read by annotations, which a compiled class, as the stages are, has not."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import OptionError, option


@dataclass(frozen=True)
class IdentityOptions:
    """Which processes are described beside a record."""

    pid: bool = option(True, "Add PID and PPID to SYSCALL, and the like beside every other pid.")
    ppid_verbose: bool = option(False, "Add comm, exe and ppid to PPID.")
    spawned_by: bool = option(True, "Add SPAWNED_BY: the program that forked the process, or that it ran before.")
    session_guid: bool = option(True, "Add SESSION_GUID beside `ses`.")


@dataclass(frozen=True)
class AncestorsOptions:
    """How far back the ancestors of a process are named."""

    ancestors: int = option(0, "Put GUID and comm of so many ancestors on exec events, nearest first.", minimum=0)


@dataclass(frozen=True)
class CgroupOptions:
    """Where processes run."""

    container: bool = option(True, "Add `container` to PID: id and runtime, and the names its runtime keeps.")
    container_info: bool = option(False, "Add the top-level CONTAINER_INFO of older LAUREL; needs `container`.")
    systemd: bool = option(
        True, "Add the systemd units to PID: systemd_service, systemd_scope, systemd_slice, systemd_user_unit."
    )


@dataclass(frozen=True)
class RootOptions:
    """Roots of processes."""

    root: bool = option(True, "Add `root` to PID where a process has another root than the host's.")


@dataclass(frozen=True)
class ScriptOptions:
    """Scripts."""

    script: bool = option(True, "Add SCRIPT to the exec of a script: its path.")


@dataclass(frozen=True)
class EnvironmentOptions:
    """Environment of programs."""

    execve_env: tuple[str, ...] = option(
        ("LD_PRELOAD", "LD_LIBRARY_PATH"),
        "Variables to add to EXECVE as ENV; `LD_*` stands for all whose names begin so. An empty list adds none.",
    )

    def __post_init__(self) -> None:
        for name in self.execve_env:
            if not name or "=" in name or "*" in name[:-1] or len(name.split()) != 1 or "," in name:
                raise OptionError("execve_env", f'"{name}" is no name of a variable, nor the beginning of one and *')


@dataclass(frozen=True)
class CommandOptions:
    """Command lines on events that are no exec."""

    cmdline: bool = option(False, "Add CMDLINE to SYSCALL: the command line of the process, on every event.")
    cmdline_bytes: int = option(1024, "How much of a command line CMDLINE and PARENT_INFO have.", (), 1, "bytes")
    parent_info: bool = option(
        False, "Add the top-level PARENT_INFO of LAUREL's first releases: command line and start of the parent."
    )


@dataclass(frozen=True)
class GroupsOptions:
    """Groups of users."""

    uid_groups: bool = option(True, "Add UID_GROUPS to SYSCALL: the groups of the user in `uid`.")


@dataclass(frozen=True)
class SessionOptions:
    """Sessions."""

    session: bool = option(False, "Add SESSION to SYSCALL: account, address and terminal of the session's login.")


@dataclass(frozen=True)
class HashOptions:
    """Hashes of executables."""

    exe_hash: bool = option(False, "Add EXE_HASH to SYSCALL: the SHA-256 of the executed file.")
    exe_hash_size_limit: int = option(10_000_000, "Larger files are not hashed.", (), 0, "bytes")
    exe_hash_cache_entries: int = option(1024, "Hashes that are remembered.", (), 0)


@dataclass(frozen=True)
class LabelOptions:
    """Which processes get which labels."""

    label_keys: tuple[str, ...] = option((), "An event with one of these keys labels its process with the key.")
    unlabel_keys: dict[str, str] = option({}, "Key of an event → label to take away from its process.", unit="regex")
    label_exe: dict[str, str] = option({}, "Executable → label.", unit="regex")
    unlabel_exe: dict[str, str] = option({}, "Executable → label to take away.", unit="regex")
    label_argv: dict[str, str] = option({}, "Command line, arguments joined by blanks → label.", unit="regex")
    unlabel_argv: dict[str, str] = option({}, "Command line → label to take away.", unit="regex")
    label_argv_count: int = option(32, "Of the arguments so many are looked at.", (), 0)
    label_argv_bytes: int = option(
        4096,
        "The joined arguments are shorter; one that does not fit, and those after it, are left out.",
        (),
        0,
        "bytes",
    )
    label_script: dict[str, str] = option({}, "Path of the script → label.", unit="regex")
    unlabel_script: dict[str, str] = option({}, "Path of the script → label to take away.", unit="regex")
    label_unit: dict[str, str] = option(
        {}, "Name of a systemd unit around the process, of the system → label.", unit="regex"
    )
    unlabel_unit: dict[str, str] = option({}, "Name of a systemd unit → label to take away.", unit="regex")
    label_container: dict[str, str] = option({}, "Id, name or image of the container → label.", unit="regex")
    unlabel_container: dict[str, str] = option(
        {}, "Id, name or image of the container → label to take away.", unit="regex"
    )
    propagate_labels: tuple[str, ...] = option((), "Labels that children, and the next program, inherit.")
    label_root: str = option(
        "host",
        "Whose names label_exe, unlabel_exe, label_script and unlabel_script mean: those in the root of the `host`, or "
        "in `any`, such as that of a container or a jail, where any user may give a program any name.",
        ("host", "any"),
    )
