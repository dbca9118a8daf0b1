"""A destination's configuration: what it may say, and every mistake with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.config.read import read_options
from sensor.options import OptionError
from sensor.ship.options import KINDS, Destination, check_address


def mistakes_in(text: str, folder: Path) -> list[str]:
    path = folder / "far.yaml"
    path.write_text(text)
    path.chmod(0o644)
    return [str(mistake).removeprefix(str(path)) for mistake in read_options(str(path), Destination())[1]]


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("kind: tpc", ':1: kind: expected one of .* found "tpc"; did you mean "tcp"'),
        ("kind: tcp\nto: logs.example", ":2: to: expected HOST:PORT"),
        ("kind: elasticsearch\nto: logs.example:9200", ":2: to: expected http://HOST or https://HOST"),
        ("kind: tcp\nto: [a.example:1, 'a.example:99999']", ":2: to: expected HOST:PORT"),
        ("log: audit.jsonl", ":1: log: expected an absolute path"),
        ("start: yesterday", ":1: start: expected beginning, end, or a time"),
        ("http: {token: geheim}", ":1: http.token: expected credential:NAME"),
        ("redis: {password: geheim}", ":1: redis.password: expected credential:NAME"),
        ("kafka: {user: me}", ":1: kafka.user: expected `user` and `password` together"),
        ("tls: {verify: false}", ":1: tls.verify: no such key"),
        ("metrics: {stage_times: true}", ":1: metrics.stage_times: no such key"),
        ("metrics: {auditd_state: /var/run/auditd.state}", ":1: metrics.auditd_state: no such key"),
        ("batch: {events: 0}", ":1: batch.events: expected at least 1"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, output: str, tmp_path: Path) -> None:
    import re

    (mistake,) = mistakes_in(text, tmp_path)
    assert re.match(output, mistake), mistake


def test_a_secret_that_stands_in_a_configuration_is_not_shown(tmp_path: Path) -> None:
    assert "geheim" not in "".join(mistakes_in("http: {token: geheim}\nsplunk: {x: y}", tmp_path))


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("tcp", "logs.example:6514"),
        ("tcp", "[::1]:6514"),
        ("redis", "logs.example"),
        ("kafka", "logs.example"),
        ("syslog", "192.0.2.1"),
        ("http", "https://logs.example/in?x=y"),
        ("stdout", "anything"),
    ],
)
def test_addresses_of_each_kind(kind: str, address: str) -> None:
    check_address(kind, address)


@pytest.mark.parametrize(
    "address",
    [
        "https://[::1",
        "https://a:b",
        "https://a:99999",
        "https://a:0",
        "https://",
        "ftp://a",
        "https:///x",
        "http//a",
        "a:1",
    ],
)
def test_what_is_no_url_is_a_mistake(address: str) -> None:
    with pytest.raises(OptionError) as caught:
        check_address("splunk", address)
    assert caught.value.key == "to"


@pytest.mark.parametrize("address", ["https://me:geheim@a", "http://geheim@a:1/x", "https://:geheim@[::1]"])
def test_no_password_stands_in_an_address(address: str) -> None:
    with pytest.raises(OptionError, match="without user and password") as caught:
        check_address("http", address)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind, form in KINDS.items() if form])
def test_nothing_is_no_address(kind: str) -> None:
    with pytest.raises(OptionError):
        check_address(kind, "")


def test_the_reference_is_a_configuration_that_changes_nothing(tmp_path: Path) -> None:
    import re

    from sensor.ship.command import reference

    assert mistakes_in(reference(), tmp_path) == []
    text = re.sub(r"(?m)^( *)#(\w+:)", r"\1\2", reference())
    path = tmp_path / "far.yaml"
    path.write_text(text)
    config, mistakes = read_options(str(path), Destination(kind="stdout"))
    assert [str(mistake) for mistake in mistakes if ": kind:" not in str(mistake)] == []
    assert config == Destination(kind="stdout")
