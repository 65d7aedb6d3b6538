"""How long a newcomer waits for nothing: importing the package, and ``--help``, over a bare interpreter.

Run: ``python -m benchmarks.startup [rounds]``. Each round starts fresh processes in turn, so that a busy moment hits
all of them alike; the tables tell medians of what a round costs more than its own bare interpreter.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from .machine import children_seconds, describe, installed, print_table

_HELP = "import sys; sys.argv = ['evenhand', '--help']; from evenhand.cli import main; main()"
_STARTS = (
    ("import evenhand", "import evenhand", "0.3 s"),
    ("evenhand --help", _HELP, "0.5 s"),
    ("import numpy, for comparison", "import numpy", ""),
    ("import polars, for comparison", "import polars", ""),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=11)
    asked = parser.parse_args()
    print(describe())
    programs = ["pass", *(program for _, program, _ in _STARTS)]
    for program in programs:
        _start(program)  # compiled once, as in an installation
    rounds = [[_start(program) for program in programs] for _ in range(asked.rounds)]
    rows = []
    for place, (words, _, budget) in enumerate(_STARTS, start=1):
        wall, cpu = (statistics.median(one[place][kind] - one[0][kind] for one in rounds) for kind in (0, 1))
        rows.append([words, f"{wall:.3f}", f"{cpu:.3f}", budget])
    bare = [statistics.median(one[0][kind] for one in rounds) for kind in (0, 1)]
    rows.append(["(the bare interpreter itself)", f"{bare[0]:.3f}", f"{bare[1]:.3f}", ""])
    header = ["over a bare interpreter", "wall s", "CPU s", "at most"]
    print_table("Start", f"python -m benchmarks.startup {asked.rounds}", header, rows)


def _start(program: str) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), children_seconds()
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL, env=installed())
    return time.perf_counter() - wall, children_seconds() - cpu


if __name__ == "__main__":
    main()
