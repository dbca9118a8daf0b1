"""The audit rules: loaded into the kernel as augenrules loads them, in roots that lack what the rules watch."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.packaging.root import HERE, REPOSITORY, Root
from tests.support.audit_session import AUID, AuditSession

RULES = REPOSITORY / "packaging/rules/recommended.rules"
WATCHED = re.compile(r" -F (path|dir)=(\S+)")

pytestmark = [pytest.mark.slow, pytest.mark.root, pytest.mark.live]


@pytest.fixture(scope="module", params=sorted({HERE, "trixie"}))
def root(request, tmp_path_factory):
    root = Root(tmp_path_factory.mktemp("root"), request.param)
    yield root
    root.close()


def copy_rules(root: Root) -> list[str]:
    """Put every rule, limited to a login session of the test's own, where augenrules looks; return the rules.

    Without those below /proc, which end with the mount that the root has for the time of a command.
    """
    folder = root.folder / "etc/audit/rules.d"
    for old in folder.iterdir():
        old.unlink()
    text = re.sub(r"(?m)^-a .*", rf"\g<0> -F auid={AUID}", RULES.read_text())
    (folder / RULES.name).write_text(text)
    return re.findall(r"(?m)^-a (?!.*dir=/proc/).*", text)


def can_be_watched(rule: str, root: Path) -> bool:
    """Whether a folder to watch is there, or the one that a file to watch would be in."""
    watched = WATCHED.search(rule)
    if watched is None:
        return True
    path = root / watched[2].lstrip("/")
    return path.is_dir() if watched[1] == "dir" else path.parent.is_dir()


def load(root: Root) -> tuple[int, str, int]:
    """What augenrules returns and says, and how many rules are in the kernel then."""
    with AuditSession(rules=[]):
        loading = root.audited("augenrules", "--load")
        listed = subprocess.run(["auditctl", "-l"], capture_output=True, text=True, check=True).stdout
    return loading.returncode, loading.stdout + loading.stderr, listed.count(f"auid={AUID}")


def test_a_minimal_root_loads_what_it_can(root):
    """It has no sudo, no cron, no sshd."""
    assert not (root.folder / "etc/sudoers.d").exists()
    assert not (root.folder / "etc/ssh/sshd_config").exists()
    rules = copy_rules(root)
    expected = [rule for rule in rules if can_be_watched(rule, root.folder)]
    assert 0 < len(expected) < len(rules)
    code, text, loaded = load(root)
    assert (code, loaded) == (0, len(expected)), text


def test_nothing_that_is_watched_need_be_there(root):
    rules = copy_rules(root)
    for rule in rules:
        watched = WATCHED.search(rule)
        if watched and watched[1] == "dir" and watched[2] != "/etc/audit":
            shutil.rmtree(root.folder / watched[2].lstrip("/"), ignore_errors=True)
    code, text, loaded = load(root)
    assert (code, loaded) == (0, len([rule for rule in rules if can_be_watched(rule, root.folder)])), text


def test_without_i_the_first_missing_folder_ends_the_load(root):
    """Why the files begin as they do."""
    rules = copy_rules(root)
    for file in (root.folder / "etc/audit/rules.d").iterdir():
        file.write_text(re.sub(r"(?m)^-i\n", "", file.read_text()))
    code, _, loaded = load(root)
    assert code != 0
    assert loaded < len(rules) // 2
