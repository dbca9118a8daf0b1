"""What the sensor and LAUREL say of living processes under one auditd is the same, or a deviation of the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live import beside
from tests.live.cgroups import hierarchies
from tests.oracle.laurel import NoLaurelError
from tests.support.audit_session import NoAuditError

pytestmark = [pytest.mark.live, pytest.mark.root]


def test_living_processes_are_as_laurel_has_them(tmp_path: Path) -> None:
    try:
        verdict, agreed = beside.compare(tmp_path)
    except (NoAuditError, NoLaurelError) as reason:
        pytest.skip(str(reason))
    print(*(f"{count:5} × {path}" for path, count in agreed.items()), sep="\n")
    assert verdict.unexplained == []
    wanted = {path for path in beside.SHOWN if hierarchies() or not path.endswith((".id", ".ID", "systemd_service"))}
    assert wanted - set(+agreed) == set()
