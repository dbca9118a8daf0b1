"""Where an event comes from: the members that are the same for all of a host.

"device":{"hostname":"web01","type_id":0,"os":{"name":"Debian GNU/Linux","type_id":200,"version":"12",…},"uid":"2899…"}
"""

from __future__ import annotations

from sensor import __version__
from sensor.audit.fields import Fields, Value
from sensor.cache import BoundedDict
from sensor.forms.ecs.origin import Origin
from sensor.forms.values import Style

VERSION = "1.5.0"
"""Of the schema."""
UNKNOWN = "unknown"
_UNKNOWN_TYPE, _LINUX = 0, 200
_NODES = 256
_OS = {"version": "version", "kernel": "kernel_release"}
"""Member of ECS host.os → of OCSF os."""
PRODUCT: Fields = {"name": "host-sensor", "vendor_name": "host-sensor", "version": __version__}


class Devices:
    """Writes `device`.

    origin: of the events, which knows this host.
    """

    def __init__(self, style: Style, origin: Origin) -> None:
        self._style = style
        self._origin = origin
        self._known: BoundedDict[str, str] = BoundedDict(_NODES)

    def text(self, node: str) -> str:
        """The member, with a comma before it; node: what a record calls its host, "" if it does not."""
        known = self._known.get(node)
        if known is None:
            known = self._known.keep(node, self._style.members({"device": device_of(self._origin.host_of(node))}))
        return known


def device_of(host: Fields) -> Fields:
    """OCSF `device` for an ECS `host`."""
    os = host.get("os")
    facts: Fields = os if isinstance(os, dict) else {}
    system: Fields = {"name": facts.get("name") or "Linux", "type_id": _LINUX}
    system.update({name: facts[known] for known, name in _OS.items() if facts.get(known)})
    hostname: Value = host.get("hostname") or host.get("name") or UNKNOWN
    members: Fields = {"hostname": hostname, "type_id": _UNKNOWN_TYPE, "os": system}
    if "id" in host:
        members["uid"] = host["id"]
    return members
