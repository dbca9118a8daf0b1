"""A set is put beside what others have: nothing of theirs is changed, in no file and not in the kernel."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sensor.errors import RulesError
from sensor.rules.install import FILE, FOLDER, install, installed, marked, others, remove
from sensor.rules.render import render
from sensor.rules.target import portable
from tests.rules.fake_kernel import FakeKernel

THEIRS = "-a always,exit -F arch=b64 -S ptrace -F key=theirs"


@pytest.fixture
def host(tmp_path: Path) -> FakeKernel:
    return FakeKernel(tmp_path)


def put(host: FakeKernel, name: str = "minimal") -> list[str]:
    return list(install(host, name, portable()))


def loadable(host: FakeKernel, name: str) -> set[str]:
    return {line for line in render(name, portable()).lines() if line in host.rules}


def test_a_set_is_written_and_loaded(host: FakeKernel) -> None:
    output = put(host)
    found = installed(host)
    assert found is not None
    assert (found.name, found.edited, found.rules()) == ("minimal", False, render("minimal", portable()).lines())
    status = host.status(FILE)
    assert status is not None
    assert stat.filemode(status.st_mode) == "-rw-r-----"
    assert host.names(FOLDER) == ["50-host-sensor.rules"]
    assert len(host.rules) == len(loadable(host, "minimal")) > 20
    assert f"loaded: {len(host.rules)} rules, 0 were there before" in output
    assert any(line.startswith("not loaded (No such file or directory): ") and "/etc/pam.d" in line for line in output)
    assert any(line.startswith("not loaded (Unknown user: _host-sensor): /var/log/host-sensor") for line in output)
    assert any(line.startswith("as numbers, because ") and "fchmodat2" in line for line in output)


def test_twice_is_once(host: FakeKernel) -> None:
    put(host)
    before = (host.read(FILE), list(host.rules))
    output = put(host)
    assert (host.read(FILE), host.rules) == before
    assert f"loaded: 0 rules, {len(host.rules)} were there before" in output


@pytest.mark.parametrize(("first", "second"), [("minimal", "recommended"), ("recommended", "minimal")])
def test_another_set_takes_the_place(first: str, second: str, host: FakeKernel) -> None:
    put(host, first)
    put(host, second)
    assert set(host.rules) == loadable(host, second)
    found = installed(host)
    assert found is not None
    assert found.name == second


def test_there_is_no_moment_without_rules(host: FakeKernel) -> None:
    """What both sets have stays where it is; nothing is deleted before the new rules are there."""
    counts = []

    class Watching(FakeKernel):
        def run(self, *command: str):
            answer = super().run(*command)
            counts.append(sum("execve" in rule for rule in self.rules))
            return answer

    host.__class__ = Watching
    put(host, "minimal")
    counts.clear()
    put(host, "recommended")
    put(host, "minimal")
    assert min(counts) == 2


def test_rules_of_others_stay(host: FakeKernel) -> None:
    shared = "-a always,exit -F arch=b64 -S bpf -F a0=5 -F key=bpf"
    host.write(f"{FOLDER}/10-theirs.rules", f"-D\n{THEIRS}\n{shared}\n")
    host.rules = [THEIRS, shared, "-w /opt -p wa -k loaded-by-hand"]
    put(host, "recommended")
    put(host, "minimal")
    list(remove(host))
    assert host.rules == [THEIRS, shared, "-w /opt -p wa -k loaded-by-hand"]
    assert host.read(f"{FOLDER}/10-theirs.rules") == f"-D\n{THEIRS}\n{shared}\n"
    assert others(host) == {THEIRS: "10-theirs.rules", shared: "10-theirs.rules"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        THEIRS,
        "## host-sensor rules: set=minimal sum=0123\n",
        f"{THEIRS}\n## host-sensor rules: set=minimal sum=0123456789abcdef\n",
    ],
)
def test_a_file_of_someone_else_is_left_as_it_is(text: str, host: FakeKernel) -> None:
    host.write(FILE, text)
    for act in (lambda: put(host), lambda: list(remove(host))):
        with pytest.raises(RulesError, match="was not written by this command"):
            act()
    assert (host.read(FILE), host.rules) == (text, [])


def test_a_file_that_was_edited_is_left_as_it_is(host: FakeKernel) -> None:
    put(host)
    edited = f"{host.read(FILE)}{THEIRS}\n"
    host.write(FILE, edited)
    before = list(host.rules)
    with pytest.raises(RulesError, match="was edited"):
        put(host, "recommended")
    assert (host.read(FILE), host.rules) == (edited, before)


@pytest.mark.parametrize("make", ["link", "folder", "fifo"])
def test_nothing_but_a_file_is_ours(make: str, host: FakeKernel) -> None:
    target = Path(host.path("/elsewhere"))
    target.write_text(marked("minimal", "-i\n"))
    path = Path(host.path(FILE))
    {"link": lambda: path.symlink_to(target), "folder": path.mkdir, "fifo": lambda: os.mkfifo(path)}[make]()
    with pytest.raises(RulesError, match="was not written by this command"):
        put(host)
    assert target.read_text() == marked("minimal", "-i\n")


def test_only_root_may(host: FakeKernel) -> None:
    host.root = False
    with pytest.raises(RulesError, match="only root"):
        put(host)
    assert host.names(FOLDER) == []


def test_without_auditd_there_is_no_place(host: FakeKernel) -> None:
    Path(host.path(FOLDER)).rmdir()
    with pytest.raises(RulesError, match="is auditd installed"):
        put(host)


def test_a_folder_that_cannot_be_written_to_changes_nothing(host: FakeKernel) -> None:
    Path(host.path(FOLDER)).rmdir()
    Path(host.path(FOLDER)).write_text("")
    with pytest.raises(RulesError, match="Not a directory"):
        put(host)
    assert host.rules == []


def test_a_locked_audit_has_them_at_the_next_boot(host: FakeKernel) -> None:
    host.enabled = 2
    assert any("until the next boot" in line for line in put(host))
    assert host.rules == []
    assert installed(host) is not None


@pytest.mark.parametrize(
    ("units", "warned"),
    [
        ("[Service]\nExecStartPost=-/sbin/augenrules --load\n", False),
        (
            "[Service]\n#ExecStartPost=-/sbin/augenrules --load\nExecStartPost=/sbin/auditctl -R /etc/audit/x\n",
            True,
        ),
        ("[Service]\nExecStart=/sbin/auditd\n", True),
        ("", False),
    ],
)
def test_whether_the_next_boot_loads_them(units: str, warned: bool, host: FakeKernel) -> None:
    host.commands["systemctl cat auditd.service audit-rules.service"] = units
    assert any("no service runs augenrules" in line for line in put(host)) is warned


def test_removal_leaves_nothing_of_ours(host: FakeKernel) -> None:
    host.rules = [THEIRS]
    put(host, "recommended")
    assert len(host.rules) > 50
    assert f"{FILE} is removed" in list(remove(host))
    assert (host.rules, host.status(FILE)) == ([THEIRS], None)
    assert list(remove(host)) == [f"{FILE} is not there: nothing to remove"]


def test_a_new_account_is_watched_at_the_next_install(host: FakeKernel, tmp_path: Path) -> None:
    put(host)
    (tmp_path / "home/.ssh").mkdir(parents=True)
    list(install(host, "minimal", replace(portable(), homes=(f"{tmp_path}/home",))))
    found = installed(host)
    assert found is not None
    assert sum(f"path={tmp_path}/home/.ssh/authorized_keys " in rule for rule in found.rules()) == 2
