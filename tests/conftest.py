"""What every test shares: what this machine can run, an account of what it cannot, how golden files are rewritten.

A test says what it needs with a marker (`root`, `live`) and is skipped with the reason when the machine lacks it; a
test that finds out for itself calls `pytest.skip(reason)`. Either way the reasons are counted at the end of the run,
so that "all passed" never hides what was not tried.
"""

from __future__ import annotations

import functools
import logging
import os
from collections import Counter
from collections.abc import Iterator

import hypothesis
import pytest

# The machine may be busy with other things: a slow example is no failure.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the expected halves of the golden twins anew")
    parser.addoption("--vm", action="store_true", help="run the tests in a virtual machine too, which take minutes")


@pytest.fixture(scope="session")
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What a command of the command line sets, when a test calls it, stays with that test."""
    log = logging.getLogger("sensor")
    before = log.handlers[:], log.level, log.propagate, logging.raiseExceptions
    yield
    log.handlers[:], level, log.propagate, logging.raiseExceptions = before
    log.setLevel(level)


@functools.lru_cache(maxsize=1)
def live_obstacle() -> str | None:
    """Why this machine cannot run a real auditd for the tests; None when it can."""
    from tests.support.audit_session import unavailable

    return unavailable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    # Not by keywords: the names of folders are among them, that of the checkout too.
    if item.get_closest_marker("live") and (obstacle := live_obstacle()):
        pytest.skip(obstacle)
    if item.get_closest_marker("vm") and not item.config.getoption("--vm"):
        pytest.skip("a virtual machine takes minutes: make vm-test")
    if item.get_closest_marker("root") and os.geteuid() != 0:
        pytest.skip("needs root")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the skipped tests by reason."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section(f"{len(skipped)} skipped, because")
        for reason, count in reasons.most_common():
            terminalreporter.line(f"{count:5} × {reason}")
