"""One screen: a line for each finding, the worst emphasized, what to do below it; or the same as JSON.

ok       audit.enabled       auditing is on
FAILURE  rules.loaded        no audit rule is loaded: the log stays empty
                             → host-sensor rules --install minimal

1 failure, 0 warnings, 3 notes
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.terminal import Screen, displayable

_COLOURS = {OK: "32", NOTE: "36", WARNING: "33;1", FAILURE: "31;1"}
_INDENT = 36


def as_json(findings: Sequence[Finding]) -> str:
    """An array of objects with level, name, text and advice."""
    return json.dumps([vars(finding) for finding in findings], indent=1, ensure_ascii=True)


def show(findings: Sequence[Finding], screen: Screen) -> Iterator[str]:
    """The lines of the screen. Texts may hold what a log or a file holds: nothing in them moves the cursor."""
    for finding in findings:
        word = finding.level.upper() if finding.level == FAILURE else finding.level
        head = f"{word:8} {finding.name:26} "
        if screen.color:
            head = f"\x1b[{_COLOURS[finding.level]}m{word:8}\x1b[0m {finding.name:26} "
        first, *rest = textwrap.wrap(displayable(finding.text, screen), max(screen.width - _INDENT, 20)) or [""]
        yield f"{head}{first}"
        advice = f"{'→' if screen.unicode else '->'} {displayable(finding.advice, screen)}" if finding.advice else ""
        for line in [*rest, *textwrap.wrap(advice, max(screen.width - _INDENT, 20))]:
            yield f"{'':{_INDENT}}{line}"
    counts = {level: sum(finding.level == level for finding in findings) for level in (FAILURE, WARNING, NOTE)}
    yield ""
    yield ", ".join(f"{number} {level}{'' if number == 1 else 's'}" for level, number in counts.items())
