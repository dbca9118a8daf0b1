"""What can be configured about summaries."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import option


@dataclass(frozen=True)
class Options:
    """Summaries."""

    summary: bool = option(
        False, "Add SUMMARY: who did what to what, how and with what result, in the words of ECS, for every event."
    )
