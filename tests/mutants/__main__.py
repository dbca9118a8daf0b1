"""`python -m tests.mutants`: how many of a sample of one-line changes the tests notice.

    room      mutants  noticed  equivalent  survived
    audit          30       28           2         0

`equivalent.txt` names the mutants that change no behaviour, each with its reason. Exit status 1 where fewer than
`--least` per cent of the others are noticed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.mutants.run import Copy, Mutant, sample

# Rooms of `sensor`, and how many mutants of each.
ROOMS = {"audit": 30, "pipeline": 12, "process": 25, "stages": 30, "forms": 20, "outputs": 12, "daemon": 16}
_EQUIVALENT = Path(__file__).with_name("equivalent.txt")


def main() -> int:
    """Print a row a room and every survivor."""
    parser = argparse.ArgumentParser(prog="tests.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", default=list(ROOMS), metavar="ROOM", help=f"default: {' '.join(ROOMS)}")
    parser.add_argument("--seed", type=int, default=20261, help="another seed is another sample")
    parser.add_argument("--scale", type=float, default=1.0, help="1: about 150 mutants, half an hour")
    parser.add_argument("--near", action="store_true", help="run the tests of the room only: quicker, and stricter")
    parser.add_argument("--verbose", action="store_true", help="name what noticed each mutant")
    parser.add_argument("--least", type=float, default=95.0, help="per cent")
    arguments = parser.parse_args()
    equivalent = {line.partition("  # ")[0] for line in _EQUIVALENT.read_text().splitlines()}
    noticed = total = 0
    with tempfile.TemporaryDirectory() as folder:
        copy = Copy(Path(folder))
        for room in arguments.rooms:
            if not arguments.near and copy.fails(room):
                print(f"{room}: its tests fail without any change: nothing can be measured")
                return 2
            mutants = sample(room, round(ROOMS.get(room, 20) * arguments.scale), arguments.seed)
            same = [mutant for mutant in mutants if key(mutant) in equivalent]
            survived = []
            for mutant in mutants:
                found = "equivalent" if mutant in same else copy.notices(mutant, arguments.near)
                if arguments.verbose:
                    print(f"    {mutant}: {found or 'survived'}", flush=True)
                if not found:
                    survived.append(mutant)
            total += len(mutants) - len(same)
            noticed += len(mutants) - len(same) - len(survived)
            print(
                f"{room:12} {len(mutants):4} mutants, {len(same):3} equivalent, {len(survived):3} survived", flush=True
            )
            for mutant in survived:
                print(f"    {mutant}", flush=True)
    share = 100 * noticed / max(total, 1)
    print(f"{noticed} of {total} noticed: {share:.1f} %")
    return 0 if share >= arguments.least else 1


def key(mutant: Mutant) -> str:
    """How `equivalent.txt` names a mutant: without its line, which moves."""
    path, _, rest = str(mutant).partition(":")
    return f"{path} {rest.partition(' ')[2]}"


if __name__ == "__main__":
    sys.exit(main())
