"""SIGHUP while somebody writes the configuration: what is read, when, and what is refused."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import threading
import time
import urllib.error
import urllib.request

import pytest

from sensor.daemon.reload import LONGEST, SETTLE, ConfigReload
from sensor.metrics.passwords import hashed
from tests.ship.certificates import make
from tests.support.running import counting, event, events, sensors

KEYS = "auditlog: {size: 1 MiB}\n"
LONG_AGO = 1_700_000_000


@pytest.fixture
def sensor(tmp_path):
    with sensors(tmp_path) as start:
        yield start


def config_at(folder, text: str = KEYS, age: bool = True):
    path = folder / "config.yaml"
    path.write_text(f"directory: {folder}\n{text}")
    path.chmod(0o640)
    if age:
        os.utime(path, (LONG_AGO, LONG_AGO))
    return path


def test_an_old_file_is_read_at_once(tmp_path):
    reload = ConfigReload(str(config_at(tmp_path)))
    assert not reload.is_due(1.0)
    reload.ask(1.0)
    assert (reload.is_due(1.0), reload.is_due(1.0)) == (True, False)


def test_a_file_that_is_being_written_is_awaited_but_not_for_ever(tmp_path):
    path = config_at(tmp_path)
    reload = ConfigReload(str(path))
    reload.ask(1.0)
    now = 1.0
    size = 0
    while now < 1.0 + LONGEST - 0.1:
        size += 1
        path.write_text(f"directory: {tmp_path}\n{' ' * size}")
        assert not reload.is_due(now)
        reload.ask(now)
        now += SETTLE / 2
    assert reload.is_due(1.0 + LONGEST + 0.001)


@pytest.mark.parametrize("which", ["config.yaml", "conf.d/more.yaml"])
def test_a_file_that_was_written_is_read_once_it_has_settled(which, tmp_path):
    path = config_at(tmp_path)
    (tmp_path / "conf.d").mkdir()
    reload = ConfigReload(str(path))
    reload.ask(1.0)
    (tmp_path / which).write_text(f"directory: {tmp_path}\n")
    assert not reload.is_due(1.0)
    assert not reload.is_due(1.0 + SETTLE * 0.9)
    assert reload.is_due(1.0 + SETTLE * 1.1)


EMPTY = {
    "nothing": "",
    "blanks": " \n\n",
    "a comment": "# key: value\n",
    "null": "null\n",
    "an empty map": "{}\n",
    "a document": "---\n",
}


@pytest.mark.parametrize("text", EMPTY.values(), ids=EMPTY)
def test_a_file_that_lost_its_keys_is_refused(text, tmp_path):
    path = config_at(tmp_path)
    reload = ConfigReload(str(path))
    path.write_text(text)
    _, (mistake,) = reload.read()
    assert str(mistake).startswith(f"{path}: there is no key in it any more")
    config_at(tmp_path, "marker: back\n")
    config, mistakes = reload.read()
    assert (config.marker, mistakes) == ("back", [])


def test_a_fragment_that_lost_its_keys_is_refused_and_one_that_is_gone_is_not(tmp_path):
    path = config_at(tmp_path)
    (tmp_path / "conf.d").mkdir()
    fragment = tmp_path / "conf.d" / "more.yaml"
    fragment.write_text("marker: blue\n")
    fragment.chmod(0o640)
    reload = ConfigReload(str(path))
    fragment.write_text("")
    _, (mistake,) = reload.read()
    assert str(mistake).startswith(f"{fragment}: there is no key in it any more")
    fragment.unlink()
    config, mistakes = reload.read()
    assert (config.marker, mistakes) == (None, [])


def test_a_file_that_never_had_a_key_may_stay_so(tmp_path):
    path = config_at(tmp_path)
    path.write_text("# all defaults\n")
    (tmp_path / "conf.d").mkdir()
    reload = ConfigReload(str(path))
    (tmp_path / "conf.d" / "more.yaml").write_text(f"directory: {tmp_path}\n")
    (tmp_path / "conf.d" / "more.yaml").chmod(0o640)
    assert reload.read()[1] == []


def test_the_directory_is_made_and_one_that_cannot_be_is_a_mistake(tmp_path):
    path = config_at(tmp_path)
    reload = ConfigReload(str(path))
    path.write_text(f"directory: {tmp_path}/made/here\n")
    assert reload.read()[1] == []
    assert (tmp_path / "made" / "here").is_dir()
    (tmp_path / "file").write_text("")
    path.write_text(f"directory: {tmp_path}/file/below\n")
    _, (mistake,) = reload.read()
    assert str(mistake) == f"{path}: directory: there is no {tmp_path}/file/below"


@pytest.mark.parametrize("kind", ["empty", "half", "gone", "fifo", "directory", "device", "huge", "digits"])
def test_whatever_lies_in_its_place_the_sensor_goes_on_as_it_was(kind, sensor, tmp_path):
    run = sensor(auditlog={"line_prefix": " "}, metrics=counting(tmp_path))
    text = run.config.read_text()
    run.config.unlink()
    if kind in {"empty", "half", "huge", "digits"}:
        content = {"empty": "", "half": text[: len(text) // 2], "huge": " " * (2 << 20)}
        run.config.write_text(content.get(kind, "input_buffer: " + "9" * 400 + "\n"))
        run.config.chmod(0o640)
    elif kind == "fifo":
        os.mkfifo(run.config, 0o640)
    elif kind == "directory":
        run.config.mkdir()
    elif kind == "device":
        run.config.symlink_to("/dev/zero")
    run.process.send_signal(signal.SIGHUP)
    run.auditd.sendall(events(0, 5))
    run.wait_for(lambda: "the configuration stays as it was" in run.output())
    run.auditd.sendall(event(5))
    assert run.end() == 0
    log = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert len(log) == 6
    assert all(line.startswith(" {") for line in log)
    assert run.lost_lines() == 0


@pytest.mark.slow
def test_a_configuration_rewritten_in_place_over_and_over_costs_nothing(sensor, tmp_path):
    run = sensor(metrics=counting(tmp_path), filter={"filter_keys": ["x"]})
    text = run.config.read_text()
    end = time.monotonic() + 5
    sent = 0
    while time.monotonic() < end:
        with run.config.open("w") as file:  # empty for a moment
            run.process.send_signal(signal.SIGHUP)
            run.auditd.sendall(events(sent, sent + 20))
            sent += 20
            time.sleep(0.01)
            file.write(text)
        time.sleep(0.02)
    assert run.end() == 0
    assert len(run.written()) == sent
    assert run.lost_lines() == 0


def test_logs_move_to_a_directory_that_is_made(sensor, tmp_path):
    run = sensor()
    run.auditd.sendall(event(1))
    run.wait_for(lambda: run.written() == [1])
    config = json.loads(run.config.read_text())
    run.config.write_text(json.dumps({**config, "directory": str(tmp_path / "new")}))
    run.process.send_signal(signal.SIGHUP)
    run.wait_for((tmp_path / "new" / "audit.jsonl").exists)
    run.auditd.sendall(event(2))
    assert run.end() == 0
    assert json.loads((tmp_path / "new" / "audit.jsonl").read_text())["SYSCALL"]["exit"] == 2


@pytest.mark.parametrize("then", ["end", "sigterm"])
def test_a_reload_that_was_asked_for_comes_before_the_end(then, sensor, tmp_path):
    """The log cannot be written; its new place saves what waits, however soon the end comes."""
    run = sensor(auditlog={"file": "/dev/full"})
    run.auditd.sendall(events(0, 500))
    run.wait_for(lambda: "No space left" in run.output())
    run.config.write_text(json.dumps({**json.loads(run.config.read_text()), "auditlog": {"file": "audit.jsonl"}}))
    run.process.send_signal(signal.SIGHUP)
    if then == "sigterm":
        run.process.terminate()
    assert run.end() == 0
    assert run.written() == list(range(500))


def asked(port: int, scheme: str = "http", user: str = "") -> int:
    """The status that a whole request gets; 0: no connection, or none that is answered."""
    request = urllib.request.Request(f"{scheme}://127.0.0.1:{port}/-/healthy")
    if user:
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:secret".encode()).decode())
    context = ssl._create_unverified_context() if scheme == "https" else None
    try:
        with urllib.request.urlopen(request, timeout=20, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_users_and_certificate_are_read_again(sensor, tmp_path):
    """One reload brings TLS and another user, a second one is refused: what was right stays."""
    hash, port = hashed("secret"), free_port()
    certificate = make(tmp_path).good
    certificate.chmod(0o640)
    run = sensor(
        metrics={"listen": f"127.0.0.1:{port}", "users": {"first": hash}, "textfile": str(tmp_path / "metrics.prom")}
    ).started()
    assert [asked(port, user=user) for user in ("", "first", "second")] == [401, 200, 401]

    def reload(**metrics):
        config = json.loads(run.config.read_text())
        run.config.write_text(json.dumps({**config, "metrics": {**config["metrics"], **metrics}}))
        run.process.send_signal(signal.SIGHUP)

    reload(users={"second": hash}, tls={"certificate": str(certificate)})
    run.wait_for(lambda: asked(port, "https", "second") == 200)
    assert [asked(port, "https", "first"), asked(port, "http", "second")] == [401, 0]
    certificate.chmod(0o644)
    reload(users={"third": hash})
    run.wait_for(lambda: "the endpoint stays as it was" in run.output())
    assert [asked(port, "https", user) for user in ("second", "third")] == [200, 401]
    run.auditd.sendall(event(1))
    assert run.end() == 0
    assert run.counters()["config_last_reload_successful"] == 0
    assert run.written() == [1]


@pytest.mark.parametrize(
    "mistaken",
    [{"users": {"a": "secret"}}, {"user": {}}, {"tls": {"key": "/k"}}, {"tls": {"certificate": 5, "certificat": 6}}],
    ids=["hash", "unknown key", "half of TLS", "key of TLS"],
)
def test_where_it_is_not_known_who_may_read_metrics_nothing_is_listened_on(mistaken, sensor, tmp_path):
    port = free_port()
    run = sensor(metrics={"listen": f"127.0.0.1:{port}", **mistaken}).started()
    assert "nothing is listened on" in run.output()
    assert asked(port) == 0
    run.auditd.sendall(event(1))
    assert run.end() == 0
    assert run.written() == [1]


def test_a_file_that_is_written_while_it_is_read_is_not_taken_for_an_empty_one(tmp_path):
    """It is empty when it is read; as the fragment behind it has been, its keys are there again."""
    path = config_at(tmp_path)
    text = path.read_text()
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/long.yaml").write_text(f"filter: {{filter_keys: [{', '.join(map(str, range(4000)))}]}}\n")
    reload = ConfigReload(str(path))
    path.write_text("")
    writer = threading.Timer(0.05, path.write_text, [text])
    writer.start()
    config, mistakes = reload.read()
    writer.join()
    assert (config.directory, mistakes) == (str(tmp_path), [])
