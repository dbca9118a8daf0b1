"""Tries mutants one at a time on a copy of the checkout: first the tests that mirror the file, then wider ones."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutate import Mutation, mutations

ROOT = Path(__file__).parents[2]
WIDER = {
    "audit": ("tests/scenarios", "tests/pipeline", "tests/test_golden.py", "tests/test_properties.py"),
    "pipeline": (
        "tests/scenarios",
        "tests/translate/test_other_hosts.py",
        "tests/daemon/test_guarded_pipeline.py",
        "tests/test_properties.py",
    ),
    "process": (
        "tests/audit/test_boots.py",
        "tests/probe/test_reader.py",
        "tests/stages",
        "tests/test_build.py",
        "tests/test_golden.py",
    ),
    "stages": ("tests/test_build.py", "tests/test_golden.py", "tests/test_contract.py"),
    "forms": ("tests/test_golden.py", "tests/test_contract.py", "tests/test_choose_form.py", "tests/pipeline"),
    "outputs": ("tests/daemon/test_logs.py", "tests/daemon/test_readers.py", "tests/daemon/test_ends.py"),
    "daemon": (),
}
"""What a change in a room may alter elsewhere; the tests of the room have run before."""
_DAEMON = "guard guarded_pipeline kernel_audit lag logs memory readers reload signals start syslog warnings daemon ends"
ROOM = {"daemon": tuple(f"tests/daemon/test_{name}.py" for name in _DAEMON.split())}
"""The tests of a room where they are not all of its folder: the others take minutes, and are run for their own file."""
QUICK = ("-m", "not live and not slow", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=1")
ENDLESS = 400.0  # seconds: a mutant that takes longer is noticed


@dataclass(frozen=True)
class Mutant:
    """A mutation of one file, `path` relative to the checkout."""

    path: str
    mutation: Mutation

    def __str__(self) -> str:
        source = (ROOT / self.path).read_bytes()
        before = " ".join(source[self.mutation.start : self.mutation.end].decode().split())
        return f"{self.path}:{self.mutation.line} {self.mutation.kind}: {before}  ->  {self.mutation.text}"


def sample(room: str, count: int, seed: int) -> list[Mutant]:
    """`count` mutants of `sensor/room` or `sensor/room.py`: a line at random, then one of its mutations."""
    chance = random.Random(f"{seed} {room}")
    folder = ROOT / "sensor" / room
    files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
    lines: dict[tuple[str, int], list[Mutation]] = {}
    for file in files:
        path = str(file.relative_to(ROOT))
        for mutation in mutations(file.read_bytes()):
            lines.setdefault((path, mutation.line), []).append(mutation)
    chosen = chance.sample(sorted(lines), min(count, len(lines)))
    return [Mutant(path, chance.choice(lines[path, line])) for path, line in chosen]


class Copy:
    """A copy of the checkout's files in which one file at a time is changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
        for name in filter(None, listed.decode().split("\0")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)

    def notices(self, mutant: Mutant, near: bool = False) -> str | None:
        """The tests that fail with this mutant, or those of its room do; None where all pass."""
        source = (ROOT / mutant.path).read_bytes()
        (self.folder / mutant.path).write_bytes(mutant.mutation.apply(source))
        try:
            return next((names[0] for names in _steps(self.folder, mutant.path, near) if not self._passes(names)), None)
        finally:
            (self.folder / mutant.path).write_bytes(source)

    def fails(self, room: str) -> bool:
        """Whether the tests of a room fail without any change."""
        return not self._passes((*ROOM.get(room, (f"tests/{room}",)), *WIDER.get(room, ())))

    def _passes(self, names: tuple[str, ...]) -> bool:
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", *QUICK, *names]
        try:
            done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, timeout=ENDLESS)
        except subprocess.TimeoutExpired:
            return False
        return done.returncode in (0, 5)  # 5: no test here is quick


def _steps(folder: Path, path: str, near: bool) -> Iterator[tuple[str, ...]]:
    """The tests to run, the nearest first."""
    room = Path(path).parts[1]
    mirror = Path("tests", *Path(path).parts[1:])
    own = mirror.with_name(f"test_{mirror.parent.name if mirror.stem == '__init__' else mirror.stem}.py")
    if (folder / own).exists():
        yield (str(own),)
    if room in ROOM:
        yield ROOM[room]
    elif mirror.parent.name != "tests" and any((folder / mirror.parent).glob("test_*.py")):
        yield (str(mirror.parent),)
    if room not in ROOM and mirror.parent.name != room and (folder / "tests" / room).is_dir():
        yield (f"tests/{room}",)
    if WIDER.get(room) and not near:
        yield WIDER[room]
