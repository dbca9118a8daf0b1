"""Who acted: process, user and session, and what else is the same for all events of one kind.

SYSCALL … ppid=3103 pid=3148 auid=1000 uid=0 ses=3 comm="cat" exe="/usr/bin/cat"
  "process":{"pid":3148,"name":"cat","file":{"name":"cat","path":"/usr/bin/cat","type_id":1},"user":{"uid":"0"},
    "parent_process":{"pid":3103}}   "user":{"uid":"0"}   "session":{"uid":"3"}
"""

from __future__ import annotations

from sensor.audit.event import Event
from sensor.audit.fields import UNSET, Fields, Value
from sensor.forms.ecs.data import DataTexts
from sensor.forms.ocsf.identity import IdentityTexts, named
from sensor.forms.ocsf.objects import object_of, text_of, user_of
from sensor.forms.values import Style
from sensor.summary.summary import Subject

INFORMATIONAL, LOW, MEDIUM = 1, 2, 3
"""severity_id: nothing but an event; something was refused; an anomaly."""
UNKNOWN, SUCCESS, FAILURE = 0, 1, 2
"""status_id."""
_STATUS = {"success": SUCCESS, "failure": FAILURE}
_NO_TERMINAL = frozenset({"", "?", "(none)"})


class SubjectTexts:
    """What is the same for all events of one Subject, as texts of JSON members.

    outcome: severity_id and status_id, with a comma before each; metadata: of `metadata`, likewise.
    user, session: of `actor`; session_members: those of the second alone, each with a comma before it.
    name, file: of the process, the first with its directory if the record has it; the second is open at its end.
    as_user: its `user`.
    users: of unmapped: what all the numbers mean, in ECS words; data: of unmapped.data.
    """

    __slots__ = (
        "as_user",
        "data",
        "file",
        "metadata",
        "name",
        "outcome",
        "session",
        "session_members",
        "user",
        "users",
    )

    def __init__(self, texts: tuple[str, ...]) -> None:
        self.outcome, self.metadata, self.user, self.session_members, self.name, self.file, *rest = texts
        self.as_user, self.users, self.data = rest
        self.session = _session(self.session_members)


def subject_texts(who: Subject, style: Style, data: DataTexts) -> SubjectTexts:
    """The texts for a Subject, which remembers them."""
    if not who.text:
        who.text = _texts(who, style, data)
    return SubjectTexts(who.text)


def _texts(who: Subject, style: Style, data: DataTexts) -> tuple[str, ...]:
    members = style.members
    user = object_of(who.users.get("user"))
    real = user_of(user)
    program = _running_as(who)
    facts = who.facts
    metadata: Fields = {"event_code": who.main}
    if facts.tags:
        metadata["labels"] = list(facts.tags)
    return (
        f',"severity_id":{severity_of(who)},"status_id":{_STATUS.get(text_of(who.event.get("outcome")), UNKNOWN)}',
        members(metadata),
        members({"user": real} if real else {}),
        members(session_of(facts.session, facts.data.get("tty") or facts.data.get("terminal"))),
        *_names(who.process, style),
        members({"user": program} if program else {}),
        members({name: users for name, users in who.users.items() if users}),
        data.details(who)[2],
    )


def _running_as(who: Subject) -> Fields:
    """The user as whom the program runs, which may do something for another one."""
    facts = who.facts
    for field in ("euid", "uid"):
        number = facts.ids.get(field, "unset")
        if number != "unset":
            return user_of({"id": number, "name": facts.names.get(field)})
    return {}


def _names(process: Fields, style: Style) -> tuple[str, str]:
    """The members `name` and `working_directory` and, open at its end, `file`."""
    known = named(process)
    if "working_directory" in process:
        known["working_directory"] = process["working_directory"]
    file = style.members({"file": known.pop("file")})[:-1] if "file" in known else ""
    return style.members(known), file


def severity_of(who: Subject) -> int:
    """How grave an event is: what programs report as an anomaly, what was refused, all else."""
    event = who.event
    types, categories = event.get("type"), event.get("category")
    if event.get("kind") == "alert":
        return MEDIUM
    denied = isinstance(types, list) and "denied" in types
    login = isinstance(categories, list) and "authentication" in categories and event.get("outcome") == "failure"
    return LOW if denied or login else INFORMATIONAL


def session_of(number: str, terminal: object) -> Fields:
    """OCSF `session` of a login session."""
    session: Fields = {}
    if number not in ("", "unset"):
        session["uid"] = number
        if isinstance(terminal, str) and terminal not in _NO_TERMINAL:
            session["terminal"] = terminal
    return session


class ActorTexts:
    """Texts of JSON objects; "" for what is not known.

    process, parent: who made the call, and its parent; user, session: members with a comma before them.
    """

    __slots__ = ("parent", "process", "session", "user")

    def __init__(self, process: str, parent: str, user: str, session: str) -> None:
        self.process = process
        self.parent = parent
        self.user = user
        self.session = session

    def is_known(self, process: str) -> bool:
        """Return whether there is anything in `actor` with that process."""
        return bool(process or self.user or self.session)

    def text(self, process: str, with_session: bool = True) -> str:
        """`actor` with that process, with a comma before it; "" if none is known."""
        session = self.session if with_session else ""
        if process:
            return f',"actor":{{"process":{process}{self.user}{session}}}'
        members = self.user + session
        return f',"actor":{{{members[1:]}}}' if members else ""


def actor_of(event: Event, texts: SubjectTexts, identity: IdentityTexts, more: str, style: Style) -> ActorTexts:
    """Who acted; more: further members of the process, each with a comma before it."""
    syscall = event.syscall
    if syscall is not None and syscall.pid:
        pid: int | None = syscall.pid
        ppid: int | None = syscall.ppid or None
    else:
        fields = event.subject
        pid, ppid = _number(fields.get("pid")), _number(fields.get("ppid"))
    name, file = texts.name, texts.file
    if event.process is not None and syscall is None and not (name and file):
        program = event.process.program
        ours = _names({"name": program.comm, "executable": program.exe}, style)
        name, file = name or ours[0], file or ours[1]
    parent = identity.parent_of(ppid)
    above = f',"parent_process":{parent}}}' if parent else "}"
    end = f"{identity.hashes}}}" if file else ""
    process = ""
    if pid is not None and pid != UNSET:
        process = f'{{"pid":{pid}{identity.process}{name}{file}{end}{more}{texts.as_user}{above}'
    elif identity.guid:
        process = f"{identity.process}{name}{file}{end}{more}{texts.as_user}{above}"
        process = f"{{{process[1:]}"
    session = _session(texts.session_members + identity.session) if identity.session else texts.session
    return ActorTexts(process, parent, texts.user, session)


def _number(value: Value) -> int | None:
    return value if isinstance(value, int) else None


def _session(members: str) -> str:
    return f',"session":{{{members[1:]}}}' if members else ""
