"""What an examination of the host finds: a level, a stable name, a sentence, and what to do about it.

    Finding(FAILURE, "audit.enabled", "auditing is off", "auditctl -e 1; and check audit= on the kernel's command line")

Names never change their meaning, so that scripts may look for them; texts may.
"""

from __future__ import annotations

from dataclasses import dataclass

OK, NOTE, WARNING, FAILURE = "ok", "note", "warning", "failure"
LEVELS = (OK, NOTE, WARNING, FAILURE)
"""From the best to the worst. A note is worth knowing and needs no action, or could not be examined."""


@dataclass(frozen=True)
class Finding:
    """One thing that was examined.

    level: one of LEVELS; name: `part.what`; text: what is so; advice: what to do, empty where nothing is to be done.
    """

    level: str
    name: str
    text: str
    advice: str = ""
