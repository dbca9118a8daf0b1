"""Only files that nobody but their owner could have written are loaded, and what is wrong with one is reported."""

from __future__ import annotations

import os

import pytest

from sensor.stages.custom.loading import StageFileError, absent, find, load

GOOD = "def stage(event):\n    return event + 1\n"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "stages"
    folder.mkdir(mode=0o755)
    return folder


def written(folder, text=GOOD, mode=0o644, name="good.py"):
    path = folder / name
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o444, 0o755])
def test_a_good_file_is_loaded(folder, mode):
    assert load(str(written(folder, mode=mode)), os.getuid())(1) == 2


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_others_must_not_write_the_file(folder, mode):
    with pytest.raises(StageFileError, match=r"good\.py: must be owned by root and writable by no one else"):
        load(str(written(folder, mode=mode)), os.getuid())


def test_the_file_must_be_roots(folder):
    with pytest.raises(StageFileError, match="owned by root"):
        load(str(written(folder)), os.getuid() + 1)


@pytest.mark.parametrize(("mode", "ok"), [(0o775, False), (0o757, False), (0o1777, True), (0o700, True)])
def test_others_must_not_put_another_file_in_its_place(folder, mode, ok):
    path = written(folder)
    folder.chmod(mode)
    if ok:
        load(str(path), os.getuid())
    else:
        with pytest.raises(StageFileError, match="stages: must be owned by root"):
            load(str(path), os.getuid())


def test_a_link_counts_as_what_it_leads_to(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o777)
    (folder / "link.py").symlink_to(written(elsewhere))
    with pytest.raises(StageFileError, match="elsewhere: must be"):
        load(str(folder / "link.py"), os.getuid())


def test_others_must_not_place_a_link(folder, tmp_path):
    """They could have any of root's Python files executed."""
    target = written(folder)
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (shared / "link.py").symlink_to(target)
    (shared / "stages").symlink_to(folder)
    (tmp_path / "roots").symlink_to("shared/stages")
    for path in (shared / "link.py", shared / "stages/good.py", tmp_path / "roots/good.py"):
        with pytest.raises(StageFileError, match="shared: must be"):
            load(str(path), os.getuid())


@pytest.mark.root
def test_a_link_in_a_sticky_directory_must_be_roots(folder, tmp_path):
    tmp_path.chmod(0o1777)
    link = tmp_path / "link.py"
    link.symlink_to(written(folder))
    assert load(str(link))(1) == 2
    os.lchown(link, 65534, 65534)
    with pytest.raises(StageFileError, match=r"link\.py: a link must be owned by root"):
        load(str(link))


@pytest.mark.parametrize("target", ["stages/../stages/./good.py", "{}/good.py"])
def test_links_lead_where_they_lead(folder, tmp_path, target):
    written(folder)
    (tmp_path / "link.py").symlink_to(target.format(folder))
    assert load(str(tmp_path / "link.py"), os.getuid())(1) == 2


def test_a_link_to_itself_leads_nowhere(folder):
    (folder / "link.py").symlink_to("link.py")
    with pytest.raises(StageFileError, match="lead somewhere"):
        load(str(folder / "link.py"), os.getuid())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def stage(:", "SyntaxError"),
        ("1 / 0", "ZeroDivisionError"),
        ("import nothing_of_this_name", "ModuleNotFoundError"),
        ("", "no function `stage`"),
        ("stage = 1", "no function `stage`"),
        ("raise SystemExit", "SystemExit"),
    ],
)
def test_what_is_wrong_with_a_file_is_reported(folder, text, why):
    with pytest.raises(StageFileError, match=why):
        load(str(written(folder, text)), os.getuid())


def test_what_is_no_file_is_refused(folder):
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    for name, why in (("pipe.py", "is no file"), ("folder.py", "is no file|directory"), ("gone.py", "No such file")):
        with pytest.raises(StageFileError, match=why):
            load(str(folder / name), os.getuid())


def test_files_are_found_in_the_order_of_their_names(folder):
    for name in ("b.py", "a.py", "c.txt"):
        written(folder, name=name)
    patterns = [f"{folder}/b.py", f"{folder}/*.py", f"{folder}/none*"]
    assert [os.path.basename(path) for path in find(patterns)] == ["b.py", "a.py"]


def test_files_that_are_named_and_not_there(folder):
    there = str(written(folder))
    patterns = [there, f"{folder}/none.py", f"{folder}/*.py", f"{folder}/no?e.py", f"{folder}/[n]one.py"]
    assert absent(patterns) == [f"{folder}/none.py"]
