"""Numbers of users and groups to names, beside the numbers.

    auid=4294967295 uid=0 gid=33            "UID":"root","GID":"www-data","AUID":"unset"
    uid=0 … msg='op=add-user id=1501 …'     "UID":"root","msg":{…,"id":1501,"ID":"alice"}

Every field whose name ends in uid or gid is translated, in the maps of user space as
well, and there `id`, which those who manage accounts write. What auditd translated
itself (ENRICHED) stays if it knew, because it asked on the host that the event is from. Of another host, whose records
have `node=`, numbers get no names of this one's.
A name that is not known yet is left out; see sensor.translate.userdb.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Callable, NamedTuple

from sensor.audit.fields import UNSET, Fields
from sensor.audit.naming import Naming
from sensor.cache import BoundedDict
from sensor.translate.options import TranslateOptions
from sensor.translate.userdb import UNKNOWN, UserDatabase

_IDS = ("uid", "gid")
_ABOUT_GROUPS = frozenset({"GRP_AUTH", "GRP_CHAUTHTOK", "GRP_MGMT", "CHGRP_ID", "ADD_GROUP", "DEL_GROUP"})
_USER_RECORDS = """
USER_AUTH USER_ACCT USER_MGMT USER_CHAUTHTOK USER_ERR USER_START USER_END USER_LOGIN USER_LOGOUT CRED_ACQ CRED_REFR
CRED_DISP CHUSER_ID ADD_USER DEL_USER ACCT_LOCK ACCT_UNLOCK ROLE_ASSIGN ROLE_REMOVE
"""
_ABOUT_USERS = frozenset(_USER_RECORDS.split())
_PLANS = 1024
_CONCERNS = re.compile("(.*[ug])?id(_2)?|msg(_2)?", re.IGNORECASE)


class NameSource(NamedTuple):
    """Where names come from, in this order: the configuration, what auditd wrote, the host."""

    fixed: Mapping[int, str]
    host: Callable[[int], str | None]


class IdField(NamedTuple):
    """One field to be translated.

    field: the number's key.
    written: where auditd puts the name if it writes one.
    key: where we do.
    """

    field: str
    written: str
    key: str
    source: NameSource


class Users:
    """The transform.

    options: names from the configuration.
    database: of the host that the records are from; None for another one, where a number may be another's.
    """

    def __init__(self, options: TranslateOptions, naming: Naming, database: UserDatabase | None) -> None:
        self._key = naming.key
        self._sources = {
            "uid": NameSource(_by_number(options.user_map), database.users.get if database is not None else _no_name),
            "gid": NameSource(_by_number(options.group_map), database.groups.get if database is not None else _no_name),
        }
        self._plans: BoundedDict[tuple[str, ...], list[IdField]] = BoundedDict(_PLANS)

    def transform(self, name: str, fields: Fields) -> None:
        """Add names to the fields of one record."""
        names = tuple(fields)
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plans.keep(names, self._ids(names))
        _translate(plan, fields, fields)
        message = fields.get("msg")
        if isinstance(message, dict):
            _translate(self._message_ids(name, message, fields), message, fields)

    def concerns(self, name: str, field: str) -> bool:
        """Return whether a field matters here: a number, what auditd writes of one, a message."""
        return _CONCERNS.fullmatch(field) is not None

    def _ids(self, names: Iterable[str]) -> list[IdField]:
        return [self._id(name, name.upper(), name[-3:]) for name in names if name[-3:] in _IDS]

    def _message_ids(self, name: str, message: Fields, record: Fields) -> list[IdField]:
        """The ids in a message; auditd puts the name of one that stands beside the message as well under NAME_2."""
        ids = [id._replace(written=f"{id.written}_2") if id.field in record else id for id in self._ids(message)]
        if "id" in message and name in _ABOUT_GROUPS:
            ids.append(self._id("id", "ID", "gid"))
        elif "id" in message and name in _ABOUT_USERS:
            ids.append(self._id("id", "ID", "uid"))
        return ids

    def _id(self, field: str, written: str, kind: str) -> IdField:
        return IdField(field, written, self._key(field.upper()), self._sources[kind])


def _translate(ids: list[IdField], fields: Fields, record: Fields) -> None:
    """Add names to fields; what auditd wrote in the record gives way to them, or is one of them."""
    for field, written, key, (fixed, host) in ids:
        number = fields[field]
        if not isinstance(number, int):
            continue
        word = record.get(written)
        name = fixed.get(number)
        if name is None:
            known = isinstance(word, str) and not word.startswith(UNKNOWN)
            name = str(word) if known else host(number)
        if word is not None and (name is None or written != key or record is not fields):
            del record[written]
        if name is not None:
            fields[key] = name


def _no_name(number: int) -> None:
    """Of another host's users no name is known here."""


def _by_number(names: dict[str, str]) -> dict[int, str]:
    given = {int(number): name.encode().decode("latin-1") for number, name in names.items()}
    return {UNSET: "unset", -1: "unset", **given}
