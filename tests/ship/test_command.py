"""What `host-sensor ship` can be asked to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.ship.far_ends import SHIP, Ship
from tests.ship.logs import Log, numbers_of


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SHIP, *arguments], capture_output=True, text=True, timeout=60)


def test_everything_there_is_goes_to_standard_output_once(tmp_path: Path) -> None:
    log = Log(tmp_path)
    for _ in range(3):
        log.write(1000)
        log.rotate()
    log.write(1)
    ship = Ship(tmp_path, log.path, kind="stdout")
    assert numbers_of(ship.run("--once").stdout.encode().splitlines()) == log.numbers
    assert ship.run("--once").stdout == ""
    log.write(2)
    assert numbers_of(ship.run("--once").stdout.encode().splitlines()) == log.numbers[-2:]


@pytest.mark.parametrize(
    ("arguments", "code", "output"),
    [
        ([], 1, "which destination"),
        (["../x"], 1, "expected a name"),
        (["nowhere"], 1, "/etc/host-sensor/ship/nowhere.yaml: No such file"),
        (["-c", "/nowhere.yaml", "--check"], 1, "/nowhere.yaml: No such file"),
        (["--status", "--check"], 2, "not allowed with"),
    ],
)
def test_a_wrong_command_line_is_reported(arguments: list[str], code: int, output: str) -> None:
    done = run(*arguments)
    assert (done.returncode, output in done.stderr) == (code, True), done.stderr


def test_every_mistake_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "far.yaml"
    path.write_text("kind: tcp\nto: x\nbatsch: {}\n")
    for how in ("--check", "--once"):
        done = run("-c", str(path), how)
        assert done.returncode == 1
        assert "far.yaml:2: to:" in done.stderr
        assert 'far.yaml:3: batsch: no such key; did you mean "batch"?' in done.stderr
    assert "far.yaml:3" in run("-c", str(path), "--status").stdout


@pytest.mark.parametrize(
    ("kind", "to", "options", "library", "package"),
    [
        ("redis", "127.0.0.1:1", {}, "redis", "python3-redis"),
        ("kafka", "127.0.0.1:1", {}, "confluent_kafka", "python3-confluent-kafka"),
        ("http", "http://127.0.0.1:1", {"http": {"compression": "zstd"}}, "zstandard", "python3-zstandard"),
        *[
            (kind, "https://127.0.0.1:1", {}, "urllib3", "python3-urllib3")
            for kind in ("http", "elasticsearch", "splunk", "loki", "clickhouse", "otlp")
        ],
    ],
)
@pytest.mark.parametrize("how", [["--once"], ["--check"], []], ids=lambda how: "".join(how) or "ship")
def test_a_library_that_is_missing_is_an_error_at_the_start(tmp_path, how, kind, to, options, library, package):
    """Whatever is installed here: a module in front of it cannot be imported."""
    log = Log(tmp_path)
    log.write(1)
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / f"{library}.py").write_text("raise ImportError('not here')\n")
    ship = Ship(tmp_path, log.path, kind=kind, to=to, timeout=1, **{"http": {"compression": "none"}, **options})
    done = ship.run(*how, timeout=20)
    expected = f"far: kind {kind}: {package} is not installed: not here"
    assert (done.returncode, expected in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize(
    ("options", "output"),
    [
        ({"tls": {"use": True, "ca": "/nowhere.pem"}}, "tls.ca: /nowhere.pem"),
        ({"to": "http://127.0.0.1:1", "kind": "splunk", "http": {"token": "env:NO_SUCH_VARIABLE"}}, "no such variable"),
    ],
)
def test_once_does_not_wait_for_what_no_attempt_changes(tmp_path, options, output):
    log = Log(tmp_path)
    log.write(1)
    done = Ship(tmp_path, log.path, **{"kind": "tcp", "to": "127.0.0.1:1", **options}).run("--once", timeout=20)
    assert (done.returncode, output in done.stderr) == (1, True), done.stderr


def test_options_are_printed() -> None:
    shown = run("--options")
    assert shown.returncode == 0
    for word in ("#kind:", "elasticsearch:", "#settle: 1.0", "#in_a_row: 100", "#listen: "):
        assert word in shown.stdout
