"""The files the packages install: as auditd, systemd and the kernel want them, and in step with the program."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys

import pytest

from sensor import __version__
from sensor.cli import DEFAULT_CONFIG, make_parser
from sensor.config import check, reference
from tests.packaging.root import REPOSITORY

PACKAGING = REPOSITORY / "packaging"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """What packaging/install puts where, without root."""
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run([PACKAGING / "install", folder], check=True, env={**os.environ, "PYTHON": sys.executable})
    return folder


def test_the_plugin_file_is_one_auditd_can_read():
    """auditd 3.0 splits lines at blanks, takes 160 characters of a line and two arguments."""
    lines = (PACKAGING / "auditd/host-sensor.conf").read_text().splitlines()
    settings = dict(line.split(" = ") for line in lines if not line.startswith("#"))
    assert max(map(len, lines)) < 160
    assert len(settings["args"].split()) <= 2
    assert {"active": "yes", "direction": "out", "type": "always", "format": "string"}.items() <= settings.items()


def test_the_plugin_file_names_what_is_installed(tree):
    text = (PACKAGING / "auditd/host-sensor.conf").read_text()
    path, arguments = (re.search(rf"^{key} = (.*)$", text, re.MULTILINE)[1] for key in ("path", "args"))
    command = tree / path.lstrip("/")
    assert command.is_file()
    assert not command.is_symlink()
    assert f"host\\-sensor {arguments}" in (tree / "usr/share/man/man8/host-sensor.8").read_text()


def test_the_configuration_is_where_the_program_looks_and_has_no_mistakes(tree):
    assert check(str(tree / DEFAULT_CONFIG.lstrip("/"))) == []


def test_what_readme_shows_can_be_appended_to_it(tree, tmp_path):
    packaged = (tree / DEFAULT_CONFIG.lstrip("/")).read_text()
    (shown,) = re.findall(r"^```yaml\n(.*?)^```", (REPOSITORY / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    commented = re.sub(r"(?m)^#(?=\w+: )", "", packaged)
    for text in (packaged + shown, commented):
        (tmp_path / "config.yaml").write_text(text)
        assert [str(mistake) for mistake in check(str(tmp_path / "config.yaml"))] == []
    assert len(commented) < len(packaged)
    assert len(packaged.splitlines()) <= 10


def test_the_reference_is_installed(tree):
    text = (tree / "usr/share/doc/host-sensor/config.yaml.reference").read_text()
    assert text == reference()
    assert "/usr/share/doc/host-sensor/config.yaml.reference" in (tree / DEFAULT_CONFIG.lstrip("/")).read_text()


def test_debian_has_what_its_users_look_for() -> None:
    """README.Debian names commands that exist; the copyright file leaves the choice that the probe's source does."""
    text = (PACKAGING / "debian/README.Debian").read_text()
    named = set(re.findall(r"host-sensor ([a-z]+)", text)) - {"for"}
    for action in make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            assert named <= set(action.choices)
    assert named >= {"doctor", "rules"}
    assert max(map(len, text.splitlines())) <= 80
    assert (PACKAGING / "debian/NEWS").read_text().startswith(f"host-sensor ({__version__}-1) ")
    copyright = (PACKAGING / "debian/copyright").read_text()
    assert "Files: bpf/*\nCopyright: 2026 the host-sensor authors\nLicense: GPL-2 or Apache-2.0\n" in copyright
    sources = [path for path in (REPOSITORY / "bpf").rglob("*.[ch]") if path.stat().st_size]
    assert sources
    assert [path for path in sources if "GPL-2.0-only OR Apache-2.0" not in path.read_text().partition("\n")[0]] == []


def test_only_code_and_data_are_installed(tree):
    names = {path.name for path in tree.rglob("*")}
    assert {"generate.py", "specs.py", "__pycache__"}.isdisjoint(names)
    assert [name for name in names if name.startswith(".")] == []
    assert (tree / "usr/lib/host-sensor/bpf/process.c").exists()


def test_the_versions_agree():
    changelog = (PACKAGING / "debian/changelog").read_text()
    spec = (PACKAGING / "rpm/host-sensor.spec").read_text()
    assert changelog.startswith(f"host-sensor ({__version__}-1) ")
    assert f" - {__version__}-1\n" in spec


def test_content_for_readers_of_the_log_is_installed_whole(tree):
    source, installed = PACKAGING / "siem", tree / "usr/share/host-sensor/siem"
    names = {
        path.relative_to(source) for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path.relative_to(installed) for path in installed.rglob("*") if path.is_file()} == names
    assert len(names) > 3


def test_grafana_finds_the_dashboards_that_are_installed(tree):
    """Where the provisioning file says, each as it is generated; the rules lie where the manual page says."""
    shared = tree / "usr/share/host-sensor"
    text = (shared / "grafana/provisioning/dashboards/host-sensor.yaml").read_text()
    (path,) = re.findall(r"path: ([^}]+)", text)
    installed = {file.name: file.read_bytes() for file in (tree / path.strip().lstrip("/")).iterdir()}
    made = {file.name: file.read_bytes() for file in (REPOSITORY / "grafana/dashboards").iterdir()}
    assert installed == made
    assert {file.name for file in (shared / "prometheus").iterdir()} == {"alerts.yaml", "rules.yaml"}
