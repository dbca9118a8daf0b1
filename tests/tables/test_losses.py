"""One closed table of losses: every reason is counted once, is shown from the start, and none is left out."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from sensor.metrics import make_registry
from sensor.stats import Stats
from sensor.tables.losses import OTHERS, ROWS, SUM, LossRow, counts
from sensor.tables.metrics import ROWS as METRICS

OF_LOSSES = (
    "lost",
    "dropped_lines",
    "missing",
    "missed",
    "unwritten",
    "incomplete",
    "unparsed",
    "truncated",
    "filtered",
    "unshipped_bytes",
)
"""What counts something missing is called so."""


def lose(stats: Stats, row: LossRow, count: int) -> None:
    """What the part does that counts."""
    part = getattr(stats, row.part)
    if row.key:
        key = "a rule" if row.key == SUM else row.key
        found = getattr(part, row.attribute)
        found[key] = found.get(key, 0) + count
    else:
        setattr(part, row.attribute, getattr(part, row.attribute) + count)


def name(row: LossRow) -> str:
    return f"{row.place}-{row.reason}"


def test_no_place_and_reason_stands_twice() -> None:
    assert len({name(row) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=name)
def test_every_reason_is_counted_alone(row: LossRow) -> None:
    stats = Stats()
    lose(stats, row, 7)
    assert {name(other): count for other, count in zip(ROWS, counts(stats)) if count} == {name(row): 7}


@pytest.mark.parametrize("part", ["output", "filterlog"])
def test_an_error_without_a_row_of_its_own_is_counted_with_the_others(part: str) -> None:
    stats = Stats()
    getattr(stats, part).lost_lines.update({"EBADF": 3, "ENOSPC": 5, OTHERS: 2})
    assert dict(zip(map(name, ROWS), counts(stats)))[f"{part}-{OTHERS}"] == 5


def test_no_counter_of_a_loss_is_left_out() -> None:
    counted = {(row.part, row.attribute) for row in METRICS if row.attribute.startswith(OF_LOSSES)}
    assert counted <= {(row.part, row.attribute) for row in ROWS}


def test_all_values_of_a_closed_set_have_a_row() -> None:
    with_rows = {(row.part, row.attribute, row.key) for row in ROWS}
    known = {(row.part, row.attribute, key) for row in METRICS for key in row.known}
    tables = {(part, attribute) for part, attribute, key in with_rows if key not in ("", SUM)}
    assert {each for each in known if each[:2] in tables} == {each for each in with_rows if each[:2] in tables}


def test_the_metric_has_all_of_them_from_the_start() -> None:
    page = generate_latest(make_registry(Stats())).decode()
    for row in ROWS:
        labels = f'intended="{str(row.intended).lower()}",place="{row.place}",reason="{row.reason}",unit="{row.unit}"'
        assert page.count(f"host_sensor_losses_total{{{labels}}} 0.0\n") == 1
