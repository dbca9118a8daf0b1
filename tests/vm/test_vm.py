"""The product in a machine of its own, from the package: what only a real boot, a real auditd and late ticks show."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.packaging.test_upgrade import rebuilt, with_other_files
from tests.vm import machine, report

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
    done = machine.run(built, HERE / "identity.sh", [package], tmp_path, machine.Boot(busy=busy))
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


LACKING = {
    *("auditd.admin_space_left_action", "auditd.disk_full_action", "auditd.disk_error_action"),  # Debian's defaults
    *("clock.synchronized", "log.retention", "rules.paths"),
}
"""What the image lacks, or is a matter of its size, and so is a note of doctor's."""


@pytest.fixture(scope="module")
def lived(built: Path, package: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[machine.Done, machine.Done]:
    """The installation by README, and after a reboot all the rest."""
    folder = tmp_path_factory.mktemp("life")
    (folder / "readme").write_text("\n".join(report.readme()) + "\n")
    for name, version in (("package", None), ("later", "9")):
        (folder / name).mkdir()
        file = package if version is None else rebuilt(package, folder, version, with_other_files)
        shutil.copy(file, folder / name / file.name)
    # As doctor advises: without audit=1 the kernel drops what comes while auditd is restarted.
    boot = machine.Boot(machine.own_disk(built, folder), kernel="audit=1 audit_backlog_limit=65536")
    done = []
    for script, files in (
        ("install.sh", [package, folder / "readme"]),
        ("life.sh", [folder / "package", folder / "later"]),
    ):
        (folder / script).mkdir()
        done.append(machine.run(built, HERE / script, files, folder / script, boot))
    release = re.search(r"Linux version (\S+)", (done[1].folder / "journal").read_text(errors="replace"))
    report.write(*done, release[1] if release else "unknown")
    return done[0], done[1]


def test_the_installation_of_readme_gives_a_healthy_host(lived):
    install, _ = lived
    ran = re.findall(r"(?m)^\+ (.*)\n(?:.*\n)*?= (\d+)$", install.output)
    assert [line for line, _ in ran] == report.readme()
    assert [code for _, code in ran] == ["0", "0", "124"], install.output  # tail goes on until it is stopped
    assert re.search(r"(?m)^ +/usr/bin/python3\S* \(\d+\) host-sensor *$", install.output), "the plugin is confined"
    found = {one["name"]: one for one in report.findings(install.folder / "doctor.json")}
    assert set(found) - LACKING == set(), found
    assert {one["level"] for one in found.values()} <= {"note"}


def test_a_reboot_finds_the_compiled_probe_and_the_profiles(lived):
    _, life = lived
    found = report.results(life)
    assert found["units failed"] == "0", life.output
    assert found["profile of the plugin"].endswith("host-sensor (enforce)")
    assert found["denials"] == "0"


def test_nothing_is_lost_by_restarts_upgrades_and_downgrades(lived):
    restarted, changed = map(report.results, lived)
    assert (changed["upgrade"], changed["downgrade"]) == ("0", "0")
    for name in ("all", "upgrade"):
        assert int(changed[f"programs {name}"]) > 20
        assert changed[f"logged {name}"] == changed[f"programs {name}"], name
    # What auditd had read and not yet passed on when it was stopped is in neither log.
    assert int(restarted["auditd logged restart"]) > 20
    assert restarted["logged restart"] == restarted["auditd logged restart"]
    assert restarted["records lost by the kernel"] == changed["records lost by the kernel"] == "0"


def test_people_and_jobs_are_identified(lived):
    _, life = lived
    events = [json.loads(line) for line in (life.folder / "log").read_text(encoding="utf-8").splitlines()]
    for name in ("from-sudo", "from-cron", "from-container"):
        (event,) = [one for one in events if one.get("EXECVE", {}).get("ARGV") == ["/bin/echo", name]][-1:]
        process = event["SYSCALL"]["PID"]
        assert process["GUID_SOURCE"] == "probe", name
        if name == "from-container":
            assert "root" in process
        else:
            assert event["SYSCALL"]["SESSION_GUID"], name
    loads = [
        one for one in events if re.fullmatch(r"(all|upgrade)-\d+", str(one.get("EXECVE", {}).get("ARGV", [0])[-1]))
    ]
    assert Counter(one["SYSCALL"]["PID"].get("GUID_SOURCE") for one in loads) == {"probe": len(loads)}


def test_doctor_names_whatever_is_broken(lived):
    _, life = lived
    before = report.findings(life.folder / "doctor-before.json")
    found = report.broken(life)
    assert len(found) >= 30
    new = {name: [one for one in ones if one["name"] == name and one not in before] for name, ones in found.items()}
    assert [name for name, ones in new.items() if not ones] == []
    after = {one["name"] for one in report.findings(life.folder / "doctor-after.json")}
    assert after - LACKING <= {"confinement.denied", "plugin.restarts", "log.identities", "metrics.unidentified"}


def test_a_removal_leaves_nothing(lived):
    _, life = lived
    found = report.results(life)
    assert (found["remove"], found["purge"]) == ("0", "0")
    for what in ("plugins", "profiles", "pins"):
        assert found[f"{what} after removal"] == "0", what
    assert found["left after purge"].split() == []
