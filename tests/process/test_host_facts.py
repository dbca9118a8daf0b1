"""What a host says of itself, in whatever state its files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.process.host_facts import ANY, NAMES, fixed_host, is_id, read_host

RELEASE = """
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
ID=debian
HOME_URL=https://www.debian.org/
"""
ID = "2899dae44fa44eef95b66bc95325f61a"


def host(root: Path, files: dict[str, str]) -> dict[str, str]:
    """What is read of a host with these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_host(str(root))


def kernel() -> dict[str, str]:
    found = os.uname()
    name = found.nodename
    return {
        "name": name,
        "hostname": name,
        "architecture": found.machine,
        "os.type": "linux",
        "os.kernel": found.release,
    }


def test_everything_that_there_is(tmp_path: Path) -> None:
    found = host(tmp_path, {"etc/os-release": RELEASE, "etc/machine-id": f"{ID}\n"})
    assert found == {
        **kernel(),
        "id": ID,
        "os.platform": "debian",
        "os.name": "Debian GNU/Linux",
        "os.version": "12 (bookworm)",
        "os.full": "Debian GNU/Linux 12 (bookworm)",
    }
    assert [*found] == [name for name in NAMES if name in found]


CASES = [
    ({}, {}),
    ({"etc/machine-id": "uninitialized\n"}, {}),
    ({"etc/machine-id": ""}, {}),
    ({"usr/lib/os-release": "NAME='Fedora Linux'\nID=fedora\n"}, {"os.name": "Fedora Linux", "os.platform": "fedora"}),
    ({"etc/os-release": "NAME=a\n", "usr/lib/os-release": "NAME=b\n"}, {"os.name": "a"}),
    ({"etc/os-release": 'NAME="never closed\n# a comment\n\nID\n'}, {"os.name": '"never closed'}),
    ({"etc/os-release": 'NAME=""\n'}, {}),
    ({"etc/os-release": 'NAME="Größe"\n'}, {"os.name": "Größe".encode().decode("latin-1")}),
    ({"etc/os-release": r'NAME="a \"b\" c"'}, {"os.name": 'a "b" c'}),
]


@pytest.mark.parametrize(("files", "more"), CASES)
def test_what_its_files_show(tmp_path: Path, files: dict[str, str], more: dict[str, str]) -> None:
    assert host(tmp_path, files) == {**kernel(), **more}


def test_fixed_values_are_all_there_is() -> None:
    assert fixed_host({}) == ANY
    assert fixed_host({"name": "web01", "os.name": "Größe"}) == {
        "name": "web01",
        "os.type": "linux",
        "os.name": "Größe".encode().decode("latin-1"),
    }
    assert fixed_host({"os.type": "unix"}) == {"os.type": "unix"}
    assert fixed_host({"name": ""}) == ANY


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match='"ip" is none of name, hostname'):
        fixed_host({"name": "x", "ip": "10.0.0.1"})


@pytest.mark.parametrize(("text", "is_one"), [(ID, True), (ID.upper(), False), (ID[1:], False), ("", False)])
def test_ids(text: str, is_one: bool) -> None:
    assert is_id(text) == is_one
