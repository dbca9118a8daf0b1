"""What `host-sensor convert` makes of a log, without a process of its own.

converted(b"type=…", "translate: {summary: true}")     a document for each line of output
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from sensor.build import build
from sensor.config import load
from sensor.stats import Stats


def converted(feed: bytes, config: str = "") -> list[dict[str, Any]]:
    """The documents that a log becomes with a configuration, given as text."""
    return [json.loads(line) for line in lines_of(feed, config)]


def lines_of(feed: bytes, config: str = "") -> list[bytes]:
    """The same as the lines of JSON that they are."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(config)
        pipeline = build(load(str(path)), Stats(), live=False).pipeline
    return [line.encode("latin-1") for line in (*pipeline.feed(feed, 0.0), *pipeline.close())]
