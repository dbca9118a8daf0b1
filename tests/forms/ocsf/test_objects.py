"""Objects: users, files, ends of connections."""

from __future__ import annotations

from typing import Any

import pytest

from sensor.forms.ocsf import objects


@pytest.mark.parametrize(
    ("entity", "expected"),
    [
        ({"id": "0", "name": "root"}, {"uid": "0", "name": "root"}),
        ({"name": "x", "group": {"id": "1"}}, {"name": "x"}),
        ({}, {}),
        (None, {}),
    ],
)
def test_users(entity: Any, expected: Any) -> None:
    assert objects.user_of(entity) == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({"path": "/etc/x", "name": "x", "type": "file"}, {"name": "x", "path": "/etc/x", "type_id": 1}),
        ({"path": "/", "type": "dir"}, {"name": "/", "path": "/", "type_id": 2}),
        ({"path": "/x"}, {"name": "/x", "path": "/x", "type_id": 0}),
        ({"path": None}, {}),
        (
            {"path": "/x", "uid": "5", "owner": "a"},
            {"name": "/x", "path": "/x", "type_id": 0, "owner": {"uid": "5", "name": "a"}},
        ),
    ],
)
def test_files(file: Any, expected: Any) -> None:
    assert objects.file_of(file) == expected


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ({"address": "10.0.0.1", "ip": "10.0.0.1", "port": 443}, {"ip": "10.0.0.1", "port": 443}),
        ({"address": "/run/x"}, {"name": "/run/x"}),
        ({"address": "10.0.0.1", "ip": "10.0.0.1", "port": 70000}, {"ip": "10.0.0.1"}),
        ({"port": 5}, {}),
        (None, {}),
    ],
)
def test_ends(end: Any, expected: Any) -> None:
    assert objects.endpoint_of(end) == expected


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [("::1", "80", {"ip": "::1", "port": 80}), ("/x", "", {"name": "/x"}), ("", "9", {}), ("::1", "٣", {"ip": "::1"})],
)
def test_ends_of_text(address: str, port: str, expected: Any) -> None:
    assert objects.endpoint_at(address, port) == expected


@pytest.mark.parametrize(
    ("network", "end", "expected"),
    [
        ({"direction": "egress", "type": "ipv6"}, {}, {"direction_id": 2, "protocol_ver_id": 6}),
        ({"direction": "ingress", "type": "unix"}, {"name": "/x"}, {"direction_id": 1}),
        (None, {"ip": "10.0.0.1"}, {"direction_id": 0, "protocol_ver_id": 4}),
        (None, {"ip": "::1"}, {"direction_id": 0, "protocol_ver_id": 6}),
    ],
)
def test_connections(network: Any, end: Any, expected: Any) -> None:
    assert objects.connection_of(network, end) == expected


@pytest.mark.parametrize(
    ("source", "hostname", "expected"),
    [
        ({"address": "::1", "ip": "::1"}, "web", {"ip": "::1", "hostname": "web"}),
        ({"address": "::1", "ip": "::1"}, "::1", {"ip": "::1"}),
        (None, "?", {}),
        (None, None, {}),
    ],
)
def test_where_somebody_logs_in_from(source: Any, hostname: Any, expected: Any) -> None:
    assert objects.remote_of(source, hostname) == expected


def test_programs() -> None:
    assert objects.program_of("/bin/cat") == {"name": "cat", "path": "/bin/cat", "type_id": 1}
    assert objects.program_of("") == {}
    assert objects.object_of("text") == {}
    assert objects.text_of(5) == ""
