"""A running sensor lets no secret out: not into any of its logs, not through a reload, not if its rules are wrong."""

from __future__ import annotations

import json
import signal

import pytest

from tests.redact.places import exec_of, feed, typed, user_command
from tests.support.running import counting, sensors

SECRET = b"Zq7hunter2x"
RULES = {"a": r"pw=([^\0]+)"}
INPUT = (
    feed(exec_of([b"mysql", b"pw=" + SECRET]), True)
    + feed(exec_of([b"mysql", b"x" * 50, b"pw=" + SECRET], pieces=3), False).replace(b":7)", b":17)")
    + feed(user_command(b"mysql pw=" + SECRET), True)
    + feed(typed(b"pw=" + SECRET), False)
    + b"garbage pw=" + SECRET + b"\ngarbage data=" + (b"pw=" + SECRET).hex().encode() + b"\n"
)  # fmt: skip
LOGS = {"audit.jsonl", "filtered.jsonl", "input.log", "parse-errors.log"}


@pytest.fixture
def sensor(tmp_path):
    with sensors(tmp_path) as start:
        yield start


def logs(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name in LOGS}


def is_seen(text):
    return SECRET in text or SECRET.hex().encode() in text.lower()


def everywhere(folder, **sections):
    filtered = {"rules": {"all": "comm=mysql root=any"}, "filter_action": "log", "keep_first_per_process": False}
    debug = {"inputlog": {}, "parse_error_log": {}}
    return {"debug": debug, "filter": filtered, "metrics": counting(folder), **sections}


@pytest.mark.parametrize(("rules", "expected"), [({}, True), (RULES, False)])
def test_no_log_has_a_secret(rules, expected, sensor, tmp_path):
    run = sensor(**everywhere(tmp_path, redact={"rules": rules}))
    run.auditd.sendall(INPUT)
    assert run.end() == 0
    assert logs(tmp_path).keys() == LOGS
    assert {name: is_seen(text) for name, text in logs(tmp_path).items()} == dict.fromkeys(LOGS, expected)
    assert is_seen(run.messages.read_bytes()) is False
    if rules:
        assert run.counters()['redacted_secrets_total{rule="a"}'] >= 8
    assert logs(tmp_path)["input.log"].count(b"\n") == INPUT.count(b"\n")


def test_rules_begin_with_a_reload(sensor, tmp_path):
    run = sensor(**everywhere(tmp_path))
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d/redact.yaml").write_text(json.dumps({"redact": {"rules": RULES}}))
    run.process.send_signal(signal.SIGHUP)
    run.wait_for(lambda: "the new configuration is in use" in run.output())
    run.auditd.sendall(INPUT)
    assert run.end() == 0
    assert [name for name, text in logs(tmp_path).items() if is_seen(text)] == []


def test_with_rules_that_are_wrong_a_plugin_masks_all(sensor, tmp_path):
    run = sensor(**everywhere(tmp_path, redact={"rules": {"a": "(pw=.*)x"}}))
    run.auditd.sendall(INPUT)
    assert run.end() == 0
    assert "not linear with groups" in run.output()
    assert "all that could hold a secret is masked" in run.output()
    assert [name for name, text in logs(tmp_path).items() if is_seen(text)] == []


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_key_that_others_can_read_is_not_used(mode, sensor, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(b"0123456789abcdef")
    key.chmod(mode)
    run = sensor(redact={"rules": RULES, "action": "hash", "key_file": str(key)})
    run.auditd.sendall(INPUT)
    assert run.end() == 0
    text = (tmp_path / "audit.jsonl").read_text()
    assert ("pw=hmac:" in text, "pw=***" in text) == ((True, False) if mode == 0o600 else (False, True))
    assert ("secrets are masked" in run.output()) is (mode == 0o644)
