"""The product in a machine of its own, from the package: what only a real boot, a real auditd and late ticks show."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.vm import machine

HERE = Path(__file__).parent
EXECS = 5000

pytestmark = [pytest.mark.vm, pytest.mark.slow, pytest.mark.root]


@pytest.fixture(scope="module")
def built() -> Path:
    return machine.image()


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    return machine.package(tmp_path_factory.mktemp("deb"))


@pytest.mark.parametrize("busy", [0, 3])
def test_every_exec_has_the_guid_of_the_probe(busy, built, package, tmp_path):
    """With busy processes beside the machine its clock ticks late, and audit's times with it."""
    done = machine.run(built, HERE / "identity.sh", [package], tmp_path, busy)
    assert done.code == 0, done.output
    lost = re.findall(r"(?m)^lost (\d+)$", (done.folder / "audit").read_text())
    records = re.search(r"([\d,]+) records made, (\d+) of them lost", (done.folder / "probe").read_text())
    assert records is not None
    assert (lost, records[2]) == (["0"], "0"), "records were lost, so this run says nothing"

    sources: Counter[str] = Counter()
    others = []
    for line in (done.folder / "audit.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if "EXECVE" in event:
            source = event["SYSCALL"].get("PID", {}).get("GUID_SOURCE", "none")
            sources[source] += 1
            others += [line] if source != "probe" else []
    print(f"busy {busy}: {records[1]} records of the probe; execs by GUID_SOURCE: {dict(sources)}")
    assert sources["probe"] >= EXECS
    assert others == [], f"{len(others)} of {sum(sources.values())}: {others[:3]}"


def test_a_missing_folder_does_not_stop_auditd(built, package, tmp_path):
    """On Debian 13 auditd.service requires audit-rules.service, which fails when rules cannot be loaded."""
    done = machine.run(built, HERE / "missing.sh", [package], tmp_path)
    reported = dict(re.findall(r"(?m)^([a-z-]+ [a-z]+) (\w+)$", done.output))
    assert {"/etc/sudoers.d", "/etc/cron.d", "/etc/ssh/sshd_config"}.isdisjoint(done.output.split())
    assert reported["shipped augenrules"] == "0", done.output
    assert reported["shipped auditd"] == "active"
    assert int(reported["shipped rules"]) > 15
    assert int(reported["shipped last"]) > 0
    assert reported["shipped plugins"] == "1"
    # That the test can fail: without -i it is as it was.
    assert reported["without-i auditd"] != "active", done.output
