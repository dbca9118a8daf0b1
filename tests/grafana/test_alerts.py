"""The alert rules are valid, fire when they should and only then, and each is tried both ways."""

from __future__ import annotations

import errno
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from sensor import metrics
from sensor.ship.seen import ROWS as SHIP_ROWS
from sensor.stats import UNIDENTIFIED
from tests.support.prometheus import program

FOLDER = Path(__file__).resolve().parents[2] / "grafana"
ALERTS = [rule for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]
NAMES = [rule["alert"] for rule in ALERTS]


def promtool(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([program("promtool"), *arguments], cwd=FOLDER, capture_output=True, text=True)


def test_promtool_accepts_the_rules():
    result = promtool("check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_rules_fire_when_they_should():
    result = promtool("test", "rules", "alerts_test.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_tests_notice_a_rule_that_never_fires(name, tmp_path):
    rules = (FOLDER / "alerts.yaml").read_text()
    broken = rules.replace(f"alert: {name}\n", f"alert: {name}Gone\n")
    assert broken != rules
    (tmp_path / "alerts.yaml").write_text(broken)
    (tmp_path / "alerts_test.yaml").write_text((FOLDER / "alerts_test.yaml").read_text())
    assert promtool("test", "rules", str(tmp_path / "alerts_test.yaml")).returncode != 0


def test_each_alert_is_also_tried_in_peace():
    tests = yaml.safe_load((FOLDER / "alerts_test.yaml").read_text())["tests"]
    quiet = {case["alertname"] for test in tests for case in test["alert_rule_test"] if "exp_alerts" not in case}
    assert quiet == set(NAMES)


@pytest.mark.parametrize("rule", ALERTS, ids=NAMES)
def test_alerts_say_what_is_wrong_and_what_to_do(rule):
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith((".", "?"))
    assert "{{ $labels.instance }}" in rule["annotations"]["summary"]


def test_alerts_ask_for_metrics_that_exist():
    known = {*metrics.names(), *(f"host_sensor_{row.name}" for row in SHIP_ROWS)}
    asked = {name for rule in ALERTS for name in re.findall(r"host_sensor_\w+", rule["expr"])}
    assert asked <= known


def test_labels_of_the_unit_tests_are_such_as_occur():
    """The reasons of an output are names of errors, or `slow` (sensor.outputs.reason); others are closed sets."""
    text = (FOLDER / "alerts_test.yaml").read_text()
    named = set(re.findall(r'\b(?:reason|errno)="(\w+)"', text))
    assert named
    assert named <= {*errno.errorcode.values(), "slow", *UNIDENTIFIED}


def test_the_alert_about_guids_asks_for_reasons_that_there_are():
    (rule,) = [rule for rule in ALERTS if rule["alert"] == "HostSensorUnidentified"]
    asked = re.findall(r'reason=~"([^"]+)"', rule["expr"])[0].split("|")
    assert set(asked) < set(UNIDENTIFIED)
    assert all(f'"{reason}"' in rule["annotations"]["description"] for reason in asked)
