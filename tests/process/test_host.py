"""Host: which events are of this host in this boot."""

from __future__ import annotations

import pytest

from sensor.process.host import NEVER
from tests.support.fake_host import BOOTED, FakeHost


@pytest.mark.parametrize(
    ("boots", "event", "ours"),
    [
        ([BOOTED], f"{BOOTED}.000:1", True),
        ([BOOTED], f"{BOOTED - 2}.000:1", False),
        ([BOOTED + 3600, BOOTED], f"{BOOTED}.000:1", True),  # the clock was ahead at boot
        ([BOOTED + 3600, BOOTED], f"{BOOTED - 2}.000:1", False),
        ([BOOTED, BOOTED + 3600], f"{BOOTED}.000:1", True),
        ([BOOTED], "37.120:1", True),  # of a host without a battery, before its clock was set
        ([BOOTED], "123.120:1", True),
        ([100.0], "37.120:1", True),
        ([-3600.0, BOOTED], "137.120:1", True),
        ([BOOTED, -3600.0], "999.120:1", True),
    ],
)
def test_which_events_are_of_this_boot(tmp_path, boots, event, ours):
    host = FakeHost(tmp_path).proc.host(boots[0])
    for boot in boots[1:]:
        host.calibrate(boot)
    assert host.is_this("", event) is ours
    assert host.boot_time == boots[-1]


def test_recorded_events_are_of_no_boot_that_is_known(tmp_path):
    host = FakeHost(tmp_path).proc.host(BOOTED)
    host.booted = NEVER
    assert not host.is_this("", f"{BOOTED + 5}.000:1")
    assert not host.is_this("", "37.120:1")


@pytest.mark.parametrize(
    ("node", "seconds", "this"),
    [
        ("", 5, True),
        ("web01", 5, True),
        ("db02", 5, False),
        ("web01.example.org", 5, False),
        ("", -5, False),
        ("web01", -5, False),
        ("db02", -5, False),
    ],
)
def test_an_event_is_of_this_host_in_this_boot(tmp_path, node, seconds, this):
    host = FakeHost(tmp_path).proc.host(BOOTED)
    assert host.is_this(node, f"{BOOTED + seconds}.000:1") is this
    host.booted = NEVER
    assert not host.is_this(node, f"{BOOTED + seconds}.000:1")
