"""From where the user of a session came: its terminal and the address of the login.

    type=USER_LOGIN … ses=3 msg='op=login id=1000 exe="/usr/sbin/sshd" hostname=? addr=10.0.2.2 terminal=/dev/pts/0 …'
    type=USER_START … ses=3 msg='op=PAM:session_open … acct="alice" exe="/usr/sbin/sshd" addr=10.0.2.2 terminal=ssh …'

    "SYSCALL":{…,"ses":3,…,"SESSION":{"acct":"alice","addr":"10.0.2.2","terminal":"/dev/pts/0","exe":"/usr/sbin/sshd"}}

Taken from the records of the login itself, so only of sessions that began while they were read. A LOGIN, or
a boot of the node, begins with nothing. USER_LOGIN has the last word; what USER_START reports later in the session (of
sudo, for instance) fills gaps and changes nothing.
"""

from __future__ import annotations

from typing import Callable

from sensor.audit.event import Addition, Event
from sensor.audit.fields import UNSET, Fields
from sensor.audit.record import Record
from sensor.cache import BoundedDict

_SHOWN = ("acct", "addr", "hostname", "terminal", "exe")
_REMEMBERED = 4096


class Sessions:
    """The stage.

    changed: called when more is known of a session than was added to events so far.
    """

    def __init__(self, changed: Callable[[], None], entries: int = _REMEMBERED) -> None:
        self._changed = changed
        self._known: BoundedDict[tuple[str, int], Addition] = BoundedDict(entries)

    def stage(self, event: Event) -> None:
        """Learn of logins; add SESSION to the system calls of their sessions."""
        syscall = event.syscall
        if "LOGIN" in event.records:
            for record in event.records["LOGIN"]:
                self._begin(event.node, record)
        if syscall is not None:
            if syscall.rest.ses is not None:
                known = self._known.get((event.node, syscall.rest.ses))
                if known is not None:
                    event.additions.append(known)
            return
        for name in ("USER_LOGIN", "USER_START"):
            for record in event.records.get(name, ()):
                self._learn(event.node, record, overrides=name == "USER_LOGIN")

    def forget(self, node: str) -> None:
        """A node has booted, and counts its sessions anew."""
        for key in [key for key in self._known if key[0] == node]:
            del self._known[key]
        self._changed()

    def _begin(self, node: str, record: Record) -> None:
        """A session begins, the kernel reports: what is known of one with its number is of another."""
        ses, done = record.fields.get("ses"), record.fields.get("res")
        if isinstance(ses, int) and done in (None, 1, "1") and self._known.pop((node, ses), None) is not None:
            self._changed()

    def _learn(self, node: str, record: Record, overrides: bool) -> None:
        ses, message = record.fields.get("ses"), record.fields.get("msg")
        if not isinstance(ses, int) or ses == UNSET or not isinstance(message, dict):
            return
        if message.get("res") not in ("success", "1"):
            return
        known = self._known.pop((node, ses), None)
        before = known.subject["SESSION"] if known is not None else {}
        assert isinstance(before, dict)
        session: Fields = {}
        for name in _SHOWN:
            value = message.get(name)
            if name in before and not (overrides and isinstance(value, str)):
                session[name] = before[name]
            elif isinstance(value, str):
                session[name] = value
        self._known.keep_newest((node, ses), Addition({"SESSION": session}))
        self._changed()
