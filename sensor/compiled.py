"""Whether the hot path runs as machine code: mypyc makes extension modules of the same source."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec


def is_compiled(module: str = "sensor.pipeline") -> bool:
    """Return whether a module would be loaded from an extension module rather than from its source."""
    spec = find_spec(module)
    return spec is not None and (spec.origin or "").endswith(tuple(EXTENSION_SUFFIXES))
