"""Lines of the sensor's own in OCSF words: what the probe reports of processes, and the sensor of itself.

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


class OwnLine:
    """A line; members: of the top level; code: metadata.event_code; name: of an activity that is Other."""

    __slots__ = ("activity", "code", "members", "name", "severity", "status", "uid")

    def __init__(self, name: str, members: Fields | None = None) -> None:
        self.name = name
        self.code = name
        self.members: Fields = members or {}
        self.uid = classes.BASE
        self.activity = classes.OTHER
        self.severity = INFORMATIONAL
        self.status = SUCCESS


def failed(name: str, members: Fields, severity: int = LOW) -> OwnLine:
    """What went wrong."""
    line = OwnLine(name, members)
    line.severity, line.status = severity, FAILURE
    return line


def line_of(notice: Notice) -> tuple[OwnLine, Fields]:
    """The line of a notice, and the members of unmapped.host_sensor."""
    if isinstance(notice, SensorNotice):
        return _of_sensor(notice)
    if notice.name in _PROCESS_EVENTS:
        return _of_process(notice)
    own: Fields = {own_name(name): value for name, value in notice.added.items()}
    name = next(iter(own), notice.name.lower() or "notice").replace("_", "-")
    return OwnLine(name), {**own, **notice.members}


def _of_sensor(notice: SensorNotice) -> tuple[OwnLine, Fields]:
    contents = notice.contents
    members = contents.members()
    name = f"sensor-{members['event']}"
    if isinstance(contents, Loss):
        line = failed(
            name, {"message": f"{contents.count} {contents.unit} lost: {contents.place}, {contents.reason}"}, MEDIUM
        )
    elif isinstance(contents, Reload) and not contents.accepted:
        line = failed(name, {"message": "; ".join(contents.mistakes)})
    else:
        line = OwnLine(name)
    return line, {"sensor": members}


def _of_process(notice: Notice) -> tuple[OwnLine, Fields]:
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
    line = OwnLine(notice.name.lower(), top)
    line.uid, line.activity = classes.PROCESS, _PROCESS_EVENTS[notice.name]
    line.code = notice.name
    own = dict(parts.own)
    if facts["auid"] not in (None, UNSET):
        own["user"] = {"audit": {"id": str(facts["auid"])}}
    if "container" in parts.top:
        own["container"] = object_of(parts.top["container"])
    return line, own
