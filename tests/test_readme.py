"""What README promises: short, its configuration is one, its links lead somewhere, its commands exist."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import pytest
import yaml

from sensor.cli import main, make_parser
from sensor.config import check

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_it_is_read_in_five_minutes() -> None:
    assert len(README.splitlines()) <= 150


def test_its_configuration_has_no_mistakes(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    config = tmp_path / "config.yaml"
    config.write_text(block)
    assert check(str(config)) == []


def test_its_commands_exist() -> None:
    """What stands in backticks after `lists the commands`, and each `host-sensor COMMAND`."""
    (commands,) = [action for action in make_parser()._actions if isinstance(action, argparse._SubParsersAction)]
    listed = README.partition("lists the commands:")[2].partition("\n\n")[0]
    named = {*re.findall(r"`([a-z-]+)`", listed), *re.findall(r"(?m)(?:^|`)host-sensor ([a-z-]+) ?", README)}
    named -= {"turns", "--help"}
    assert {"doctor", "convert", "rules"} <= named
    assert named <= set(commands.choices)


def test_the_alert_that_it_names_is_the_one_for_a_sensor_that_is_gone() -> None:
    (name,) = re.findall(r"the alert `(\w+)` in `grafana/alerts.yaml` fires if it is gone", README)
    rules = yaml.safe_load((ROOT / "grafana/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    asked = [rule["expr"] for group in rules for rule in group["rules"] if rule.get("alert") == name]
    assert asked
    assert all(re.match(r"up\{[^}]*\} == 0$", expression) for expression in asked)


def test_the_command_to_try_makes_the_event_that_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    """Its id, arguments, file and command line; recorded logs have no GUIDs."""
    (command,) = re.findall(r"(?m)^python3 -m sensor (.*?) +#", README)
    assert main([str(ROOT / word) if "/" in word else word for word in command.split()]) == 0
    made = json.loads(capfd.readouterr().out)
    (shown,) = re.findall(r"```json\n(.*?)```", README, re.DOTALL)
    for text in (made["ID"], *made["SYSCALL"]["ARGV"], made["PATH"][1]["name"], made["PROCTITLE"]["ARGV"][0]):
        assert json.dumps(text, ensure_ascii=False) in shown


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"])
def test_links_lead_somewhere(document: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / document).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "tests/bench/README.md"])
def test_tasks_exist(document: str) -> None:
    tasks = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"(?m)(?:`|^)make ([a-z-]+)", text))
    assert named
    assert named <= tasks
