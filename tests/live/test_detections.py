"""Rules that detect intruders, on what a running sensor makes of a session of their stand-ins: see tests/detections."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from tests.support.audit_session import NoAuditError
from tests.support.ecs_schema import VERSIONS, violations
from tests.support.program import command, own_probe, write_config

pytest.importorskip("eql")

from tests.detections.judge import fired
from tests.detections.rules import RULES
from tests.detections.session import do, session

pytestmark = [pytest.mark.live, pytest.mark.root]


def test_every_rule_fires_once_and_all_documents_are_valid(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    with own_probe() as probe:
        section = {"use": False} if isinstance(probe, str) else {"use": True, "path": probe.path}
        config = write_config(tmp_path, output="ecs", probe=section)
        try:
            with session(tmp_path, command("run", "--config", str(config))) as audited:
                do(audited, tmp_path, log)
        except NoAuditError as reason:
            pytest.skip(str(reason))
    documents = [json.loads(line) for line in log.read_bytes().splitlines()]
    assert {name: len(ids) for name, ids in fired(RULES, documents).items()} == dict.fromkeys(RULES, 1)
    assert [found for document in documents for version in VERSIONS for found in violations(document, version)] == []
    execs = [document for document in documents if document["event"].get("action") == "executed"]
    assert len(execs) > 30
    for document in execs:
        assert document["host"]["hostname"] == socket.gethostname()
        assert document["host"]["os"]["kernel"] == os.uname().release
    if not isinstance(probe, str):
        processes = [document["process"] for document in execs]
        assert all(process["entity_id"] and process["parent"]["entity_id"] for process in processes)
        assert all(process["parent"]["executable"] and process["parent"]["name"] for process in processes)
        assert len({process["entry_leader"]["entity_id"] for process in processes}) == 1
