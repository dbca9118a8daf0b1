"""The reference: how options of every kind are shown."""

from __future__ import annotations

from dataclasses import dataclass

from sensor.config.describe import HEADER, describe
from sensor.options import option, section


@dataclass(frozen=True)
class Inner:
    """An inner section."""

    name: str = option("x y", "A name.")
    limit: int | None = option(None, "A limit.", unit="bytes", minimum=1024)


@dataclass(frozen=True)
class Outer:
    """Everything."""

    kind: str = option("a", "A kind.", choices=("a", "b"))
    time: str = option("", "A time.", choices=("", "iso"))
    patterns: tuple[str, ...] = option(("^/x", "plain"), "Patterns.", unit="regex")
    labels: dict[str, str] = option({"k": "no"}, "Labels.")
    size: int = option(1536, "A size.", unit="bytes")
    address: str = option("127.0.0.1:1", "An address.")
    first: Inner = section(Inner())
    second: Inner = section(Inner("z"), False, "Another.")
    absent: Inner | None = section(Inner("w"), True, "Only when asked for.")


EXPECTED = """
# A kind. One of a, b.
#kind: a

# A time. One of "", iso.
#time: ""

# Patterns. Regular expressions.
#patterns: ["^/x", plain]

# Labels.
#labels: {k: "no"}

# A size. Bytes.
#size: 1536

# An address.
#address: "127.0.0.1:1"

# An inner section.
first:
  # A name.
  #name: "x y"
  # A limit. Bytes, at least 1 KiB.
  #limit: null

# Another.
second:
  #name: z
  #limit: null

# Only when asked for.
#absent:
#  name: w
#  limit: null
"""


def test_every_kind_of_option_is_shown():
    assert describe(Outer()) == HEADER + EXPECTED
