"""What was done, and to what: the class of an event and the objects that the class asks for.

openat "/etc/shadow"         File Activity, Open       "file":{"name":"shadow","path":"/etc/shadow","type_id":1}
kill OBJ_PID opid=42         Process Activity          "process":{"pid":42,"name":"sleep"}
connect 10.0.0.1 port 443    Network Activity, Open    "dst_endpoint":{"ip":"10.0.0.1","port":443},"connection_info":{…}
socket                       Kernel Activity, Invoke   "kernel":{"name":"socket","type_id":2,"system_call":"socket"}
"""

from __future__ import annotations

import posixpath

from sensor.audit.event import Event
from sensor.audit.fields import Fields, Value
from sensor.forms.ocsf import classes
from sensor.forms.ocsf.acting import ActorTexts
from sensor.forms.ocsf.objects import (
    connection_of,
    endpoint_at,
    endpoint_of,
    file_at,
    file_of,
    object_of,
    remote_of,
    text_of,
    user_of,
)
from sensor.forms.values import Style
from sensor.summary.objects import Object
from sensor.summary.rules import SummaryRule
from sensor.summary.summary import Subject
from sensor.tables import uring_ops

_NEED_ACTOR = frozenset({classes.PROCESS, classes.FILE, classes.EXTENSION, classes.KERNEL, classes.MODULE})
_OF_ACTOR = frozenset({classes.PROCESS, classes.AUTHENTICATION})
"""Classes whose objects have parts of the actor in them."""
_CALLS = frozenset({"SYSCALL", "URINGOP"})
_EXEC, _FORK, _END = "executed", "forked", "end"
_UPON_OTHERS = frozenset({"killed-pid", "traced", "read-memory-of", "wrote-to-memory-of"})
_PID_AT = {"tgkill": 1, "rt_tgsigqueueinfo": 1, "ptrace": 1}
"""Which argument of a call is a process id, where it is not the first."""
_DESCRIPTORS = frozenset({"pidfd_send_signal"})
_SYSTEM_CALL, _OTHER_TYPE, _STANDARD = 2, 99, 1
_TWO_FILES = frozenset({"renamed", "linked"})
_LARGEST_PID = 1 << 22


class Act:
    """Texts of an event: its first members, and the objects of its class with a comma before them.

    actor: `actor`, with a comma before it; None if that is who made the call, and the rest is the same for all such
        calls that are alike.
    """

    __slots__ = ("actor", "head", "object")

    def __init__(self, head: str, object: str, actor: str | None = None) -> None:
        self.head = head
        self.object = object
        self.actor = actor


class Acts:
    """Finds classes and writes their objects."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def of(self, event: Event, who: Subject, thing: Object, actor: ActorTexts) -> Act:
        """The class of an event: the one that fits and has all that it requires."""
        call = call_of(event, who)
        found = _class_of(event, who, thing, call)
        about: str | None = None
        if found is not None:
            act = self._act(found, event, who, thing, actor)
            if act is not None:
                return act
            if found[0] in _OF_ACTOR:  # the next such call may have what this one lacks: a process to act upon
                about = actor.text(actor.process)
        if call and actor.process and (who.main in _CALLS or classes.is_verdict(who.rule)):
            kernel: Fields = {"name": call, "type_id": _SYSTEM_CALL, "system_call": call}
            head = classes.head(classes.KERNEL, classes.INVOKE, "")
            return Act(head, self._style.members({"kernel": kernel}), about)
        return Act(classes.head(classes.BASE, classes.OTHER, who.rule.action), "", about)

    def _act(self, kind: tuple[int, int], event: Event, who: Subject, thing: Object, actor: ActorTexts) -> Act | None:
        """The event as one of that class; None if something is missing that the class requires."""
        uid, activity = kind
        acting = actor.process
        if uid == classes.PROCESS:
            object = self._process(event, who, actor)
            if who.rule.action == _EXEC and who.facts.result == "success" and actor.parent:
                acting = actor.parent
        elif uid == classes.FILE:
            object = self._file(who, thing)
        elif uid == classes.NETWORK:
            if not thing.text:
                thing.text = (self._network(thing), "")
            object = thing.text[0]
        elif uid == classes.AUTHENTICATION:
            object = self._login(who, thing, actor)
        elif uid == classes.ACCOUNT:
            object = self._account(who)
        else:
            object = self._other(uid, event, who, thing)
        if not object or (uid in _NEED_ACTOR and not actor.is_known(acting)):
            return None
        head = classes.head(uid, activity, _rule(who).action)
        if uid in _OF_ACTOR:
            return Act(head, object, actor.text(acting, uid != classes.AUTHENTICATION))
        return Act(head, object)

    def _process(self, event: Event, who: Subject, actor: ActorTexts) -> str:
        action = who.rule.action
        if action == _FORK and event.syscall is not None:
            child = _number(event.syscall.exit, 10)
            if who.facts.result == "success" and child:
                above = f',"parent_process":{actor.process}' if actor.process else ""
                return f',"process":{{"pid":{child}{above}}}'
        if action == _END and event.syscall is not None and actor.process:
            return f',"process":{actor.process},"exit_code":{_number(event.syscall.args[0], 16) & 0xFF}'
        if action in _UPON_OTHERS:
            target = self._target(event, who)
            return self._style.members({"process": target}) if target else ""
        return f',"process":{actor.process}' if actor.process else ""

    def _target(self, event: Event, who: Subject) -> Fields:
        """The process that another one acted upon."""
        if "OBJ_PID" in event.records:
            record = event.records["OBJ_PID"][0]
            fields = record.fields
            pid = fields.get("opid")
            guid = object_of(record.added.get("OPID")).get("GUID")
            members: Fields = {"pid": pid if isinstance(pid, int) else None, "name": fields.get("ocomm")}
            members.update({"cpid": guid, "uid": guid})
            owner = user_of({"id": _id(fields.get("ouid")), "name": fields.get("OUID")})
            members["user"] = owner or None
            if members["pid"] is not None or guid:
                return {name: value for name, value in members.items() if value is not None}
        call = call_of(event, who)
        if event.syscall is None or call in _DESCRIPTORS:
            return {}
        number = _number(event.syscall.args[_PID_AT.get(call, 0)], 16)
        return {"pid": number} if 0 < number <= _LARGEST_PID else {}

    def _file(self, who: Subject, thing: Object) -> str:
        if not thing.text:
            second = file_at(text_of(thing.object.get("secondary")))
            file = file_of(thing.top.get("file")) or second  # as of a link to what a descriptor is
            thing.text = (
                self._style.members({"file": file} if file else {}),
                self._style.members({"file_result": second}),
            )
        file_text, result = thing.text
        return file_text + (result if _rule(who).action in _TWO_FILES and thing.object.get("secondary") else "")

    def _network(self, thing: Object) -> str:
        members: Fields = {}
        for end, name in (("destination", "dst_endpoint"), ("source", "src_endpoint")):
            endpoint = endpoint_of(thing.top.get(end))
            if endpoint:
                members[name] = endpoint
        if not members:
            endpoint = endpoint_at(text_of(thing.object.get("primary")), text_of(thing.object.get("secondary")))
            if endpoint:
                members["src_endpoint"] = endpoint
        if not members:
            return ""
        first = next(iter(members.values()))
        members["connection_info"] = connection_of(thing.top.get("network"), object_of(first))
        return self._style.members(members)

    def _login(self, who: Subject, thing: Object, actor: ActorTexts) -> str:
        user = object_of(who.users.get("user"))
        account = user_of(user.get("effective")) or user_of(user)
        facts = who.facts
        program = text_of(facts.data.get("exe")) or text_of(facts.data.get("comm"))
        service = posixpath.basename(program) or text_of(facts.data.get("op"))
        if not account or not service:
            return ""
        members: Fields = {"user": account, "service": {"name": service}}
        remote = remote_of(thing.top.get("source"), facts.data.get("hostname"))
        if remote:
            members.update({"src_endpoint": remote, "is_remote": True})
        return self._style.members(members) + actor.session

    def _account(self, who: Subject) -> str:
        user = object_of(who.users.get("user"))
        account = user_of(user.get("target")) or user_of(_found(who, ("acct", "id")))
        return self._style.members({"user": account}) if account else ""

    def _other(self, uid: int, event: Event, who: Subject, thing: Object) -> str:
        members: Fields = {}
        if uid == classes.GROUP:
            group = user_of(who.users.get("group")) or user_of(_found(who, ("grp", "new_gid")))
            member = user_of(object_of(who.users.get("user")).get("target"))
            members = {"group": group, **({"user": member} if member else {})} if group else {}
        elif uid == classes.EXTENSION:
            name = _module_name(event, who)
            file = file_of(thing.top.get("file")) or file_at(name)
            members = {"driver": {"file": file}} if file else {}
        elif uid == classes.MODULE:
            file = file_at(_first_path(event))
            members = {"module": {"file": file, "load_type_id": _STANDARD}} if file else {}
        elif uid == classes.KERNEL:
            name = f"bpf program {who.facts.data.get('prog-id', '')}".strip()
            members = {"kernel": {"name": name, "type_id": _OTHER_TYPE, "type": "BPF program"}}
        return self._style.members(members)


def _class_of(event: Event, who: Subject, thing: Object, call: str) -> tuple[int, int] | None:
    """Class and activity; None where the table has neither."""
    found = classes.class_of(_rule(who))
    if found is None:
        return None
    uid, activity = found
    if uid == classes.FILE:
        activity = classes.activity_of_file(activity, _rule(who), call, thing.created)
    elif uid == classes.PROCESS and event.syscall is not None:
        activity = classes.activity_of_signal(activity, who.rule, call, event.syscall.args)
    elif activity == classes.OTHER and uid in (classes.GROUP, classes.ACCOUNT):
        membership = classes.membership(text_of(who.facts.data.get("op")))
        if membership:
            return classes.GROUP, membership
    return uid, activity


def call_of(event: Event, who: Subject) -> str:
    """The system call, or what io_uring's operation does; "" if it is not known."""
    if not event.is_call:
        return ""
    data = who.facts.data
    name = text_of(data.get("syscall")) if event.syscall is not None else ""
    operation = text_of(data.get("uring_op"))
    return name or (uring_ops.call(operation) if operation else "")


def _rule(who: Subject) -> SummaryRule:
    """The rule that the class is by: that of the main record, or that of the call beside it."""
    if who.beside is None or classes.class_of(who.rule) is not None or not classes.is_verdict(who.rule):
        return who.rule
    return who.beside


def _found(who: Subject, names: tuple[str, ...]) -> Fields:
    """A user or group of one of some fields, by its number or its name."""
    found = who.facts.find(names)
    if found is None:
        return {}
    return {"id": found[1]} if found[1].isdecimal() else {"name": found[1]}


def _module_name(event: Event, who: Subject) -> str:
    if "KERN_MODULE" in event.records:
        return text_of(event.records["KERN_MODULE"][0].fields.get("name"))
    return text_of(who.facts.data.get("name"))


def _first_path(event: Event) -> str:
    return text_of(event.records["PATH"][0].fields.get("name")) if "PATH" in event.records else ""


def _id(number: Value) -> str | None:
    return str(number) if isinstance(number, int) else None


def _number(text: str | None, base: int) -> int:
    """A number of a SYSCALL record; 0 if it is none."""
    try:
        return int(text, base) if text else 0
    except ValueError:
        return 0
