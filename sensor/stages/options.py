"""Options of the stages that are compiled: a configuration is read by the annotations, which a compiled class has not.

The other stages have theirs beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import option


@dataclass(frozen=True)
class IdentityOptions:
    """Which processes are described beside a record."""

    pid: bool = option(True, "Add PID and PPID to SYSCALL, and the like beside every other pid.")
    ppid_verbose: bool = option(False, "Add comm, exe and ppid to PPID.")
    spawned_by: bool = option(True, "Add SPAWNED_BY: the program that forked the process, or that it ran before.")
    session_guid: bool = option(True, "Add SESSION_GUID beside `ses`.")


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
