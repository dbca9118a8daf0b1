"""What can be configured about translation."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import OptionError, option

_DIGITS = 10  # of 4294967295


@dataclass(frozen=True)
class TranslateOptions:
    """Which numbers get their meaning beside them, under the same name in capitals."""

    universal: bool = option(
        False,
        "Translate what means the same on every host: ARCH, SYSCALL, SADDR, URING_OP, error and signal names, "
        "file modes, capabilities.",
    )
    user_db: bool = option(False, "Add the names of users and groups: `uid: 0` gets `UID: root`.")
    user_map: dict[str, str] = option({}, "Names of users by number, which come before those of the host.")
    group_map: dict[str, str] = option({}, "Names of groups by number, which come before those of the host.")
    drop_raw: bool = option(
        False, "Leave out arch, syscall, saddr, user and group numbers where their translation is there."
    )
    arguments: bool = option(False, "Add ARGS to SYSCALL: arguments by name, flags and constants spelled out.")
    time: str = option("", "Add the time of the event as TIME; `iso` as 2021-07-18T12:29:23.720Z.", ("", "iso"))
    type: bool = option(False, "Add TYPE: the type of the record that shows what happened.")

    def __post_init__(self) -> None:
        for key in ("user_map", "group_map"):
            for number in getattr(self, key):
                if not (number.isascii() and number.isdigit() and len(number) <= _DIGITS and int(number) < 1 << 32):
                    raise OptionError(key, f"{number!r} is no user or group number")
