"""Redaction of each kind of text: what is replaced, by what, what is counted, and what happens if it fails."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from sensor.redact import Options, Redactor
from tests.redact.places import exec_of, feed, output

KEY = b"0123456789abcdef"
SECRET = r"pw=([^\0]+)"


def redactor(rules, key=b"", **options):
    counts = {}
    return Redactor(Options(rules=rules, **options), key, counts), counts


def hashed(text):
    return "hmac:" + hmac.new(KEY, text, hashlib.sha256).hexdigest()[:16]


def test_a_title_that_was_cut_shows_no_part_of_a_secret():
    words = [b"curl", b"x" * 100, b"https://me:" + b"hunter2" * 9 + b"@host"]
    lines, _ = output(feed(exec_of(words), False), "")
    assert json.loads(lines[0])["PROCTITLE"]["ARGV"][-1] == "https://me:***"
    assert "hunt" not in lines[0]


def test_only_where_a_rule_holds():
    made, _ = redactor({"a": f"fields=PROCTITLE,acct {SECRET}"})
    assert made.body("EXECVE", 'argc=1 a0="pw=foo"') == 'argc=1 a0="pw=foo"'
    assert made.body("EXECVE", 'a3="after a gap"') == 'a3="after a gap"'
    assert made.command(("pw=foo",), False) == ("pw=foo",)
    fields = {"acct": "pw=foo", "acct_2": "pw=foo", "other": "pw=foo", "msg": {"acct": "pw=foo"}}
    made.transform("USER_LOGIN", fields)
    assert fields == {"acct": "pw=***", "acct_2": "pw=***", "other": "pw=foo", "msg": {"acct": "pw=***"}}


@pytest.mark.parametrize("body", ['cmdline="/bin/systemctl pw=foo x"', "cmdline=70773D666F6F"])
def test_command_lines_in_other_records(body):
    """As systemd reports a client that may not do something."""
    id = "audit(1700000000.001:7)"
    line = f"type=USER_AVC msg={id}: pid=1 uid=0 msg='avc:  denied  {{ stop }} for auid=0 uid=0 {body} exe=\"/x\"'"
    text = f"{line}\ntype=EOE msg={id}: \n".encode()
    lines, counts = output(text, "transform: {strings: unicode}", r"redact: {rules: {a: 'pw=([^\0]+)'}}")
    assert ["foo" in line or "666F6F" in line for line in lines] == [False] * len(lines)
    assert counts["a"] > 0


@pytest.mark.parametrize("config", ["", "transform: {keys: distinct}"])
def test_a_named_field_with_a_known_layout(config):
    """PATH records are written by their layout from the third one on."""
    rules = "redact: {rules: {a: 'fields=name pw=([^/]+)'}}"
    lines = []
    for number in range(4):
        lines += [line.replace(":7)", f":{number}7)") for line in exec_of([b"x"])]
        lines[-2] = lines[-2].replace("/usr/bin/mysql", f"/tmp/pw=foo{number}/x")
        lines.append(f"type=EOE msg=audit(1700000000.001:{number}7): ")
    text = ("\n".join(lines) + "\n").encode()
    written, counts = output(text, config, rules)
    assert [json.loads(line)["PATH"][0]["name"] for line in written] == ["/tmp/pw=***/x"] * 4
    assert counts["a"] >= 4


@pytest.mark.parametrize("output_form", ["laurel", "ecs", "ocsf"])
@pytest.mark.parametrize("field", ["data", "data_2", "data_17", "data_text", "TEXT"])
def test_what_was_learnt_of_harmless_records_hides_no_secret(field, output_form):
    """What is done to records that are alike is worked out once; a field under a number is the same field."""
    values = ["hello1", "hello2", "hello3", "hello4", "secretabc"]
    records = [
        f'type=AVC msg=audit(1700000000.001:{at}): pid=5 {field}="{value}" uid=0' for at, value in enumerate(values)
    ]
    ends = [f"type=EOE msg=audit(1700000000.001:{at}): " for at in range(len(values))]
    text = "".join([f"{record}\n{end}\n" for record, end in zip(records, ends)]).encode()
    written, counts = output(text, f"output: {output_form}", "redact: {rules: {p: 'fields=data secret[a-z]+'}}")
    assert len(written) == len(values)
    assert "hello4" in written[3]
    assert "secret" not in "".join(written)
    assert counts["p"] > 0


def test_hashes_join_and_need_a_key():
    made, _ = redactor({"a": SECRET, "b": f"action=mask if=^secret {SECRET}"}, KEY, action="hash")
    assert made.command(("pw=foo", "pw=bar"), False) == (f"pw={hashed(b'foo')}", f"pw={hashed(b'bar')}")
    assert made.body("EXECVE", 'argc=1 a0="pw=foo"') == f'argc=1 a0="pw={hashed(b"foo")}"'
    again = made.command(("pw=foo",), False)
    assert made.command(again, False) == again
    assert redactor({"a": SECRET}, action="hash")[0].command(("pw=foo",), False) == ("pw=***",)


def test_variables():
    made, counts = redactor({"a": r"^PW=(.+)|\0PW=([^\0]+)"})
    assert made.environment({"A": "1", "PW": "foo bar"}) == {"A": "1", "PW": "***"}
    assert made.environment({"PW": ""}) == {"PW": ""}
    assert counts == {"a": 1}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("login pw=foo now", "login pw=*** now"),
        ('garbage a0="x" a1="pw=foo"', 'garbage a0="x" a1="pw=***"'),
        ("a0=78 a1=70773D612062", 'a0=78 a1="pw=***"'),
        ("a1[0]=7077 a1[1]=3D61", 'a1[0]="***" a1[1]="***"'),
        ('a7="foo" a8="y"', 'a7="***" a8="***"'),
        ("data=" + b"pw=foo x".hex(), "data=" + b"pw=*** x".hex().upper()),
        ("data=" + b"\x0apw=foo".hex()[1:], "data=" + ("a" + b"pw=***".hex().upper())),
        ("proctitle=" + b"x\0pw=foo".hex().upper(), "proctitle=" + b"x\0pw=***".hex().upper()),
        ("nothing of that kind", "nothing of that kind"),
    ],
)
def test_lines(line, expected):
    made, _ = redactor({"a": SECRET})
    assert made.line(line) == expected


def test_texts_of_any_size_are_quick():
    made, _ = redactor({"a": SECRET, "url": r"://[^\0 /@:]*:([^\0 /@]+)@"})
    assert made.line("://a:pw=" * 100_000).count("***") > 0
