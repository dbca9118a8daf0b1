"""Every fact that rules ask for, on system calls and on events from user space."""

from __future__ import annotations

import json

import pytest

from sensor.process.containers import ContainerNames
from sensor.process.files import ProcFiles
from sensor.process.host_paths import HostPaths
from sensor.stages.cgroup import Cgroups
from sensor.stages.filters.facts import WHO, EventFacts
from sensor.stages.options import CgroupOptions
from tests.support.fake_host import FakeHost, event, syscall

ID = "3f" * 32
USER = (
    'USER_ACCT pid=7 uid=0 auid=1000 ses=3 subj=unconfined msg=\'op=PAM:accounting acct="alice"'
    ' exe="/usr/sbin/cron" hostname=? terminal=cron res=success\''
)


@pytest.fixture
def facts(tmp_path):
    """All facts about an event, those that are not reported left out."""
    host = FakeHost(tmp_path)
    host.process(42, 1, "/usr/bin/ls", cgroup=f"0::/system.slice/docker-{ID}.scope\n")
    config = tmp_path / f"root/var/lib/docker/containers/{ID}/config.v2.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"Name": "/web", "Config": {"Image": "nginx"}}))
    containers = ContainerNames(str(tmp_path / "root"))
    cgroups = Cgroups(CgroupOptions(), ProcFiles(host.proc), containers)
    reported = {}

    def ask(event):
        if event.process is not None:
            event.process.program.labels = frozenset(["a"])
        fields = event.subject
        asked = EventFacts(containers, HostPaths(host.table), ())
        reported.update({name: tuple(texts(fields)) for name, texts in WHO.items()})
        reported.update({name: tuple(texts(event)) for name, texts in asked.event.items()})

    def facts(*records):
        host.run([host.identity(cgroups.describe), ask], event(*records))
        return {name: texts for name, texts in reported.items() if texts}

    return facts


def test_a_system_call_shows_all(facts):
    reported = facts(syscall(42, 1, "/usr/bin/ls", auid=4294967295, key='"a"'), 'PATH item=0 name="/x" nametype=NORMAL')
    numbers = dict.fromkeys(("uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"), ("0",))
    assert reported == numbers | {
        "key": ("a",),
        "auid": ("4294967295", "unset"),
        "ses": ("3",),
        "exe": ("/usr/bin/ls",),
        "comm": ("ls",),
        "tty": ("pts0",),
        "subj": ("unconfined",),
        "success": ("yes",),
        "syscall": ("openat", "257"),
        "type": ("SYSCALL", "PATH"),
        "label": ("a",),
        "systemd_unit": ("system.slice", f"docker-{ID}.scope"),
        "container": (ID, "web", "nginx"),
        "path": ("/x",),
    }


def test_an_event_from_user_space_shows_what_is_in_its_message(facts):
    assert facts(USER) == {
        "uid": ("0",),
        "auid": ("1000",),
        "ses": ("3",),
        "subj": ("unconfined",),
        "op": ("PAM:accounting",),
        "acct": ("alice",),
        "exe": ("/usr/sbin/cron",),
        "success": ("yes",),
        "type": ("USER_ACCT",),
    }


@pytest.mark.parametrize(
    ("res", "success"), [("success", "yes"), ("failed", "no"), ("1", "yes"), ("0", "no"), ("?", None)]
)
def test_results_are_yes_or_no(facts, res, success):
    reported = facts(f"USER_ACCT uid=0 msg='op=PAM res={res}'")
    assert reported.get("success") == (success and (success,))


@pytest.mark.parametrize(("key", "keys"), [('"a"', ("a",)), ("610162", ("a\x01b", "a", "b")), ("(null)", None)])
def test_keys_stand_alone_and_together(facts, key, keys):
    assert facts(syscall(42, 1, "/usr/bin/ls", key=key)).get("key") == keys


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (["/a/b"], ("/a/b",)),
        (["b", "../c", ".././../../d"], ("/cwd/b", "/c", "/d")),
        (["./c/../d"], ("/cwd/d", "/cwd/c")),  # c may be a link to elsewhere
        (["/var/cache/../../etc/shadow"], ("/etc/shadow", "/var/cache")),
        (["/tmp/l/../../usr/x/.././lib"], ("/usr/lib", "/tmp/l", "/usr/x")),
        (["../cwd/../a"], ("/a", "/cwd")),
        (["/" + "a/../" * 8 + "b"], ("/b", *["/a"] * 8)),
        (["/" + "a/../" * 9 + "b"], ("",)),
        (["//etc//passwd"], ("/etc/passwd",)),
        ([], None),
    ],
)
def test_paths_are_absolute(facts, names, paths):
    records = [f'PATH item={item} name="{name}" nametype=NORMAL' for item, name in enumerate(names)]
    reported = facts(
        syscall(42, 1, "/usr/bin/ls"), 'CWD cwd="/cwd"', *records, 'PATH item=9 name="/z/" nametype=PARENT'
    )
    assert reported.get("path") == paths


@pytest.mark.parametrize(
    "records", [["PATH item=0 name=(null) nametype=NORMAL"], ['PATH item=0 name="b" nametype=NORMAL']]
)
def test_a_file_that_cannot_be_reported_is_there_without_a_name(facts, records):
    assert facts(syscall(42, 1, "/usr/bin/ls"), *records)["path"] == ("",)


def test_what_nobody_knows_is_not_reported(facts):
    reported = facts("SYSCALL arch=c000003e syscall=99999 ppid=1 pid=42")
    assert (reported["syscall"], reported.get("success"), reported.get("exe")) == (("99999",), None, None)
