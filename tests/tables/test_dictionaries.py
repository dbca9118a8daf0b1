"""The audit project's own dictionaries: each of their fields has a decoder or is passed through, and each record type.

tests/data/audit-documentation has them, as CSV. What a field's format says is how we read it, or the difference is in
EXPLAINED; a word that is passed through is of the kind `string`.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from sensor.audit.options import TransformOptions
from sensor.audit.record import RecordDecoder
from sensor.build import build
from sensor.config import Config
from sensor.stats import Stats
from sensor.tables.fields import KINDS, kinds_of
from sensor.tables.record_types import NUMBERS, is_kernel

FOLDER = Path(__file__).parent.parent / "data" / "audit-documentation"


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


FIELDS = rows("field-dictionary.csv")
MESSAGES = rows("message-dictionary.csv")

FORMATS = {
    "numeric decimal": "decimal",
    "numeric": "decimal",
    "numeric hexadecimal": "hex",
    "numeric hexadecimal-tuple": "string",  # fd:01, as the kernel writes a device
    "numeric octal": "octal",
    "encoded": "encoded",
    "alphanumeric": "string",
    "alphabet": "string",
}
"""Format in the dictionary → our kind."""

SAMPLES: dict[str, tuple[str, Any]] = {
    "decimal": ("42", 42),
    "hex": ("1f", "0x1f"),
    "octal": ("0755", "0o755"),
    "encoded": ("2F746D70", "/tmp"),
    "string": ("2F746D70", "2F746D70"),
}
"""Kind → a value as written, and as it comes out."""

ARGUMENTS = {"a[0-3]": ("SYSCALL", "a0"), r"a[[:digit:]+]\[.*\]": ("EXECVE", "a1[0]")}
"""Fields that are given as a pattern: the arguments of a system call, and of a program."""

EXPLAINED = {
    "numbers that the kernel writes in hexadecimal, %x or %llx": {
        "hex": "macproto maj new_pe new_pi new_pp",
    },
    "words, not numbers: names of interfaces and operations, addresses, versions, `0644` within a quoted text": {
        "string": "action dmac inif ipx-net oflag outif perm perm_mask smac ver",
    },
    "words that nobody encodes; read as hexadecimal, `addr=cafe` would be two bytes": {"string": "addr apparmor"},
    "capabilities in the kernel's records; a fingerprint in those of user space, where it is a string": {"hex": "fp"},
    "the value of an SELinux boolean in the kernel's records; anything in those of user space": {"decimal": "val"},
}
"""Why our kind is another than the format says → kind → fields."""


def kind_of(name: str) -> str:
    kind = KINDS.get(name)
    if kind is None:
        assert name.endswith(("uid", "gid")), f"{name} is in no table"
        return "decimal"
    return kind


def test_the_dictionaries_are_whole() -> None:
    assert (len(FIELDS), len(MESSAGES)) == (236, 214)
    assert {row["FORMAT"] for row in FIELDS} == FORMATS.keys()


def test_every_field_is_read_as_the_dictionary_shows_or_the_difference_is_explained() -> None:
    differing: dict[str, set[str]] = {}
    for row in FIELDS:
        name = row["NAME"]
        if name not in ARGUMENTS and kind_of(name) != FORMATS[row["FORMAT"]]:
            differing.setdefault(kind_of(name), set()).add(name)
    explained: dict[str, set[str]] = {}
    for kinds in EXPLAINED.values():
        for kind, names in kinds.items():
            explained.setdefault(kind, set()).update(names.split())
    assert differing == explained


@pytest.mark.parametrize("name", sorted({row["NAME"] for row in FIELDS} - ARGUMENTS.keys()))
def test_every_field_is_decoded_or_passed_through(name: str) -> None:
    raw, value = SAMPLES[kind_of(name)]
    decoded = RecordDecoder(TransformOptions(), (), 16).parse("CONFIG_CHANGE", f"{name}={raw}")
    assert decoded[name] == ({"TEXT": value} if name == "msg" else value)  # msg holds fields of its own, or words


def test_arguments_are_decoded() -> None:
    decoder = RecordDecoder(TransformOptions(), (), 16)
    assert decoder.parse("EXECVE", "argc=2 a0=6C73 a1_len=4 a1[0]=2D6C")["ARGV"] == ["ls", "-l"]
    (line,) = _convert("type=SYSCALL msg=audit(1.000:1): arch=c000003e syscall=1 a0=1f a1=0 a2=0 a3=0 items=0 pid=1")
    assert line["SYSCALL"]["ARGV"][0] == "0x1f"


@pytest.mark.parametrize(("macro", "number"), [(row["MACRO NAME"], int(row["VALUE"])) for row in MESSAGES])
def test_every_record_type_is_known_by_name_and_number(macro: str, number: int) -> None:
    name = macro.removeprefix("AUDIT_")
    assert NUMBERS[name] == number
    if name == "EOE":
        return
    for type in (name, f"UNKNOWN[{number}]"):
        (line,) = _convert(f"type={type} msg=audit(1.000:1): pid=42 uid=0 op=x")
        (output,) = (line[key] for key in line if NUMBERS.get(key) == number)
        fields = output[0] if isinstance(output, list) else output
        if name not in ("EXECVE", "PROCTITLE"):
            assert (fields["pid"], fields["uid"], fields["op"]) == (42, 0, "x")


def test_words_of_user_space_are_no_numbers() -> None:
    for row in MESSAGES:
        number = int(row["VALUE"])
        if not is_kernel(number):
            assert kinds_of(row["MACRO NAME"].removeprefix("AUDIT_"))["res"] == "string"


def _convert(line: str) -> list[dict[str, Any]]:
    pipeline = build(Config(), Stats(), live=False).pipeline
    lines = pipeline.feed(f"{line}\n".encode(), 0.0) + pipeline.close()
    return [json.loads(line.encode("latin-1")) for line in lines]
