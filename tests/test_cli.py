"""The command line: what each command prints, and its exit code."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sensor import __version__
from sensor.cli import DEFAULT_CONFIG, main
from sensor.compiled import is_compiled
from sensor.probe.loader import Status

FEED = Path(__file__).parent / "data" / "laurel-special-cases" / "A1-node-prefix.audit"
GOLDEN = FEED.with_suffix(".jsonl").read_text(encoding="utf-8")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    how = "compiled" if is_compiled() else "interpreted"
    assert capsys.readouterr().out == f"host-sensor {__version__} ({how})\n"


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["guid"], ["probe"], ["probe", "explode"]])
def test_a_wrong_call_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: host-sensor" in capsys.readouterr().err


def test_convert_reads_compressed_files(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    packed = tmp_path / "audit.log.1.gz"
    packed.write_bytes(gzip.compress(FEED.read_bytes()))
    assert main(["convert", str(packed)]) == 0
    assert capfd.readouterr().out == GOLDEN


def test_convert_reads_standard_input_as_a_program_of_its_own() -> None:
    command = [sys.executable, "-m", "sensor", "convert"]
    done = subprocess.run(command, input=FEED.read_bytes(), capture_output=True, check=True)
    assert (done.stdout.decode(), done.stderr) == (GOLDEN, b"")


def test_convert_of_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"host-sensor: {tmp_path}/none: No such file or directory\n"


def test_check_names_every_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("auditlog:\n  sise: 5\nenrich: {pid: perhaps}\n")
    assert main(["check", str(config)]) == 1
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{config}:2: auditlog.sise: ")
    assert 'did you mean "size"' in first
    assert second.startswith(f"{config}:3: enrich.pid: ")


def test_check_of_a_good_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("auditlog: {size: 10 MiB, read_groups: [root, 4711]}\nuser: root\n")
    assert main(["check", str(config)]) == 0
    assert capsys.readouterr().out == f"{config}: no mistakes found\n"


def test_check_shows_what_this_host_lacks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("user: no-such\nauditlog: {read_users: no-such}\n")
    assert main(["check", str(config)]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{config}: warning: user: there is no user no-such on this host; the sensor would run as ")
    assert second.startswith(f"{config}: warning: auditlog.read_users: there is no user no-such on this host")
    assert last == f"{config}: no mistakes, 2 to look at"


def test_options_print_a_configuration_without_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["options"]) == 0
    config = tmp_path / "config.yaml"
    config.write_text(capsys.readouterr().out)
    assert main(["check", str(config)]) == 0


def test_guid_of_this_process_and_of_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guid", str(os.getpid()), "4194305"]) == 1
    printed = capsys.readouterr()
    pid, guid, _ = printed.out.rstrip("\n").split("\t")
    assert (pid, guid[14], len(guid)) == (str(os.getpid()), "8", 36)
    assert printed.err == "host-sensor: 4194305: there is no such process\n"


@pytest.mark.parametrize("command", ["convert", "bench", "top", "run", "probe", "doctor"])
def test_help_promises_the_default_configuration_only_where_it_is_read(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    promised = DEFAULT_CONFIG in capsys.readouterr().out
    assert promised == (command in {"run", "probe", "doctor"})


@pytest.mark.parametrize("command", ["convert", "bench", "top"])
def test_recorded_logs_are_read_with_every_option_at_its_default(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("filter: {filter_raw_lines: ['.']}\n")
    shown = []
    for default in (tmp_path / "none", config):
        monkeypatch.setattr("sensor.cli.DEFAULT_CONFIG", str(default))
        assert main([command, str(FEED)]) == 0
        shown.append(re.sub(r"[\d.,]+ µs.*|[\d,]+ events/s", "", capfd.readouterr().out))
    assert shown[0] == shown[1]
    assert main([command, "-c", str(config), str(FEED)]) == 0
    assert re.sub(r"[\d.,]+ µs.*", "", capfd.readouterr().out) != shown[0]


def test_bench_counts_events(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", str(FEED)]) == 0
    assert capsys.readouterr().out.startswith("1 events, 1 lines in")


@pytest.mark.parametrize(
    ("status", "code", "output"),
    [
        (Status("/b/v1"), 1, ["not loaded: nothing is pinned in /b/v1"]),
        (
            Status("/b/v1", loaded=True, attached=True, current=True, made=1234, lost=5, live=67),
            0,
            [
                "loaded in /b/v1, attached",
                "no sensor is reading it",
                "1,234 records made, 5 of them lost, 67 processes known",
            ],
        ),
        (
            Status("/b/v1", loaded=True, read=True, untracked=3, missing=("cgroup", "loginuid")),
            1,
            [
                "loaded in /b/v1, NOT attached: load it again",
                "of another version or with other options than configured: load it again",
                "a sensor is reading it",
                "0 records made, 0 of them lost, 0 processes known",
                "3 times there was no room for a process: raise probe.processes",
                "this kernel does not give cgroup, loginuid",
            ],
        ),
    ],
)
def test_probe_status_shows_what_is_there(
    status: Status, code: int, output: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sensor.probe.loader.status", lambda options: status)
    assert main(["probe", "status"]) == code
    assert capsys.readouterr().out.splitlines() == output


def test_every_line_of_a_recorded_session_is_json(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(FEED.parents[1] / "corpora" / "session-exec-open.raw.audit.xz")]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert len(lines) > 1000
    assert all("ID" in json.loads(line) for line in lines)


def test_fields_show_what_a_key_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields", "PROBE_EXIT.duration"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "duration",
        "  in:      probe, PROBE_EXEC, PROBE_EXIT",
        "  type:    number, seconds",
        "  source:  probe",
        "  option:  probe.emit",
        "  from its start to its end; in PROBE_EXIT",
    ]


def test_fields_show_how_a_field_of_a_record_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields", "SYSCALL.arch"]) == 0
    assert "in:      records\n  type:    hex; host-sensor-events(5), VALUES" in capsys.readouterr().out
    assert main(["fields", "nonsense"]) == 1


def test_fields_show_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fields"]) == 0
    assert "identity: GUID\n    string; " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["a\x1b[2J", "a\u202eb", "a\x9b31m", "a\u2028b", "a\x7f"])
def test_no_name_reaches_the_terminal_as_a_command(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_text(json.dumps({"filter": {"rules": {name: "uix=0"}}, name: 1}))
    for command in (["check", str(path)], ["convert", str(tmp_path / f"{name}.gone")], ["convert", "-c", str(path)]):
        assert main(command) == 1
        assert _is_harmless(capsys)
    path.write_text("seccomp: true")
    assert main(["check", str(path)]) == 0
    assert _is_harmless(capsys)
    for command in (["fields", name], ["fields", f"{name}.pid"], ["top", "--by", name], ["ship", "-c", str(path)]):
        main(command)
        assert _is_harmless(capsys)


def _is_harmless(capsys: pytest.CaptureFixture[str]) -> bool:
    output = capsys.readouterr()
    return (output.out + output.err).replace("\n", "").isprintable()
