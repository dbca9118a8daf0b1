"""One-line changes of Python source that alter what it does, for measuring what the tests notice.

`mutations(source)` lists them all, in the order of the source. Left alone are docstrings, annotations, `__slots__`,
the text of log lines and of errors, and a statement whose deletion would only leave a name unbound.

    if len(found) > limit:      ->  if (len(found) >= limit):    comparison
    self.pending.clear()        ->  pass                         statement
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Union

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_SIGNS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip
_LOGGERS = frozenset({"log", "logger", "logging", "warnings"})
_NOT_CODE = frozenset({"annotation", "returns", "decorator_list", "type_comment"})

Place = Union[ast.expr, ast.stmt]
Change = tuple[str, Place, str]  # kind, what is replaced, by which text


@dataclass(frozen=True)
class Mutation:
    """One change: the bytes `start` to `end` of the source become `text`; `line` counts from 1."""

    kind: str
    line: int
    start: int
    end: int
    text: str

    def apply(self, source: bytes) -> bytes:
        """The changed source."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutations(source: bytes) -> list[Mutation]:
    """Every mutation of a module's source, in UTF-8."""
    tree = ast.parse(source)
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    bound = Counter(node.id for node in names)
    found = []
    for node in _walk(tree):
        for kind, place, text in _changes(node, bound):
            start = starts[place.lineno - 1] + place.col_offset
            end = starts[(place.end_lineno or place.lineno) - 1] + (place.end_col_offset or 0)
            found.append(Mutation(kind, place.lineno, start, end, text))
    return sorted(found, key=lambda mutation: (mutation.start, mutation.kind, mutation.text))


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes whose change alters behaviour."""
    yield node
    for name, value in ast.iter_fields(node):
        if name not in _NOT_CODE:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_left_alone(child):
                    yield from _walk(child)


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _is_log_line(node.value)
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Name) and node.targets[0].id.startswith("__")
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    # Python before 3.12 gives the parts of an f-string no true place.
    return isinstance(node, (ast.Import, ast.ImportFrom, ast.Raise, ast.Assert, ast.JoinedStr))


def _is_log_line(node: ast.expr) -> bool:
    function = node.func if isinstance(node, ast.Call) else None
    owner = function.value if isinstance(function, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id in _LOGGERS


def _changes(node: ast.AST, bound: Counter[str]) -> Iterator[Change]:
    change = _CHANGES.get(type(node))
    if change is not None:
        yield from change(node)
    elif isinstance(node, ast.Assign) and _is_bound_elsewhere(node.targets[0], bound):
        yield "statement", node, "pass"


def _is_bound_elsewhere(target: ast.expr, bound: Counter[str]) -> bool:
    return isinstance(target, (ast.Attribute, ast.Subscript)) or (isinstance(target, ast.Name) and bound[target.id] > 1)


def _comparison(node: ast.Compare) -> Iterator[Change]:
    other = _COMPARISONS[type(node.ops[0])]()
    yield "comparison", node, _text(ast.Compare(node.left, [other, *node.ops[1:]], node.comparators))


def _and_or(node: ast.BoolOp) -> Iterator[Change]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield "and/or", node, _text(ast.BoolOp(other, node.values))


def _not(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield "not", node, _text(node.operand)


def _sign(node: ast.BinOp) -> Iterator[Change]:
    if type(node.op) in _SIGNS and not _is_text(node.left) and not _is_text(node.right):
        yield "sign", node, _text(ast.BinOp(node.left, _SIGNS[type(node.op)](), node.right))


def _is_text(node: ast.expr) -> bool:
    """Whether this side of an operator is text for certain: there only `+` has a meaning."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))


def _slice(node: ast.Slice) -> Iterator[Change]:
    bound = node.upper or node.lower
    if bound is not None:
        yield "slice", bound, _text(ast.BinOp(bound, ast.Add(), ast.Constant(1)))


def _constant(node: ast.Constant) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield "constant", node, str(not value)
    elif isinstance(value, int):
        yield "constant", node, str(value + 1)
        yield "constant", node, f"({value - 1})"
    elif value and isinstance(value, (str, bytes)):
        yield "constant", node, repr(type(value)())


def _removal(node: ast.Expr | ast.AugAssign) -> Iterator[Change]:
    if isinstance(node, ast.AugAssign) or isinstance(node.value, ast.Call):
        yield "statement", node, "pass"


def _return(node: ast.Return) -> Iterator[Change]:
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield "return", node, "return None"


def _condition(node: ast.If | ast.IfExp) -> Iterator[Change]:
    yield "condition", node.test, _text(ast.UnaryOp(ast.Not(), node.test))


def _break(node: ast.Break) -> Iterator[Change]:
    yield "control", node, "continue"


def _continue(node: ast.Continue) -> Iterator[Change]:
    yield "control", node, "break"


def _text(node: ast.expr) -> str:
    """The expression in parentheses, so that it keeps its place among operators."""
    return f"({ast.unparse(node)})"


_CHANGES: dict[type[ast.AST], Callable[..., Iterator[Change]]] = {
    ast.Compare: _comparison,
    ast.BoolOp: _and_or,
    ast.UnaryOp: _not,
    ast.BinOp: _sign,
    ast.Slice: _slice,
    ast.Constant: _constant,
    ast.Expr: _removal,
    ast.AugAssign: _removal,
    ast.Return: _return,
    ast.If: _condition,
    ast.IfExp: _condition,
    ast.Break: _break,
    ast.Continue: _continue,
}
