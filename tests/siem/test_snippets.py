"""What no program here can run: configuration that is well formed and asks for what is there.

Splunk's regular expressions are tried on lines, Wazuh's rules are judged on documents.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from configparser import RawConfigParser
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.forms.ecs.test_schema import documents
from tests.siem.written import FORMS, INTRUDERS, PLANTED, SIEM, content, written
from tests.support.every_key import Host
from tests.support.fake_host import event

LOG = "/var/log/host-sensor/audit.jsonl"


def splunk(name: str) -> RawConfigParser:
    parser = RawConfigParser(delimiters=("=",), strict=True, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(SIEM / "splunk" / f"{name}.conf")
    return parser


def paths(value: Any, name: str = "") -> Iterator[str]:
    """The names that Splunk gives to all in an event: PATH{}.name, EXECVE.ARGV{}."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{name}{{}}")
    else:
        yield name


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The names in events of each of Splunk's source types."""
    found: dict[str, set[str]] = {}
    for form, source in (("laurel", "host_sensor"), ("ecs", "host_sensor:ecs")):
        folder = tmp_path_factory.mktemp(form)
        options = f"output: {form}\ntranslate: {{universal: true}}\nenrich: {{parent_info: true}}\n"
        lines = [line for line, _ in Host(folder, form).lines()]
        for feed in (content(INTRUDERS), content(PLANTED), event(f'CWD cwd="{"a" * 70_000}"').encode()):
            lines += written(feed, options, folder).read_text("latin-1").splitlines()
        found[source] = {name for line in lines for name in paths(json.loads(line.encode("latin-1")))}
    return found


NAME = re.compile(r"(?<![\w.{}:])'?\"?((?:[A-Z_]+(?:\{\})?|process|user|event)(?:\.\w+)+(?:\{\})?)")


@pytest.mark.parametrize("source", ["host_sensor", "host_sensor:ecs"])
def test_what_splunk_calls_by_another_name_is_in_events(source: str, known: dict[str, set[str]]) -> None:
    text = "\n".join(
        value for name, value in splunk("props")[source].items() if name.startswith(("EVAL", "FIELDALIAS"))
    )
    asked = set(NAME.findall(text))
    assert len(asked) > 8
    assert asked - known[source] == set()


def test_what_splunk_searches_ask_for_is_in_events(known: dict[str, set[str]]) -> None:
    searches = splunk("savedsearches")
    assert len(searches.sections()) == 6
    for name in searches.sections():
        asked = set(NAME.findall(searches[name]["search"]))
        assert asked, name
        assert asked - known["host_sensor"] == set(), name
        assert searches[name]["search"].startswith("sourcetype=host_sensor ")


@pytest.mark.parametrize(("source", "form"), [("host_sensor", "laurel"), ("host_sensor:ecs", "ecs")])
def test_splunk_finds_events_and_their_times(source: str, form: str, tmp_path: Path) -> None:
    props = splunk("props")[source]
    text = written(content(INTRUDERS), f"output: {form}", tmp_path).read_text("utf-8")
    lines = re.split(props["LINE_BREAKER"].replace("(", "(?:", 1), text.rstrip("\n"))
    assert len(lines) == len(text.splitlines())
    usual = {"%s.%3N": "%s", "%Y-%m-%dT%H:%M:%S.%3NZ": "%Y-%m-%dT%H:%M:%S"}
    for line in lines:
        begin = re.search(props["TIME_PREFIX"], line)
        assert begin is not None
        stamp = line[begin.end() :][: int(props["MAX_TIMESTAMP_LOOKAHEAD"])]
        whole = stamp.partition(".")[0]
        moment = float(whole) if usual[props["TIME_FORMAT"]] == "%s" else seconds(whole)
        document = json.loads(line)
        assert int(moment) == int((document.get("ID") or document["event"]["id"]).partition(".")[0])


def seconds(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()


def test_splunk_takes_the_host_of_the_stream(tmp_path: Path) -> None:
    rule = splunk("transforms")["host_sensor_node"]
    assert splunk("props")["host_sensor"]["TRANSFORMS-host"] == "host_sensor_node"
    text = "node=web01 type=LOGIN msg=audit(1.000:1): pid=1 ses=2\ntype=LOGIN msg=audit(1.000:2): pid=1 ses=2\n"
    lines = written(text.encode(), "", tmp_path).read_text().splitlines()
    found = [re.search(rule["REGEX"], line) for line in lines]
    assert [match and match.group(1) for match in found] == ["web01", None]


def wazuh() -> list[ET.Element]:
    return ET.parse(SIEM / "wazuh" / "host-sensor_rules.xml").getroot().findall("rule")


def text_of(document: Any, name: str) -> str | None:
    """A field as Wazuh's decoder has it: a list as its JSON."""
    for part in name.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return None if document is None else document if isinstance(document, str) else json.dumps(document)


def holds(rule: ET.Element, document: Any, rules: dict[str, ET.Element]) -> bool:
    above = rule.findtext("if_sid")
    if above is not None and not holds(rules[above], document, rules):
        return False
    for field in rule.findall("field"):
        text = text_of(document, str(field.get("name")))
        found = text is not None and re.search(str(field.text), text) is not None
        if found is (field.get("negate") == "yes"):
            return False
    return True


def test_wazuh_rules_find_what_intruders_did() -> None:
    rules = {str(rule.get("id")): rule for rule in wazuh()}
    found = [*documents(content(INTRUDERS))]
    counts = {id: sum(holds(rule, document, rules) for document in found) for id, rule in rules.items()}
    assert counts == {"110500": 53, "110501": 32, "110502": 1, "110503": 2, "110504": 1, "110505": 1}


def test_wazuh_rules_name_fields_of_documents(known: dict[str, set[str]]) -> None:
    names = {name.replace("{}", "") for name in known["host_sensor:ecs"]}
    for rule in wazuh():
        asked = {str(field.get("name")) for field in rule.findall("field")}
        asked |= set(re.findall(r"\$\(([^)]+)\)", str(rule.findtext("description"))))
        assert asked - names == set(), rule.get("id")
        assert 110500 <= int(str(rule.get("id"))) < 110600  # of the range that is left to users


def test_wazuh_reads_the_log() -> None:
    agent = ET.parse(SIEM / "wazuh" / "ossec.conf").getroot()
    assert (agent.findtext("localfile/log_format"), agent.findtext("localfile/location")) == ("json", LOG)


def loaded(name: str) -> Any:
    return yaml.safe_load((SIEM / name / "host-sensor.yaml").read_text())


def test_vector_reads_the_log_and_keeps_what_it_does_not_understand() -> None:
    config = loaded("vector")
    parts = {**config["sources"], **config["transforms"]}
    assert config["sources"]["host_sensor_log"]["include"] == [LOG]
    for sink in [*config["sinks"].values(), *config["transforms"].values()]:
        assert {name.partition(".")[0] for name in sink["inputs"]} <= set(parts)
    assert config["sinks"]["elasticsearch"]["data_stream"]["auto_routing"] is True
    assert config["sinks"]["not_understood"]["inputs"] == ["host_sensor.dropped"]


def test_fluent_bit_reads_the_log_and_its_times(tmp_path: Path) -> None:
    config = loaded("fluent-bit")
    (parser,) = config["parsers"]
    (tail,), (out,) = config["pipeline"]["inputs"], config["pipeline"]["outputs"]
    assert (tail["path"], tail["parser"], tail["tag"]) == (LOG, parser["name"], out["match"])
    line = written(content(PLANTED), FORMS["ecs"], tmp_path).read_text().splitlines()[0]
    stamp = json.loads(line)[parser["time_key"]]
    assert datetime.strptime(stamp, parser["time_format"].replace("%L", "%f"))
    stream = json.loads(line)["data_stream"]
    assert out["index"] == "-".join(stream[part] for part in ("type", "dataset", "namespace"))


def test_opentelemetry_reads_the_log_and_its_times(tmp_path: Path) -> None:
    config = loaded("opentelemetry")
    (name,) = config["service"]["pipelines"]["logs"]["receivers"]
    receiver = config["receivers"][name]
    assert receiver["include"] == [LOG]
    stamp = receiver["operators"][0]["timestamp"]
    assert (stamp["layout_type"], stamp["layout"]) == ("gotime", "2006-01-02T15:04:05.000Z07:00")
    line = written(content(PLANTED), FORMS["ecs"], tmp_path).read_text().splitlines()[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", json.loads(line)["@timestamp"])
    for part in ("receivers", "processors", "exporters"):
        assert set(config["service"]["pipelines"]["logs"][part]) == set(config[part])
    assert config["service"]["extensions"] == [*config["extensions"]]
