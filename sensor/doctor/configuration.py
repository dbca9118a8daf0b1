"""The configuration: without mistakes, accepted by the running sensor, changed by root only; its user exists."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Callable, Iterator

from sensor.config import Config, check
from sensor.doctor.finding import FAILURE, OK, WARNING, Finding
from sensor.doctor.host import HostView

_LEFT_OVER = (".dpkg-new", ".dpkg-dist", ".ucf-dist", ".rpmnew")


def check_configuration(host: HostView, config: Config, path: str) -> Iterator[Finding]:
    """The file, its rights, and the names in it."""
    mistakes = check(host.path(path)) if host.exists(path) else []
    for mistake in mistakes:
        text = str(mistake)
        advice = "mend it, then auditctl --signal HUP; until then the sensor runs with what it had"
        yield Finding(FAILURE, "configuration.mistakes", text, advice)
    if not mistakes:
        there = (
            f"{path} has no mistakes" if host.exists(path) else f"there is no {path}: all options have their defaults"
        )
        yield Finding(OK, "configuration.mistakes", there)
    mode = host.mode(path)
    if mode is not None and mode & 0o022:
        text = f"{path} can be changed by others than its owner"
        yield Finding(FAILURE, "configuration.rights", text, f"chmod 0640 {path}")
    for suffix in _LEFT_OVER:
        if host.exists(path + suffix):
            text = f"{path + suffix} waits for a decision since an upgrade"
            yield Finding(WARNING, "configuration.upgrade", text, f"compare it with {path}, then remove it")
    yield from _names(config)


def _names(config: Config) -> Iterator[Finding]:
    """Users and groups that do not exist."""
    known: list[tuple[str, Callable[[str], object], str]] = []
    if config.user:
        known.append((config.user, pwd.getpwnam, "user"))
    known += [(name, pwd.getpwnam, "auditlog.read_users") for name in config.auditlog.read_users]
    known += [(name, grp.getgrnam, "auditlog.read_groups") for name in config.auditlog.read_groups]
    for name, look_up, key in known:
        if not name.isdigit() and not _exists(name, look_up):
            what = "group" if key.endswith("groups") else "user"
            level = FAILURE if key == "user" else WARNING
            text = f"{key}: there is no {what} {name}"
            advice = "systemd-sysusers" if name == "_host-sensor" else f"make the {what}, or change {key}"
            yield Finding(level, f"configuration.{what}", text, advice)


def _exists(name: str, look_up: Callable[[str], object]) -> bool:
    try:
        look_up(name)
    except KeyError:
        return False
    return True
