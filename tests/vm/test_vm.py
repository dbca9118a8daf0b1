"""The product in a machine of its own, from the package: what only a real boot, a real auditd and late ticks show."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable

import pytest

from tests.packaging.test_upgrade import rebuilt, with_other_files
from tests.vm import machine, passed, report
from tests.vm import package as packages

HERE = Path(__file__).parent

pytestmark = [pytest.mark.vm, pytest.mark.slow, pytest.mark.root]


@pytest.fixture(scope="module")
def built() -> Path:
    return machine.image("trixie")


@pytest.fixture(scope="module")
def package() -> Path:
    """Of the release that most tests are on."""
    return packages.package("trixie")


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> Path:
    """A program that does nothing, without the dynamic linker, which takes most of the life of /bin/true."""
    folder = tmp_path_factory.mktemp("short")
    (folder / "short.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(["gcc", "-O2", "-static", "-s", "-o", folder / "short", folder / "short.c"], check=True)
    return folder / "short"


@pytest.fixture(scope="module")
def keep() -> Iterator[Callable[[Path, list[str], dict[str, list[str]], float], None]]:
    """Keep what has passed: package, scripts, sections of the report, when it began; the last writes the report."""
    run = datetime.now(timezone.utc).isoformat(timespec="minutes")

    def keep(package: Path, scripts: list[str], sections: dict[str, list[str]], started: float) -> None:
        seconds, sha256 = time.monotonic() - started, passed.sha256(package)
        passed.keep(passed.Passed(run, seconds, sha256, scripts, passed.checksum(scripts), sections))

    yield keep
    made = {release: packages.package(release) for release in machine.RELEASES}
    report.write(passed.kept([passed.sha256(file) for file in made.values()]), made)


JOURNALD = {"trixie": set(), "bookworm": {"audit.journald"}}
"""Debian 12 has journald read the audit stream too, of which doctor warns."""


@pytest.mark.parametrize("case", report.IDENTITIES, ids=lambda case: f"{case.release}-{case.execs}-{case.busy}")
def test_every_exec_has_the_guid_of_the_probe(case, short, tmp_path, keep):
    """With busy processes beside the machine its clock ticks late, and audit's times with it."""
    (tmp_path / "execs").write_text(f"{case.execs}\n")
    boot, package = machine.Boot(busy=case.busy), packages.package(case.release)
    files = [package, short, tmp_path / "execs"]
    image, started = machine.image(case.release), time.monotonic()
    done = machine.run(image, HERE / "identity.sh", files, tmp_path, boot)
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
    assert sources["probe"] >= case.execs
    assert others == [], f"{len(others)} of {sum(sources.values())}: {others[:3]}"
    found = report.findings(done.folder / "doctor.json")
    assert {one["name"] for one in found if one["level"] != "note"} <= JOURNALD[case.release], found
    assert ("package.compiled" in {one["name"] for one in found}) != packages.is_compiled(package)
    keep(package, ["identity.sh"], report.of_identity(case, done, dict(sources)), started)


def test_a_missing_folder_does_not_stop_auditd(built, package, tmp_path, keep):
    """On Debian 13 auditd.service requires audit-rules.service, which fails when rules cannot be loaded."""
    started = time.monotonic()
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
    keep(package, ["missing.sh"], report.of_missing(done), started)


LACKING = {
    *("auditd.admin_space_left_action", "auditd.disk_full_action", "auditd.disk_error_action"),  # Debian's defaults
    *("clock.synchronized", "log.retention", "package.compiled", "rules.paths"),
}
"""What the image lacks, or is a matter of its size, and so is a note of doctor's."""


@pytest.fixture(scope="module")
def lived(built, package, tmp_path_factory, keep, request) -> Iterator[tuple[machine.Done, machine.Done]]:
    """The installation by README, and after a reboot all the rest."""
    started, failed = time.monotonic(), request.session.testsfailed
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
    took = time.monotonic() - started
    yield done[0], done[1]
    tests = {name for name, one in vars(request.module).items() if name.startswith("test_") and "lived" in _asks(one)}
    if tests <= {item.name for item in request.session.items} and request.session.testsfailed == failed:
        sections = {**report.of_install(done[0]), **report.of_life(done[1])}
        keep(package, ["install.sh", "life.sh"], sections, time.monotonic() - took)


def _asks(test: Callable[..., None]) -> Iterable[str]:
    """The fixtures that a test asks for."""
    return inspect.signature(test).parameters


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
    # What auditd had read and not yet passed on when it was stopped is in neither log, and known to be missing.
    assert int(restarted["auditd logged restart"]) > 20
    assert restarted["logged restart"] == restarted["auditd logged restart"]
    absent = report.restarted(lived[0])
    assert absent.unread <= int(restarted["missed restart"])
    assert absent.unexplained == 0
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


def test_programs_are_identified_under_load(lived):
    """But for those whose records came so late that the sensor had forgotten the dead by then, as it has to."""
    found = report.identified(lived[1])
    assert found.programs > 1000
    assert found.programs - found.known <= found.late


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
        assert found[f"{what} after removal"] == "0", f"{what}\n{life.journal('auditd', 'host-sensor')[-2000:]}"
    assert found["left after purge"].split() == []
