"""No secret leaves the sensor: each kind, in each place, in each form, with and without auditd's translations."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.redact.places import exec_of, feed, output, seen, typed, user_command

FORMS = {
    "laurel": "translate: {universal: true, summary: true}\nenrich: {cmdline: true, parent_info: true, script: true}",
    "distinct": "transform: {keys: distinct, strings: unicode, execve_argv: [array, string]}",
    "raw": "transform: {strings: unicode}",
    "drop": "translate: {universal: true, drop_raw: true}\nauditlog: {max_line: 2 KiB}",
    "ecs": "output: ecs",
    "ocsf": "output: ocsf",
}
SECRET = b"Zq7hunter2x"
ARGUMENTS = {
    "equals": [b"--password=%s"],
    "apart": [b"--token", b"%s"],
    "mysql": [b"-uroot", b"-p%s", b"db"],
    "header": [b"-H", b"Authorization: Bearer %s"],
    "basic": [b"-H", b"authorization: Basic %s"],
    "key": [b"AWS_SECRET_ACCESS_KEY=%s", b"x"],
    "url": [b"https://me:%s@host/path?x=1"],
    "json": [b'{"password":"%s"}'],
    "shell": [b"-c", b"export DB_PASSWORD=%s; true"],
}
OF_ITSELF = {
    "aws": b"AKIAZQ7HUNTER2XABCDE",
    "github": b"ghp_Zq7hunter2xabcdefghijkl",
    "slack": b"xoxb-2323-Zq7hunter2x",
    "jwt": b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.Zq7hunter2x_-",
}
TABLE = {
    **{name: ([word.replace(b"%s", SECRET) for word in words], SECRET) for name, words in ARGUMENTS.items()},
    **{name: ([b"x", secret], secret) for name, secret in OF_ITSELF.items()},
}
PLACES = {
    "exec": lambda words: exec_of([b"mysql", *words]),
    "pieces": lambda words: exec_of([b"mysql", b"-e", *words], pieces=3),
    "user_command": lambda words: user_command(b" ".join([b"/usr/bin/mysql", *words])),
    "typed": lambda words: typed(b" ".join([b"mysql", *words]) + b"\r"),
    "unparsed": lambda words: ["oops " + b" ".join([b"mysql", *words]).decode("latin-1")],
    "unparsed_exec": lambda words: ["tpe=EXEC " + exec_of([b"mysql", *words])[1].partition(": ")[2]],
    "unparsed_title": lambda words: ["tpe=X " + exec_of([b"mysql", *words])[-1].partition(": ")[2]],
}


CASES = [(make(words), secret) for words, secret in TABLE.values() for make in PLACES.values()]


def feed_of_all(enriched: bool) -> bytes:
    """All cases, each with an id of its own."""
    text = b""
    for number, (records, _) in enumerate(CASES):
        lines = [re.sub("[0-9]+[)]:", f"{number + 100}):", line, count=1) for line in records]
        text += feed(lines, enriched) if "audit(" in lines[0] else (lines[0] + "\n").encode("latin-1")
    return text


def assert_nothing_is_seen(lines: list[str], without_rules: list[str]) -> None:
    """Fail for any line with a secret; without rules each case shows its own."""
    assert len(lines) == len(without_rules)
    assert [line for _, secret in TABLE.values() for line in seen(lines, secret)] == []
    for secret in {secret for _, secret in TABLE.values()}:
        shown = seen(without_rules, secret)
        assert len(shown) >= [each for _, each in CASES].count(secret)


@pytest.mark.parametrize("enriched", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_no_secret_is_written(form, enriched):
    text = feed_of_all(enriched)
    lines, counts = output(text, FORMS[form])
    assert_nothing_is_seen(lines, output(text, FORMS[form], "{}")[0])
    assert all(counts[rule] for rule in ("option", "assigned", "mysql", "authorization", "url", "aws", "git", "jwt"))


def test_no_secret_is_written_to_the_filter_log():
    text, config = feed_of_all(False), "filter: {filter_keys: [k], filter_action: log, keep_first_per_process: false}"
    live = f"{config}\nprobe: {{use: false}}\nstate: {{file: null}}"
    assert_nothing_is_seen(output(text, live, live=True)[0], output(text, live, "{}", live=True)[0])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["mysql", "-pfoo", "db"], ["mysql", "-p***", "db"]),
        (["curl", "-u", "me:foo"], ["curl", "-u", "me:***"]),
        (["curl", "--user=me:foo", "x"], ["curl", "--user=me:***", "x"]),
        (["sshpass", "-p", "foo", "ssh", "-p2222"], ["sshpass", "-p", "***", "ssh", "-p***"]),
        (["sh", "-c", "mysql -pfoo db; ls"], ["sh", "-c", "mysql -p*** db; ls"]),
        (["docker", "login", "-u", "me", "-p", "foo", "h"], ["docker", "login", "-u", "me", "-p", "***", "h"]),
        (["docker", "run", "-p", "80:80"], ["docker", "run", "-p", "80:80"]),
        (["7z", "a", "-pfoo", "x"], ["7z", "a", "-p***", "x"]),
        (["useradd", "-p", "foo", "bob"], ["useradd", "-p", "***", "bob"]),
        (["zip", "-P", "foo", "x"], ["zip", "-P", "***", "x"]),
        (["ldapsearch", "-D", "cn=a", "-w", "foo"], ["ldapsearch", "-D", "cn=a", "-w", "***"]),
        (["openssl", "enc", "-k", "foo"], ["openssl", "enc", "-k", "***"]),
        (["openssl", "rsa", "-passin", "pass:foo"], ["openssl", "rsa", "-passin", "pass:***"]),
        (["snmpwalk", "-c", "foo", "h"], ["snmpwalk", "-c", "***", "h"]),
        (["smbclient", "-U", "me%foo", "//h/x"], ["smbclient", "-U", "me%25***", "//h/x"]),
        (["xfreerdp", "/u:me", "/p:foo"], ["xfreerdp", "/u:me", "/p:***"]),
        (["vault", "login", "hvs.foo"], ["vault", "login", "***"]),
        (["x", "--api-key", "two words", "y"], ["x", "--api-key", "***", "y"]),
        (["x", "--password=", "y"], ["x", "--password=", "***"]),
        (["curl", "http://localhost:8080"], ["curl", "http://localhost:8080"]),
        (["mkdir", "-p", "/a/b"], ["mkdir", "-p", "/a/b"]),
        (["passwd", "root"], ["passwd", "root"]),
        (["ps", "-p123"], ["ps", "-p123"]),
    ],
)
def test_nothing_but_the_secret_goes(words, expected):
    lines, _ = output(feed(exec_of([word.encode() for word in words]), False), "")
    event = json.loads(lines[0])
    assert event["EXECVE"]["ARGV"] == expected
    assert event["PROCTITLE"]["ARGV"] == event["EXECVE"]["ARGV"]


secrets = st.binary(min_size=4, max_size=200).map(lambda data: b"Zq" + data.replace(b"\0", b"0") + b"zQ")


@settings(max_examples=30, deadline=None)
@given(
    secrets,
    st.lists(st.binary(max_size=9).map(lambda data: data.replace(b"\0", b"")), max_size=3),
    st.integers(0, 4),
    st.sampled_from(sorted(FORMS)),
)
def test_no_argument_with_a_secret_is_written(secret, others, pieces, form):
    for words in ([b"x", *others, b"--token", secret], [b"x", *others, b"--password=" + secret]):
        lines, counts = output(feed(exec_of(words, pieces), False), FORMS[form])
        assert lines
        assert seen(lines, secret) == []
        assert counts["option"] + counts["assigned"] > 0
