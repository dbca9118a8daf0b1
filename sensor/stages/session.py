"""From where the user of a session came: its terminal and the address of the login.

    type=USER_LOGIN … ses=3 msg='op=login id=1000 exe="/usr/sbin/sshd" hostname=? addr=10.0.2.2 terminal=/dev/pts/0 …'
    type=USER_START … ses=3 msg='op=PAM:session_open … acct="alice" exe="/usr/sbin/sshd" addr=10.0.2.2 terminal=ssh …'

    "SYSCALL":{…,"ses":3,…,"SESSION":{"acct":"alice","addr":"10.0.2.2","terminal":"/dev/pts/0","exe":"/usr/sbin/sshd"}}

Told by the records of the login itself, so only of sessions that began while they were
read. USER_LOGIN has the last word; what USER_START says later in the session (of sudo,
for instance) fills gaps and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from sensor.audit.fields import UNSET
from sensor.audit.record import Record
from sensor.audit.render import Style
from sensor.cache import BoundedDict
from sensor.event import Event
from sensor.options import option

_TOLD = ("acct", "addr", "hostname", "terminal", "exe")
_REMEMBERED = 4096


@dataclass(frozen=True)
class Options:
    """Sessions."""

    session: bool = option(False, "Add SESSION to SYSCALL: account, address and terminal of the session's login.")


class Sessions:
    """The stage.

    changed: called when more is known of a session, of which something may have been said already.
    """

    def __init__(self, style: Style, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._quote = style.quote
        self._key = style.key("SESSION")
        self._told: BoundedDict[tuple[str, int], dict[str, str]] = BoundedDict(_REMEMBERED)
        self._texts: BoundedDict[tuple[str, int], str] = BoundedDict(_REMEMBERED)

    def stage(self, event: Event) -> bool:
        """Learn of logins; add SESSION to the system calls of their sessions."""
        syscall = event.syscall
        if syscall is not None:
            text = self._texts.get((event.node, syscall.rest.ses))
            if text is not None:
                syscall.extra += text
            return True
        for name in ("USER_LOGIN", "USER_START"):
            for record in event.records.get(name, ()):
                self._learn(event.node, record, overrides=name == "USER_LOGIN")
        return True

    def _learn(self, node: str, record: Record, overrides: bool) -> None:
        ses, message = record.fields.get("ses"), record.fields.get("msg")
        if not isinstance(ses, int) or ses == UNSET or not isinstance(message, dict):
            return
        if message.get("res") not in ("success", "1"):
            return
        known = self._told.pop((node, ses), {})
        for name in _TOLD:
            value = message.get(name)
            if isinstance(value, str) and (overrides or name not in known):
                known[name] = value
        members = ",".join([f'"{name}":{self._quote(known[name])}' for name in _TOLD if name in known])
        self._told.keep_newest((node, ses), known)
        self._changed()
        self._texts.pop((node, ses), None)
        self._texts.keep_newest((node, ses), f',"{self._key}":{{{members}}}')
