"""auditctl(8): rules given to the kernel, the reason for each that is refused, and what is loaded.

Error sending add rule data request (No such file or directory)
There was an error in line 4 of /tmp/host-sensor-x.rules
"""

from __future__ import annotations

import re
import tempfile
from collections import Counter

from sensor.doctor.host import HostView
from sensor.rules.render import GO_ON

_ERROR = re.compile(r"(?m)^(.*)\n+There was an error in line (\d+) of ")
_KEY = re.compile(r"(?m)^-[aw] .*(?:-F key=|-k )(\S+)$")
_REASON = re.compile(r"\(([^()]*)\)\s*$")


def feed(host: HostView, lines: list[str]) -> dict[str, str]:
    """Give auditctl some lines; those that it or the kernel refused, with the reason."""
    with tempfile.NamedTemporaryFile("w", prefix="host-sensor-", suffix=".rules", encoding="utf-8") as file:
        file.write("\n".join([GO_ON, *lines]) + "\n")
        file.flush()
        answer = host.run("auditctl", "-R", file.name)
    if answer is None:
        return dict.fromkeys(lines, "auditctl is not there, or did not end in time")
    refused = {}
    for reason, number in _ERROR.findall(answer.text):
        found = _REASON.search(reason)
        if 2 <= int(number) <= len(lines) + 1:
            refused[lines[int(number) - 2]] = found[1] if found else reason.strip()
    return refused


def loaded(host: HostView) -> Counter[str] | None:
    """How many rules the kernel has, by key; None where they cannot be listed."""
    answer = host.run("auditctl", "-l")
    if answer is None or answer.status != 0:
        return None
    return Counter(_KEY.findall(answer.text))


def subject(line: str) -> str:
    """What a rule is about, in short: the path that it watches, else the system calls."""
    watched = re.search(r"-F (?:path|dir)=(\S+)", line)
    calls = re.search(r"-S (\S+)", line)
    return watched[1] if watched else calls[1] if calls else line
