"""A package that is installed again after a removal: auditd is restarted, for once its last plugin was removed it hands
nothing to a new one until its queue has been full. Programs with the names of auditctl and systemctl note how they are
called.
"""

from __future__ import annotations

import os
import time

import pytest

from tests.packaging.packages import Deb, Rpm
from tests.packaging.root import HERE, Root

NOTING = """\
#!/bin/sh
case "$*" in
    *auditd*|*HUP*)
        echo "${0##*/} $*" >>/root/calls
        [ ! -e /root/lost ] || [ $(grep -c HUP /root/calls) -le $(cat /root/lost) ] || echo >/root/obeyed
        ;;
esac
[ ! -e /root/fails ]
"""
# In the place of auditd: it has a plugin before or after the first SIGHUP that is not lost.
AUDITD = """\
cp /bin/sleep /root/host-sensor
sh -c 'if [ $0 != added ]; then /root/host-sensor 60 & fi
    until [ -e /root/obeyed ]; do sleep 0.05; done
    if [ $0 != added ]; then kill $!; wait $!; fi
    if [ $0 != removed ]; then /root/host-sensor 60 & fi
    sleep 60' "$0" &
echo $! >/run/auditd.pid; sleep 0.5; "$@"
"""
HUP = "auditctl --signal HUP"

pytestmark = [pytest.mark.slow, pytest.mark.root]


@pytest.fixture(scope="module", params=[("deb", HERE), ("deb", "trixie"), ("rpm", HERE)], ids="-".join)
def package(request, built, tmp_path_factory):
    kind, release = request.param
    root = Root(tmp_path_factory.mktemp("root"), release)
    try:
        made = {"deb": Deb, "rpm": Rpm}[kind](root, built(kind), tmp_path_factory.mktemp("shim"))
        (root.folder / "run/systemd/system").mkdir(parents=True, exist_ok=True)
        for name in ("sbin/auditctl", "bin/systemctl", "sbin/service"):
            program = root.folder / "usr" / name
            program.unlink(missing_ok=True)
            program.write_text(NOTING)
            program.chmod(0o755)
        yield made
    finally:
        root.close()


def reinstall(package: Deb | Rpm, restarted: bool, running: bool = True) -> list[str]:
    """Install, remove and install again; what was asked of auditd by the second installation, and of systemd for it.

    restarted: auditd is between the removal and that; running: auditd is when the package is removed.
    """
    folder = package.root.folder
    pid, fails, calls = folder / "run/auditd.pid", folder / "root/fails", folder / "root/calls"
    pid.touch()
    os.utime(pid, (time.time() - 60,) * 2)
    package.install()
    if not running:
        fails.touch()
    package.root.try_(*REMOVE[type(package)])
    fails.unlink(missing_ok=True)
    if restarted:
        os.utime(pid, (time.time() + 60,) * 2)
    calls.unlink(missing_ok=True)
    package.install()
    asked = calls.read_text().splitlines()
    package.remove()
    (folder / "run/host-sensor.removed").unlink(missing_ok=True)
    return asked


REMOVE = {Deb: ("dpkg", "--remove", "host-sensor"), Rpm: ("rpm", "--force-debian", "-e", "host-sensor")}


def test_auditd_is_restarted(package):
    (restart,) = reinstall(package, restarted=False)
    assert restart in ("systemctl restart auditd.service", "service auditd restart")


@pytest.mark.parametrize(
    ("restarted", "running"), [(True, True), (False, False)], ids=["restarted since", "not running then"]
)
def test_a_reload_is_asked_for_where_it_is_enough(package, restarted, running):
    assert reinstall(package, restarted, running) == [HUP]


def test_a_first_installation_and_an_upgrade_restart_nothing(package):
    calls = package.root.folder / "root/calls"
    calls.unlink(missing_ok=True)
    package.install()
    package.upgrade()
    assert calls.read_text().splitlines() == [HUP, HUP]
    package.remove()
    (package.root.folder / "run/host-sensor.removed").unlink(missing_ok=True)


@pytest.mark.parametrize("lost", [0, 2])
def test_a_reload_is_asked_for_until_auditd_obeys(package, lost):
    """auditd that reads too slowly loses SIGHUP, and auditctl succeeds all the same."""
    folder = package.root.folder / "root"
    add = {Deb: ["dpkg", "-i"], Rpm: ["rpm", "--force-debian", "-U", "--force"]}[type(package)]
    steps = (
        ("added", [*add, package.package]),
        ("replaced", [*add, package.package]),
        ("removed", REMOVE[type(package)]),
    )
    try:
        (folder / "lost").write_text(f"{lost}\n")
        for what, command in steps:
            for name in ("calls", "obeyed"):
                (folder / name).unlink(missing_ok=True)
            package.root.run("sh", "-c", AUDITD, what, *command)
            assert (folder / "calls").read_text().splitlines() == [HUP] * (lost + 1), what
    finally:
        (folder / "lost").unlink()
        if isinstance(package, Deb):
            package.remove()  # the RPM is gone by now
        (package.root.folder / "run/host-sensor.removed").unlink(missing_ok=True)
