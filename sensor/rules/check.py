"""What of the rules is installed and loaded, and what each key costs: the lines of `host-sensor rules --check`.

/etc/audit/rules.d/50-host-sensor.rules: the minimal set
measured in /var/log/host-sensor/audit.jsonl, 26.1 hours:

KEY                RULES  LOADED    EVENTS/H      MB/DAY
exec                   2       2       412.0       18.40
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from sensor import __version__
from sensor.config import Config
from sensor.doctor.host import HostView
from sensor.doctor.log import file_of
from sensor.doctor.rules import what_is_missing
from sensor.errors import InputError
from sensor.rules import render
from sensor.rules.cost import Cost, measure, newest
from sensor.rules.install import FILE, Installed, installed, marked, others
from sensor.rules.kernel import loaded
from sensor.rules.table import SETS
from sensor.rules.target import Target


def check(host: HostView, config: Config, target: Target) -> tuple[bool, list[str]]:
    """Whether all is well, and the lines to print."""
    found = installed(host)
    words = list(_file(host, found, target))
    in_kernel = loaded(host)
    if in_kernel is None:
        return False, [*words, "the loaded rules cannot be listed: run this as root"]
    rules = found.rules() if found is not None else []
    well = found is not None and bool(found.name) and not found.edited
    cost, measured = _cost(host, config)
    words += [measured, "", f"{'KEY':18} {'RULES':>5} {'LOADED':>7} {'EVENTS/H':>11} {'MB/DAY':>11}"]
    short = []
    for key in [rule.key for rule in SETS["recommended"]]:
        ours = [line for line in rules if line.endswith(f" -F key={key}")]
        if in_kernel[key] < sum(not what_is_missing(host, line) for line in ours):
            short.append(key)
        if ours or in_kernel[key] or cost.events[key]:
            events, size = cost.events_an_hour(key), cost.bytes_a_day(key) / 1e6
            words.append(f"{key:18} {len(ours):5} {in_kernel[key]:7} {events:11,.1f} {size:11,.2f}")
    absent = dict.fromkeys(filter(None, [what_is_missing(host, line) for line in rules]))
    if absent:
        words += ["", f"not there, so that rules for it are not loaded: {', '.join(absent)}"]
    if short:
        words += ["", f"fewer rules are loaded than could be, of: {', '.join(short)}; host-sensor rules --install SET"]
    return well and not short, words


def _file(host: HostView, found: Installed | None, target: Target) -> Iterator[str]:
    if host.is_hidden(FILE):
        yield f"{FILE} cannot be read: run this as root"
    elif found is None:
        yield f"{FILE} is not there: host-sensor rules --install minimal"
    elif not found.name:
        yield f"{FILE} was not written by this command"
    else:
        yield f"{FILE}: the {found.name} set{', edited since it was written' if found.edited else ''}"
        text = render.text(found.name, render.render(found.name, target), __version__) if found.name in SETS else ""
        if not found.edited and found.text != marked(found.name, text):
            yield f"of another version, or of other accounts than now: host-sensor rules --install {found.name}"
    ours = set(found.rules()) if found is not None else set()
    twice = dict.fromkeys(name for rule, name in others(host).items() if rule in ours)
    if twice:
        yield f"some of the same rules are in {', '.join(twice)}"


def _cost(host: HostView, config: Config) -> tuple[Cost, str]:
    """What the log shows, and a sentence about it."""
    path = file_of(config)
    status = host.status(FILE)
    if path is None:
        return Cost(), f"events go to {config.auditlog.file}: there is no log to measure by"
    try:
        lines = newest(host.path(path))
        cost = measure(lines, config.prefix, status.st_mtime if status else 0.0, time.time())
    except (InputError, OSError) as error:
        return Cost(), f"{path} cannot be read: {error}"
    if not cost.seconds:
        return cost, f"{path} has no event since the rules were installed: nothing is measured"
    return cost, f"measured in {path}, {cost.seconds / 3600:,.1f} hours:"
