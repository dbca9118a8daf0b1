"""host-sensor as a program of its own: how the tests start it, and the configuration they give it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from sensor.config import Config
from sensor.errors import ProbeError
from sensor.probe import DEFAULTS, Options, loader

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str) -> list[str]:
    """The command line of this checkout's host-sensor, fit for any directory and an empty environment."""
    return ["/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "sensor", *arguments]


def no_enrichment() -> dict[str, Any]:
    """The section `enrich` with all that adds to events switched off."""
    on = Config().enrich
    values = {field.name: getattr(on, field.name) for field in fields(on)}
    switches = {name: False for name, value in values.items() if isinstance(value, bool)}
    return {**switches, **{name: [] for name, value in values.items() if isinstance(value, tuple)}}


@contextmanager
def own_probe() -> Iterator[Options | str]:
    """Load a kernel probe of one's own for a while: its options; or why it cannot be had."""
    options = replace(DEFAULTS, path=f"/sys/fs/bpf/host-sensor-test-{os.getpid()}-own")
    try:
        loader.load(options)
    except ProbeError as reason:
        yield str(reason)
        return
    try:
        yield options
    finally:
        loader.unload(options)


def write_config(directory: Path, /, **sections: Any) -> Path:
    """Write a configuration that logs events alone to `directory`/audit.jsonl, serves no metrics, keeps its privileges.

    Nor does it read a probe: that of this machine is not the test's, and waiting for one makes a directory for it.
    `sections` are merged into it, a section at a time. JSON is YAML.
    """
    config: dict[str, Any] = {
        "directory": str(directory),
        "user": None,
        "auditlog": {"file": "audit.jsonl"},
        "metrics": {"listen": ""},
        "sensor_events": False,
        "probe": {"use": False},
    }
    for name, value in sections.items():
        config[name] = {**config.get(name, {}), **value} if isinstance(value, dict) else value
    path = directory / "config.yaml"
    path.write_text(json.dumps(config, indent=2) + "\n")
    path.chmod(0o640)
    return path
