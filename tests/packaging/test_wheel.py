"""`pip install .`: a wheel, built from the source distribution and installed into a fresh environment, is the product.

Everything runs outside the repository, so that nothing of it can be imported by accident.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sensor import __version__
from tests.packaging.root import REPOSITORY
from tests.packaging.test_packages import FEED

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "build", "dist", "*.egg-info", ".*_cache", ".hypothesis", "__pycache__"
)
SDIST = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"

pytestmark = pytest.mark.slow


def need(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    shutil.copytree(REPOSITORY, folder / "tree", ignore=LEFT_OUT)
    command = [sys.executable, "-c", SDIST, str(folder)]
    name = need(subprocess.run(command, cwd=folder / "tree", capture_output=True, text=True)).split()[-1]
    subprocess.run(["tar", "-xzf", folder / name, "-C", folder], check=True)
    return folder / name.removesuffix(".tar.gz")


class Installed:
    """A fresh environment in which the wheel is installed; BCC is the system's."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.folder = folder
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source)]
        plain = {**os.environ, "HOST_SENSOR_COMPILE": "0"}  # make test-compiled shows the other, which takes minutes
        need(subprocess.run(build, capture_output=True, text=True, env=plain))
        (self.wheel,) = folder.glob("*.whl")
        base = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
        need(
            subprocess.run(
                [base, "-m", "venv", "--system-site-packages", folder / "venv"], capture_output=True, text=True
            )
        )
        install = [folder / "venv/bin/python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        done = subprocess.run([*install, str(self.wheel)], capture_output=True, text=True)
        if done.returncode != 0 and "No matching distribution" in done.stderr:
            pytest.skip(f"its dependencies cannot be had: {done.stderr.strip().splitlines()[-1]}")
        need(done)

    def try_(self, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(self.folder / "venv/bin/host-sensor"), *arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}
        return subprocess.run(
            command, input=input, cwd=self.folder, capture_output=True, text=True, timeout=120, env=environment
        )

    def run(self, *arguments: str, input: str = "") -> str:
        return need(self.try_(*arguments, input=input))


@pytest.fixture(scope="module")
def installed(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(unpacked, tmp_path_factory.mktemp("installed"))


def test_the_source_distribution_has_all_that_is_tested_and_packaged(unpacked: Path) -> None:
    tracked = [str(path.relative_to(REPOSITORY)) for path in (REPOSITORY / "tests").rglob("*.py")]
    more = ["bpf/process.c", "packaging/install", "packaging/man/host-sensor.8.in", "Makefile", "tests/demo/run"]
    assert [name for name in [*tracked, *more, "tests/conftest.py"] if not (unpacked / name).exists()] == []


def test_the_wheel_has_what_runs_and_no_more(installed: Installed) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    shared = ("bpf/process.c", "bpf/record.h", "bpf/stubs/include/linux/types.h", "rules/minimal.rules")
    assert {f"sensor/share/{name}" for name in shared} <= names
    for folder in ("stages", "rules", "grafana", "prometheus"):
        assert any(name.startswith(f"sensor/share/{folder}/") for name in names), folder
    assert "sensor/py.typed" in names
    assert [name for name in names if re.search(r"/(generate|specs)\.py$|__pycache__", name)] == []
    outside = {name.split("/")[0] for name in names} - {"sensor", f"host_sensor-{__version__}.dist-info"}
    assert outside == set()


def write_config(folder: Path, more: str = "") -> str:
    config = folder / "config.yaml"
    config.write_text(f"user: null\ndirectory: {folder}/log\nmetrics: {{listen: ''}}\n{more}")
    return str(config)


def test_run(installed: Installed, tmp_path: Path) -> None:
    config = write_config(tmp_path, "probe: {use: false}\n")
    installed.run("run", "-c", config, input=FEED)
    start, event, *_, stop = map(json.loads, (tmp_path / "log/audit.jsonl").read_text().splitlines())
    assert (start["SENSOR"]["event"], stop["SENSOR"]["event"]) == ("start", "stop")
    assert event["EXECVE"]["ARGV"] == ["id", "-u"]


def test_convert(installed: Installed) -> None:
    assert '"ARGV":["id","-u"]' in installed.run("convert", input=FEED)


def test_a_shipped_stage(installed: Installed, tmp_path: Path) -> None:
    (stages,) = (installed.folder / "venv").glob("lib/*/site-packages/sensor/share/stages")
    config = tmp_path / "config.yaml"
    config.write_text(f"stages: ['{stages}/*.py']\n")
    assert "no mistakes" in installed.run("check", str(config))


def test_bench(installed: Installed, tmp_path: Path) -> None:
    feed = tmp_path / "audit.log"
    feed.write_text(FEED)
    assert installed.run("bench", str(feed)).startswith("1 events, 3 lines in")


def test_top(installed: Installed) -> None:
    assert "/usr/bin/id" in installed.run("top", input=FEED)


@pytest.mark.parametrize("command", ["show", "tree"])
def test_show_and_tree(installed: Installed, command: str, tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    line = installed.run("convert", input=FEED)
    log.write_text(line.replace('"PID":{', '"PID":{"GUID":"ea5cfe47-5f1e-8d76-a4da-3fbba83a0626",', 1))
    assert "id" in installed.run(command, str(log))


def test_check_and_options(installed: Installed, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(installed.run("options"))
    assert "no mistakes" in installed.run("check", str(config))


@pytest.mark.root
def test_doctor(installed: Installed, tmp_path: Path) -> None:
    """It examines the host that it finds, whatever that is."""
    examined = installed.try_("doctor", "--json", "--no-test-event", "-c", write_config(tmp_path))
    assert examined.returncode in {0, 1}, examined.stderr
    assert {"level", "name", "text"} <= json.loads(examined.stdout)[0].keys()


def test_rules(installed: Installed) -> None:
    assert "T1548.001" in installed.run("rules")
    assert "-S execve,execveat -F key=exec\n" in installed.run("rules", "--print", "minimal")


def test_fields(installed: Installed) -> None:
    assert "string" in installed.run("fields", "SYSCALL.PID.GUID")


def test_import_laurel(installed: Installed, tmp_path: Path) -> None:
    theirs = tmp_path / "config.toml"
    theirs.write_text('[auditlog]\nfile = "audit.log"\n')
    if sys.version_info < (3, 11):
        pytest.importorskip("tomli")
    assert "audit.log" in installed.run("import-laurel", str(theirs))


def test_password_hash(installed: Installed) -> None:
    assert installed.run("password-hash", input="secret\n").startswith("$scrypt$")


@pytest.mark.root
def test_guid(installed: Installed) -> None:
    assert re.fullmatch(r"\d+\t[0-9a-f-]{36}\t.*\n", installed.run("guid", str(os.getpid())))


@pytest.mark.root
def test_probe(installed: Installed, tmp_path: Path) -> None:
    """It is loaded, from the source in the wheel, into a directory of the test's own."""
    if not Path("/sys/kernel/btf/vmlinux").exists():
        pytest.skip("the kernel probe needs a kernel with BTF")
    pins = f"/sys/fs/bpf/host-sensor-wheel-{os.getpid()}"
    config = write_config(tmp_path, f"probe: {{path: {pins}}}\n")
    try:
        loaded = installed.try_("probe", "load", "-c", config)
        if "BCC is not installed" in loaded.stderr:
            pytest.skip("needs BCC")
        assert re.search(rf"^loaded in {pins}/v\d+, attached$", need(loaded), re.MULTILINE)
        assert "attached" in installed.run("probe", "status", "-c", config)
    finally:
        unloaded = installed.run("probe", "unload", "-c", config)
    assert unloaded.startswith("not loaded")
    assert not Path(pins).exists()


def test_every_command_is_tried_here(installed: Installed) -> None:
    commands = re.findall(r"^    ([a-z-]+)(?:  |$)", installed.run("--help"), re.MULTILINE)
    tried = " ".join(name for name in globals() if name.startswith("test_")).replace("_", "-")
    assert len(commands) >= 10
    assert [name for name in commands if name not in tried] == []
