"""Every event is counted once by category, by its keys, and by who knew its process; within bounds, whatever comes."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.process.table import ProcessTable
from sensor.stats import CATEGORIES, MOST_KEYS, NO_KEY, OTHER_KEYS, PipelineStats, ProcessStats
from sensor.summary import calls, records
from sensor.summary.counts import EventCounts
from tests.support.observations import observation
from tests.support.pipelines import make_pipeline

CALLS = {"execve": 59, "openat": 257, "connect": 42, "mount": 165, "init_module": 175, "no call": 9999}


def syscall(number: int, call: str = "execve", key: str = "(null)", more: str = "") -> str:
    id = f"msg=audit(1700000000.{number % 1000:03}:{number})"
    return (
        f"{more and more.format(id=id)}type=SYSCALL {id}: arch=c000003e syscall={CALLS[call]} success=yes exit=0 a0=1"
        f" a1=2 a2=3 a3=4 items=0 ppid=1 pid={number} auid=0 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0"
        f' tty=(none) ses=1 comm="true" exe="/bin/true" key={key}\ntype=EOE {id}: \n'
    )


def user(number: int, type: str, text: str) -> str:
    return f"type={type} msg=audit(1700000000.{number % 1000:03}:{number}): pid=1 uid=0 auid=0 ses=1 msg='{text}'\n"


class Counted:
    """A pipeline with nothing but the counts."""

    def __init__(self, entries: int = 100) -> None:
        self.pipeline, self.process = PipelineStats(), ProcessStats()
        self.counts = EventCounts(self.pipeline, self.process, entries)
        self._pipeline = make_pipeline(stages=[self.counts.stage], stats=self.pipeline)

    def feed(self, *texts: str) -> Counted:
        for text in texts:
            self._pipeline.feed(text.encode("latin-1"), 0.0)
        self._pipeline.close()
        self.counts.add_up()
        return self

    @property
    def categories(self) -> dict[str, int]:
        return {name: number for name, number in self.pipeline.categories.items() if number}

    @property
    def keys(self) -> dict[str, int]:
        return {name: number for name, number in self.pipeline.keys.items() if number}


@pytest.mark.parametrize(
    ("text", "category"),
    [
        (syscall(1), "process"),
        (syscall(1, "openat"), "file"),
        (syscall(1, "connect"), "network"),
        (syscall(1, "init_module"), "driver"),
        (syscall(1, "no call"), "process"),
        (
            syscall(1, "openat", more='type=AVC {id}: avc:  denied  {{ read }} for  pid=1 comm="x"\n'),
            "intrusion_detection",
        ),
        (
            syscall(1, "openat", more='type=AVC {id}: apparmor="STATUS" operation="profile_load" name="x"\n'),
            "configuration",
        ),
        (user(1, "USER_LOGIN", 'op=login acct="root" res=failed'), "authentication"),
        (user(1, "ADD_USER", "op=add-user id=1000 res=success"), "iam"),
        (user(1, "SERVICE_START", "unit=cron res=success"), "process"),
        (user(1, "MADE_UP", "a=b"), "process"),
        ("type=CONFIG_CHANGE msg=audit(1700000000.001:1): op=set audit_enabled=0 old=1 res=1\n", "process"),
        (user(1, "SYSTEM_BOOT", "comm=systemd-update-utmp res=success"), "host"),
        ("type=UNKNOWN[9999] msg=audit(1700000000.001:1): a=b\n", "process"),
    ],
)
def test_categories(text: str, category: str) -> None:
    assert Counted().feed(text).categories == {category: 1}


def test_the_list_of_categories_is_that_of_the_rules() -> None:
    table = f"{calls.RULES}\n{records.RULES}\n{calls.OTHER}\n{records.OTHER}"
    assert set(re.findall(r" ([a-z_]+)(?:[+][a-z_]+)*:[a-z]", table)) == set(CATEGORIES)


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("(null)", [NO_KEY]),
        ('"exec"', ["exec"]),
        ('"a b"', ["a b"]),
        ("610162", ["a", "b"]),
        ("610161", ["a"]),
        ("C3A4", ["\xe4"]),
        ("FF", ["\ufffd"]),
        ("1B5B6D", ["\\x1b[m"]),
        ("61" * 200, ["a" * 64]),
    ],
)
def test_keys(key: str, names: list[str]) -> None:
    """As auditd writes them: plain in quotes, several or odd ones in hexadecimal."""
    assert Counted().feed(syscall(1, key=key)).keys == dict.fromkeys(names, 1)


def test_records_of_user_space_have_no_key_of_a_rule() -> None:
    assert Counted().feed(user(1, "USER_LOGIN", "key=made-up acct=root res=failed")).keys == {NO_KEY: 1}


def test_the_first_keys_have_a_number_of_their_own() -> None:
    counted = Counted(1000).feed(*[syscall(number, key=f'"key-{number}"') for number in range(MOST_KEYS + 100)])
    assert counted.keys == {**{f"key-{number}": 1 for number in range(MOST_KEYS)}, OTHER_KEYS: 100}
    counted.feed(syscall(1000, key='"key-3"'), syscall(1001, key='"key-9999"'))
    assert (counted.keys["key-3"], counted.keys[OTHER_KEYS]) == (2, 101)
    assert len(counted.pipeline.keys) == MOST_KEYS + 2


@pytest.mark.parametrize("entries", [1, 2, 1000])
@given(kinds=st.lists(st.tuples(st.sampled_from(list(CALLS)), st.sampled_from(["(null)", '"a"', '"b"', "610162"]))))
def test_nothing_is_counted_twice_or_forgotten(entries: int, kinds: list[tuple[str, str]]) -> None:
    """Whatever the caches forget."""
    counted = Counted(entries).feed(*[syscall(number, *kind) for number, kind in enumerate(kinds, 1)])
    named = {"(null)": [NO_KEY], '"a"': ["a"], '"b"': ["b"], "610162": ["a", "b"]}
    category = {"execve": "process", "openat": "file", "connect": "network", "mount": "file", "init_module": "driver"}
    assert counted.categories == Counter(category.get(call, "process") for call, _ in kinds)
    assert counted.keys == Counter(name for _, key in kinds for name in named[key])


@pytest.mark.parametrize("source", ["probe", "proc", ""])
def test_sources_of_guids(source: str) -> None:
    counted = Counted()
    process = ProcessTable(None, ProcessStats()).observe(
        observation(1, 2, "true", "/bin/true", "1700000000.001:1", 1700000000.001, False)
    )
    process.program.source = source

    def found(event):
        event.process = process

    pipeline = make_pipeline(stages=[found, counted.counts.stage])
    pipeline.feed(syscall(1).encode(), 0.0)
    assert counted.process.identified == {"probe": int(source == "probe"), "proc": int(source == "proc")}
