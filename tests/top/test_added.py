"""What each added key costs, by the option that adds it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sensor.config import load
from sensor.top.added import added_sizes
from sensor.top.read import count
from tests.converting import converted

LINE = (
    "type=SYSCALL msg=audit(1700000000.001:1): arch=c000003e syscall=2 success=no exit=-13 a0=5 a1=9 a2=2 a3=3 items=1 "
    'ppid=30 pid=31 auid=1000 uid=0 ses=3 comm="cat" exe="/bin/cat" key="k"\n'
    'type=PATH msg=audit(1700000000.001:1): item=0 name="/etc/x" mode=0100644 ouid=0 nametype=NORMAL\n'
)
OPTIONS = "translate: {universal: true, user_db: true, user_map: {'0': root}, time: iso, summary: true}\n"


def sizes(options: str = OPTIONS, prefix: str = "") -> dict[str, int]:
    (document,) = converted(LINE.encode(), options)
    return dict(added_sizes(document, prefix))


def test_each_key_with_its_option() -> None:
    found = sizes()
    assert found["SYSCALL.ARCH (translate.universal, or auditd)"] == len('"ARCH":"x86_64",')
    assert found["SYSCALL.EXIT (translate.universal)"] == len('"EXIT":"EACCES",')
    assert found["PATH.MODE (translate.universal)"] == len('"MODE":"-rw-r--r--",')
    assert found["PATH.OUID (translate.user_db, or auditd)"] == len('"OUID":"root",')
    assert found["TIME (translate.time)"] == len('"TIME":"2023-11-14T22:13:20.001Z",')
    assert found["SUMMARY (translate.summary)"] > 300
    assert found["SYSCALL.KEYS"] == len('"KEYS":["k"],')
    assert not any(name.startswith("SYSCALL.pid") for name in found)


@pytest.mark.parametrize("form", ["enrich: {prefix: x_}\n", "transform: {keys: distinct}\n"])
def test_with_a_prefix(form: str) -> None:
    found = sizes(OPTIONS + form, "x_")
    assert found["SYSCALL.ARCH (translate.universal, or auditd)"] == len('"x_arch":"x86_64",')
    assert found["TIME (translate.time)"] == len('"x_time":"2023-11-14T22:13:20.001Z",')


def test_several_records_count_together() -> None:
    record: dict[str, Any] = {"MODE": "a"}
    assert added_sizes({"ID": "1", "PATH": [record, record]}) == [("ID", 9), ("PATH.MODE (translate.universal)", 22)]


@pytest.mark.parametrize(("output", "name"), [("ecs", "host_sensor.process"), ("ocsf", "unmapped.host_sensor.process")])
def test_documents_by_their_members(output: str, name: str) -> None:
    found = sizes(f"output: {output}")
    assert found[name] > 20
    assert "host_sensor" not in found
    assert "unmapped" not in found


@pytest.mark.parametrize(
    "document",
    [{}, {"SYSCALL": None}, {"SYSCALL": [[1]]}, {"SYSCALL": {"Foo": 1, "": 2}}, {"X": {"PID": 1}, "ecs": []}],
)
def test_whatever_a_line_holds(document: Any) -> None:
    assert sum(size for _, size in added_sizes(document)) <= len(json.dumps(document))


def test_a_log_and_what_becomes_of_it_give_the_same(tmp_path: Path) -> None:
    log, written, config = (tmp_path / name for name in ("audit.log", "audit.jsonl", "config.yaml"))
    log.write_text(LINE)
    config.write_text(OPTIONS)
    documents = [json.dumps(line, separators=(",", ":")) + "\n" for line in converted(LINE.encode(), OPTIONS)]
    written.write_text("".join(documents))
    counts = [count([str(path)], load(str(config))) for path in (log, written)]
    first, second = ({entry.name: entry.bytes for entry in each.heavies["added"].top(50)} for each in counts)
    assert first == second
    assert len(first) > 8
