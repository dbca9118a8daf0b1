"""The two commands from the command line: which logs they read, what they print, how they exit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
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
        (
            encode(STORY[0]) + b"\n{}\n",
            ["--key", "none"],
            "1 lines are no events\nhost-sensor: show: no event is found\n",
        ),
        (encode(STORY[0]) + b"\n", ["--uid", "no-such"], "is found; this host has no user no-such\n"),
        (encode(STORY[0]) + b"\n", ["--uid", "root"], "is found\n"),
        (encode(STORY[0]) + b"\n", ["--syscall", "opennat"], "; opennat is neither a system call nor a record type\n"),
        (encode(STORY[0]) + b"\n", ["--syscall", "openat"], "is found\n"),
        (encode(STORY[0]) + b"\n", ["--syscall", "user_login"], "is found\n"),
        (encode(STORY[0]) + b"\n", ["--syscall", "PROBE_EXIT"], "is found\n"),
        (encode(STORY[0]) + b"\n", ["--guid", "4711"], "; 4711 is no GUID\n"),
        (encode(STORY[0]) + b"\n", ["--guid", "EA5CFE47-5F1E-8D76-A4DA-3FBBA83A0626"], "is found\n"),
        (encode(STORY[0]) + b"\n", ["--since", "2038-01-01"], "; --since is in the future\n"),
        (
            encode(STORY[0]) + b"\n",
            ["--uid", "a\x1bb", "--syscall", "?"],
            "; this host has no user a\\x1bb; ? is neither",
        ),
        (encode(STORY[0]) + b"\n", ["--since", "now", "--until", "2 h ago"], "--until 2 h ago is before --since now"),
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


@pytest.mark.parametrize("file", ["-", "| /bin/cat", "unix:/run/x"])
def test_a_log_that_is_no_file(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"directory": str(tmp_path), "auditlog": {"file": file}}))
    assert main(["show", "-c", str(path)]) == 1
    assert f"the configured log is no file, events go to {file}: name one" in capsys.readouterr().err


def test_a_fifo_is_its_readers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"directory": str(tmp_path)}))
    os.mkfifo(tmp_path / "audit.jsonl")
    assert [main([command, "-c", str(path)]) for command in ("show", "tree")] == [1, 1]
    assert capsys.readouterr().err.count("is a FIFO") == 2


@pytest.mark.root
def test_a_log_that_may_not_be_read(tmp_path: Path) -> None:
    """In a process of its own that gives its rights up; the folder is root's."""
    tmp_path.chmod(0o700)
    code = (
        "import os, sys; from sensor.config import Config; from sensor.show.command import logs;"
        f"os.setgroups([]); os.setgid(65534); os.setuid(65534); logs([], Config(directory={str(tmp_path)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.endswith(f"InputError: {tmp_path}/audit.jsonl: Permission denied\n")


def test_a_log_that_is_not_there_is_waited_for_aloud(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sensor", "show", "-f", str(tmp_path / "none")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == f"host-sensor: {tmp_path}/none: is not there; waiting for it\n"
        process.kill()


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


@pytest.mark.root
@pytest.mark.parametrize("closed", ["config.yaml", "conf.d"])
def test_who_may_read_the_log_need_not_see_the_configuration(closed: str) -> None:
    code = (
        "import os; from sensor.show.command import configuration;"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); print(configuration(None, 'config.yaml').directory)"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "conf.d").mkdir()
        (folder / "config.yaml").write_text("directory: /elsewhere")
        (folder / closed).chmod(0o700)
        environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.stdout == "/var/log/host-sensor\n"
    assert done.stderr == "host-sensor: config.yaml may not be read: the defaults are used; -c names another\n"
