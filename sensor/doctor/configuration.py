"""The configuration: without mistakes, changed by root only; what it asks for is there."""

from __future__ import annotations

import os
from collections.abc import Iterator

from sensor.config import Config, check
from sensor.config.ineffective import remarks
from sensor.config.read import FRAGMENTS
from sensor.config.warnings import Missing, missing
from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView

_LEFT_OVER = (".dpkg-new", ".dpkg-dist", ".ucf-dist", ".rpmnew")


def check_configuration(host: HostView, config: Config, path: str) -> Iterator[Finding]:
    """The file, its rights, and what it asks for that this host does not have."""
    hidden = [name for name in (path, os.path.join(os.path.dirname(path), FRAGMENTS)) if host.is_hidden(name)]
    if hidden:
        text = f"{' and '.join(hidden)} cannot be read, and all that follows is about the defaults"
        yield Finding(NOTE, "configuration.mistakes", text, "run doctor as root")
        return
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
    yield from _missing(config)
    for remark in remarks(config):
        yield Finding(WARNING, "configuration.effect", str(remark), f"mend {remark.option}, or remove it from {path}")


def _missing(config: Config) -> Iterator[Finding]:
    """Users, groups and custom stages that this host does not have."""
    for lack in missing(config):
        level = FAILURE if lack.option == "user" else WARNING
        yield Finding(level, f"configuration.{lack.kind}", str(lack), _advice(lack, config))


def _advice(lack: Missing, config: Config) -> str:
    if lack.kind == "stage":
        return "mend the file, or its owner and mode, then auditctl --signal HUP"
    if lack.option == "user" and config.user == "_host-sensor":
        return "systemd-sysusers"
    return f"make the {lack.kind}, or change {lack.option}"
