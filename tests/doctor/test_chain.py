"""The test event: arrives, does not arrive, cannot be sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sensor.config import Config
from sensor.doctor.chain import check_chain
from sensor.doctor.host import CommandResult
from sensor.outputs import Options
from tests.doctor.examined import ExaminedHost, levels

PATH = "/var/log/host-sensor/audit.jsonl"


class Chain(ExaminedHost):
    """A host whose log gets what `auditctl -m` sends, or not."""

    answer: CommandResult | None = CommandResult(0, "")
    delivers, rotates = True, False

    def run(self, *command: str) -> CommandResult | None:
        if command[:2] != ("auditctl", "-m"):
            return super().run(*command)
        path = Path(self.path(PATH))
        if self.rotates:
            path.rename(f"{path}.1")
            path.write_text("")
        if self.delivers:
            with path.open("a") as log:
                log.write(f'{{"ID":"1.000:1","USER":{{"msg":"{command[2]}"}}}}\n')
        return self.answer


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    host = Chain(tmp_path)
    host.write(PATH, '{"ID":"0.000:1"}\n' * 10)
    return host


@pytest.mark.parametrize("rotates", [False, True])
def test_an_event_that_arrives(chain: Chain, rotates: bool) -> None:
    chain.rotates = rotates
    assert levels(check_chain(chain, Config())) == {"chain.test_event": "ok"}


def test_an_event_that_does_not_arrive(chain: Chain) -> None:
    chain.delivers = False
    assert levels(check_chain(chain, Config(), longest=0.1)) == {"chain.test_event": "failure"}


@pytest.mark.parametrize("answer", [None, CommandResult(1, "Error sending user message request\n")])
def test_an_event_that_cannot_be_sent(chain: Chain, answer: CommandResult | None) -> None:
    chain.answer, chain.delivers = answer, False
    assert levels(check_chain(chain, Config())) == {"chain.test_event": "failure"}


def test_who_is_not_root_sends_none(chain: Chain) -> None:
    chain.root = False
    assert levels(check_chain(chain, Config())) == {"chain.test_event": "note"}


def test_without_a_file_there_is_nothing_to_look_at(chain: Chain) -> None:
    assert levels(check_chain(chain, Config(auditlog=Options(file="-")))) == {"chain.test_event": "note"}


def test_nothing_is_taken_from_a_fifo(chain: Chain) -> None:
    chain.remove(PATH)
    os.mkfifo(chain.path(PATH))
    assert levels(check_chain(chain, Config())) == {"chain.test_event": "note"}
