"""Where a document comes from: the members that are the same for all of a host.

"host":{"name":"web01","hostname":"web01","id":"2899…","architecture":"x86_64","os":{"type":"linux","name":"Debian",…}},
"agent":{"type":"host-sensor","version":"0.1.0","name":"web01","id":"…"},
"data_stream":{"type":"logs","dataset":"auditd_manager.auditd","namespace":"default"},"service":{"type":"auditd"}

The dataset is that of Elastic's integration for auditd, whose rules and dashboards ask for it.
"""

from __future__ import annotations

from sensor import __version__
from sensor.audit.fields import Fields
from sensor.cache import BoundedDict
from sensor.forms.values import Render
from sensor.process.guid import agent_guid
from sensor.process.host import Host
from sensor.process.host_facts import ANY, fixed_host, is_id, read_host

VERSION = "8.17.0"
"""Of the schema."""
MODULE = "auditd"
DATASET = "auditd_manager.auditd"
_NODES = 256


class Origin:
    """Of which host the events are, and what reports them.

    host: facts of the host by their names in ECS (sensor.process.host_facts); None: nothing is written about it but
        the name that a record gives.
    names: what a node= may call this host.
    version: of the sensor, "" if it is not to be shown.
    """

    def __init__(
        self, host: dict[str, str] | None = None, names: frozenset[str] = frozenset(), version: str = ""
    ) -> None:
        self._host = host
        self._names = names
        self._agent = _agent(host or {}, version)
        self._known: BoundedDict[str, str] = BoundedDict(_NODES)

    def text(self, node: str, render: Render) -> str:
        """The members, each with a comma before it; always written by the same `render`."""
        known = self._known.get(node)
        return known if known is not None else self._known.keep(node, f",{render(self.members(node))}")

    def host_of(self, node: str) -> Fields:
        """ECS `host` for an event; node: what the record calls its host, "" if it does not.

        Of another host than this one nothing is known but the name.
        """
        facts = self._host
        if node and (node not in self._names or facts is None):
            return _nested({"name": node, "hostname": node, **(ANY if facts is not None else {})})
        return _nested(facts or {})

    def name_of(self, node: str) -> str:
        """What the host of an event is called; "" if that is unknown."""
        name = self.host_of(node).get("name")
        return name if isinstance(name, str) else ""

    def members(self, node: str) -> Fields:
        """All that is the same for the documents of a host."""
        host = self.host_of(node)
        stream: Fields = {"type": "logs", "dataset": DATASET, "namespace": "default"}
        members: Fields = {"agent": self._agent, "data_stream": stream, "service": {"type": MODULE}}
        return {"host": host, **members} if host else members


def origin_of(option: str | dict[str, str], host: Host, live: bool) -> Origin:
    """The origin as the option `host` asks; of a recorded log it is not known unless that gives values.

    host: this one. Raises ValueError for values that there are not.
    """
    if isinstance(option, dict):
        named = {option[name] for name in ("name", "hostname") if name in option}
        return Origin(fixed_host(option), host.names | named, __version__)
    if option == "off":
        return Origin(None, host.names, __version__)
    return Origin(read_host(), host.names, __version__) if live else Origin(ANY, frozenset(), __version__)


def _agent(host: dict[str, str], version: str) -> Fields:
    agent: Fields = {"type": "host-sensor"}
    if version:
        agent["version"] = version
    if "name" in host:
        agent["name"] = host["name"]
    if is_id(host.get("id", "")):
        agent["id"] = agent_guid(host["id"])
    return agent


def _nested(facts: dict[str, str]) -> Fields:
    """{"name": "web01", "os.type": "linux"} → {"name": "web01", "os": {"type": "linux"}}"""
    out: Fields = {}
    for name, value in facts.items():
        outer, dot, inner = name.partition(".")
        if dot:
            members = out.setdefault(outer, {})
            assert isinstance(members, dict)
            members[inner] = value
        else:
            out[outer] = value
    return out
