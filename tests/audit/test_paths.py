"""Names of files mean what they seem to only where the records tell what they are relative to."""

from __future__ import annotations

import posixpath
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensor.audit.paths import DIRECTORIES, folded, names_are_known
from sensor.summary.rules import _calls
from sensor.tables import syscalls
from sensor.tables.arches import ARCHES, X32_BIT, X86_64
from tests.support.fake_host import FakeHost, event

CWD = "ffffff9c"
NUMBERS = {name: number for number, name in syscalls.names(X86_64).items() if number < X32_BIT}


def known(tmp_path, *records):
    found = []
    FakeHost(tmp_path).run([lambda event: found.append(names_are_known(event))], event(*records))
    return found[0]


@pytest.mark.parametrize(
    ("call", "args", "names", "expected"),
    [
        ("open", ["7f00", "0", "0", "0"], ["x"], True),
        ("openat", [CWD, "7f00", "0", "0"], ["x"], True),
        ("openat", ["ffffffffffffff9c", "7f00", "0", "0"], ["x"], True),
        ("openat", ["3", "7f00", "0", "0"], ["x"], False),
        ("openat", ["3", "7f00", "0", "0"], [""], False),
        ("openat", ["3", "7f00", "0", "0"], ["/x"], True),
        ("renameat2", [CWD, "7f00", "3", "7f00"], ["x", "y"], False),
        ("renameat2", ["3", "7f00", CWD, "7f00"], ["/x", "y"], False),
        ("linkat", [CWD, "7f00", CWD, "7f00"], ["x", "y"], True),
        ("symlinkat", ["7f00", "3", "7f00", "0"], ["x"], False),
        ("symlinkat", ["7f00", CWD, "7f00", "0"], ["x"], True),
        ("fanotify_mark", ["3", "1", "8", "4"], ["x"], False),
        ("move_mount", [CWD, "7f00", "4", "7f00"], ["x"], False),
        ("execveat", ["3", "7f00", "0", "0"], ["x"], False),
        ("openat2", [CWD, "7f00", "0", "0"], ["/x"], False),  # who knows with what flags
    ],
)
def test_names_below_a_descriptor_are_not_known(tmp_path, call, args, names, expected):
    a0, a1, a2, a3 = args
    record = f"SYSCALL arch=c000003e syscall={NUMBERS[call]} success=yes exit=0 a0={a0} a1={a1} a2={a2} a3={a3} items=1"
    paths = [f'PATH item={item} name="{name}" nametype=NORMAL' for item, name in enumerate(names)]
    assert known(tmp_path, f"{record} ppid=1 pid=42 auid=0", *paths) is expected


@pytest.mark.parametrize(
    ("resolve", "expected"), [("0x0", True), ("0x8", True), ("0x10", False), ("0x1f", False), ("?", False)]
)
@pytest.mark.parametrize("name", ["/x", "x"])
def test_openat2_may_take_a_directory_for_the_root(tmp_path, name, resolve, expected):
    record = f"SYSCALL arch=c000003e syscall=437 success=yes exit=0 a0={CWD} a1=7 a2=7 a3=18 items=1 ppid=1 pid=42"
    how = f"OPENAT2 oflag=0100302 mode=0600 resolve={resolve}"
    assert known(tmp_path, record, how, f'PATH item=0 name="{name}" nametype=NORMAL') is expected


@pytest.mark.parametrize(("operation", "name", "expected"), [(18, "/x", True), (18, "x", False), (28, "/x", False)])
def test_io_uring_shows_no_arguments(tmp_path, operation, name, expected):
    record = f"URINGOP uring_op={operation} success=yes exit=0 items=1 ppid=1 pid=42 uid=0 gid=0"
    assert known(tmp_path, record, f'PATH item=0 name="{name}" nametype=NORMAL') is expected


@pytest.mark.parametrize(("name", "expected"), [("/x", True), ("x", False)])
@pytest.mark.parametrize("record", ["ANOM_LINK op=linkat ppid=1 pid=42", "URINGOP uring_op=x pid=42", "URINGOP pid=42"])
def test_what_did_it_may_be_in_no_record(tmp_path, record, name, expected):
    assert known(tmp_path, record, f'PATH item=0 name="{name}" nametype=NORMAL') is expected


NAMES = st.lists(st.sampled_from(["..", ".", "", "a", "b"]), max_size=12).map("/".join)


@given(st.sampled_from(["/", "/c", "/c/d"]), NAMES)
def test_folding_is_that_of_texts(cwd, name):
    path, left = folded(cwd, name)
    assert path == posixpath.normpath("/" + posixpath.join(cwd, name)).replace("//", "/")
    own = [part for part in name.split("/") if part not in ("", ".")]
    names_left = any(b == ".." and a != ".." for a, b in zip(own, own[1:]))
    assert bool(left) == names_left


def test_a_hostile_name_takes_no_time():
    start = time.process_time()
    folded("/", "/".join(["a"] * 1000 + ["..", "b"] * 500))
    assert time.process_time() - start < 0.1


def test_the_table_is_about_system_calls():
    names = {name for arch in ARCHES for name in syscalls.names(arch).values()} | {"fchownat2", "fstatat"}
    assert DIRECTORIES.keys() <= names


def test_every_call_on_files_below_a_directory_is_known():
    """As their names tell: those that end in `at`, or in `at` and a digit."""
    below = {name for name in _calls() if name.rstrip("2").endswith("at") and name.rstrip("2")[:-2] in _calls()}
    assert below - DIRECTORIES.keys() == {"fstat", "lstat"} & below
