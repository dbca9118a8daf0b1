"""README's section on installation is what the machine ran, word for word."""

from __future__ import annotations

from tests.vm import report


def test_the_report_is_of_what_readme_claims() -> None:
    """If this fails, README has changed since the last `make vm-test`."""
    ran = [line[6:] for line in report.REPORT.read_text(encoding="utf-8").splitlines() if line.startswith("    + ")]
    assert ran == report.readme()
    assert any(line.startswith("apt install ./dist/host-sensor_") for line in ran)
