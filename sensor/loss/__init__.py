"""What never came: the kernel's own account of audit, and the holes in the serials of the records that came.

Neither is enough alone. A record that the kernel drops at a full backlog leaves no hole in the serials, and counts in
`lost` (audit_status); what auditd's queue or the rate limit drops leaves a hole and does not count there (serials).
"""

from __future__ import annotations

from dataclasses import dataclass

from sensor.options import option


@dataclass(frozen=True)
class Options:
    """What was lost before it came to the sensor."""

    kernel: bool = option(
        True,
        "Ask the kernel every second what it lost, and who receives its records: a process of its own does that, which "
        "keeps CAP_AUDIT_CONTROL and reads nothing else.",
    )
