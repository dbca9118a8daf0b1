"""A dashboard says what is so: beside other jobs, with a sensor down, at a first loss, with filters, without a probe.

An hour of four hosts and two strangers in a real Prometheus; what the panels ask is asked, as Grafana would.
"""

from __future__ import annotations

import time

import pytest

from tests.grafana.boards import choose, expression, fill, panel, values
from tests.grafana.simulated import STEP, Host, Trouble
from tests.grafana.simulated import fill as fill_prometheus
from tests.support.prometheus import query, running, wait_for

HOSTS = (
    Host("web-1", 60, 0.0, Trouble(), 1),
    Host("build-7", 220, 0.7, Trouble(storm=(1800, 1920), no_probe=True, garbage=True), 2),
    Host("db-2", 9, 0.0, Trouble(down=(3000, 9999)), 3),
    Host("mail-3", 30, 0.0, Trouble(disk_full=(2400, 2400 + STEP)), 4),
)


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prometheus") / "data"
    fill_prometheus(folder, list(HOSTS), time.time())
    with running(folder, [], []) as url:
        wait_for(url, "count(up)")
        yield url


def ask(url: str, board: str, title: str, legend: str, instance: str = "") -> dict[str, float]:
    """What a panel shows now, by instance, or under "" where it is one number."""
    result = query(url, fill(expression(board, title, legend), choose(url, board, instance)))
    return {sample["metric"].get("instance", ""): float(sample["value"][1]) for sample in result}


def colour(board: str, title: str, value: float) -> str:
    """The colour that a tile has at a value."""
    steps = panel(board, title)["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]


def names() -> list[str]:
    return sorted(host.name for host in HOSTS)


def test_all_is_every_sensor_and_no_other_job(prometheus):
    chosen = choose(prometheus, "fleet")
    assert chosen["job"] == "host\\-sensor"
    assert values(prometheus, "fleet", "instance", chosen) == names()
    assert ask(prometheus, "fleet", "Sensors", "of") == {"": len(HOSTS)}
    assert query(prometheus, "count(up)")[0]["value"][1] == str(len(HOSTS) + 2)
    assert set(ask(prometheus, "fleet", "Memory", "{{instance}}")) < set(names())


def test_a_sensor_that_is_down_is_red(prometheus):
    down = ask(prometheus, "fleet", "Sensors", "down")
    assert down == {"": 1}
    assert (colour("fleet", "Sensors", 1), colour("fleet", "Sensors", 0)) == ("red", "green")
    assert ask(prometheus, "fleet", "Without input", "without input") == {"": 1}
    assert colour("fleet", "Without input", 1) == "red"
    assert ask(prometheus, "fleet", "Hosts", "State") == {name: float(name != "db-2") for name in names()}


@pytest.mark.parametrize(("instance", "is_up"), [("db-2", 0), ("web-1", 1)])
def test_a_host_that_is_down_has_no_open_input(prometheus, instance, is_up):
    assert ask(prometheus, "host", "Sensor", "up", instance) == {"": is_up}
    assert ask(prometheus, "host", "Input", "input", instance) == {"": is_up}
    assert colour("host", "Input", is_up) == ("green" if is_up else "red")


def test_a_first_loss_is_seen(prometheus):
    """All of it within one scrape, in a reason that had no count before."""
    lost = HOSTS[3].stats.output.lost_lines["ENOSPC"]
    assert lost > 100
    assert ask(prometheus, "host", "Lost", "lost", "mail-3")[""] == pytest.approx(lost, rel=0.05)
    assert ask(prometheus, "fleet", "Hosts", "sensor")["mail-3"] == pytest.approx(lost, rel=0.05)
    bars = fill(expression("host", "When it was lost", "log, {{reason}}"), choose(prometheus, "host", "mail-3"))
    assert [sample["metric"]["reason"] for sample in query(prometheus, bars)] == ["ENOSPC"]


def test_of_what_was_never_lost_no_bar_is_drawn(prometheus):
    bars = fill(expression("host", "When it was lost", "log, {{reason}}"), choose(prometheus, "host", "web-1"))
    assert query(prometheus, bars) == []
    assert panel("host", "When it was lost")["fieldConfig"]["defaults"]["noValue"] == "nothing lost"


@pytest.mark.parametrize("instance", ["web-1", "build-7"])
def test_filtered_events_cost_as_much(prometheus, instance):
    """The model takes 220 µs an event, and 20 ms a scrape."""
    cost = ask(prometheus, "host", "CPU per event", "CPU", instance)[""]
    assert 0.00022 < cost < 0.00024


def test_ends_of_events_are_no_gap(prometheus):
    for instance, gap in (("web-1", False), ("build-7", True)):
        lines = ask(prometheus, "host", "Records", "lines that are records", instance)[""]
        records = ask(prometheus, "host", "Records", "records in events", instance)[""]
        unparsed = ask(prometheus, "host", "Odd input", "unparsed: {{reason}}", instance).get("", 0.0)
        assert bool(unparsed) is gap
        assert lines == pytest.approx(records + unparsed)


def test_a_probe_that_is_not_there_is_reported(prometheus):
    assert ask(prometheus, "fleet", "Without probe", "without probe") == {"": 1}
    assert colour("fleet", "Without probe", 1) == "orange"
    assert ask(prometheus, "host", "Kernel probe", "probe", "build-7") == {"": 0}


def test_a_peak_that_has_passed_is_shown(prometheus):
    peak = ask(prometheus, "host", "Waiting input", "peak", "build-7")[""]
    assert peak == pytest.approx((9 << 20) / (16 << 20))
    assert colour("host", "Waiting input", peak) == "red"
    assert panel("host", "Written within")["options"]["reduceOptions"]["calcs"] == ["max"]


def test_the_ten_of_many_are_the_same_at_every_moment(prometheus):
    """`topk` alone chooses others at each step, which draws dots and gaps."""
    for title in ("Events by host", "From event to line"):
        assert "@ end()" in expression("fleet", title, "{{instance}}")
