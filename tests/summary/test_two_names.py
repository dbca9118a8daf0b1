"""Calls that have two names: what was renamed, linked or mounted, and to what, each from a directory of its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.converting import converted
from tests.summary.events import call, summary, text
from tests.summary.test_summary import CWD, path


def no_name(item: int, nametype: str) -> str:
    return path(item, "", nametype).replace('""', "(null)")


ROOT, TMP = path(0, "/", "PARENT", "040755"), path(1, "/tmp/", "PARENT", "041777")
BOTH_CWD, OLD_FD, NEW_FD = (
    "a0=ffffff9c a1=1 a2=ffffff9c a3=2",
    "a0=3 a1=1 a2=ffffff9c a3=2",
    "a0=ffffff9c a1=1 a2=3 a3=2",
)
RENAMED = [ROOT, TMP, path(2, "a", "DELETE"), path(3, "/tmp/b", "CREATE")]
BELOW = [ROOT, TMP, path(2, "x/a", "DELETE"), path(3, "y", "CREATE")]
LINK = [path(0, "/etc/shadow"), TMP, path(2, "b", "CREATE")]
SYMLINK = [path(0, "/etc/shadow", "UNKNOWN"), TMP, path(2, "/tmp/b", "CREATE", "0120777")]
URINGOP = "URINGOP uring_op={} success=yes exit=0 items=4 ppid=1 pid=2 uid=0"
DEVICE = path(1, "/dev/sdb1", mode="060660")

CASES: list[tuple[str, list[str], str | None, str | None]] = [
    ("rename, to a new name", [call(82), CWD, *RENAMED], "/root/a", "/tmp/b"),
    (
        "rename, over another file",
        [call(82), CWD, ROOT, TMP, path(2, "a", "DELETE"), path(3, "/b", "DELETE"), path(4, "/b", "CREATE")],
        "/root/a",
        "/b",
    ),
    (
        "renameat2, exchange",
        [
            call(316, args=BOTH_CWD),
            CWD,
            *[ROOT, TMP, path(2, "/a", "DELETE"), path(3, "/b", "DELETE"), path(4, "/b", "CREATE")],
            path(5, "/a", "CREATE"),
        ],
        "/a",
        "/b",
    ),
    ("renameat, within the current directory", [call(264, args=BOTH_CWD), CWD, *BELOW], "/root/x/a", "/root/y"),
    ("renameat, the new name in another", [call(264, args=NEW_FD), CWD, *BELOW], "/root/x/a", "y"),
    ("renameat2, the old name in another", [call(316, args=OLD_FD), CWD, *BELOW], "x/a", "/root/y"),
    ("one parent only", [call(82), CWD, ROOT, path(1, "/a", "DELETE"), path(2, "/b", "CREATE")], "/a", "/b"),
    ("no old name", [call(82), CWD, ROOT, TMP, no_name(2, "DELETE"), path(3, "/b", "CREATE")], None, "/b"),
    ("no new name", [call(82), CWD, ROOT, TMP, path(2, "/a", "DELETE"), no_name(3, "CREATE")], "/a", None),
    ("failed before either was looked up", [call(82), CWD, ROOT, TMP], "/", None),
    (
        "denied over another file",
        [call(82, "success=no exit=-13"), CWD, ROOT, TMP, path(2, "a", "DELETE"), path(3, "/b", "DELETE")],
        "/root/a",
        "/b",
    ),
    (
        "neither was found",
        [call(82, "success=no exit=-2"), CWD, path(0, "/x/a", "UNKNOWN"), path(1, "/b", "UNKNOWN")],
        "/x/a",
        "/b",
    ),
    (
        "denied at the old name",
        [call(82, "success=no exit=-13"), CWD, ROOT, TMP, path(2, "a", "DELETE")],
        "/root/a",
        None,
    ),
    (
        "link, neither was found",
        [call(86, "success=no exit=-2"), CWD, path(0, "x", "UNKNOWN"), path(1, "/b", "UNKNOWN")],
        "/root/x",
        "/b",
    ),
    ("linkat, the file of a descriptor", [call(265, args=OLD_FD), CWD, path(0, ""), TMP, LINK[2]], None, "/root/b"),
    (
        "pivot_root",
        [call(155), CWD, path(0, "new", mode="040755"), path(1, "/new/old", mode="040755")],
        "/root/new",
        "/new/old",
    ),
    ("chroot", [call(161), CWD, path(0, "jail", mode="040755")], "/root/jail", None),
    ("chdir", [call(80), CWD, path(0, "/tmp", mode="041777")], "/tmp", None),
    (
        "a kernel that writes no nametype",
        [call(82), CWD, *[f'PATH item={item} name="{name}" inode=1' for item, name in enumerate(["/", "/", "a", "b"])]],
        "/root/a",
        "/root/b",
    ),
    ("link", [call(86), CWD, *LINK], "/etc/shadow", "/root/b"),
    ("linkat, the new name in another", [call(265, args=NEW_FD), CWD, *LINK], "/etc/shadow", "b"),
    ("linkat, the parent first", [call(265, args=BOTH_CWD), CWD, TMP, LINK[0], LINK[2]], "/etc/shadow", "/root/b"),
    ("symlink", [call(88), CWD, *SYMLINK], "/tmp/b", "/etc/shadow"),
    ("symlinkat, the parent first", [call(266), CWD, TMP, SYMLINK[0], SYMLINK[2]], "/tmp/b", "/etc/shadow"),
    (
        "symlinkat, below a descriptor",
        [call(266, args="a0=1 a1=3 a2=2 a3=0"), CWD, SYMLINK[0], TMP, path(2, "b", "CREATE", "0120777")],
        "b",
        "/etc/shadow",
    ),
    (
        "symlink, relative: from where the link is, not from the current directory (auparse takes that)",
        [call(88), CWD, path(0, "../etc/x", "UNKNOWN"), TMP, SYMLINK[2]],
        "/tmp/b",
        "/etc/x",
    ),
    ("symlink there already", [call(88, "success=no exit=-17"), CWD, SYMLINK[0], TMP], "/etc/shadow", None),
    ("mount", [call(165), CWD, path(0, "mnt", mode="040755"), DEVICE], "/dev/sdb1", "/root/mnt"),
    ("mount, nothing but a place", [call(165), CWD, path(0, "/mnt", mode="040755")], "/mnt", None),
    (
        "move_mount",
        [call(429, args="a0=4 a1=1 a2=ffffff9c a3=2"), CWD, path(0, "src"), path(1, "dst")],
        "/root/dst",
        "src",
    ),
    ("io_uring, renameat", [URINGOP.format(35), CWD, *RENAMED], "a", "/tmp/b"),
    ("io_uring, linkat", [URINGOP.format(39), CWD, *LINK], "/etc/shadow", "b"),
    ("io_uring, symlinkat", [URINGOP.format(38), *SYMLINK], "/tmp/b", "/etc/shadow"),
]


def object_of(printed: dict[str, Any]) -> tuple[str | None, str | None]:
    object = printed["auditd"]["summary"]["object"]
    return object.get("primary"), object.get("secondary")


@pytest.mark.parametrize(("name", "records", "first", "second"), CASES, ids=[case[0] for case in CASES])
def test_both_names(name: str, records: list[str], first: str | None, second: str | None) -> None:
    printed = summary(*records)
    assert object_of(printed) == (first, second)
    assert printed["file"].get("path") == first


def test_a_symlink_shows_where_it_points_in_ecs_words() -> None:
    (document,) = converted(text(call(88), CWD, *SYMLINK), "output: ecs")
    assert (document["file"]["path"], document["file"]["target_path"]) == ("/tmp/b", "/etc/shadow")
    assert document["auditd"]["summary"]["object"]["secondary"] == "/etc/shadow"


def test_a_rename_that_was_denied_names_its_files() -> None:
    denied = 'AVC avc:  denied  { rename } for  pid=31 comm="cat" scontext=a tcontext=b tclass=file permissive=0'
    assert summary(denied, call(82, "success=no exit=-13"), CWD, *RENAMED)["file"]["path"] == "/root/a"
