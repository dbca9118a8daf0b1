"""Filters: which events are not written, or written elsewhere.

    filter:
      filter_keys: [software_mgmt]
      rules:
        cron: exe=/usr/sbin/cron syscall=open,openat
        flood: key=exec rate=100/s

The first rule that matches decides; LAUREL's own filters come before `rules`. A filtered event
has been seen by all that keeps track of processes, is counted under the name of its
rule, and is dropped before it costs any JSON, or goes to the filter log. What a rule with
rate or repeat held back is reported by the next event it lets through, or by a line of its own if
there is none in time:

    "SUPPRESSED":{"flood":1822}          {"ID":null,"SUPPRESSED":{"flood":1822}}
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from sensor.audit.event import DROP, KEEP, LOG, Addition, Event, Notice, Template, Verdict
from sensor.audit.fields import Fields
from sensor.audit.framing import line_of
from sensor.audit.record import Record
from sensor.audit.syscall import Rest, Syscall
from sensor.cache import BoundedDict
from sensor.process.program import Labels
from sensor.regex import searcher
from sensor.regex.word import word_of
from sensor.stages.filters.addresses import is_wanted, parse_wanted
from sensor.stages.filters.facts import EventFacts, keys
from sensor.stages.filters.options import ANY_ID, FilterOptions
from sensor.stages.filters.rules import Condition, FilterRule, parse_rule

_REMEMBERED = 2048
_LONGEST_REMEMBERED = 1024
_OF_EVERY_CALL = "type SYSCALL msg audit arch syscall per success yes no exit a items ppid pid"
"""The words in the first part of a SYSCALL record of the usual form (sensor.audit.numbers), besides its numbers."""
_HEX = frozenset("abcdef")
_UNMATCHED: Final = 0
_MATCHED: Final = 1
_ASK_CALL: Final = 2
"""What is known of all lines but the title: none matches, one does, or the numbers of the SYSCALL record decide."""


class Filters:
    """The stage; it comes once processes are known and labelled.

    filtered: counts by rule.
    log: what becomes of events for the filter log: a recorded log has none, so there they are dropped.
    rules: in the order in which they decide.
    """

    def __init__(
        self,
        options: FilterOptions,
        facts: EventFacts,
        filtered: dict[str, int],
        log: Verdict = LOG,
        entries: int = _REMEMBERED,
    ) -> None:
        self._actions = {"drop": DROP, "log": log}
        self._action = options.filter_action
        self._keep_first = options.keep_first_per_process
        self._facts = facts
        self.rules = _rules(options, entries)
        for rule in self.rules:
            filtered.setdefault(rule.name, 0)
        self._by_rest: BoundedDict[Rest, list[FilterRule]] = BoundedDict(entries)
        self._counts = filtered

    def decide(self, event: Event) -> Verdict:
        """Decide where an event goes."""
        if self._keep_first and event.process is not None:
            program = event.process.program
            if not program.first_event and event.is_call:
                program.first_event = event.id
            if program.first_event == event.id:
                return KEEP
        known = event.template.filtering
        rules = self._fitting(event) if known is None else cast("list[FilterRule]", known)
        return self._judge(event, rules) if rules else KEEP

    def overdue(self, now: float) -> Notice | None:
        """Return what was held back and no event has shown by now, in seconds since 1970."""
        held = [(rule, rule.limit.overdue(now)) for rule in self.rules if rule.limit is not None]
        counts = {_bytes(rule.name): count for rule, count in held if count}
        return Notice(None, "", {}, {"SUPPRESSED": {**counts}}) if counts else None

    def _fitting(self, event: Event) -> list[FilterRule]:
        """The rules that fit what repeats of an event, up to one that is certain."""
        if event.syscall is None:
            subject = _who(event)
            rules = [rule for rule in self.rules if rule.may_match(subject)]
        else:
            rest = event.syscall.rest
            found = self._by_rest.get(rest)
            rules = self._remember(rest) if found is None else found
        fitting: list[FilterRule] = []
        for rule in rules:
            if rule.fits(event, self._facts):
                fitting.append(rule)
                if rule.certain:
                    break
        event.template.filtering = fitting
        return fitting

    def _remember(self, rest: Rest) -> list[FilterRule]:
        return self._by_rest.keep(rest, [rule for rule in self.rules if rule.may_match(rest.written)])

    def _judge(self, event: Event, rules: list[FilterRule]) -> Verdict:
        """Ask rules that fit, until one filters the event."""
        held: dict[str, int] | None = None
        verdict = KEEP
        for rule in rules:
            if not rule.certain and not rule.matches(event, self._facts):
                continue
            passed = rule.limit.passes(event) if rule.limit is not None else None
            if passed is None:
                self._counts[rule.name] += 1
                verdict = self._actions[rule.action or self._action]
                break
            if passed:
                held = {**(held or {}), _bytes(rule.name): passed}
        if held is not None:
            event.additions.append(Addition(top={"SUPPRESSED": {**held}}))
        return verdict


class _Keys(FilterRule):
    """System calls, and io_uring's, with a key; the key of CONFIG_CHANGE, for instance, is another matter."""

    def fits(self, event: Event, facts: EventFacts) -> bool:
        return event.is_call


class _NullKey(_Keys):
    """System calls without a key."""

    def may_match(self, fields: Fields) -> bool:
        return not keys(fields)


class _Labels(FilterRule):
    """Events of processes with a label."""

    def __init__(self, labels: Sequence[str]) -> None:
        super().__init__("filter_labels", [_exactly("label", labels)])
        self._labels = frozenset(map(_bytes, labels))
        self._last: Labels | None = None
        self._matched = False

    def matches(self, event: Event, facts: EventFacts) -> bool:
        labels = event.process.program.labels if event.process is not None else None
        if labels is not self._last:  # three events in four are of the same process as the one before
            self._last = labels
            self._matched = labels is not None and not self._labels.isdisjoint(labels)
        return self._matched


class _Sockaddr(FilterRule):
    """Events with an address."""

    def __init__(self, addresses: Sequence[str]) -> None:
        super().__init__("filter_sockaddr", [])
        self._wanted = [parse_wanted(address) for address in addresses]

    def fits(self, event: Event, facts: EventFacts) -> bool:
        records = event.template.records  # all but the title
        if "SOCKADDR" in records:
            for record in records["SOCKADDR"]:
                if is_wanted(record.body, self._wanted):
                    return True
        return False


class _RawLines(FilterRule):
    """Events with a line that an expression matches."""

    def __init__(self, expressions: Sequence[str], entries: int) -> None:
        super().__init__("filter_raw_lines", [])
        self.certain = False
        self._searches = tuple([(searcher(expression), word_of(expression)) for expression in expressions])
        self._calls = tuple([(search, _telling(word)) for search, word in self._searches])
        self._known: BoundedDict[Record, bool] = BoundedDict(entries)

    def matches(self, event: Event, facts: EventFacts) -> bool:
        node, template = event.node, event.template
        found = template.matching if not node else None
        if found is None:
            found = self._look_at(node, template, event.syscall)
        if found == _ASK_CALL and event.syscall is not None:
            found = _MATCHED if self._is_call_matched(node, event.syscall) else _UNMATCHED
        return found == _MATCHED or (event.title is not None and self._is_known(node, event.title))

    def _look_at(self, node: str, template: Template, syscall: Syscall | None) -> int:
        """Look at what repeats of an event; most often that decides of its SYSCALL record, too."""
        if self._is_one_known(node, template):
            found = _MATCHED
        elif syscall is None:
            found = _UNMATCHED
        else:
            rest = syscall.rest.body
            telling = not node and syscall.usual and not [word for _, word in self._calls if word in rest]
            found = _UNMATCHED if telling else _ASK_CALL
        if not node:
            template.matching = found
        return found

    def _is_call_matched(self, node: str, syscall: Syscall) -> bool:
        """Look at what is new in each event."""
        if node or not syscall.usual:
            return self._is_matched(node, "SYSCALL", syscall.body)
        rest = syscall.rest.body
        line = ""
        for search, word in self._calls:
            if word in rest:
                line = line or line_of("", "SYSCALL", ANY_ID, syscall.body)
                if search(line):
                    return True
        return False

    def _is_one_known(self, node: str, template: Template) -> bool:
        for group in template.records.values():
            for record in group:
                if self._is_known(node, record):
                    return True
        return False

    def _is_known(self, node: str, record: Record) -> bool:
        found = None if node else self._known.get(record)
        return self._remember(node, record) if found is None else found

    def _remember(self, node: str, record: Record) -> bool:
        found = self._is_matched(node, record.name, record.body)
        if not node and len(record.body) <= _LONGEST_REMEMBERED:
            self._known.keep(record, found)
        return found

    def _is_matched(self, node: str, name: str, body: str) -> bool:
        line = line_of(node, name, ANY_ID, body)
        for search, word in self._searches:
            if word in line and search(line):  # nearly none has it, and a look takes a fifth of a search
                return True
        return False


def _telling(word: str) -> str:
    """A word that the first part of no SYSCALL record has; "" if this one may be there."""
    return "" if word in _OF_EVERY_CALL or _HEX.issuperset(word) else word


def _who(event: Event) -> Fields:
    """What an event without a SYSCALL record shows of who acted, and what is known of that process besides."""
    subject = event.subject
    if event.process is None:
        return subject
    program, (ses, auid) = event.process.program, event.process.login or (None, None)
    known: Fields = {"exe": program.exe or None, "comm": program.comm or None, "ses": ses, "auid": auid}
    return {**known, **{name: value for name, value in subject.items() if value is not None}}


def _rules(options: FilterOptions, entries: int) -> list[FilterRule]:
    """All rules, in the order in which they decide."""
    rules: list[FilterRule] = []
    if options.filter_keys:
        rules.append(_Keys("filter_keys", [_exactly("key", options.filter_keys)]))
    if options.filter_null_keys:
        rules.append(_NullKey("filter_null_keys", []))
    if options.filter_labels:
        rules.append(_Labels(options.filter_labels))
    if options.filter_sockaddr:
        rules.append(_Sockaddr(options.filter_sockaddr))
    if options.filter_raw_lines:
        rules.append(_RawLines(options.filter_raw_lines, entries))
    return rules + [parse_rule(name, text) for name, text in options.rules.items()]


def _exactly(name: str, values: Sequence[str]) -> Condition:
    return Condition(name, False, frozenset(map(_bytes, values)), ())


def _bytes(text: str) -> str:
    return text.encode().decode("latin-1")
