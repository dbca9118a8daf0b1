"""Summaries (sensor.summary.summary) as JSON, and SUMMARY, which is one.

    "SUMMARY":{"event":{…},"user":{…},"process":{"pid":│3148│,"parent":{"pid":│3103│},"name":"cat",…},"file":{…},…}

All of it but the process ids depends on what repeats of an event, and is remembered with that.
"""

from __future__ import annotations

from sensor.audit.event import Event, Template
from sensor.audit.fields import Fields
from sensor.audit.paths import is_at_cwd
from sensor.audit.syscall import Syscall
from sensor.cache import BoundedDict
from sensor.forms.values import Style
from sensor.process.roots import HOST
from sensor.summary.objects import Object
from sensor.summary.summary import Subject, Summaries

_ENTRIES = 4096


class _Made:
    """The texts between which the process ids belong, for all events of a template; who acted and what upon, shared.

    directories: which arguments of the call must be the current directory for it to hold.
    """

    __slots__ = ("directories", "end", "middle", "object", "start", "top")

    def __init__(self, who: Subject, thing: Object, directories: tuple[int, ...]) -> None:
        self.start, self.middle, self.end = who.details
        self.top, self.object = thing.text
        self.directories = directories


class SummaryTexts:
    """Writes summaries, and SUMMARY."""

    def __init__(self, style: Style, entries: int = _ENTRIES) -> None:
        self._renderer = style.renderer
        self._summaries = Summaries(style.naming)
        self._start = f',"{style.naming.key("SUMMARY")}":{{"event":{{'
        self._made: BoundedDict[Template, _Made] = BoundedDict(entries)

    @property
    def remembered(self) -> int:
        """Of how many templates SUMMARY is remembered."""
        return len(self._made)

    def of(self, event: Event) -> tuple[Subject, Object]:
        """Who did it, and to what; the event has at least one record."""
        return self._summaries.of(event)

    def who(self, who: Subject) -> tuple[str, ...]:
        """The members of ECS `event`, and, with a comma before each, of the top level, `process` and auditd.summary."""
        if not who.text:
            text, users = self._renderer.render(who.event), self.members(who.users)
            who.text = text, users, self.members(who.process), self.members(who.means)
        return who.text

    def thing(self, thing: Object) -> tuple[str, ...]:
        """The members of the top level and of auditd.summary, with a comma before each."""
        if not thing.text:
            thing.text = self.members(thing.top), self.members({"object": thing.object})
        return thing.text

    def members(self, fields: Fields) -> str:
        """Members with a comma before each; what is nothing, or has nothing in it, is left out."""
        renderer = self._renderer
        texts: list[str] = []
        for name, value in fields.items():
            if value and isinstance(value, dict):
                texts.append(f',"{name}":{{{renderer.render(value)}}}')
            elif value:
                texts.append(renderer.member(name, value))
        return "".join(texts)

    def member(self, event: Event) -> str:
        """SUMMARY, with a comma before it; the names in it are marked if they are not what the host calls so."""
        made, syscall, process = self._made.get(event.template), event.syscall, event.process
        mark = ""
        if process is not None and process.root is not None and process.root is not HOST:
            mark = ',"labels":{"root":"other"}'
        if made is not None and syscall is not None:
            directories = made.directories
            if not directories or is_at_cwd(syscall.args, directories):
                return (
                    f'{made.start}{syscall.pid},"parent":{{"pid":{syscall.ppid}{made.middle}{made.top}{made.end}'
                    f"{made.object}}}}}{mark}}}"
                )
        return f"{self._learn(event)}{mark}}}"

    def process(self, event: Event, who: Subject, members: str, more: str = "", parent: str = "") -> str:
        """ECS `process` with a comma before it; "" if the event names none.

        members: those of who; more, parent: further ones of the process, and of its parent; each has a comma before it.
        """
        syscall = event.syscall
        if syscall is not None and syscall.pid:
            return f',"process":{{"pid":{syscall.pid},"parent":{{"pid":{syscall.ppid}{parent}}}{members}{more}}}'
        fields = event.records[who.main][0].fields if who.main != "SYSCALL" else {}
        if event.is_call:
            fields = event.subject
        pid, ppid = fields.get("pid"), fields.get("ppid")
        text = f',"pid":{pid}' if isinstance(pid, int) else ""
        parent = (f',"pid":{ppid}' if isinstance(ppid, int) else "") + parent
        text += f',"parent":{{{parent[1:]}}}' if parent else ""
        if event.process is not None and syscall is None:
            program = event.process.program
            known: Fields = {"name": program.comm, "executable": program.exe}
            text += self.members({name: value for name, value in known.items() if name not in who.process})
        text += members + more
        return f',"process":{{{text[1:]}}}' if text else ""

    def _learn(self, event: Event) -> str:
        """Write SUMMARY but its last brace, and remember it if nothing but the process ids is new in the next one."""
        who, thing = self._summaries.of(event)
        given, users, process, means = self.who(who)
        top, object = self.thing(thing)
        syscall = event.syscall
        if syscall is not None and event.template.kept and who.main == "SYSCALL" and syscall.pid and means:
            self._remember(event.template, syscall, who, thing)
        summary = f',"auditd":{{"summary":{{{(means + object)[1:]}}}}}' if means or object else ""
        acting = self.process(event, who, process)
        return f"{self._start}{given}}}{users}{acting}{top}{summary}"

    def _remember(self, template: Template, syscall: Syscall, who: Subject, thing: Object) -> None:
        directories = who.directories if thing.relative else ()
        if directories and not is_at_cwd(syscall.args, directories):
            return
        if not who.details:
            given, users, process, means = self.who(who)
            start = f'{self._start}{given}}}{users},"process":{{"pid":'
            who.details = start, f"}}{process}}}", f',"auditd":{{"summary":{{{means[1:]}'
        self.thing(thing)
        self._made.keep(template, _Made(who, thing, directories))
