"""The kernel probe: BCC to compile it, loaded, of this version, read by the sensor, and with nothing lost."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from sensor.config import Config
from sensor.doctor.finding import FAILURE, NOTE, OK, WARNING, Finding
from sensor.doctor.host import HostView
from sensor.errors import ProbeError
from sensor.probe.loader import Status, status

_UNIT = "host-sensor-probe.service"


def check_probe(host: HostView, config: Config) -> Iterator[Finding]:
    """The probe that the configuration names."""
    if not config.probe.use:
        yield Finding(
            NOTE, "probe.use", "the probe is switched off: identities come from /proc only", "probe.use: true"
        )
        return
    try:
        found = status(config.probe)
    except (ProbeError, OSError) as error:
        yield from _compiler(None)
        yield Finding(NOTE, "probe.status", f"the probe cannot be looked at: {error}", "run doctor as root")
        return
    yield from _compiler(found)
    yield from _loaded(host, found)


def _compiler(found: Status | None) -> Iterator[Finding]:
    if importlib.util.find_spec("bcc") is None:
        advice = "apt install python3-bpfcc, or dnf install python3-bcc; then systemctl restart host-sensor-probe"
        if found is not None and found.current:
            text = "BCC is not installed: the probe is loaded, and cannot be compiled for another kernel"
            yield Finding(NOTE, "probe.bcc", text, advice)
        else:
            yield Finding(WARNING, "probe.bcc", "BCC is not installed: the probe cannot be compiled", advice)


def _loaded(host: HostView, found: Status) -> Iterator[Finding]:
    if not found.loaded:
        unit = host.run("systemctl", "is-failed", _UNIT)
        failed = unit is not None and unit.text.split() == ["failed"]
        text = "the probe is not loaded: processes that live shorter than a look at /proc have no GUID"
        advice = f"journalctl -u {_UNIT}" if failed else f"systemctl enable --now {_UNIT}"
        yield Finding(WARNING, "probe.loaded", text, advice)
        return
    if not found.attached:
        text = "the probe is pinned and not attached: it reports nothing"
        yield Finding(FAILURE, "probe.attached", text, "host-sensor probe unload; host-sensor probe load")
    elif not found.current:
        text = "the probe is of another version, or has other options than configured"
        yield Finding(WARNING, "probe.version", text, "host-sensor probe load")
    else:
        yield Finding(OK, "probe.loaded", f"the probe is loaded and has made {found.made:,} records")
    if not found.read:
        yield Finding(
            WARNING, "probe.read", "no sensor reads the probe", "is the plugin running? auditctl --signal HUP"
        )
    if found.lost:
        text = f"{found.lost:,} records of the probe were lost at a full ring"
        yield Finding(WARNING, "probe.lost", text, "raise probe.ring_size, then host-sensor probe load")
    if found.untracked:
        text = f"{found.untracked:,} times the probe had no room for a process"
        yield Finding(WARNING, "probe.untracked", text, "raise probe.processes, then host-sensor probe load")
    if found.missing:
        yield Finding(NOTE, "probe.fields", f"this kernel lacks {', '.join(found.missing)}: these fields are left out")
