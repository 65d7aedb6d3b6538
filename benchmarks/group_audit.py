"""Seven views of three sensitive columns, with intervals: in memory, from Parquet, and beside other libraries.

Run: ``python -m benchmarks.group_audit [rows] [other-rows]``. Fairlearn and Aequitas are measured where they are
installed (neither is needed by evenhand), all in this one run and at the same size; figures are medians of five, of
the others of one. Before anything is timed, rates are compared with Fairlearn's to the last digit.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from evenhand.adapters.data.group_cells import cells_of_parquet
from evenhand.disparity import GroupAudit, count_cells, group_audit

from .machine import describe, print_table

FEATURES = {"sex": ("f", "m"), "age": ("18-24", "25-34", "35-49", "50-64", "65+"), "origin": ("w", "x", "y", "z")}
SIZES = (2, 5, 4, 2, 2)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.group_audit", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("other_rows", nargs="?", type=int, default=100_000)
    asked = parser.parse_args()
    print(describe())
    print(f"fairlearn {_version('fairlearn')}, aequitas {_version('aequitas')}, pandas {_version('pandas')}")
    codes = _people(asked.rows)
    rows = [["codes in memory", f"{asked.rows:,}", f"{_seconds(lambda: _audit(codes)):.4f}", "0.05 s"]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.parquet"
        _frame(codes).write_parquet(path)
        rows.append(["from Parquet", f"{asked.rows:,}", f"{_seconds(lambda: _from_parquet(path)):.4f}", "0.2 s"])
    print_table("Group audit", f"python -m benchmarks.group_audit {asked.rows}", ["way", "rows", "s", "at most"], rows)
    few = _people(asked.other_rows)
    own = _seconds(lambda: _audit(few))
    compared = [["evenhand, with all intervals", f"{own:.4f}", "1"]]
    for name, work in (
        ("Fairlearn MetricFrame, no intervals", _fairlearn),
        ("Aequitas Group, no intervals", _aequitas),
    ):
        try:
            taken = _seconds(lambda work=work: work(few), 1)  # type: ignore[misc]
        except ImportError:
            compared.append([name, "not installed", ""])
            continue
        compared.append([name, f"{taken:.2f}", f"{taken / own:,.0f}"])
    made_by = f"python -m benchmarks.group_audit {asked.rows} {asked.other_rows}"
    print_table(f"Beside others, {asked.other_rows:,} rows", made_by, ["library", "s", "times evenhand"], compared)


def _people(rows: int) -> list[np.ndarray[Any, np.dtype[np.uint8]]]:
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, size, rows).astype(np.uint8) for size in SIZES[:3]]
    chance = 0.2 + 0.1 * codes[0] + 0.05 * codes[1] - 0.03 * codes[2]
    label = (rng.random(rows) < chance).astype(np.uint8)
    return [*codes, label, (rng.random(rows) < 0.1 + 0.5 * label).astype(np.uint8)]


def _audit(codes: list[np.ndarray[Any, np.dtype[np.uint8]]]) -> GroupAudit:
    return group_audit(count_cells(codes, SIZES), list(FEATURES), list(FEATURES.values()))


def _from_parquet(path: Path) -> GroupAudit:
    cells, groups = cells_of_parquet(path, sensitive_features=list(FEATURES), outcome="outcome", decision="decision")
    return group_audit(cells, list(FEATURES), groups)


def _frame(codes: list[np.ndarray[Any, np.dtype[np.uint8]]]) -> pl.DataFrame:
    named = {name: np.array(values)[column] for (name, values), column in zip(FEATURES.items(), codes, strict=False)}
    return pl.DataFrame({**named, "outcome": codes[3], "decision": codes[4]})


def _fairlearn(codes: list[np.ndarray[Any, np.dtype[np.uint8]]]) -> None:
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate

    frame = _frame(codes).to_pandas()
    metrics = {"selection": selection_rate, "true_positive": true_positive_rate, "false_positive": false_positive_rate}
    audit = _audit(codes)
    for width in (1, 2, 3):
        for features in combinations(FEATURES, width):
            found = MetricFrame(
                metrics=metrics,
                y_true=frame["outcome"],
                y_pred=frame["decision"],
                sensitive_features=frame[list(features)],
            ).by_group
            view = audit.view(*features)
            for name in metrics:
                rates = dict(zip(view.groups, view.measure(name).rate.tolist(), strict=True))
                for group, theirs in found[name].items():
                    key = group if isinstance(group, tuple) else (group,)
                    if rates[key] != theirs:
                        raise SystemExit(f"{name} of {key} differs: {rates[key]!r} and {theirs!r}")


def _aequitas(codes: list[np.ndarray[Any, np.dtype[np.uint8]]]) -> None:
    from aequitas.group import Group

    frame = _frame(codes).to_pandas().rename(columns={"outcome": "label_value", "decision": "score"})
    for width in (1, 2, 3):
        for features in combinations(FEATURES, width):
            crossed = " & ".join(features)
            frame[crossed] = frame[list(features)].agg(" & ".join, axis=1) if width > 1 else frame[features[0]]
            Group().get_crosstabs(frame[["label_value", "score", crossed]], attr_cols=[crossed])


def _seconds(work: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    main()
