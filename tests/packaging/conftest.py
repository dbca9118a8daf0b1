"""What the package tests share: both packages, built once from the working tree."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest

from tests.packaging.packages import build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that returns the package of a kind, "deb" or "rpm"."""
    packages: dict[str, Path] = {}

    def package(kind: str) -> Path:
        if kind not in packages:
            packages[kind] = build(kind, tmp_path_factory.mktemp(kind))
        return packages[kind]

    return package
