"""What a configuration switches off is not there; what it switches on is in its place."""

from __future__ import annotations

import pytest

from sensor.build import build
from sensor.stats import Stats
from tests.support.sensors import NO_ENRICHMENT, configured, stages

ASKED = ["CommandLines.learn", "Scripts.learn", "Labeller.label"]
TRACK = "Identity.track"


def test_with_everything_off_there_is_no_stage():
    assert stages(build(configured(enrich=NO_ENRICHMENT), Stats(), live=False)) == []


@pytest.mark.parametrize(
    "sections",
    [
        {"enrich": {"pid": True}},
        {"enrich": {"exe_hash": True}},
        {"label_process": {"label_keys": ("x",)}},
        {"filter": {"filter_null_keys": True}},
        {"stages": ("/nowhere/*.py",)},
        {"translate": {"summary": True}},
        {"metrics": {"textfile": "/nowhere/metrics"}},
        {"output": "ecs"},
        {"output": "ocsf"},
    ],
)
def test_processes_are_tracked_for_who_asks_for_them(sections):
    """First of all stages but the one that counts serials."""
    off = {"enrich": NO_ENRICHMENT, "metrics": {"listen": ""}, "loss": {"kernel": False}}
    assert "Identity.track" not in stages(build(configured(**off), Stats()))
    asked = {name: {**off.get(name, {}), **keys} if isinstance(keys, dict) else keys for name, keys in sections.items()}
    assert stages(build(configured(**{**off, **asked}), Stats()))[:2] == ["Serials.stage", "Identity.track"]


@pytest.mark.parametrize(
    ("sections", "added"),
    [
        ({"enrich": {"pid": True}}, ["Identity.add", "Identity.name_others"]),
        ({"enrich": {"spawned_by": True}}, ["Identity.add"]),
        ({"enrich": {"session_guid": True}}, ["Identity.add"]),
        ({"enrich": {"script": True}}, ["CommandLines.learn", "Scripts.learn", "Scripts.show"]),
        ({"enrich": {"cmdline": True}}, ["CommandLines.learn", "CommandLines.add_cmdline"]),
        ({"enrich": {"parent_info": True}}, ["CommandLines.learn", "CommandLines.add_parent_info"]),
        ({"enrich": {"container": True, "container_info": True}}, ["Cgroups.stage"]),
        ({"enrich": {"session": True}}, ["Sessions.stage"]),
        ({"label_process": {"label_keys": ("x",)}}, [*ASKED, "Labeller.show"]),
        ({"filter": {"filter_null_keys": True}}, ["Filters.decide"]),
        (
            {"filter": {"filter_null_keys": True, "filter_action": "log"}},
            ["Filters.decide"],
        ),
        ({"filter": {"drop_records": ("CWD",)}}, ["RecordDropper.stage"]),
        ({"stages": ("/nowhere/*.py",)}, [*ASKED, "Custom.stage", "Labeller.show"]),
    ],
)
def test_each_option_adds_its_stages(sections, added):
    sections = {**sections, "enrich": {**NO_ENRICHMENT, **sections.get("enrich", {})}}
    found = stages(build(configured(**sections), Stats(), live=False))
    assert found == ([] if added == ["RecordDropper.stage"] else [TRACK]) + added


@pytest.mark.parametrize(("option", "stage"), [
    ({"execve_env": ("PATH",)}, "Environment.stage"),
    ({"uid_groups": True}, "Groups.stage"),
    ({"exe_hash": True}, "ExeHash.stage"),
])  # fmt: skip
def test_the_host_is_asked_for_live_records_only(option, stage):
    config = configured(enrich={**NO_ENRICHMENT, **option})
    assert stage in stages(build(config, Stats(), live=True))
    assert stage not in stages(build(config, Stats(), live=False))
