"""Configurations with mistakes, open to others, undecided since an upgrade, or with names that nobody has."""

from __future__ import annotations

from pathlib import Path

import pytest

from sensor.config import Config
from sensor.doctor.configuration import check_configuration
from sensor.outputs import Options
from tests.doctor.examined import ExaminedHost, levels, wrong

PATH = "/etc/host-sensor/config.yaml"
CONFIG = Config(user="root")


def test_a_configuration_without_mistakes(host: ExaminedHost) -> None:
    host.write(PATH, "user: root\n")
    assert levels(check_configuration(host, CONFIG, PATH)) == {"configuration.mistakes": "ok"}


def test_no_configuration_is_none_that_is_wrong(host: ExaminedHost) -> None:
    assert levels(check_configuration(host, CONFIG, PATH)) == {"configuration.mistakes": "ok"}


def test_each_mistake_is_a_finding_with_its_line(host: ExaminedHost) -> None:
    host.write(PATH, "user: root\nsise: 1\nauditlog: {sise: 1}\n")
    texts = [finding.text for finding in check_configuration(host, CONFIG, PATH) if finding.level == "failure"]
    assert [text.partition("config.yaml")[2][:2] for text in texts] == [":2", ":3"]


def test_others_can_change_it(host: ExaminedHost) -> None:
    host.write(PATH, "user: root\n")
    Path(host.path(PATH)).chmod(0o666)
    assert wrong(check_configuration(host, CONFIG, PATH))["configuration.rights"] == "failure"


@pytest.mark.parametrize("suffix", [".dpkg-new", ".dpkg-dist", ".rpmnew"])
def test_an_upgrade_waits_for_a_decision(host: ExaminedHost, suffix: str) -> None:
    host.write(PATH, "user: root\n")
    host.write(PATH + suffix, "")
    assert wrong(check_configuration(host, CONFIG, PATH)) == {"configuration.upgrade": "warning"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(user="_no_such_user"), {"configuration.user": "failure"}),
        (Config(user=None), {}),
        (Config(user="root", auditlog=Options(read_users=("_no_such_user",))), {"configuration.user": "warning"}),
        (
            Config(user="root", auditlog=Options(read_groups=("_no_such_group", "4"))),
            {"configuration.group": "warning"},
        ),
        (
            Config(user="root", filterlog=Options("filtered.jsonl", read_users=("_no_such_user",))),
            {"configuration.user": "warning", "configuration.effect": "warning"},
        ),
    ],
)
def test_names(host: ExaminedHost, config: Config, expected: dict[str, str]) -> None:
    assert wrong(check_configuration(host, config, PATH)) == expected


def test_a_stage_that_others_can_write(host: ExaminedHost, tmp_path: Path) -> None:
    stage = tmp_path / "stage.py"
    stage.write_text("def stage(event): pass")
    stage.chmod(0o666)
    config = Config(user="root", stages=(str(stage),))
    assert wrong(check_configuration(host, config, PATH)) == {"configuration.stage": "warning"}
