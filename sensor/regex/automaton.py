"""Search by an automaton that is made while it runs: one look-up per byte, whatever the expression and the text.

The expression becomes a nondeterministic automaton (Thompson, 1968); a row is what that
can be in after some text, and a dictionary from the next byte to the next row. Rows are
made when they are first needed and thrown away when there are too many, so time is
linear in the text and memory is bounded (Cox, "Regular Expression Matching in the Wild").
A text can be such that nearly every byte needs a row not seen before. So a row is made
of few steps: states are the bits of a number, and all those that go on to the state so
many places further are moved at once (Baeza-Yates and Gonnet, "Shift-And", 1992).

A symbol is a byte (as a character), the newline that ends the text, or the end.
"""

from __future__ import annotations

from typing import NamedTuple

from sensor.regex.tree import (
    BEGIN,
    BEGIN_LINE,
    BOUNDARY,
    END,
    END_LINE,
    END_TEXT,
    WORD,
    Alt,
    At,
    Node,
    PatternError,
    Rep,
    Seq,
    Set,
)

MOST_STATES = 400
_MOST_ROWS = 500
_LAST_NEWLINE, _END = "$\n", ""
_NOTHING, _LINE_BREAK, _LETTER, _OTHER = range(4)
"""What stands before a place: nothing at all, a newline, a word's character, something else."""


class _Row(dict[str, "_Row"]):
    """What the automaton can be in: states that have taken the last byte, and what stood before."""

    __slots__ = ("automaton", "before", "states")

    def __init__(self, automaton: Automaton, states: int, before: int) -> None:
        super().__init__()
        self.automaton = automaton
        self.states = states
        self.before = before

    def __missing__(self, symbol: str) -> _Row:
        row = self[symbol] = self.automaton.step(self, symbol)
        return row


class _Last(_Row):
    """A row that is not left any more."""

    def __missing__(self, symbol: str) -> _Row:
        return self


class _Moves(NamedTuple):
    """Which states follow on which, in one kind of place.

    first: the states that can take the next byte if the match begins here.
    up, down: for each distance the states that are followed by the one so far above, or below.
    """

    first: int
    up: list[tuple[int, int]]
    down: list[tuple[int, int]]


class Automaton:
    """Searches texts of one byte per character for one expression.

    rows: those made so far, by what the automaton can be in and what stood before; at most `most_rows`.
    """

    def __init__(self, tree: Node, most_rows: int = _MOST_ROWS) -> None:
        self._sets: dict[int, tuple[int, int]] = {}  # state → mask, next state
        self._places: dict[int, tuple[int, int]] = {}  # state → place, next state
        self._splits: dict[int, tuple[int, ...]] = {}  # state → next states
        self._count = 1  # state 0 is the end
        self._first = self._add(tree, 0)
        self._moves: dict[tuple[int, str], _Moves] = {}
        self._takers: dict[int, int] = {}
        self.rows: dict[tuple[int, int], _Row] = {}
        self._most_rows = most_rows
        self._found = _Last(self, 0, _NOTHING)
        self._lost = _Last(self, 0, _NOTHING)

    def search(self, text: str) -> bool:
        """Return whether the expression matches anywhere."""
        row = self._row(0, _NOTHING)
        if text[-1:] == "\n":
            for symbol in text[:-1]:
                row = row[symbol]
            row = row[_LAST_NEWLINE]
        else:
            for symbol in text:
                row = row[symbol]
        return row[_END] is self._found

    def step(self, row: _Row, symbol: str) -> _Row:
        """The row after a symbol."""
        states = row.states
        first, up, down = self._moves_at(row.before, symbol)
        reached = first
        for distance, movers in up:
            reached |= (states & movers) << distance
        for distance, movers in down:
            reached |= (states & movers) >> distance
        if reached & 1:
            return self._found
        if symbol == _END:
            return self._lost
        code = ord(symbol[-1])
        before = _LINE_BREAK if code == 10 else _LETTER if WORD >> code & 1 else _OTHER
        return self._row(reached & self._takers_of(code), before)

    def _takers_of(self, code: int) -> int:
        """The states that take a byte."""
        takers = self._takers.get(code)
        if takers is None:
            takers = self._takers[code] = sum(
                [1 << state for state, (mask, _) in self._sets.items() if mask >> code & 1]
            )
        return takers

    def _moves_at(self, before: int, symbol: str) -> _Moves:
        """The moves before a symbol; they differ only where an expression asks for places."""
        kind = (before, _kind(symbol)) if self._places else (_NOTHING, "")
        moves = self._moves.get(kind)
        if moves is None:
            moves = self._moves[kind] = self._find_moves(before, symbol)
        return moves

    def _find_moves(self, before: int, symbol: str) -> _Moves:
        movers: dict[int, int] = {}
        for state, (_, after) in self._sets.items():
            for target in self._reached(after, before, symbol):
                movers[target - state] = movers.get(target - state, 0) | 1 << state
        first = sum([1 << state for state in self._reached(self._first, before, symbol)])
        up = [(distance, states) for distance, states in movers.items() if distance >= 0]
        down = [(-distance, states) for distance, states in movers.items() if distance < 0]
        return _Moves(first, up, down)

    def _row(self, states: int, before: int) -> _Row:
        row = self.rows.get((states, before))
        if row is None:
            if len(self.rows) >= self._most_rows:
                for old in self.rows.values():
                    old.clear()
                self.rows.clear()
            row = self.rows[states, before] = _Row(self, states, before)
        return row

    def _reached(self, start: int, before: int, symbol: str) -> list[int]:
        """The states that take a byte, and the end, that are reached from a state without taking a byte."""
        seen: set[int] = set()
        waiting = [start]
        while waiting:
            state = waiting.pop()
            if state in seen:
                continue
            seen.add(state)
            waiting += self._splits.get(state, ())
            if state in self._places:
                place, after = self._places[state]
                if _is_at(place, before, symbol):
                    waiting.append(after)
        return [state for state in seen if state in self._sets or not state]

    def _add(self, node: Node, after: int) -> int:
        """Add the states for a node that is followed by the state `after`; the first of them."""
        if isinstance(node, Set):
            state = self._new()
            self._sets[state] = node.mask, after
            return state
        if isinstance(node, At):
            state = self._new()
            self._places[state] = node.place, after
            return state
        if isinstance(node, Seq):
            for part in reversed(node.parts):
                after = self._add(part, after)
            return after
        if isinstance(node, Alt):
            state = self._new()
            self._splits[state] = tuple([self._add(part, after) for part in node.parts])
            return state
        return self._add_repeated(node, after)

    def _add_repeated(self, node: Rep, after: int) -> int:
        if node.high is None:
            loop = self._new()
            self._splits[loop] = (self._add(node.body, loop), after)
            after = loop
        else:
            end = after
            for _ in range(node.high - node.low):
                skip = self._new()
                self._splits[skip] = (self._add(node.body, after), end)
                after = skip
        for _ in range(node.low):
            after = self._add(node.body, after)
        return after

    def _new(self) -> int:
        self._count += 1
        if self._count > MOST_STATES:
            raise PatternError("it is too large; smaller numbers in braces make it smaller")
        return self._count - 1


def _kind(symbol: str) -> str:
    """A symbol that stands for all those that are the same to every place."""
    return symbol if symbol in (_END, _LAST_NEWLINE, "\n") else "a" if WORD >> ord(symbol) & 1 else "-"


def _is_at(place: int, before: int, symbol: str) -> bool:
    if place == BEGIN:
        return before == _NOTHING
    if place == BEGIN_LINE:
        return before in (_NOTHING, _LINE_BREAK)
    if place == END:
        return symbol in (_END, _LAST_NEWLINE)
    if place == END_LINE:
        return symbol in (_END, _LAST_NEWLINE, "\n")
    if place == END_TEXT:
        return symbol == _END
    letter = len(symbol) == 1 and bool(WORD >> ord(symbol) & 1)
    return (place == BOUNDARY) == ((before == _LETTER) != letter)
