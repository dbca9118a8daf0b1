"""The rules are valid; each alert fires when it should, as a warning and as critical, and at no other time."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from grafana.generate import source
from sensor import metrics
from sensor.ship.seen import ROWS as SHIP_ROWS
from sensor.stats import UNIDENTIFIED
from tests.grafana.alert_cases import CASES
from tests.grafana.boards import GRAFANA
from tests.support.prometheus import program

RULES = yaml.safe_load((GRAFANA / "alerts.yaml").read_text())["groups"][0]["rules"]
RECORDED = yaml.safe_load((GRAFANA / "rules.yaml").read_text())["groups"][0]["rules"]
EACH = [pytest.param(rule, id=f"{rule['alert']}-{rule['labels']['severity']}") for rule in RULES]
NAMES = list(dict.fromkeys(rule["alert"] for rule in RULES))
BOTH = {"warning", "critical"}


def promtool(*arguments: str, cwd: Path = GRAFANA) -> subprocess.CompletedProcess:
    return subprocess.run([program("promtool"), *arguments], cwd=cwd, capture_output=True, text=True)


def test_promtool_accepts_the_rules():
    result = promtool("check", "rules", "--lint=all", "--lint-fatal", "alerts.yaml", "rules.yaml")
    assert result.returncode == 0, result.stdout + result.stderr


def as_test(case: tuple) -> dict:
    """One case as promtool wants it: which severities of an alert fire at a time."""
    name, series, minute, severities = case
    fires = [{"labels": f'{{severity="{severity}"}}', "value": 1} for severity in sorted(severities, reverse=True)]
    expr = f'count by (severity) (count by (severity, instance) (ALERTS{{alertname="{name}",alertstate="firing"}}))'
    own = 'job="host-sensor",instance="a"'
    inputs = []
    for metric, values in series.items():
        metric_name, _, labels = metric.partition("{")
        inputs.append({"series": f"{metric_name}{{{labels[:-1]},{own}}}" if labels else f"{metric}{{{own}}}"})
        if "job=" in labels:
            inputs[-1]["series"] = metric
        inputs[-1]["values"] = values
    asked = {"expr": expr, "eval_time": f"{minute}m", "exp_samples": fires}
    return {"name": f"{name} at {minute}m: {severities}", "interval": "1m", "input_series": inputs} | {
        "promql_expr_test": [asked]
    }


def run(cases: list[tuple], folder: Path, alerts: str) -> subprocess.CompletedProcess:
    (folder / "alerts.yaml").write_text(alerts)
    (folder / "rules.yaml").write_text((GRAFANA / "rules.yaml").read_text())
    files = {"rule_files": ["rules.yaml", "alerts.yaml"], "evaluation_interval": "1m"}
    (folder / "test.yaml").write_text(json.dumps({**files, "tests": [as_test(case) for case in cases]}))
    return promtool("test", "rules", "test.yaml", cwd=folder)


def test_alerts_fire_when_they_should(tmp_path):
    result = run(CASES, tmp_path, (GRAFANA / "alerts.yaml").read_text())
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_rule_that_never_fires_is_noticed(tmp_path):
    """Each is broken on its own, in one run: of a case for every severity of every alert none may pass."""
    broken = re.sub(r"alert: (\w+)", r"alert: \1Gone", (GRAFANA / "alerts.yaml").read_text())
    firing = [case for case in CASES if case[3]]
    result = run(firing, tmp_path, broken)
    assert result.returncode != 0
    assert (result.stdout + result.stderr).count("expr:") == len(firing)


@pytest.mark.parametrize("name", NAMES)
def test_each_is_tried_in_peace_as_warning_and_as_critical(name):
    tried = [case[3] for case in CASES if case[0] == name]
    assert set() in tried
    assert any("warning" in severities and "critical" not in severities for severities in tried) or name in ONLY_BOTH
    assert any("critical" in severities for severities in tried)


ONLY_BOTH = {
    "HostSensorGone"
}  # one host that is gone is a warning, all of them are critical, and no host is left to warn


@pytest.mark.parametrize("name", NAMES)
def test_alerts_come_in_pairs(name):
    assert {rule["labels"]["severity"] for rule in RULES if rule["alert"] == name} == BOTH


@pytest.mark.parametrize("rule", EACH)
def test_alerts_show_what_is_wrong_and_where_to_read_on(rule):
    annotations = rule["annotations"]
    assert "{{ $labels.instance }}" in annotations["summary"]
    assert annotations["summary"].endswith(".")
    assert annotations["description"].endswith(".")
    assert annotations["runbook_url"] == f"man:host-sensor-metrics(7)#{rule['alert']}"


@pytest.mark.parametrize("alert", [pytest.param(alert, id=alert["alert"]) for alert in source("alerts")])
def test_runbooks_begin_with_the_doctor(alert):
    assert alert["runbook"][0].startswith("Run `host-sensor doctor`")
    assert len(alert["runbook"]) > 1
    assert all(step.endswith(".") for step in alert["runbook"])


def test_rules_ask_for_metrics_that_exist():
    known = {*metrics.names(), *(f"host_sensor_{row.name}" for row in SHIP_ROWS)}
    for rule in [*RULES, *RECORDED]:
        for name in re.findall(r"(?<![:\w])host_sensor_\w+", rule["expr"]):
            assert re.sub("_(bucket|sum|count)$", "", name) in known
    recorded = {rule["record"] for rule in RECORDED}
    asked = {name for rule in RULES for name in re.findall(r"\binstance\w*:[\w:]+", rule["expr"])}
    assert asked <= recorded


def test_the_alert_about_guids_asks_for_reasons_that_there_are():
    rules = [rule for rule in RULES if rule["alert"] == "HostSensorUnidentified"]
    for rule in rules:
        asked = re.findall(r'reason=~"([^"]+)"', rule["expr"])[0].split("|")
        assert set(asked) < set(UNIDENTIFIED)


def test_labels_of_the_cases_are_such_as_occur():
    from sensor.tables.metrics import ROWS

    known = {f"host_sensor_{row.name}": (row.label, row.known) for row in ROWS if row.known}
    for _, series, _, _ in CASES:
        for metric in series:
            name, _, labels = metric.partition("{")
            if name in known:
                label, values = known[name]
                assert re.findall(rf'{label}="([^"]*)"', labels)[0] in values, metric
