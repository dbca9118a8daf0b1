"""The rules for system calls: every name is one, once, and in the words that ECS has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sensor.summary import calls
from sensor.summary.rules import _calls, _entries, call_rule
from sensor.tables import arches, syscalls
from tests.summary.words import CATEGORIES

NORMALIZATIONS = Path(__file__).parent.parent / "data" / "go-libaudit" / "normalizations.yaml"
NO_CALLS = {"futimens", "fstatat", "seteuid", "setegid", "fchownat2"}
"""Names in the tables of go-libaudit and auparse that are functions of the C library, or nothing."""


def test_every_name_is_a_system_call_somewhere() -> None:
    known = {name for arch in arches.ARCHES for name in syscalls.names(arch).values()} | NO_CALLS
    assert {name for _, names in _entries(calls.RULES) for name in names} - known == set()


def test_no_name_has_two_rules() -> None:
    names = [name for _, names in _entries(calls.RULES) for name in names]
    assert len(names) == len(set(names)) == len(_calls())


def test_categories_and_types_are_those_of_ecs() -> None:
    for name in _calls():
        rule = call_rule(name)
        allowed = {type for category in rule.categories for type in CATEGORIES[category]}
        assert set(rule.types) <= allowed | {"change"}, name


def test_the_rules_of_go_libaudit_are_the_same_here() -> None:
    seen = 0
    for theirs in yaml.safe_load(NORMALIZATIONS.read_text())["normalizations"]:
        names = theirs.get("syscalls") or []
        for name in names if isinstance(names, list) else [names]:
            if name == "*":
                continue
            ours = call_rule(name)
            assert ours.action == theirs["action"]
            assert (ours.object, ours.path) == (theirs.get("object_what", ""), theirs.get("object_path_index", 0))
            assert " ".join(ours.fields.get("how", ())) == theirs.get("how", "")
            classes = theirs["ecs"]
            assert [list(ours.categories), list(ours.types)] == [
                value if isinstance(value, list) else [value] for value in (classes["category"], classes["type"])
            ]
            seen += 1
    assert seen == 103


AUPARSE = """
faccessat2 fchmodat2 fchownat2 setxattrat mount_setattr file_setattr fsconfig fsmount fsopen fspick move_mount statx
getxattrat listxattrat file_getattr statmount memfd_create memfd_secret openat2 open_by_handle_at pidfd_getfd
open_tree_attr removexattrat clock_settime64 landlock_create_ruleset landlock_add_rule landlock_restrict_self
lsm_set_self_attr lsm_get_self_attr lsm_list_modules mseal
"""


@pytest.mark.parametrize("name", AUPARSE.split())
def test_what_only_auparse_knows_has_a_rule(name: str) -> None:
    assert not call_rule(name).action.startswith("called-")
