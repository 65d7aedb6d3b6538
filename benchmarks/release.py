"""k-anonymity of a table: counting, choosing levels, and making the table as it may leave.

Run: ``python -m benchmarks.release [rows]``. pycanon is measured beside it where it is installed (evenhand does not
need it), at 100,000 rows, after its figures were compared with these.
"""

from __future__ import annotations

import argparse
import time
from importlib.util import find_spec

import numpy as np
import polars as pl

import evenhand as eh
from evenhand.adapters.data.released_table import counted
from evenhand.anonymity import measure

from .machine import describe, peak_memory, print_table

KNOWN, SECRET = ("age", "postcode", "sex", "job"), "bought"
LEVELS = {"age": [5, 10, 20], "postcode": [3, 2, "*"], "job": ["*"]}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.release", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    print(describe())
    frame = people(rows)
    start = time.perf_counter()
    figures = measure(counted(frame, KNOWN, [SECRET])[0], 10)
    looked = time.perf_counter() - start
    start, before = time.perf_counter(), time.process_time()
    made = eh.release(frame, confidential=[SECRET], levels=LEVELS, most_left_out=0.02)
    whole, spent = time.perf_counter() - start, time.process_time() - before
    print_table(
        "Release",
        f"python -m benchmarks.release {rows}",
        ["rows", "classes as it is", "under 10", "look, s", "whole release, s", "CPU s", "left out", "peak GiB"],
        [[f"{rows:,}", f"{figures.classes:,}", f"{figures.under:,}", f"{looked:.2f}", f"{whole:.2f}", f"{spent:.2f}",
          f"{made.left_out:,}", f"{peak_memory():.2f}"]],
    )  # fmt: skip
    print(made, dict(made.levels))
    if find_spec("pycanon") is not None:
        _beside(people(100_000))


def people(rows: int) -> pl.DataFrame:
    """Made-up people: 80 ages, 4,000 postcodes, two sexes, 40 jobs, and who bought."""
    rng = np.random.default_rng(0)
    codes = np.array([f"{1000 + one}" for one in range(4_000)])
    jobs = np.array([f"job {one}" for one in range(40)])
    return pl.DataFrame(
        {
            "age": rng.integers(18, 98, rows),
            "postcode": codes[np.minimum(rng.exponential(600, rows), 3_999).astype(np.intp)],
            "sex": np.array(["f", "m"])[rng.integers(0, 2, rows)],
            "job": jobs[np.minimum(rng.exponential(8, rows), 39).astype(np.intp)],
            SECRET: rng.random(rows) < 0.1,
        }
    )


def _beside(frame: pl.DataFrame) -> None:
    from pycanon import anonymity

    start = time.perf_counter()
    own = measure(counted(frame, KNOWN[:1], [SECRET])[0], 10)
    taken = time.perf_counter() - start
    pandas = frame.to_pandas().astype({SECRET: str})
    start = time.perf_counter()
    theirs = (
        anonymity.k_anonymity(pandas, list(KNOWN[:1])),
        anonymity.l_diversity(pandas, list(KNOWN[:1]), [SECRET]),
        anonymity.t_closeness(pandas, list(KNOWN[:1]), [SECRET]),
    )
    other = time.perf_counter() - start
    if theirs[:2] != (own.smallest, own.diversity[SECRET]) or abs(theirs[2] - own.closeness[SECRET]) > 1e-9:
        raise SystemExit(f"the figures differ: {own} and {theirs}")
    print(f"100,000 rows by age, same figures: {taken:.3f} s, pycanon {other:.2f} s")


if __name__ == "__main__":
    main()
