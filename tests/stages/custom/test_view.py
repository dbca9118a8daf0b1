"""Everything that a custom stage can ask, on a system call, an exec, and an event from user space."""

from __future__ import annotations

import pytest

from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.roots import HOST, Root
from sensor.stages.cgroup import Cgroups
from sensor.stages.custom.view import EventView
from sensor.stages.options import CgroupOptions
from tests.support.fake_host import NOW, FakeHost, event, exec_event, syscall

ID = "3f" * 32


@pytest.fixture
def seen(tmp_path):
    """What an attribute of the view says."""
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/ls", cgroup=f"0::/system.slice/docker-{ID}.scope\n")
    cgroups = Cgroups(CgroupOptions(), ProcFiles(host.proc), ContainerNames(str(tmp_path)))

    def seen(text, *names):
        output = []

        def look(event):
            if event.process is not None:
                event.process.program.labels = frozenset(["b\xc3\xa4"])
            view = EventView(event)
            output.extend([getattr(view, name) for name in names])

        host.run([host.identity(cgroups.describe), look], text)
        return output[0] if len(names) == 1 else output

    return seen


CALL = event(syscall(42, 1, "/usr/bin/ls", key="610162", uid=7), "PATH item=0 name=2FC3A4FF")
USER = event('USER_ACCT pid=7 uid=0 auid=1000 msg=\'op=PAM acct="alice" exe="/usr/sbin/cron" res=success\'')


@pytest.mark.parametrize(
    ("name", "of_call", "of_user"),
    [
        ("time", NOW, NOW),
        ("node", "", ""),
        ("types", ["SYSCALL", "PATH"], ["USER_ACCT"]),
        ("syscall", "openat", None),
        ("success", True, None),
        ("pid", 42, 0),
        ("ppid", 1, 0),
        ("uid", 7, 0),
        ("auid", 1000, 1000),
        ("exe", "/usr/bin/ls", "/usr/sbin/cron"),
        ("comm", "ls", None),
        ("keys", ["a", "b"], []),
        ("argv", [], []),
        ("script", None, None),
        ("root", None, None),
        ("labels", {"bä"}, set()),
        ("container", ID, None),
        ("units", ["system.slice", f"docker-{ID}.scope"], []),
    ],
)
def test_what_can_be_asked(seen, name, of_call, of_user):
    assert seen(CALL, name) == of_call
    assert seen(USER, name) == of_user


def test_an_exec_shows_its_command_line(seen):
    assert seen(exec_event(42, 1, "/usr/bin/ls", ["ls", "-l"]), "argv") == ["ls", "-l"]


def test_fields_are_those_of_the_records(tmp_path):
    output = {}

    def look(event):
        view = EventView(event)
        output.update(
            fields=view.fields, path=view.records("PATH"), own=view.records("SYSCALL"), none=view.records("X")
        )
        output["id"] = view.id

    (line,) = FakeHost(tmp_path).run([look], CALL)
    assert output["fields"]["tty"] == "pts0"
    assert output["path"] == [{"item": 0, "name": "/ä\udcff"}]
    assert (output["own"], output["none"], output["id"]) == ([output["fields"]], [], line["ID"])


def test_a_call_without_a_name_has_its_number(seen):
    assert seen(event(syscall(42, 1, "/usr/bin/ls", number=9999)), "syscall") == "9999"


@pytest.mark.parametrize(("root", "expected"), [(None, None), (HOST, "host"), (Root(7), "other")])
def test_the_root_of_a_process(tmp_path, root, expected):
    host, output = FakeHost(tmp_path), []

    def look(event):
        event.process.root = root
        output.append(EventView(event).root)
        return True

    host.run([host.identity(), look], CALL)
    assert output == [expected]
