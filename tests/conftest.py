"""What every test may use: the option that rewrites golden files, and the reasons why a live test is skipped."""

from __future__ import annotations

import pytest

from tests.audit_session import unavailable


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the expected halves of the golden twins anew")


@pytest.fixture(scope="session")
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite-golden"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip live tests where there is no audit to be had, each with the reason."""
    reason = unavailable()
    if reason is None:
        return
    for item in items:
        if "live" in item.keywords:
            item.add_marker(pytest.mark.skip(reason=reason))
