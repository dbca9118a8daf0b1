"""The loop, with a far end that is reported what to do: order, back-off, halving, dead letters, limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sensor.errors import RefusedError, UnavailableError
from sensor.ship import deadletter, pace
from sensor.ship.batch import Batch
from sensor.ship.kinds import Kind, Receipt
from sensor.ship.sender import Sender, Settings
from tests.ship.far_ends import wait_until
from tests.ship.logs import Log, Reader, numbers_of

NO_PAUSE = pace.Options(first=0.0, longest=0.0)


class FarEnd(Kind):
    """Takes batches; `plan` is what goes wrong, one entry for each send: None, an exception, or refused numbers."""

    def __init__(self, plan: list, window: int = 1, evil: frozenset[int] = frozenset()) -> None:
        super().__init__()
        self.plan, self.window, self.evil = plan, window, evil
        self.taken: list[bytes] = []
        self.sent: list[int] = []
        self.addresses: list[str] = []
        self._waiting: list[tuple[Batch, Receipt]] = []

    def connect(self, address: str) -> None:
        self.addresses.append(address)

    def send(self, batch: Batch) -> None:
        self.sent.append(len(batch.lines))
        action = self.plan.pop(0) if self.plan else None
        if isinstance(action, Exception):
            raise action
        if self.evil.intersection(numbers_of(batch.lines)) and self.window == 1:
            raise RefusedError("evil")
        refused = [(index, "bad") for index, number in enumerate(numbers_of(batch.lines)) if number in self.evil]
        self._waiting.append((batch, Receipt(refused)))

    def wait(self, seconds: float) -> list[Receipt]:
        found = []
        while self._waiting:
            batch, receipt = self._waiting.pop(0)
            bad = {index for index, _ in receipt.refused}
            self.taken += [line for index, line in enumerate(batch.lines) if index not in bad]
            found.append(receipt)
        return found

    def close(self) -> None:
        self._waiting.clear()


def make(folder: Path, kind: Kind, log: Log | None = None, **options) -> tuple[Log, Reader, Sender]:
    log = log or Log(folder)
    reader = Reader(log, folder / "cursor")
    reported = Settings(**{"addresses": ("far",), "wait": 0.0, "retry": NO_PAUSE, **options})
    letters = deadletter.DeadLetters(deadletter.Options(), str(folder), "far")
    sender = Sender((reader.follower, reader.cursor), kind, reported, letters, (reader.stats, reader.output.append))
    return log, reader, sender


def drain(sender: Sender, rounds: int = 10_000) -> None:
    for _ in range(rounds):
        sender.step()
        if sender.drained:
            return
    raise AssertionError("not drained")


def letters_in(folder: Path) -> list[dict]:
    path = folder / "dead-letters.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


PLANS = st.lists(
    st.sampled_from(["ok", "unavailable", "refused"]).map(
        {"ok": None, "unavailable": UnavailableError("down"), "refused": RefusedError("no")}.get
    ),
    max_size=20,
)


@given(plan=PLANS, window=st.integers(1, 4), evil=st.frozensets(st.integers(0, 59), max_size=5))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_event_is_taken_in_order_or_is_a_dead_letter(
    plan: list, window: int, evil: frozenset[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without a plan only the evil are refused; with `refused` in the plan single ones may be, too."""
    folder = tmp_path_factory.mktemp("sender")
    if window > 1:
        plan = [action for action in plan if not isinstance(action, RefusedError)]
    kind = FarEnd(list(plan), window, evil)
    log, reader, sender = make(folder, kind, events=7)
    log.write(60)
    drain(sender)
    dead = [int(json.loads(letter["event"])["ID"].rpartition(":")[2]) for letter in letters_in(folder)]
    firsts = list(dict.fromkeys(numbers_of(kind.taken)))
    assert firsts == [number for number in range(60) if number not in dead]
    assert evil <= set(dead)
    assert reader.stats.acknowledged + reader.stats.refused == 60
    assert reader.stats.refused == len(dead)
    sender.close()


def test_one_refused_among_many_costs_few_requests(tmp_path: Path) -> None:
    kind = FarEnd([], evil=frozenset({1234}))
    log, reader, sender = make(tmp_path, kind, events=5000)
    log.write(5000)
    drain(sender)
    assert [letter["reason"] for letter in letters_in(tmp_path)] == ["evil"]
    assert len(kind.sent) < 120
    assert reader.stats.repeated > 0


def test_dead_letters_that_cannot_be_written_hold_everything(tmp_path: Path) -> None:
    kind = FarEnd([], evil=frozenset({0}))
    log, reader, sender = make(tmp_path, kind)
    (tmp_path / "dead-letters.jsonl").mkdir()
    log.write(1)
    for _ in range(5):
        sender.step()
    assert "dead letters cannot be written" in sender.error
    assert (reader.stats.refused, reader.cursor.position.number) == (0, 0)
    (tmp_path / "dead-letters.jsonl").rmdir()
    drain(sender)
    assert len(letters_in(tmp_path)) == 1


def test_a_failure_is_reported_once_and_counted_each_time(tmp_path: Path) -> None:
    kind = FarEnd([UnavailableError("down")] * 5)
    log, reader, sender = make(tmp_path, kind)
    log.write(1)
    drain(sender)
    assert [message for message in reader.output if "down" in message] == ["far: down; trying again in 0.0 s"]
    assert (reader.stats.failed, reader.stats.sent, reader.stats.acknowledged) == (5, 6, 1)


def test_addresses_are_tried_in_turn_and_the_pause_comes_when_all_have_failed(tmp_path: Path) -> None:
    kind = FarEnd([UnavailableError("down")] * 3)
    log, _, sender = make(tmp_path, kind, addresses=("a", "b"), retry=pace.Options(first=50.0, longest=60.0))
    log.write(1)
    pauses = [sender.step() for _ in range(2)]
    assert kind.addresses == ["a", "b"]
    assert pauses[0] == 0.0
    assert pauses[1] >= 25.0
    assert sender.step() > 20.0
    assert kind.addresses == ["a", "b"]


def test_a_kind_that_wants_all_addresses_gets_them_at_once(tmp_path: Path) -> None:
    kind = FarEnd([])
    kind.takes_all_addresses = True
    log, _, sender = make(tmp_path, kind, addresses=("a", "b"))
    log.write(1)
    drain(sender)
    assert kind.addresses == ["a,b"]


def test_what_the_far_end_asks_for_is_waited(tmp_path: Path) -> None:
    kind = FarEnd([UnavailableError("busy", 30.0)])
    log, _, sender = make(tmp_path, kind)
    log.write(1)
    assert sender.step() >= 30.0
    assert sender.step() > 29.0


def test_few_events_wait_for_others_but_not_for_ever(tmp_path: Path) -> None:
    kind = FarEnd([])
    log, _, sender = make(tmp_path, kind, wait=0.3)
    log.write(1)
    drain(sender)
    log.write(1)
    assert 0 < sender.step() <= 0.3
    assert numbers_of(kind.taken) == [0]
    wait_until(lambda: sender.step() >= 0 and len(kind.taken) == 2)


def test_lines_are_numbered_without_a_gap_and_alike_in_a_repeat(tmp_path: Path) -> None:
    kind = FarEnd([None, UnavailableError("down")])
    log, reader, sender = make(tmp_path, kind, number=True, events=3)
    log.write(7)
    drain(sender)
    values = [json.loads(line)["SHIP"] for line in kind.taken]
    assert [value["NUMBER"] for value in values] == list(range(7))
    assert {value["STREAM"] for value in values} == {reader.cursor.stream}


def test_a_line_too_long_is_a_dead_letter(tmp_path: Path) -> None:
    kind = FarEnd([])
    log, _, sender = make(tmp_path, kind)
    log.write(1)
    with log.path.open("ab") as file:
        file.write(b"x" * (33 << 20) + b"\n")
    log.numbers.append(1)
    log.write(1)
    drain(sender)
    assert numbers_of(kind.taken) == [0, 2]
    assert letters_in(tmp_path)[0]["reason"] == f"longer than can be sent: {(33 << 20) + 1} bytes"


def test_a_cursor_that_cannot_be_written_is_counted_and_events_go_on(tmp_path: Path) -> None:
    kind = FarEnd([])
    log, reader, sender = make(tmp_path, kind, events=1)
    log.write(3)

    def fail(*about: object) -> None:
        raise OSError(28, "No space left on device")

    reader.follower.settle = fail  # type: ignore[method-assign]
    for _ in range(3):
        sender.step()
    assert reader.stats.cursor_errors == 3
    assert numbers_of(kind.taken) == [0, 1, 2]
    assert "No space left" in sender.error


def test_after_the_end_was_asked_for_only_what_is_on_its_way_is_awaited(tmp_path: Path) -> None:
    kind = FarEnd([], window=4)
    log, _, sender = make(tmp_path, kind, events=1)
    log.write(5)
    sender.read_no_more()
    sender.step()
    assert (sender.idle, kind.sent) == (True, [])
