"""Make the files of audit rules that are shipped, from the table in sensor/rules/table.py.

    python3 packaging/rules/generate.py [FOLDER]      writes FOLDER/minimal.rules and recommended.rules

FOLDER is packaging/rules unless it is given.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from sensor import __version__  # noqa: E402
from sensor.rules.render import render, text  # noqa: E402
from sensor.rules.table import SETS  # noqa: E402
from sensor.rules.target import portable  # noqa: E402


def main() -> int:
    """Write every set below the folder that is given."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    for name in SETS:
        (folder / f"{name}.rules").write_text(text(name, render(name, portable()), __version__), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
