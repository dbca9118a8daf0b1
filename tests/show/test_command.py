"""The two commands from the command line: which logs they read, what they print, how they exit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sensor.cli import main
from tests.show.lines import LS, STORY, encode


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "audit.jsonl.1").write_bytes(encode(STORY[0]) + b"\n")
    (tmp_path / "audit.jsonl").write_bytes(b"".join(encode(event) + b"\n" for event in STORY[1:]) + b"no event\n")
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"directory": str(tmp_path)}))
    return str(path)


def test_the_configured_log_with_what_was_rotated_away(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "-c", config]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("program") == 4
    assert "1 lines are no events" in printed.err


def test_files_that_are_named_come_in_the_order_of_time(config: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    log = str(Path(config).with_name("audit.jsonl"))
    assert main(["show", "-c", config, "--json", log, f"{log}.1"]) == 0
    assert capfdbinary.readouterr().out.splitlines() == [encode(event) for event in STORY]


def test_lines_as_they_are(config: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["show", "-c", config, "--json", "--guid", LS]) == 0
    assert capfdbinary.readouterr().out == encode(STORY[1]) + b"\n" + encode(STORY[2]) + b"\n"


def test_no_event_is_exit_status_1(config: str) -> None:
    assert main(["show", "-c", config, "--key", "none"]) == 1
    assert main(["tree", "-c", config, "--guid", "none"]) == 1


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        (encode(STORY[0]) + b"\n", [], ""),
        (encode(STORY[0]) + b"\n", ["--key", "none"], "show: no event is found"),
        (b"", [], "show: no event is found"),
        (b"type=EOE msg=audit(1700000000.001:1): \n", [], "1 lines are no events; `host-sensor convert` makes events"),
    ],
)
def test_nothing_to_show_has_a_reason(
    text: bytes, asked: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(text)
    assert main(["show", str(log), *asked]) == (1 if expected else 0)
    printed = capsys.readouterr()
    assert expected in printed.err
    assert bool(printed.err) == bool(expected) == (not printed.out)


def test_the_tree(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tree", "-c", config]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4


@pytest.mark.parametrize(
    ("records", "asked", "expected"),
    [
        (STORY, ["--pid", "1"], "no such process"),
        (STORY, [], ""),
        ([{"ID": "1700000000.001:1", "SYSCALL": {"syscall": 59, "pid": 7}}], [], "recorded logs have none"),
        ([{"ID": "1700000000.001:1", "SYSCALL": {"syscall": 59, "pid": 7}}], ["--pid", "7"], "recorded logs have none"),
        ([], [], "recorded logs have none"),
    ],
)
def test_an_empty_tree_has_a_reason(
    records: list[dict[str, object]],
    asked: list[str],
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(encode(event) + b"\n" for event in records))
    assert main(["tree", str(log), *asked]) == (1 if expected else 0)
    printed = capsys.readouterr()
    assert expected in printed.err
    assert bool(printed.out) == (not expected)
    assert bool(printed.err) == bool(expected)


@pytest.mark.parametrize("arguments", [["show", "/dev/null", "--since", "tomorrow"], ["tree", "/there/is/none"]])
def test_mistakes_are_reported(arguments: list[str], config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*arguments, "-c", config]) == 1
    assert arguments[-1] in capsys.readouterr().err


def test_no_log_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"directory": str(tmp_path / "none")}))
    assert main(["show", "-c", str(path)]) == 1
    assert "there is no such log" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["a\u202eb\x9bc\u2028d\U000e0041é", "a\x7fb", "a"])
def test_lines_of_others_hold_nothing_that_a_terminal_obeys(
    text: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    line = encode({**STORY[1], "x": text}).decode()
    log, config = tmp_path / "log", tmp_path / "config.yaml"
    log.write_bytes(json.dumps(json.loads(line), ensure_ascii=False, separators=(",\r", ":")).encode() + b"\n")
    config.write_text("{}")
    assert main(["show", "-c", str(config), "--json", str(log)]) == 0
    printed = capfdbinary.readouterr().out.decode()
    assert printed.strip().isprintable()
    assert json.loads(printed) == json.loads(line)
