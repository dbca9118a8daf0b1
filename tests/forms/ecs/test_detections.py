"""How many of the public detection rules for audit data have all the fields that they ask for, by default.

A rule whose field no document ever has cannot fire. The numbers may rise; whatever lowers one is looked at.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sensor.audit.notices import SensorNotice, Stop
from sensor.build import build
from sensor.config import Config
from sensor.stats import Stats
from tests.forms.ecs.test_form import start
from tests.forms.ecs.test_schema import NONE, counted, documents
from tests.summary.events import IDS
from tests.support.ecs_schema import leaves
from tests.test_data import LOGS

DATA = Path(__file__).resolve().parents[2] / "data"
RULES = DATA / "detections" / "elastic-fields.json"
NORMALIZATIONS = DATA / "go-libaudit" / "normalizations.yaml"
LEAST = {"linux": 109, "cross-platform": 43}


@contextmanager
def led() -> Iterator[tuple[int, int]]:
    """A sleep(1), and the shell that leads its session, while they live; their numbers."""
    command = ["sh", "-c", "sleep 60 & echo $!; wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as shell:
        assert shell.stdout is not None
        try:
            sleep = int(shell.stdout.readline())
            exe = Path(f"/proc/{sleep}/exe")
            while "sleep" not in os.readlink(exe):
                time.sleep(0.01)
            yield sleep, shell.pid
        finally:
            os.killpg(shell.pid, signal.SIGTERM)


def live_documents() -> list[dict[str, Any]]:
    """What a running sensor writes of a process that lives, and when it stops itself."""
    with led() as (pid, leader):
        return documents_of(pid, leader)


def documents_of(pid: int, leader: int) -> list[dict[str, Any]]:
    config = Config()
    config = replace(config, output="ecs", probe=replace(config.probe, use=False))
    pipeline = build(config, Stats(), live=True).pipeline
    exe, id = os.readlink(f"/proc/{pid}/exe"), f"{time.time():.3f}:7"
    record = (
        f"type=SYSCALL msg=audit({id}): arch=c000003e syscall=59 success=yes exit=0 a0=0 a1=0 a2=0 a3=0 items=0"
        f' ppid={leader} pid={pid} {IDS} tty=pts0 ses=3 comm="sleep" exe="{exe}" key="k"\n'
        f'type=EXECVE msg=audit({id}): argc=2 a0="sleep" a1="60"\n'
    )
    pipeline.feed(record.encode(), 0.0)
    pipeline.notice(SensorNotice(f"{time.time():.3f}:sensor-1", Stop("signal", 1, 1, 1, 0)))
    return [json.loads(line.encode("latin-1")) for line in pipeline.close()]


@cache
def written() -> frozenset[str]:
    """Every field of any document, recorded and live."""
    recorded = {name for path in LOGS for found in documents(start(path)) for name, _ in leaves(found)}
    return frozenset(recorded | {name for found in live_documents() for name, _ in leaves(found)})


def test_the_rules_find_their_fields() -> None:
    rules = json.loads(RULES.read_text())
    assert Counter(rule["group"] for rule in rules) == {"linux": 109, "cross-platform": 43}
    without = {rule["rule"]: sorted(set(rule["fields"]) - written()) for rule in rules}
    complete = Counter(rule["group"] for rule in rules if not without[rule["rule"]])
    missing = {rule: fields for rule, fields in without.items() if fields}
    assert complete == LEAST, missing


def test_the_actions_of_auditbeat_that_rules_ask_for_are_written() -> None:
    """Its names are those of go-libaudit's rules; `exec`, `ProcessRollup2` and so on are other products'."""
    theirs = {str(rule.get("action")) for rule in yaml.safe_load(NORMALIZATIONS.read_text())["normalizations"]}
    asked = {action for rule in json.loads(RULES.read_text()) for action in rule["event_action_any_of"]}
    ours = {found["event"].get("action") for path in LOGS for found in documents(start(path))}
    assert len(asked & theirs) >= 10
    assert asked & theirs - ours == {"wrote-to-file"}  # write(2) and the like, which no recorded session audits


def test_what_is_written_live_is_valid() -> None:
    stopped, event = sorted(live_documents(), key=lambda found: "user" in found)
    assert event["process"]["session_leader"]["entity_id"]
    assert event["process"]["parent"]["name"]
    assert counted(iter([event, stopped])) == NONE
