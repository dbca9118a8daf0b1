"""Numbers of users and groups to names, beside the numbers.

    auid=4294967295 uid=0 gid=33            "UID":"root","GID":"www-data","AUID":"unset"
    uid=0 … msg='op=add-user id=1501 …'     "UID":"root","msg":{…,"id":1501,"ID":"alice"}

Every field whose name ends in uid or gid is translated, in the maps of user space as
well, and there `id`, which those who manage accounts write. What auditd translated
itself (ENRICHED) stays if it knew, because it asked on the host that the event is from.
A name that is not known yet is left out; see sensor.translate.userdb.
"""

from __future__ import annotations

from sensor.audit.fields import UNSET, Fields
from sensor.audit.render import Style
from sensor.translate.options import TranslateOptions
from sensor.translate.userdb import UNKNOWN, UserDatabase

_IDS = ("uid", "gid")
_ABOUT_GROUPS = frozenset({"GRP_AUTH", "GRP_CHAUTHTOK", "GRP_MGMT", "CHGRP_ID", "ADD_GROUP", "DEL_GROUP"})
_USER_RECORDS = """
USER_AUTH USER_ACCT USER_MGMT USER_CHAUTHTOK USER_ERR USER_START USER_END USER_LOGIN USER_LOGOUT CRED_ACQ CRED_REFR
CRED_DISP CHUSER_ID ADD_USER DEL_USER ACCT_LOCK ACCT_UNLOCK ROLE_ASSIGN ROLE_REMOVE
"""
_ABOUT_USERS = frozenset(_USER_RECORDS.split())


class Users:
    """The transform.

    options: names from the configuration, which come first.
    """

    def __init__(self, options: TranslateOptions, style: Style, database: UserDatabase) -> None:
        self._key = style.key
        self._names = {"uid": database.users, "gid": database.groups}
        self._fixed = {
            "uid": {UNSET: "unset", -1: "unset", **_by_number(options.user_map)},
            "gid": {UNSET: "unset", -1: "unset", **_by_number(options.group_map)},
        }

    def transform(self, name: str, fields: Fields) -> None:
        """Add names to the fields of one record."""
        for field in [field for field in fields if field[-3:] in _IDS]:
            self._add(fields, field, field[-3:], (fields, field.upper()))
        message = fields.get("msg")
        if isinstance(message, dict):
            self._add_to_message(name, message, fields)

    def _add_to_message(self, name: str, message: Fields, fields: Fields) -> None:
        for field in [field for field in message if field[-3:] in _IDS]:
            self._add(message, field, field[-3:], (fields, field.upper() + ("_2" if field in fields else "")))
        if "id" in message and (name in _ABOUT_USERS or name in _ABOUT_GROUPS):
            self._add(message, "id", "gid" if name in _ABOUT_GROUPS else "uid", (fields, "ID"))

    def _add(self, fields: Fields, field: str, kind: str, told: tuple[Fields, str]) -> None:
        """Add the name of one number.

        kind: uid or gid.
        told: where auditd put the name if it wrote one; it is taken away from there.
        """
        number = fields[field]
        if not isinstance(number, int):
            return
        record, upper = told
        word = record.pop(upper, None)
        name = self._fixed[kind].get(number)
        if name is None:
            if isinstance(word, str) and not word.startswith(UNKNOWN):
                name = word
            else:
                name = self._names[kind].get(number)
                if name is None:
                    return
        fields[self._key(field.upper())] = name


def _by_number(names: dict[str, str]) -> dict[int, str]:
    return {int(number): name.encode().decode("latin-1") for number, name in names.items()}
