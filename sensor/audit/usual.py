"""Records in their usual form, from text to text, without a look at the single field.

Most records of the kernel come in a handful of forms (sensor.audit.shape), command lines in one.
Here is who knows which; what is not usual is parsed field by field (sensor.audit.record).
"""

from __future__ import annotations

from typing import Callable

from sensor.audit.argv import PlainCommandLines
from sensor.audit.fields import Kinds
from sensor.audit.options import TransformOptions
from sensor.audit.render import quoter
from sensor.audit.shape import Shape, Shapes
from sensor.audit.text import SAFE
from sensor.cache import BoundedDict

_MOST_TYPES = 64


class UsualForms:
    """Renders usual records of all types.

    kinds: how the fields of a type are written.
    """

    def __init__(self, options: TransformOptions, kinds: Callable[[str], Kinds]) -> None:
        lines = PlainCommandLines(quoter(options.strings), SAFE[options.strings])
        self._kinds = kinds
        self._safe = SAFE[options.strings]
        self._shapes: BoundedDict[str, Shapes] = BoundedDict(_MOST_TYPES)
        self._special: dict[str, Callable[[str], str | None]] = {}
        if options.strings == "percent":
            self._special["PROCTITLE"] = lines.proctitle
            if options.execve_argv == ("array",) and options.execve_argv_limit_bytes is None:
                self._special["EXECVE"] = lines.execve

    def render(self, name: str, body: str) -> str | None:
        """JSON members of a body of the named type; None if it is not usual."""
        special = self._special.get(name)
        if special is not None:
            return special(body)
        found = self.find(name, body)
        return found[0] if found is not None else None

    def find(self, name: str, body: str) -> tuple[str, Shape, tuple[str, ...]] | None:
        """JSON members of a body, its shape, and the values in it as written; None if it has no known shape."""
        shapes = self._shapes.get(name)
        return shapes.render(body) if shapes is not None else None

    def learn(self, name: str, body: str, text: str) -> None:
        """Take an example of what is usual: a body of the named type and its JSON members."""
        if name in ("PROCTITLE", "EXECVE"):
            return
        self.shapes(name).learn(body, text)

    def shapes(self, name: str) -> Shapes:
        """The shapes of one type."""
        shapes = self._shapes.get(name)
        if shapes is None:
            shapes = self._shapes.keep(name, Shapes(self._kinds(name), self._safe))
        return shapes
