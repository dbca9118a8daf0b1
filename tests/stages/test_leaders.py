"""Leaders of groups and sessions, and who came in by which door."""

from __future__ import annotations

import pytest

from sensor.audit.argv import arguments_of
from sensor.audit.event import Event
from sensor.process.command import Commands
from sensor.process.files import ProcFiles
from sensor.stages.leaders import Leaders
from tests.support.fake_host import BOOTED, FakeHost, event, exec_event, syscall
from tests.support.waiting import eventually

BASH, SSHD, LS = "/usr/bin/bash", "/usr/sbin/sshd", "/usr/bin/ls"
NOBODY = 4294967295


def lives(host, pid, ppid, exe, group=0, session=0, **files):
    """Let a process be there, with its group and session."""
    host.process(pid, ppid, exe, start=pid * 100, **files)
    stat = host.root / str(pid) / "stat"
    words = stat.read_text().rpartition(") ")
    fields = words[2].split()
    fields[2:4] = [str(group or pid), str(session or pid)]
    stat.write_text(f"{words[0]}) {' '.join(fields)}\n")


def made(host, bytes=1024):
    """The stage."""
    commands = Commands(ProcFiles(host.proc), arguments_of, 1024)
    return Leaders(lambda _: host.table, commands, ProcFiles(host.proc), host.proc.host(BOOTED), bytes)


def reported(host, *events, **options):
    """What is added to events, by its name, of each."""
    leaders = options.get("leaders") or made(host, options.get("bytes", 1024))
    found = []

    def gather(event: Event) -> None:
        event.additions.clear()
        leaders.stage(event)
        members = {}
        for addition in event.additions:
            members.update(addition.subject)
        found.append({**members, **members.pop("LEADS", {})})

    host.run([host.identity(), gather], *events)
    return found


@pytest.fixture
def host(tmp_path):
    """init ← sshd ← sshd of the session ← bash ← what it runs."""
    host = FakeHost(tmp_path)
    lives(host, 1, 0, "/sbin/init")
    lives(host, 10, 1, SSHD)
    lives(host, 20, 10, SSHD, group=10, session=10)
    lives(host, 30, 20, BASH, cmdline="-bash\0")
    return host


def test_a_parent_that_was_gone_is_asked_for_once(tmp_path):
    looks = []
    for count in (1, 3):
        host = FakeHost(tmp_path / str(count))
        lives(host, 40, 35, LS, group=40, session=40)
        reported(host, *[event(syscall(40, 35, LS, key=f'"{number}"')) for number in range(count)])
        looks.append(host.stats.process.lookups_dead)
    assert looks[0] == looks[1] > 0


def test_a_command_of_a_remote_shell(host):
    lives(host, 40, 30, LS, group=40, session=30)
    (found,) = reported(host, exec_event(40, 30, LS, ["ls"]))
    assert found["ENTRY_LEADER"]["pid"] == found["SESSION_LEADER"]["pid"] == 30
    assert found["GROUP_LEADER"]["pid"] == 40
    assert {**found["ENTRY_LEADER"], "GUID": ""} == {
        "pid": 30,
        "GUID": "",
        "comm": "bash",
        "exe": BASH,
        "START_TIME": f"{BOOTED + 30:.3f}",
        "ARGV": ["-bash"],
        "type": "sshd",
    }
    assert found["SESSION_LEADER"].keys() == {"pid", "GUID", "comm", "exe"}
    assert found["SESSION_LEADER"]["GUID"] == found["ENTRY_LEADER"]["GUID"] != found["GROUP_LEADER"]["GUID"]


def test_leaders_lead_themselves(host):
    (found,) = reported(host, event(syscall(30, 20, BASH)))
    assert [found[name]["pid"] for name in ("ENTRY_LEADER", "SESSION_LEADER", "GROUP_LEADER")] == [30, 30, 30]


def test_two_of_a_pipeline_have_one_leader(host):
    lives(host, 40, 30, LS, group=40, session=30)
    lives(host, 41, 30, "/usr/bin/wc", group=40, session=30)
    first, second = reported(host, exec_event(40, 30, LS, ["ls"]), exec_event(41, 30, "/usr/bin/wc", ["wc"]))
    assert first["GROUP_LEADER"]["GUID"] == second["GROUP_LEADER"]["GUID"]
    assert first["ENTRY_LEADER"] is second["ENTRY_LEADER"]


DOORS = [
    # programs from the outermost on, parents of the process; pid of the entry leader, its type
    (["/sbin/init"], 100, "init"),
    (["/sbin/init", "/usr/sbin/nginx"], 10, "init"),
    (["/sbin/init", "/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", BASH], 30, "sshd"),
    (["/sbin/init", "/usr/bin/containerd-shim-runc-v2"], 100, "container"),
    (["/sbin/init", "/usr/bin/containerd-shim-runc-v2", "/usr/bin/runc", "/app"], 30, "container"),
    (["/sbin/init", "/usr/bin/conmon", "/app", BASH], 20, "container"),
    (["/sbin/init", "/bin/login", BASH, BASH], 20, "console"),
    (["/sbin/init", "/snap/amazon-ssm-agent", "/snap/ssm-session-worker", "/bin/sh"], 30, "ssm"),
    (["/sbin/init", "/usr/sbin/sshd", BASH, "/usr/bin/sudo", BASH], 20, "sshd"),
    (["/sbin/init", "/usr/sbin/cron", "/usr/sbin/cron", "/bin/sh"], 10, "init"),
]


@pytest.mark.parametrize(("line", "leader", "type"), DOORS)
def test_doors(tmp_path, line, leader, type):
    host = FakeHost(tmp_path)
    pids = [1, *range(10, 10 * len(line), 10)]
    for pid, ppid, exe in zip(pids, [0, *pids], line):
        lives(host, pid, ppid, exe)
    lives(host, 100, pids[-1], LS)
    (found,) = reported(host, exec_event(100, pids[-1], LS, ["ls"]))
    assert (found["ENTRY_LEADER"]["pid"], found["ENTRY_LEADER"]["type"]) == (leader, type)


def test_of_a_login_session_the_furthest_that_is_known(tmp_path):
    host = FakeHost(tmp_path)
    lives(host, 30, 20, BASH)
    lives(host, 40, 30, LS, group=40, session=30)
    first, second = reported(host, exec_event(40, 30, LS, ["ls"]), exec_event(40, 30, LS, ["ls"], ses=NOBODY))
    assert first["ENTRY_LEADER"]["pid"] == 30
    assert "type" not in first["ENTRY_LEADER"]
    assert "ENTRY_LEADER" not in second


def test_a_process_that_has_ended_has_the_session_of_who_forked_it(host):
    first, second = reported(host, event(syscall(30, 20, BASH)), exec_event(40, 30, LS, ["ls"]))
    assert first["SESSION_LEADER"]["pid"] == second["SESSION_LEADER"]["pid"] == 30
    assert "GROUP_LEADER" not in second
    assert second["ENTRY_LEADER"]["pid"] == 30


def test_leaders_that_are_gone_are_not_reported(host):
    lives(host, 40, 30, LS, group=39, session=38)
    (found,) = reported(host, exec_event(40, 30, LS, ["ls"]))
    assert found.keys() == {"ENTRY_LEADER"}


def test_parents_in_a_circle_end(tmp_path):
    host = FakeHost(tmp_path)
    lives(host, 30, 40, BASH)
    lives(host, 40, 30, BASH)
    host.table.find(30, BOOTED + 999.0)
    (found,) = reported(host, exec_event(40, 30, LS, ["ls"]))
    assert found["ENTRY_LEADER"]["pid"] in (30, 40)


def test_a_line_of_ancestors_without_end_is_left_at_some_point(tmp_path):
    host = FakeHost(tmp_path)
    lives(host, 1, 0, "/sbin/init")
    pids = [1, *range(100, 300)]
    for pid, ppid in zip(pids[1:], pids):
        lives(host, pid, ppid, BASH)
    (found,) = reported(host, exec_event(299, 298, LS, ["ls"]))
    assert 100 < found["ENTRY_LEADER"]["pid"] < 299


def test_long_command_lines_are_cut(host):
    lives(host, 40, 30, LS)
    (found,) = reported(host, exec_event(40, 30, LS, ["ls"]), bytes=3)
    assert found["ENTRY_LEADER"]["ARGV"] == ["-ba"]


def test_a_command_line_that_a_leader_does_not_let_go_is_there_later(host):
    lives(host, 40, 30, LS, group=40, session=30)
    leaders, give = made(host), host.hold(30, "cmdline")

    def shown():
        (found,) = reported(host, event(syscall(40, 30, LS)), leaders=leaders)
        return found["ENTRY_LEADER"].get("ARGV")

    assert shown() is None
    give("-bash\0")
    assert eventually(lambda: shown() == ["-bash"])


def test_what_is_no_system_call_has_none(host):
    (found,) = reported(host, event("USER_CMD pid=30 uid=0 auid=1 ses=3 msg='cmd=6C73 res=success'"))
    assert found == {}
