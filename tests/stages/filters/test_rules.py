"""Rules are read as they are meant, and what is not meant as a rule is refused with a reason."""

from __future__ import annotations

import pytest

from sensor.stages.filters.rules import parse_rule


@pytest.mark.parametrize(
    ("text", "texts", "holds"),
    [
        ("exe=/a", ["/a"], True),
        ("exe=/a", ["/ab"], False),
        ("exe=/a,/b", ["/b"], True),
        ("exe=/a*", ["/ab"], True),
        ("exe=/a*,/b", ["/b"], True),
        ("exe!=/a", ["/b"], True),
        ("exe!=/a", ["/a"], False),
        ("exe!=/a*,/b*", ["/b/c"], False),
        ("exe=/a", [], False),
        ("exe!=/a", [], True),
        ("exe='/a b'", ["/a b"], True),
        ("exe=*", ["anything"], True),
        ("exe=(null)", ["(null)"], True),
        ("exe=/ä", ["/\xc3\xa4"], True),
        ("key=a", ["x", "a"], True),
        ("key!=a", ["x", "a"], False),
        ("path=/tmp/*", ["/tmp/a", "/tmp/b"], True),
        ("path=/tmp/*", ["/tmp/a", "/etc/shadow"], False),  # one file does not hide another
        ("path=/tmp/*", [], False),
        ("path!=/tmp/*", ["/tmp/a", "/etc/shadow"], False),
        ("path!=/tmp/*", ["/etc/shadow"], True),
        ("path!=/tmp/*", ["/etc/shadow", ""], False),  # nobody knows which file that is
        ("path!=/tmp/*", [], True),
        ("path=/tmp/*", ["/tmp/a", ""], False),
    ],
)
def test_conditions_hold(text, texts, holds):
    (condition,) = parse_rule("name", text).conditions
    assert condition.holds(texts) == holds


@pytest.mark.parametrize(
    "text", ["uid=0,1000", "auid=unset", "uid=10*", "syscall=open,_llseek,257", "syscall=nothing*", "uid!=*"]
)
def test_what_an_event_can_have_can_be_asked(text):
    assert parse_rule("name", text).limit is None


def test_all_conditions_must_hold():
    rule = parse_rule("name", "exe=/a uid=0")
    assert rule.may_match({"exe": "/a", "uid": 0})
    assert not rule.may_match({"exe": "/a", "uid": 1})
    assert not rule.may_match({"exe": "/b", "uid": 0})


def test_what_costs_least_is_asked_first():
    rule = parse_rule("name", "path=/x container=y success=no uid=0 type=SYSCALL")
    assert [condition.name for condition in rule.conditions] == ["uid", "success", "type", "path", "container"]


def test_a_rule_may_limit_and_choose_its_action():
    rule = parse_rule("name", "exe=/a rate=10/s action=log")
    assert rule.limit is not None
    assert rule.action == "log"
    assert parse_rule("name", "repeat=60s").limit is not None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "filter everything"),
        ("action=log", "filter everything"),
        ("exe", "no condition"),
        ("exe=", "no condition"),
        ("=x", "cannot be asked"),
        ("exa=/a", "cannot be asked"),
        ("exe='/a", "No closing quotation"),
        ("success=maybe", "yes or no"),
        ("uid=root", "a number or unset"),
        ("auid!=0,-1", "a number or unset"),
        ("syscall=open,opena", 'no system call "opena"'),
        ("exe=/a action=delete", "drop or log"),
        ("exe=/a rate=often", "expected a rate"),
        ("exe=ls", "exe is a full path"),
        ("exe=/bin/ls,usr/bin/ls", 'not "usr/bin/ls"'),
        ("exe!=bin/*", 'not "bin/[*]"'),
        ("path=shadow", "path is a full path"),
        ("exe=/a repeat!=5s", "takes = only"),
    ],
)
def test_what_is_no_rule_is_refused(text, why):
    with pytest.raises(ValueError, match=why):
        parse_rule("name", text)


@pytest.mark.parametrize("text", ["root=own", "root=", "root!=host", "key=a root=host,any"])
def test_roots_that_there_are_not(text):
    with pytest.raises(ValueError, match="root"):
        parse_rule("name", text)


def test_what_a_root_decides_is_not_certain():
    assert parse_rule("name", "key=a").certain
    assert parse_rule("name", "exe=/a root=any").certain
    assert not parse_rule("name", "exe=/a").certain
    assert not parse_rule("name", "key=a root=other").certain


@pytest.mark.parametrize(
    "text", ["key=a per=user", "key=a rate=1/s per=host", "key=a rate=1/s per=user,rule", "per!=user"]
)
def test_shares_that_there_are_not(text):
    with pytest.raises(ValueError, match="per"):
        parse_rule("name", text)


@pytest.mark.parametrize("per", ["process", "user", "rule"])
def test_a_rate_counts_for_whom_it_is_reported(per):
    assert parse_rule("name", f"per={per} rate=5/s").limit is not None
