"""Fragments: what a configuration and the files in conf.d beside it say together, and where a mistake stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.config import Config, check, load, read, reference
from sensor.outputs import EventOptions
from sensor.outputs import Options as OutputOptions


def write(folder: Path, text: str, **parts: str) -> str:
    """Write a configuration and its fragments, by the names they have in conf.d; return its path."""
    (folder / "config.yaml").write_text(text)
    (folder / "conf.d").mkdir(exist_ok=True)
    for name, part in parts.items():
        (folder / "conf.d" / f"{name}.yaml").write_text(part)
    return str(folder / "config.yaml")


def test_sections_are_merged_and_the_last_key_holds(tmp_path):
    path = write(
        tmp_path,
        "auditlog: {size: 1 MiB, generations: 2, read_users: [a]}\nmarker: main\n",
        a="auditlog: {generations: 3}\n",
        b="auditlog: {read_users: [b]}\nmarker: last\n",
    )
    config = load(path)
    assert config.auditlog == EventOptions(size=1 << 20, generations=3, read_users=("b",))
    assert config.marker == "last"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("{x: uid=1}", "{y: uid=2}"), {"x": "uid=1", "y": "uid=2"}),
        (("{x: uid=1}", "{x: uid=2}"), {"x": "uid=2"}),
        (("{x: uid=1, y: uid=2}", "{}"), {}),
        (("{x: uid=1}", "null"), {}),
        (("null", "{x: uid=1}"), {"x": "uid=1"}),
    ],
)
def test_maps_are_merged_and_an_empty_one_begins_anew(texts, expected, tmp_path):
    main, part = (f"filter: {{rules: {text}}}\n" for text in texts)
    assert load(write(tmp_path, main, a=part)).filter.rules == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("{name: a}", "{id: b}"), {"name": "a", "id": "b"}),
        (("{name: a}", "off"), "off"),
        (("off", "{name: a}"), {"name": "a"}),
    ],
)
def test_a_word_takes_the_place_of_a_map(texts, expected, tmp_path):
    main, part = (f"host: {text}\n" for text in texts)
    assert load(write(tmp_path, main, a=part)).host == expected


def test_a_section_that_is_absent_by_default_is_merged_too(tmp_path):
    config = load(write(tmp_path, "debug: {inputlog: {size: 1 MiB}}\n", a="debug: {inputlog: {generations: 1}}\n"))
    assert config.debug.inputlog == OutputOptions("input.log", size=1 << 20, generations=1)


def test_names_are_the_order_and_only_yaml_is_read(tmp_path):
    names = ["10-b", "9-a", "Z", "a"]  # as ls has it in the C locale
    path = write(tmp_path, "", **{name: f"marker: {name}\n" for name in names})
    for name in ("x.yml", "x.yaml.dpkg-dist", ".hidden.yaml", "x.yaml~"):
        (tmp_path / "conf.d" / name).write_text("nonsense: [\n")
    assert [os.path.basename(file) for file in sorted(os.listdir(tmp_path / "conf.d"))][-1] == "x.yml"
    assert load(path).marker == "a"
    (tmp_path / "conf.d/a.yaml").unlink()
    assert load(path).marker == "Z"


@pytest.mark.parametrize("part", ["", "# nothing\n", "---\n", "auditlog:\n"])
def test_a_fragment_that_shows_nothing_changes_nothing(part, tmp_path):
    assert load(write(tmp_path, "auditlog: {size: 1 MiB}\n", a=part)).auditlog.size == 1 << 20


def test_without_a_folder_there_is_the_file(tmp_path):
    path = write(tmp_path, "marker: x\n")
    (tmp_path / "conf.d").rmdir()
    assert (load(path).marker, check(path)) == ("x", [])


MISTAKES = [
    ("\nauditlog: {sise: 3}\n", 2, 'auditlog.sise: no such key; did you mean "size"?'),
    ("auditlog:\n  size: x\n", 2, "auditlog.size: expected a whole number of bytes"),
    ("filter:\n  filter_sockaddr: [nonsense]\n", 2, 'filter.filter_sockaddr: "nonsense"'),
    ("input: nowhere\n", 1, "input: expected stdin or unix:/path"),
    ("marker: a\nmarker: b\n", 2, "marker: given twice, first on line 1"),
    ("[a]\n", 1, "expected a section of keys, found a list"),
    ("a: [1\n", 2, "this is no YAML"),
]


@pytest.mark.parametrize(("part", "line", "message"), MISTAKES, ids=[repr(row[0][:30]) for row in MISTAKES])
def test_a_mistake_is_named_where_it_stands(part, line, message, tmp_path):
    """The main file has keys on the same lines, and the one after it still counts."""
    path = write(tmp_path, "marker: m\nauditlog: {size: 1 MiB}\nfilter: {}\n", b=part, c="state: {max_age: 7}\n")
    config, (mistake,) = read(path)
    assert str(mistake).startswith(f"{tmp_path}/conf.d/b.yaml:{line}: {message}")
    assert (config.auditlog.size, config.input, config.state.max_age) == (1 << 20, "stdin", 7)


def test_mistakes_come_in_the_order_of_files_and_lines(tmp_path):
    path = write(tmp_path, "marker: m\n\n\nx: 1\n", b="y: 1\nz: 1\n", a="\nw: 1\n")
    found = [(os.path.relpath(mistake.file, tmp_path), mistake.line) for mistake in check(path)]
    assert found == [("config.yaml", 4), ("conf.d/a.yaml", 2), ("conf.d/b.yaml", 1), ("conf.d/b.yaml", 2)]


def test_a_file_that_is_missing_hides_no_fragment(tmp_path):
    path = write(tmp_path, "", a="marker: x\n")
    os.unlink(path)
    config, mistakes = read(path)
    assert config.marker == "x"
    assert [str(mistake) for mistake in mistakes] == [f"{path}: No such file or directory"]


@pytest.mark.parametrize("mode", [0o666, 0o662, 0o646])
def test_a_fragment_that_others_may_write_is_refused(mode, tmp_path):
    path = write(tmp_path, "marker: m\n", a="marker: x\n", b="state: {max_age: 7}\n")
    (tmp_path / "conf.d/a.yaml").chmod(mode)
    config, (mistake,) = read(path)
    assert mistake.file == f"{tmp_path}/conf.d/a.yaml"
    assert "writable by no one else" in mistake.message
    assert (config.marker, config.state.max_age) == ("m", 7)


def test_a_folder_that_others_may_write_is_refused(tmp_path):
    path = write(tmp_path, "marker: m\n", a="marker: x\n")
    (tmp_path / "conf.d").chmod(0o777)
    config, mistakes = read(path)
    assert (config.marker, len(mistakes)) == ("m", 1)


@pytest.mark.root
def test_a_fragment_of_another_user_is_refused(tmp_path):
    path = write(tmp_path, "marker: m\n", a="marker: x\n")
    os.chown(tmp_path / "conf.d/a.yaml", 65534, 65534)
    config, mistakes = read(path)
    assert (config.marker, len(mistakes)) == ("m", 1)


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_what_is_no_file_is_a_mistake_and_nothing_is_waited_for(kind, tmp_path):
    path = write(tmp_path, "marker: m\n")
    odd = tmp_path / "conf.d/odd.yaml"
    {"folder": odd.mkdir, "link": lambda: odd.symlink_to("nowhere"), "pipe": lambda: os.mkfifo(odd)}[kind]()
    config, (mistake,) = read(path)
    assert (config.marker, mistake.file) == ("m", str(odd))


def test_a_link_to_a_file_is_read(tmp_path):
    path = write(tmp_path, "")
    (tmp_path / "elsewhere").write_text("marker: x\n")
    (tmp_path / "conf.d/a.yaml").symlink_to("../elsewhere")
    assert load(path).marker == "x"


def test_a_file_in_the_folders_place_is_a_mistake(tmp_path):
    path = write(tmp_path, "marker: m\n")
    (tmp_path / "conf.d").rmdir()
    (tmp_path / "conf.d").write_text("")
    assert [str(mistake) for mistake in check(path)] == [f"{tmp_path}/conf.d: Not a directory"]
    assert read(path)[0].marker == "m"


EMPTY_SECTIONS = [
    ("auditlog:\nauditlog: {size: 1 MiB}\n", EventOptions(size=1 << 20)),
    ("auditlog: {size: 1 MiB}\nauditlog:\n", EventOptions(size=1 << 20)),
    ("auditlog:\nauditlog: ~\n", EventOptions()),
]


@pytest.mark.parametrize(("text", "expected"), EMPTY_SECTIONS)
def test_an_empty_section_is_none(text, expected, tmp_path):
    config, mistakes = read(write(tmp_path, text))
    assert (config.auditlog, mistakes) == (expected, [])


@pytest.mark.parametrize("inner", ["inputlog:\n  inputlog: {size: 1 MiB}", "inputlog: {size: 1 MiB}\n  inputlog:"])
def test_an_empty_section_that_is_absent_by_default_is_none_either(inner, tmp_path):
    config, mistakes = read(write(tmp_path, f"debug:\n  {inner}\n"))
    assert mistakes == []
    assert config.debug.inputlog == OutputOptions("input.log", size=1 << 20)


def test_what_is_no_section_is_given_once_even_if_empty(tmp_path):
    (mistake,) = check(write(tmp_path, "marker: ~\nmarker: x\n"))
    assert mistake.message == "given twice, first on line 1"


def test_a_configuration_can_be_appended_to_the_reference(tmp_path):
    added = "auditlog: {size: 1 MiB}\nfilter: {filter_keys: [noise]}\nenrich: {ancestors: 5}\nmarker: x\n"
    config, mistakes = read(write(tmp_path, reference() + added))
    assert mistakes == []
    assert config == load(write(tmp_path, added))
    assert config != Config()
