"""chdb, the engine of ClickHouse as a library, imported so that it leaves the signals of the tests as they are.

It blocks SIGPIPE in the thread that imports it, which every program that a test starts would inherit.
"""

from __future__ import annotations

import importlib
import signal
from types import ModuleType

import pytest


def load(module: str = "chdb") -> ModuleType:
    """Import a module of chdb; skips the test where it is not installed."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        pytest.importorskip("chdb", reason="needs chdb-core (PyPI)")
        return importlib.import_module(module)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
