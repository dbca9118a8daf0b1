"""The manual pages: each reports everything in the tables it is made from, and every formatter takes it."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from sensor import __version__, metrics
from sensor.cli import make_parser
from sensor.config import Config
from sensor.options import declaration
from sensor.rules.table import RULES
from sensor.stats import UNIDENTIFIED
from sensor.tables.output_schema import KEYS
from tests.oracle.deviations import DEVIATIONS
from tests.packaging.root import REPOSITORY

GENERATOR = REPOSITORY / "packaging/man/generate.py"
PAGES = (
    "man5/host-sensor-events.5",
    "man5/host-sensor.yaml.5",
    "man7/host-sensor-audit-rules.7",
    "man7/host-sensor-laurel.7",
    "man7/host-sensor-metrics.7",
    "man8/host-sensor-ship.8",
    "man8/host-sensor.8",
)
FORMATTERS = {
    "groff": ["groff", "-ww", "-man", "-Tutf8", "-z"],
    "man": ["man", "--warnings", "-l"],
    "mandoc": ["mandoc", "-Tlint", "-Wwarning"],
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("man")
    # -I: no virtual environment and nothing of the working directory, as in a package build.
    subprocess.run([sys.executable, "-B", "-I", GENERATOR, folder], check=True, cwd="/")
    return folder


def plain(page: Path) -> str:
    """The page's source without roff's escapes."""
    text = re.sub(r"\\f[BIR]|\\&", "", page.read_text(encoding="ascii"))
    text = re.sub(r"\\\[u([0-9A-F]+)\]", lambda found: chr(int(found[1], 16)), text)
    for escape, character in (("\\-", "-"), ("\\(aq", "'"), ("\\(ha", "^"), ("\\(ti", "~"), ("\\e", "\\")):
        text = text.replace(escape, character)
    return text


def terms(text: str, heading: str) -> list[str]:
    """`SUBSECTION TERM` for every entry of a section."""
    section = text.partition(f"\n.SH {heading}\n")[2].partition("\n.SH ")[0]
    found, inside = [], ""
    lines = section.splitlines()
    for line, following in zip(lines, [*lines[1:], ""]):
        inside = line[4:] if line.startswith(".SS ") else inside
        if line == ".TP":
            found.append(f"{inside} {following}".strip())
    return found


def option_names(holder: Any, path: str = "") -> list[str]:
    """Keys of a section, then those of the sections in it."""
    names: list[str] = []
    inner_names: list[str] = []
    for field in dataclasses.fields(holder):
        inner = declaration(field).section
        if inner is None:
            names.append(f"{path} {field.name}".strip())
        else:
            inner_names += option_names(inner, f"{path}.{field.name}".lstrip("."))
    return names + inner_names


def test_every_page_is_made(pages: Path) -> None:
    assert sorted(str(path.relative_to(pages)) for path in pages.rglob("*.?")) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("formatter", FORMATTERS)
def test_formatters_have_nothing_to_show(formatter: str, page: str, pages: Path) -> None:
    if not shutil.which(formatter):
        pytest.skip(f"needs {formatter}")
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "MANPAGER": "cat"}
    command = [*FORMATTERS[formatter], str(pages / page)]
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    output = result.stdout + result.stderr if formatter == "mandoc" else result.stderr
    assert (result.returncode, output) == (0, "")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_the_version_and_nothing_is_left_to_replace(page: str, pages: Path) -> None:
    text = (pages / page).read_text(encoding="ascii")
    assert f'"host-sensor {__version__}"' in text
    assert re.search(r"^@|@[A-Z]+@", text, re.MULTILINE) is None


def test_every_command_is_there(pages: Path) -> None:
    command = [sys.executable, "-m", "sensor", "--help"]
    shown = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^    ([a-z-]+)(?:  |$)", shown, re.MULTILINE)
    text = plain(pages / "man8/host-sensor.8")
    assert len(commands) >= 10
    assert [name for name in commands if f"\nhost-sensor {name}" not in text] == []
    described = [term.split()[0] for term in terms(text, "COMMANDS")]
    assert [name for name in commands if name not in described] == []


@pytest.mark.parametrize("term", ["-c, --config FILE", "-k, --key KEY", "--success yes|no", "-f, --follow", "LOG"])
def test_an_option_of_a_command_shows_what_it_takes(pages: Path, term: str) -> None:
    assert term in terms(plain(pages / "man8/host-sensor.8"), "COMMANDS")


def test_the_examples_are_command_lines(pages: Path) -> None:
    """Each part of a pipeline that is this program's; what stands behind > is left to the shell."""
    source = (pages / "man8/host-sensor.8").read_text(encoding="ascii")
    examples = re.findall(r'(?m)^\.B "(.*)"$', source.partition(".SH EXAMPLES\n")[2])
    assert len(examples) >= 5
    for example in examples:
        line = example.replace("\\-", "-").replace("\\(aq", "'").partition(" >")[0]
        ours = [part.split(None, 1)[1] for part in line.split(" | ") if part.startswith("host-sensor ")]
        assert ours
        for arguments in ours:
            make_parser().parse_args(shlex.split(arguments))


def test_every_option_is_there(pages: Path) -> None:
    assert terms(plain(pages / "man5/host-sensor.yaml.5"), "OPTIONS") == option_names(Config())


def test_every_key_is_there(pages: Path) -> None:
    text = plain(pages / "man5/host-sensor-events.5")
    expected = [f"{row.where} {', '.join(row.name.split())}" for row in KEYS]
    assert sorted(terms(text, "KEYS")) == sorted(expected)
    assert [row.meaning for row in KEYS if f"\n{row.meaning}.\n" not in text] == []


def test_every_reason_for_an_event_without_a_guid_is_there(pages: Path) -> None:
    text = plain(pages / "man5/host-sensor-events.5")
    assert [term.removeprefix(" ") for term in terms(text, "IDENTITY")] == list(UNIDENTIFIED)
    assert [meaning for meaning in UNIDENTIFIED.values() if f"\n{meaning}\n" not in text] == []


def test_every_metric_is_there(pages: Path) -> None:
    text = plain(pages / "man7/host-sensor-metrics.7")
    names = {re.sub(r"\{.*", "", term.split()[-1]) for term in terms(text, "METRICS")}
    assert names == set(metrics.names())


def test_every_alert_has_its_section(pages: Path) -> None:
    text = plain(pages / "man7/host-sensor-metrics.7")
    rules = yaml.safe_load((REPOSITORY / "grafana/alerts.yaml").read_text())["groups"][0]["rules"]
    named = {rule["annotations"]["runbook_url"] for rule in rules}
    sections = re.findall(r"^\.SS (HostSensor\w+)\n(?:.+\n)+?\.IP 1\. 4\nRun host-sensor doctor", text, re.MULTILINE)
    assert {f"man:host-sensor-metrics(7)#{section}" for section in sections} == named


def test_every_audit_rule_is_there(pages: Path) -> None:
    text = plain(pages / "man7/host-sensor-audit-rules.7")
    assert terms(text, "RULES") == [rule.key for rule in RULES]
    assert [rule.key for rule in RULES if f"\n{rule.why}.\n" not in text] == []
    techniques = [technique for rule in RULES for technique in rule.techniques if technique not in text]
    assert techniques == []


def test_every_deviation_is_there(pages: Path) -> None:
    text = plain(pages / "man7/host-sensor-laurel.7")
    assert terms(text, "DEVIATIONS") == [deviation.name for deviation in DEVIATIONS]
    assert [one.name for one in DEVIATIONS if one.ours.replace("`", "") not in text] == []
