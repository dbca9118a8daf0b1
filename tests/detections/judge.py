"""Documents in ECS, judged by rules in EQL with the library that Elastic has for it (PyPI: eql).

That takes an event to have one category, and lists to be compared as wholes; Elasticsearch takes a document to be of
each of its categories, and a condition on a list to hold if it does for an element. So a document is shown once for
each category, and conditions on lists become arraySearch().
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Any

import eql
from eql import ast
from eql.parser import elasticsearch_syntax
from eql.walkers import RecursiveWalker

from tests.support.ecs_schema import fields

LISTS = frozenset(name for name, field in fields("8.17").items() if field.array)


class _OfAnyElement(RecursiveWalker):
    """Lets a condition on a list be one on any of its elements."""

    def __init__(self, lists: Container[str]) -> None:
        super().__init__()
        self._lists = lists

    def _walk_comparison(self, node: Any) -> Any:
        if node.comparator == "!=":  # the library's form of `not … == …`
            equal = ast.Comparison(node.left, "==", node.right)
            found = self._walk_comparison(equal)
            return node if found is equal else ast.Not(found)
        return self._search(node, node.left, lambda one: ast.Comparison(one, node.comparator, node.right))

    def _walk_in_set(self, node: Any) -> Any:
        return self._search(node, node.expression, lambda one: ast.InSet(one, node.container))

    def _walk_function_call(self, node: Any) -> Any:
        first, *others = node.arguments or [None]
        return self._search(node, first, lambda one: ast.FunctionCall(node.name, [one, *others]))

    def _search(self, node: Any, of: Any, condition: Any) -> Any:
        if not isinstance(of, ast.Field) or ".".join([of.base, *map(str, of.path)]) not in self._lists:
            return node
        element = ast.Field("element")
        return ast.FunctionCall("arraySearch", [of, element, condition(element)])


def fired(
    rules: Mapping[str, str], documents: Iterable[Mapping[str, Any]], lists: Container[str] = LISTS
) -> dict[str, list[str]]:
    """Rule → the ids of the events on which it fires; lists: fields with more than one value."""
    events = [
        eql.Event(category, number, dict(document))
        for number, document in enumerate(documents)
        for category in document["event"].get("category", ())
    ]
    found: dict[str, list[str]] = defaultdict(list)
    for name, text in rules.items():
        with elasticsearch_syntax:
            query = _OfAnyElement(lists).walk(eql.parse_query(text))
        engine = eql.PythonEngine()
        engine.add_query(query)
        engine.add_output_hook(lambda output, name=name: found[name].append(output.events[0].data["event"]["id"]))
        engine.stream_events(events)
    return {name: list(dict.fromkeys(found[name])) for name in rules}
