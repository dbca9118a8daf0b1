"""What the sensor may do: whom it becomes, which capabilities it keeps, and that it fails closed.

    configured user ──unknown──► _host-sensor ──unknown──► nobody        never root with everything

A name service is not waited for: auditd's records are read while it is asked, and after USER_TIMEOUT the user counts as
unknown. The files of the host are asked first (sensor.rights.accounts).
"""

from __future__ import annotations

import logging
import os
import select
import time

from sensor.config import Config
from sensor.inputs import Input
from sensor.rights import accounts, privileges, seccomp
from sensor.rights.accounts import Account
from sensor.stats import PrivilegeStats

log = logging.getLogger(__name__)

USER_TIMEOUT = 10.0
"""Seconds that a name service may take to find the configured user."""


def find_account(config: Config, source: Input, stats: PrivilegeStats) -> Account | None:
    """The user to become; None to stay who we are, as without root's rights.

    source: the input, open and not started; it is read meanwhile.
    """
    if config.user is None or os.geteuid() != 0:
        return None
    account = accounts.listed_user(config.user) or _ask(config.user, source)
    if account is None:
        stats.user_missing = 1
        account = accounts.stand_in()
        log.error("there is no user %s; running as %s, with no more rights than needed", config.user, account.name)
    return account


def prepare_directory(directory: str, account: Account | None) -> None:
    """Make the folder of logs if it is not there, for the user that will write to it and the group that reads logs."""
    if os.path.isdir(directory):
        return
    try:
        os.makedirs(directory, 0o750)
        if account is not None:
            group = accounts.listed_group("adm")
            os.chown(directory, account.uid, account.gid if group is None else group)
            os.chmod(directory, 0o2750)  # noqa: S103 - the group of new files
    except FileExistsError:
        log.error("%s: is no directory", directory)
    except OSError as error:
        log.error("%s: %s", directory, error.strerror or error)


def give_up(config: Config, account: Account | None) -> None:
    """Become `account` with what the configuration needs; raises PrivilegeError. Before the first thread is started."""
    try:
        privileges.raise_oom_score(config.oom_score_adj)
    except privileges.PrivilegeError as error:
        log.warning("%s", error)
    if account is not None:
        for lacking in privileges.become(account, privileges.needed(config)):
            uses = "; ".join(privileges.uses(config, lacking))
            log.warning("CAP_%s was not given to the sensor, which it needs for: %s", lacking, uses)
    try:
        privileges.harden()
    except privileges.PrivilegeError as error:
        log.warning("%s", error)


def confine(config: Config, stats: PrivilegeStats) -> bool:
    """Put the system call filter on all threads, if it is wanted and can be; return whether programs may be started."""
    if not config.seccomp:
        return True
    programs = starts_programs(config)
    try:
        seccomp.install(programs)
    except OSError as error:
        log.warning("the system call filter cannot be used: %s", error.strerror)
        return True
    stats.system_call_filter = 1
    return programs


def starts_programs(config: Config) -> bool:
    """Return whether an output is a program."""
    outputs = (config.auditlog, config.filterlog, config.debug.inputlog, config.debug.parse_error_log)
    return any(output is not None and output.file.startswith("|") for output in outputs)


def _ask(name: str, source: Input) -> Account | None:
    try:
        question = accounts.Question(name)
    except OSError as error:
        log.error("user %s cannot be looked up: %s", name, error)
        return None
    deadline = time.monotonic() + USER_TIMEOUT
    source.read_until(question.descriptor, USER_TIMEOUT)
    select.select([question.descriptor], [], [], max(0.0, deadline - time.monotonic()))
    return question.answer()
