"""OCSF objects from the ECS words of the summary: users, files, ends of connections.

{"id":"0","name":"root"}                                          {"uid":"0","name":"root"}
{"path":"/etc/x","name":"x","inode":"12","type":"file",…}         {"name":"x","path":"/etc/x","type_id":1,"uid":"12",…}
{"address":"10.0.0.1","ip":"10.0.0.1","port":443}                 {"ip":"10.0.0.1","port":443}

What lacks a member that its object requires is empty.
"""

from __future__ import annotations

import posixpath

from sensor.audit.fields import Fields, Value
from sensor.summary.objects import address_family

_TYPES = {
    "file": 1,
    "dir": 2,
    "character-device": 3,
    "block-device": 4,
    "socket": 5,
    "fifo": 6,
    "symlink": 7,
}
_REGULAR = 1
_VERSIONS = {"ipv4": 4, "ipv6": 6}
_DIRECTIONS = {"ingress": 1, "egress": 2}
_PORTS = range(65536)
_NO_HOST = frozenset({"?", "UNKNOWN"})


def text_of(value: object) -> str:
    """A text; "" for anything else."""
    return value if isinstance(value, str) else ""


def object_of(value: Value) -> Fields:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def user_of(entity: Value) -> Fields:
    """OCSF `user` or `group`."""
    given = object_of(entity)
    members: Fields = {"uid": given.get("id"), "name": given.get("name")}
    return {name: value for name, value in members.items() if value}


def file_of(file: Value) -> Fields:
    """OCSF `file` of ECS `file`."""
    given = object_of(file)
    path = text_of(given.get("path"))
    if not path:
        return {}
    members: Fields = {
        "name": given.get("name") or path,
        "path": path,
        "type_id": _TYPES.get(text_of(given.get("type")), 0),
        "parent_folder": given.get("directory"),
        "uid": given.get("inode"),
        "owner": user_of({"id": given.get("uid"), "name": given.get("owner")}) or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def file_at(path: str, kind: int = 0) -> Fields:
    """OCSF `file` of which the path alone is known, and maybe its kind."""
    return {"name": posixpath.basename(path) or path, "path": path, "type_id": kind} if path else {}


def program_of(path: str) -> Fields:
    """OCSF `file` of a program."""
    return file_at(path, _REGULAR)


def endpoint_of(end: Value) -> Fields:
    """OCSF `network_endpoint` of ECS `source` or `destination`; that of a local socket has its path for a name."""
    given = object_of(end)
    address, ip, port = given.get("address"), given.get("ip"), given.get("port")
    if not address and not ip:
        return {}
    members: Fields = {"ip": ip} if ip else {"name": address}
    if isinstance(port, int) and port in _PORTS:
        members["port"] = port
    return members


def endpoint_at(address: str, port: str) -> Fields:
    """The same of an address and a port, as text."""
    number = int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else None
    return endpoint_of({"address": address, "ip": address if address_family(address) else None, "port": number})


def connection_of(network: Value, endpoint: Fields) -> Fields:
    """OCSF `network_connection_info` of ECS `network`, and of the end that is known."""
    given = object_of(network)
    members: Fields = {"direction_id": _DIRECTIONS.get(text_of(given.get("direction")), 0)}
    ip = text_of(endpoint.get("ip"))
    version = _VERSIONS.get(text_of(given.get("type"))) or (0 if not ip else 6 if ":" in ip else 4)
    if version:
        members["protocol_ver_id"] = version
    return members


def remote_of(source: Value, hostname: object) -> Fields:
    """Where somebody logs in from, as far as that is known; hostname: as a program of user space gives it."""
    end = endpoint_of(source)
    name = text_of(hostname)
    if name and name not in _NO_HOST and address_family(name) is None:
        end["hostname"] = name
    return end
