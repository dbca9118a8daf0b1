"""Upgrades and removals of the Debian package that nobody watches: none ends half-way, none takes what is not its own.

Three releases: `former` has its files in /etc as conffiles, as 0.1.0 had; the package as it is; and `later`, whose
files have changed again.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sensor.config import reference
from tests.packaging.root import HERE, REPOSITORY, Root

PROFILES = ("etc/apparmor.d/host-sensor", "etc/apparmor.d/host-sensor-probe")
CONFIG, PLUGIN = "etc/host-sensor/config.yaml", "etc/audit/plugins.d/host-sensor.conf"
FORMER_POSTINST = """\
#!/bin/sh
systemd-sysusers host-sensor.conf && systemd-tmpfiles --create host-sensor.conf
"""

pytestmark = [pytest.mark.slow, pytest.mark.root]


def rebuilt(package: Path, folder: Path, version: str, change) -> Path:
    """The package again, with another version and what `change` does to its tree."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {version}", control.read_text()))
    change(tree)
    made = folder / f"host-sensor_{version}.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, made], check=True, capture_output=True)
    return made


def with_conffiles(tree: Path) -> None:
    for name, text in ((CONFIG, reference()), (PLUGIN, (REPOSITORY / "packaging/auditd/host-sensor.conf").read_text())):
        (tree / name).parent.mkdir(parents=True)
        (tree / name).write_text(text)
        with (tree / "DEBIAN/conffiles").open("a") as file:
            file.write(f"/{name}\n")
    for script in ("prerm", "postrm"):
        (tree / "DEBIAN" / script).unlink()
    (tree / "DEBIAN/postinst").write_text(FORMER_POSTINST)


def with_other_files(tree: Path) -> None:
    for name in ("config.yaml", "host-sensor.conf"):
        file = tree / "usr/share/host-sensor/etc" / name
        file.write_text("# later\n" + file.read_text())


@pytest.fixture(scope="module", params=sorted({HERE, "trixie"}))
def debs(request, built, tmp_path_factory):
    """A root and the three packages in it."""
    root = Root(tmp_path_factory.mktemp("root"), request.param)
    package = built("deb")
    former = rebuilt(package, tmp_path_factory.mktemp("former"), "0.0.9", with_conffiles)
    later = rebuilt(package, tmp_path_factory.mktemp("later"), "9", with_other_files)
    yield root, [root.put(file) for file in (former, package, later)]
    root.close()


@pytest.fixture
def root(debs):
    """The root without any of them."""
    yield debs[0]
    debs[0].try_("dpkg", "--purge", "--force-all", "host-sensor")
    for name in (CONFIG, PLUGIN):
        (debs[0].folder / name).unlink(missing_ok=True)


def install(root: Root, package: str) -> None:
    root.run("dpkg", "--force-unsafe-io", "-i", package)
    assert root.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "host-sensor") == "ii "


def append_to(file: Path, text: str) -> None:
    with file.open("a") as opened:
        opened.write(text)


def append(root: Root, name: str, text: str) -> None:
    append_to(root.folder / name, text)


def packaged(name: str) -> str:
    return (REPOSITORY / "packaging" / name).read_text()


def test_what_the_administrator_changed_stays_over_two_upgrades(debs, root):
    _, (former, package, later) = debs
    install(root, former)
    append(root, CONFIG, "marker: mine\n")
    append(root, PLUGIN, "# mine\n")
    for upgrade in (package, later):
        install(root, upgrade)
        assert (root.folder / CONFIG).read_text() == reference() + "marker: mine\n"
        assert (root.folder / PLUGIN).read_text() == packaged("auditd/host-sensor.conf") + "# mine\n"
        assert "no mistakes" in root.run("host-sensor", "check")
        assert (
            root.run("stat", "-c", "%a %U %G", f"/{CONFIG}", f"/{PLUGIN}") == "640 root _host-sensor\n640 root root\n"
        )


def test_an_upgrade_mends_one_that_ended_half_way(debs, root, tmp_path):
    """As those of 0.1.0 did: the package is unpacked, dpkg waits for an answer about its conffile."""
    _, (former, package, _) = debs
    install(root, former)
    append(root, CONFIG, "marker: mine\n")
    reworded = rebuilt(root.folder / former[1:], tmp_path, "0.1.1", lambda tree: append_to(tree / CONFIG, "# more\n"))
    assert root.try_("dpkg", "-i", root.put(reworded)).returncode != 0
    assert root.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "host-sensor") == "iU "
    install(root, package)
    assert (root.folder / CONFIG).read_text() == reference() + "marker: mine\n"
    assert list((root.folder / "etc/host-sensor").glob("*.dpkg-*")) == []


def test_what_nobody_changed_becomes_the_short_file(debs, root):
    _, (former, package, _) = debs
    install(root, former)
    assert (root.folder / CONFIG).read_text() == reference()
    install(root, package)
    assert (root.folder / CONFIG).read_text() == packaged("config.yaml")
    assert (root.folder / PLUGIN).read_text() == packaged("auditd/host-sensor.conf")


@pytest.mark.parametrize("first", [0, 1])
def test_what_the_administrator_removed_stays_away(first, debs, root):
    """Without its file auditd does not start the plugin."""
    _, packages = debs
    install(root, packages[first])
    (root.folder / PLUGIN).unlink()
    for upgrade in packages[first + 1 :]:
        install(root, upgrade)
        assert not (root.folder / PLUGIN).exists()


def test_members_of_adm_read_what_the_former_release_wrote(debs, root):
    _, (former, package, _) = debs
    install(root, former)
    log = root.folder / "var/log/host-sensor"
    root.run("install", "-m", "0640", "-o", "_host-sensor", "-g", "_host-sensor", "/dev/null", f"/{CONFIG}.x")
    for name in ("audit.jsonl", "audit.jsonl.1"):
        shutil.copy2(root.folder / f"{CONFIG}.x", log / name)
        root.run("chown", "_host-sensor:_host-sensor", f"/var/log/host-sensor/{name}")
    (log / "audit.jsonl.2").symlink_to(f"/{CONFIG}.x")
    install(root, package)
    shown = root.run(
        "stat", "-c", "%a %U %G", *(f"/var/log/host-sensor/{name}" for name in ("audit.jsonl", "audit.jsonl.1"))
    )
    assert shown == "640 _host-sensor adm\n" * 2
    assert root.run("stat", "-c", "%G", f"/{CONFIG}.x") == "_host-sensor\n"
    assert root.run("stat", "-c", "%a", "/var/log/host-sensor") == "2750\n"


def test_before_auditd_the_folders_get_auditds_modes(debs, root):
    _, (_, package, _) = debs
    shutil.move(root.folder / "etc/audit", root.folder / "etc/audit-away")
    try:
        install(root, package)
        assert root.run("stat", "-c", "%a %U", "/etc/audit", "/etc/audit/plugins.d") == "750 root\n" * 2
    finally:
        shutil.rmtree(root.folder / "etc/audit", ignore_errors=True)
        shutil.move(root.folder / "etc/audit-away", root.folder / "etc/audit")


def test_an_installation_after_removal_finds_its_configuration(debs, root):
    _, (_, package, _) = debs
    install(root, package)
    append(root, CONFIG, "marker: mine\n")
    root.run("dpkg", "--remove", "host-sensor")
    assert not (root.folder / "usr/sbin/host-sensor").exists()
    install(root, package)
    assert (root.folder / CONFIG).read_text().endswith("marker: mine\n")


def test_apt_upgrades_without_a_question(debs, root):
    _, (former, package, _) = debs
    install(root, former)
    append(root, CONFIG, "marker: mine\n")
    root.run("apt-get", "install", "-qy", package)
    assert root.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "host-sensor") == "ii "
    assert (root.folder / CONFIG).read_text() == reference() + "marker: mine\n"


@pytest.mark.parametrize("before", [None, 0, 1])
def test_purge_from_half_configured_leaves_nothing(before, debs, root):
    """dpkg runs no prerm then: the probe is in the kernel, and what root's runs compiled lies in the tree."""
    _, packages = debs
    files = root.files()
    if before is not None:
        install(root, packages[before])
    root.run("dpkg", "--unpack", packages[-1])
    assert root.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "host-sensor").startswith("iU")
    for left in ("sys/fs/bpf/host-sensor/v1", "usr/lib/host-sensor/sensor/top/__pycache__", "var/log/host-sensor"):
        (root.folder / left).mkdir(parents=True, exist_ok=True)
        (root.folder / left / "file").touch()
    root.run("dpkg", "--purge", "host-sensor")
    shutil.rmtree(root.folder / "sys/fs", ignore_errors=True)  # which was not there
    backups = {"/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-"}
    assert root.files() - files - backups == set()


def test_nothing_in_etc_is_in_the_package_but_profiles(built):
    """So it makes no /etc/audit with modes of its own, and dpkg asks about nothing that is meant to be changed."""
    listed = subprocess.run(["dpkg-deb", "-c", built("deb")], capture_output=True, text=True, check=True).stdout
    assert " ./usr/sbin/host-sensor\n" in listed
    assert set(re.findall(r" \./(etc/.*[^/])\n", listed)) == set(PROFILES)
    conffiles = subprocess.run(
        ["dpkg-deb", "-I", built("deb"), "conffiles"], capture_output=True, text=True, check=True
    )
    assert set(conffiles.stdout.split()) == {f"/{name}" for name in PROFILES}


def test_what_a_site_added_to_a_profile_stays_until_purge(debs, root):
    _, (_, package, later) = debs
    install(root, package)
    local = root.folder / "etc/apparmor.d/local/host-sensor"
    append_to(local, "/srv/logs/** rw,\n")
    install(root, later)
    root.run("dpkg", "--remove", "host-sensor")
    assert local.read_text() == "/srv/logs/** rw,\n"
    root.run("dpkg", "--purge", "host-sensor")
    assert not local.exists()
