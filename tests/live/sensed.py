"""The whole sensor for the length of a test: kernel, probe, auditd, `host-sensor run` as its plugin, and the log.

    with sensed(folder, rules=["-S execve -k exec"]) as sensor:
        sensor.audit.run(["/bin/true"])
        events = sensor.events()

The probe is the test's own. `messages` is what the sensor says on standard error, which auditd would throw away.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sensor.probe import DEFAULTS, Options, loader
from tests.bench import measure
from tests.probe.loaded import obstacle, options_of_a_test
from tests.support.audit_session import AuditSession, NoAuditError, wait_until
from tests.support.program import command, write_config

Event = dict[str, Any]


class Sensed:
    """See the module's docstring."""

    def __init__(self, audit: AuditSession, probe: Options, port: int, probed: bool) -> None:
        self.audit = audit
        self._port = port
        self.probe = probe
        self.probed = probed
        self.log = audit.directory / "log" / "audit.jsonl"
        self.config = audit.directory / "config.yaml"

    def events(self) -> list[Event]:
        """Everything in the log, once all that has happened is in it."""
        self.audit.drain(self.log)
        return [json.loads(line) for line in self.log.read_bytes().splitlines()]

    def messages(self) -> list[str]:
        """What the sensor output so far, line by line."""
        path = self.audit.directory / "messages"
        return path.read_text().splitlines() if path.exists() else []

    def metric(self, name: str) -> int:
        """The value of one of the sensor's metrics; `name` without `host_sensor_`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        (value,) = [line.split()[1] for line in lines if line.startswith(f"host_sensor_{name} ")]
        return int(float(value))

    def counters(self) -> dict[str, float]:
        """All of the sensor's metrics with their labels; names without `host_sensor_`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=10) as answer:
            lines = [line for line in answer.read().decode().splitlines() if line.startswith("host_sensor_")]
        pairs = [line[len("host_sensor_") :].rsplit(" ", 1) for line in lines]
        return {name: float(value) for name, value in pairs}

    def memory(self) -> tuple[float, float]:
        """Resident memory of the sensor in MB (10⁶ bytes): now, and at its highest."""
        (pid,) = self.audit.plugin_pids()
        return measure.memory(pid)


@contextlib.contextmanager
def sensed(folder: Path, rules: Sequence[str], probe: Options | None = DEFAULTS, **sections: Any) -> Iterator[Sensed]:
    """Load the probe, if there is to be one, and run the sensor under auditd.

    sections: of its configuration; auditd: what AuditSession takes besides.
    """
    with contextlib.ExitStack() as stack:
        if probe is not None:
            reason = obstacle()
            if reason is not None:
                pytest.skip(reason)
            probe = stack.enter_context(options_of_a_test(probe))
            loader.load(probe, sections.get("user"))
        auditd = sections.pop("auditd", {})
        options = probe or replace(DEFAULTS, path="/nowhere")
        section = {"use": probe is not None, "path": options.path, **sections.pop("probe_options", {})}
        sections["auditlog"] = {"size": 1 << 30, **sections.get("auditlog", {})}  # never rotated
        sections["metrics"] = {"listen": f"127.0.0.1:{(port := _free_port())}"}
        logs = folder / "log"  # auditd sees to it that its own folder is root's
        logs.mkdir()
        shutil.chown(logs, sections.get("user") or "root")
        # Beside the logs: a configuration that the sensor's user could replace is not used.
        config = write_config(folder, directory=str(logs), probe=section, **sections)
        run = ["/bin/sh", "-c", 'exec "$@" 2>>"$0"', str(folder / "messages"), *command("run", "--config", str(config))]
        try:
            audit = stack.enter_context(AuditSession(run, rules=rules, directory=folder, quiet=True, **auditd))
        except NoAuditError as error:
            pytest.skip(str(error))
        sensor = Sensed(audit, options, port, probe is not None)
        wait_until(lambda: any("runs" in message for message in sensor.messages()), 20, "the sensor to be ready")
        yield sensor


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def crashes(events: Sequence[Event]) -> list[Event]:
    """Events that a mistake in the sensor left its mark on."""
    return [
        event
        for event in events
        if "stage_failed" in event.get("SENSOR", {}).get("notes", ()) or "PARSE_ERROR" in event
    ]
