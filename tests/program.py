"""host-sensor as a program of its own: how the tests start it, and the configuration they give it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# Enrichments off, as tests/oracle/laurel.py has them for LAUREL.
NO_ENRICHMENT: dict[str, Any] = {
    "pid": False,
    "spawned_by": False,
    "container": False,
    "systemd": False,
    "script": False,
    "uid_groups": False,
    "execve_env": [],
}


def command(*arguments: str) -> list[str]:
    """The command line of this checkout's host-sensor, fit for any directory and an empty environment."""
    return ["/usr/bin/env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "sensor", *arguments]


def write_config(directory: Path, **sections: Any) -> Path:
    """Write a configuration that logs to `directory`/audit.jsonl, serves no metrics and keeps its privileges.

    `sections` are merged into it, a section at a time. JSON is YAML.
    """
    config: dict[str, Any] = {
        "directory": str(directory),
        "metrics": {"listen": ""},
        "auditlog": {"file": "audit.jsonl"},
    }
    for name, value in sections.items():
        config[name] = {**config.get(name, {}), **value} if isinstance(value, dict) else value
    path = directory / "config.yaml"
    path.write_text(json.dumps(config, indent=2) + "\n")
    path.chmod(0o640)
    return path
