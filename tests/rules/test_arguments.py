"""What can be asked for."""

from __future__ import annotations

import argparse

import pytest

from sensor.rules.arguments import NAMES, add_rules
from sensor.rules.table import SETS


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    add_rules(made)
    return made


def test_the_sets_are_those_of_the_table() -> None:
    assert set(NAMES) == set(SETS)


@pytest.mark.parametrize("arguments", [["--install"], ["--install", "x"], ["--check", "--remove"], ["--print"]])
def test_a_wrong_call_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(arguments)
