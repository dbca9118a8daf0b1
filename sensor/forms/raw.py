"""Numbers left out of the JSON where their translation stands beside them (`translate.drop_raw`).

    "syscall":59,"SYSCALL":"execve","uid":4711     →     "SYSCALL":"execve","uid":4711

Only the JSON is without them: who looks at the fields of a record still finds all.
"""

from __future__ import annotations

from sensor.audit.fields import Fields, Value
from sensor.audit.naming import Naming
from sensor.forms.values import Render

_UNIVERSAL = frozenset({"arch", "syscall", "saddr"})
_IDS = ("uid", "gid")


def without_raw(render: Render, naming: Naming) -> Render:
    """A renderer that leaves out what was translated."""

    def hidden(name: str, fields: Fields) -> bool:
        if name in _UNIVERSAL or name.endswith(_IDS) or name == "id":
            given = fields.get(naming.key(name.upper()))
            return given is not None and (name != "saddr" or _is_complete(given))
        return False

    def shown(fields: Fields) -> Fields:
        return {
            name: shown(value) if isinstance(value, dict) else value
            for name, value in fields.items()
            if not hidden(name, fields)
        }

    return lambda fields: render(shown(fields))


def _is_complete(address: Value) -> bool:
    """Return whether more than the family of an address was translated, or there is no more."""
    return isinstance(address, dict) and (len(address) > 1 or address.get("saddr_fam") == "unspecified")
