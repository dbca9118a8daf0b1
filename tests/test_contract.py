"""The output is a contract: every key that is added stands in the table of keys with its type, and no other does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.stages.custom.loading import load
from tests.support.contract import Contract, fields_of
from tests.support.every_key import Host, configured, recorded

UNICODE = {"strings": "unicode", "execve_argv_limit_bytes": 40, "execve_argv": ["array", "string"]}
NO_TRANSLATION = {"universal": False, "user_db": False, "summary": False}
WITHOUT_PREFIX = {"", "transform.execve_argv"}


def test_every_key_has_its_row_and_every_row_its_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sensor.stages.custom.load", lambda path, owner: load(path, os.getuid()))
    contract = Contract()
    for sections in ({}, {"transform": UNICODE}, {"translate": NO_TRANSLATION}, {"auditlog": {"max_line": 4096}}):
        for line, records in recorded(configured(tmp_path, sections)):
            contract.look(line, fields_of(records))
    for line, records in Host(tmp_path).lines():
        contract.look(line, fields_of(records))
    assert (contract.mistakes, contract.unseen()) == (set(), set())


def test_a_prefix_stands_before_what_options_add(tmp_path: Path) -> None:
    contract = Contract("x_")
    for line, records in recorded(configured(tmp_path, {"enrich": {"prefix": "x_"}})):
        contract.look(line, fields_of(records))
    assert (contract.mistakes, contract.bare) == (set(), WITHOUT_PREFIX)
