"""Lines of the sensor's own in OCSF words: what the probe says of processes, and what the sensor says of itself.

PROBE_EXEC   → Process Activity, Launch     PROBE_EXIT → Process Activity, Terminate
SENSOR, …    → Base Event, with all of it under unmapped.host_sensor
"""

from __future__ import annotations

from sensor.audit.event import Notice
from sensor.audit.fields import UNSET, Fields
from sensor.audit.notices import Loss, Reload, SensorNotice
from sensor.forms.ecs.enrichment import known, own_name, translate
from sensor.forms.ocsf import classes
from sensor.forms.ocsf.acting import FAILURE, INFORMATIONAL, LOW, MEDIUM, SUCCESS, session_of
from sensor.forms.ocsf.identity import named, process_of
from sensor.forms.ocsf.objects import object_of

_PROCESS_EVENTS = {"PROBE_EXEC": classes.LAUNCH, "PROBE_EXIT": classes.TERMINATE}


class Told:
    """What a line says; members: of the top level; code: metadata.event_code; name: of an activity that is Other."""

    __slots__ = ("activity", "code", "members", "name", "severity", "status", "uid")

    def __init__(self, name: str, members: Fields | None = None) -> None:
        self.name = name
        self.code = name
        self.members: Fields = members or {}
        self.uid = classes.BASE
        self.activity = classes.OTHER
        self.severity = INFORMATIONAL
        self.status = SUCCESS


def failed(name: str, members: Fields, severity: int = LOW) -> Told:
    """What went wrong."""
    told = Told(name, members)
    told.severity, told.status = severity, FAILURE
    return told


def told_by(notice: Notice) -> tuple[Told, Fields]:
    """What a notice says, and the members of unmapped.host_sensor."""
    if isinstance(notice, SensorNotice):
        return _of_sensor(notice)
    if notice.name in _PROCESS_EVENTS:
        return _of_process(notice)
    own: Fields = {own_name(name): value for name, value in notice.added.items()}
    name = next(iter(own), notice.name.lower() or "notice").replace("_", "-")
    return Told(name), {**own, **notice.members}


def _of_sensor(notice: SensorNotice) -> tuple[Told, Fields]:
    told = notice.told
    members = told.members()
    name = f"sensor-{members['event']}"
    if isinstance(told, Loss):
        line = failed(name, {"message": f"{told.count} {told.unit} lost: {told.place}, {told.reason}"}, MEDIUM)
    elif isinstance(told, Reload) and not told.accepted:
        line = failed(name, {"message": "; ".join(told.mistakes)})
    else:
        line = Told(name)
    return line, {"sensor": members}


def _of_process(notice: Notice) -> tuple[Told, Fields]:
    members = dict(notice.members)
    facts = {name: members.pop(name, None) for name in ("pid", "ppid", "comm", "auid", "ses", "exit_code")}
    parts = translate({**known(members), **notice.added})
    parent: Fields = {"pid": facts["ppid"], **process_of(parts.parent), **named(parts.parent)}
    process: Fields = {"pid": facts["pid"], **process_of(parts.process), "name": facts["comm"]}
    process = known(process)
    above = known(parent)
    if above:
        process["parent_process"] = above
    launch = notice.name == "PROBE_EXEC"
    actor: Fields = {"process": above if launch and above else process}
    session = session_of("" if facts["ses"] in (None, UNSET) else str(facts["ses"]), None)
    if session:
        actor["session"] = session
    top: Fields = {"actor": actor, "process": process}
    if isinstance(facts["exit_code"], int):
        top["exit_code"] = facts["exit_code"]
    told = Told(notice.name.lower(), top)
    told.uid, told.activity = classes.PROCESS, _PROCESS_EVENTS[notice.name]
    told.code = notice.name
    own = dict(parts.own)
    if facts["auid"] not in (None, UNSET):
        own["user"] = {"audit": {"id": str(facts["auid"])}}
    if "container" in parts.top:
        own["container"] = object_of(parts.top["container"])
    return told, own
