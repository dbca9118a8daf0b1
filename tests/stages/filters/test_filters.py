"""Filters decide before any JSON is made, the first rule that matches, and every filtered event is counted."""

from __future__ import annotations

import re
from functools import partial

import pytest

from sensor.audit.event import DROP, LOG, Event, Verdict
from sensor.process.containers import ContainerNames
from sensor.process.host_paths import HostPaths
from sensor.stages.filters import Filters
from sensor.stages.filters.facts import EventFacts
from sensor.stages.filters.options import FilterOptions
from tests.support.fake_host import FakeHost, event, exec_event, syscall
from tests.support.waiting import eventually

INET = "SOCKADDR saddr=020000350A0000010000000000000000"
KEYED = syscall(42, 1, "/usr/bin/ls", key='"noise"')
PERSONAL = KEYED.replace(" success=", " per=40000 success=")


class Filtering:
    """Filters over a host; what they keep, what goes to the filter log, and what is counted."""

    def __init__(self, tmp_path):
        self.host = FakeHost(tmp_path)
        self.counts: dict[str, int] = {}
        self.logged: list[str] = []
        self.paths: HostPaths | None = None

    def run(self, *events, prefix="", labels=(), entries=100, **options):
        options = {"keep_first_per_process": False, **options}
        facts = EventFacts(ContainerNames("/nowhere"), self.paths or HostPaths(self.host.table), ("web01",))
        filters = Filters(FilterOptions(**options), facts, self.counts, entries=entries)

        def label(event: Event) -> None:
            if event.process is not None:
                event.process.program.labels = frozenset(labels)

        def decide(event: Event) -> Verdict:
            verdict = filters.decide(event)
            if verdict == LOG:
                self.logged.append(event.id)
                return DROP  # only what is kept is looked at here
            return verdict

        lines = self.host.run([self.host.identity(), label, decide], *events, prefix=prefix)
        self.counts = {rule: count for rule, count in self.counts.items() if count}
        return lines


@pytest.fixture
def filtering(tmp_path):
    return Filtering(tmp_path)


@pytest.mark.parametrize(
    ("options", "records", "rule"),
    [
        ({"filter_keys": ("noise",)}, [KEYED], "filter_keys"),
        ({"filter_keys": ("b",)}, [syscall(42, 1, "/bin/ls", key="610162")], "filter_keys"),
        ({"filter_keys": ("a\x01b",)}, [syscall(42, 1, "/bin/ls", key="610162")], "filter_keys"),
        ({"filter_keys": ("nois",)}, [KEYED], None),
        ({"filter_keys": ("noise",)}, ['CONFIG_CHANGE op=add_rule key="noise" res=1'], None),
        ({"filter_null_keys": True}, [syscall(42, 1, "/bin/ls")], "filter_null_keys"),
        ({"filter_null_keys": True}, [KEYED], None),
        ({"filter_null_keys": True}, ["USER_ACCT pid=1 uid=0"], None),
        ({"filter_labels": ("x", "maint")}, [KEYED], "filter_labels"),
        ({"filter_labels": ("x",)}, [KEYED], None),
        ({"filter_sockaddr": ("10.0.0.0/8:53",)}, [KEYED, INET], "filter_sockaddr"),
        ({"filter_sockaddr": ("10.0.0.0/8:54",)}, [KEYED, INET], None),
        ({"filter_sockaddr": ("*:53",)}, [KEYED], None),
        ({"filter_raw_lines": ("^type=SOCKADDR .*saddr=02000035",)}, [KEYED, INET], "filter_raw_lines"),
        ({"filter_raw_lines": ("^type=SYSCALL .*key=.noise",)}, [KEYED], "filter_raw_lines"),
        ({"filter_raw_lines": (r"msg=audit\(\d+\.\d+:\d+\): pid=7 ",)}, ["USER_ACCT pid=7 uid=0"], "filter_raw_lines"),
        ({"filter_raw_lines": ("^SYSCALL", "x{9}")}, [KEYED, INET], None),
        ({"filter_raw_lines": ("ppid=1 pid=42 auid=",)}, [KEYED], "filter_raw_lines"),
        ({"filter_raw_lines": ("arch=c000003e",)}, [KEYED], "filter_raw_lines"),
        ({"filter_raw_lines": ("success=[a-z]+ exit",)}, [KEYED], "filter_raw_lines"),
        ({"filter_raw_lines": ("per=40000 ",)}, [PERSONAL], "filter_raw_lines"),
        ({"filter_raw_lines": ("per=40000 ",)}, [KEYED], None),
        ({"filter_raw_lines": ("per=8 ",)}, [PERSONAL], None),
        ({"filter_raw_lines": ("nowhere", "key=.noise")}, [KEYED], "filter_raw_lines"),
        ({"filter_raw_lines": ("(?i)KEY=.NOISE",)}, [KEYED], "filter_raw_lines"),
        ({"filter_raw_lines": ("KEY=.noise", "nowhere", "comm=.nowhere")}, [KEYED], None),
        ({"filter_raw_lines": ("^node=web01 type=SYSCALL",)}, [KEYED], None),
        ({"rules": {"mine": "exe=/usr/bin/ls syscall=openat"}}, [KEYED], "mine"),
        ({"rules": {"mine": "exe=/usr/bin/ls syscall=execve"}}, [KEYED], None),
        ({"rules": {"cron": "type=USER_ACCT exe=/usr/sbin/cron"}}, [
            "USER_ACCT pid=7 uid=0 msg='op=x exe=\"/usr/sbin/cron\" res=success'"
        ], "cron"),
        ({"rules": {"a": "uid=0", "b": "exe=/usr/bin/ls"}, "filter_keys": ("noise",)}, [KEYED], "filter_keys"),
        ({"rules": {"a": "uid!=0", "b": "exe=/usr/bin/ls", "c": "uid=0"}}, [KEYED], "b"),
        ({}, [KEYED], None),
    ],
)  # fmt: skip
def test_what_is_filtered_by_which_rule(filtering, options, records, rule):
    texts = [event(*records), event(*records)]
    lines = filtering.run(*texts, labels=["maint"], **options)
    assert len(lines) == (0 if rule else 2)
    assert filtering.counts == ({rule: 2} if rule else {})
    assert filtering.logged == []


@pytest.mark.parametrize(
    ("options", "logged"),
    [
        ({"filter_keys": ("noise",), "filter_action": "log"}, 1),
        ({"rules": {"r": "key=noise action=drop"}, "filter_action": "log"}, 0),
        ({"rules": {"r": "key=noise action=log"}}, 1),
    ],
)
def test_filtered_events_may_go_elsewhere(filtering, options, logged):
    lines = filtering.run(event(KEYED), event(syscall(42, 1, "/usr/bin/ls")), **options)
    assert [len(lines), len(filtering.logged)] == [1, logged]
    assert sum(filtering.counts.values()) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"filter_keys": ("noise",)},
        {"filter_labels": ("maint",)},
        {"filter_sockaddr": ("*:53",)},
        {"filter_raw_lines": ("^type=SOCKADDR",)},
        {"rules": {"r": "uid=0"}},
    ],
)
def test_the_first_event_of_each_program_may_be_kept(filtering, options):
    texts = [
        event(KEYED, INET),
        event(KEYED, INET),
        exec_event(42, 1, "/usr/bin/ls", ["ls"], INET, key='"noise"'),
        event(KEYED, INET),
    ]
    lines = filtering.run(*texts, keep_first_per_process=True, labels=["maint"], **options)
    ids = [text.partition("(")[2].partition(")")[0] for text in texts]
    assert [line["ID"] for line in lines] == [ids[0], ids[2]]


def test_a_program_whose_first_event_was_not_filtered_has_had_its_first(filtering):
    lines = filtering.run(
        event(syscall(42, 1, "/usr/bin/ls")), event(KEYED), filter_keys=("noise",), keep_first_per_process=True
    )
    assert len(lines) == 1


def test_a_filtered_event_is_seen_by_the_process_table(filtering):
    child = syscall(43, 42, "/usr/bin/true")
    lines = filtering.run(exec_event(42, 1, "/usr/bin/ls", ["ls"], key='"noise"'), event(child), filter_keys=("noise",))
    assert lines[0]["SYSCALL"]["SPAWNED_BY"]["exe"] == "/usr/bin/ls"


@pytest.mark.parametrize(("prefix", "key"), [("", "SUPPRESSED"), ("x_", "x_suppressed")])
def test_what_was_held_back_is_reported_later(filtering, prefix, key):
    texts = [event(KEYED, time=1_700_001_000 + second) for second in (0, 0, 0, 1)]
    rules = {"flöd": "key=noise rate=1/s", "b": "repeat=1s exe=/usr/bin/ls"}
    lines = filtering.run(*texts, prefix=prefix, rules=rules)
    assert [line.get(key) for line in lines] == [None, {"flöd": 2}]
    assert filtering.counts == {"flöd": 2}


def test_memory_is_bounded(filtering):
    texts = [
        event(syscall(42, 1, "/bin/ls", ses=number), f"SOCKADDR saddr=0200{number:04X}0A0000010000000000000000")
        for number in range(50)
    ]
    lines = filtering.run(*texts, filter_sockaddr=("10.0.0.1:7",), filter_raw_lines=("saddr=02000008",), entries=5)
    assert len(lines) == 48


CAT = "/usr/bin/env"  # a file that is there, so that an image can be compared with it
OPENED = 'PATH item=0 name="/var/cache/x" nametype=NORMAL'


def is_held(filtering, text, rule):
    return not filtering.run(text, rules={"r": rule})


@pytest.mark.parametrize(
    ("rule", "held"),
    [
        (f"exe={CAT}", {"host", "mounts", "chroot"}),
        (f"exe={CAT} key=noise", {"host", "mounts", "chroot"}),
        (f"exe={CAT} comm=env", {"host"}),
        ("comm=env", {"host"}),
        ("path=/var/cache/*", {"host"}),
        ("exe!=/bin/sh", {"host", "mounts", "chroot"}),
        ("exe=/usr/bin/e*", {"host", "mounts", "chroot"}),
        (f"exe={CAT} root=any", {"host", "mounts", "chroot", "users", "gone", "unseen", "another"}),
        (f"exe={CAT} root=other", {"mounts", "chroot", "users"}),
        ("root=other", {"mounts", "chroot", "users"}),
        ("root=host", {"host"}),
        ("key=noise", {"host", "mounts", "chroot", "users", "gone", "unseen", "another"}),
        ("key=noise root=host", {"host"}),
    ],
)
def test_names_hold_in_the_hosts_root_unless_a_rule_shows_otherwise(filtering, rule, held):
    host = filtering.host
    filtering.paths = HostPaths(host.table, host.proc)
    views = {"host": {}, "mounts": {"mounts": 7}, "chroot": {"root": "/jail"}, "users": {"users": 7}, "gone": {}}
    host.view(1)
    for pid, name in enumerate(("host", "mounts", "chroot", "users", "gone", "unseen", "another"), start=100):
        host.process(pid, 1, CAT)
        if name in views:
            host.view(pid, **views[name])
        if name == "gone":
            filtering.run(event(syscall(pid, 1, CAT)))
            host.end(pid)
        text = event(syscall(pid, 1, CAT, key='"noise"', comm='"env"'), OPENED)
        text = re.sub(r"^(?=type)", "node=elsewhere ", text, flags=re.MULTILINE) if name == "another" else text
        seconds = 10.0 if name in held else 0.05  # files are compared in the background
        assert eventually(partial(is_held, filtering, text, rule), seconds) is (name in held), name


CRED = 'CRED_ACQ pid={} uid=0 auid=1000 ses=3 msg=\'op=PAM:setcred acct="root" exe="/usr/bin/env" res=success\''


def test_a_message_of_user_space_has_the_root_of_who_sent_it(filtering):
    host = filtering.host
    filtering.paths = HostPaths(host.table, host.proc)
    host.view(1)
    for pid, view in ((100, {}), (101, {"users": 7})):
        host.process(pid, 1, CAT)
        host.view(pid, **view)
    rules = {"cron": f"exe={CAT} type=CRED_ACQ"}
    for pid, kept in ((100, 0), (101, 1), (102, 1)):
        lines = [filtering.run(event(CRED.format(pid)), rules=rules) for _ in range(100)]
        assert len(lines[-1]) == kept


def test_a_name_below_a_descriptor_hides_behind_no_path(filtering):
    """openat(3, "shadow") with the current directory below /var/cache; all but the arguments repeats."""
    cwd, path = 'CWD cwd="/var/cache"', 'PATH item=0 name="shadow" nametype=NORMAL'
    here = syscall(42, 1, "/bin/cat").replace("a0=0", "a0=ffffff9c")
    events = [
        event(record, cwd, path, time=100.0 + n)
        for n, record in enumerate([here, here, syscall(42, 1, "/bin/cat"), here])
    ]
    for rule in ("path=/var/cache/*", "path=/var/cache/* root=any", "path!=/etc/*"):
        assert len(filtering.run(*events, rules={"cache": rule})) == 1
