"""How long scores with all their exact reasons take: a batch in NumPy and in DuckDB, and one person in plain Python.

Run: ``python -m benchmarks.scoring [rows]``. One offer, 20 features (15 numbers of 60 bins, 5 categories of 10), with
and without 10 pairs. Beside it in the same run, where installed, on the same rows: LightGBM (150 trees of 31 leaves)
with SHAP TreeExplainer, and the EBM of interpret-core with `eval_terms` and `explain_local`. What is timed on fewer
rows is scaled up in proportion, and the table says from how many. SHAP values share a score out between features; the
contributions of an additive model *are* the score.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.adapters.data.columns import raw_values
from evenhand.features import encode
from evenhand.scoring import model_digest, model_sql, one_scorer
from evenhand.terms import Binning, FeatureView, Model, Pair, probability_ppm, score_of, term_contributions

from .machine import describe, print_table

NUMBERS, CATEGORIES, BINS, BANDS = 15, 5, 60, 12
FEW = 2_000
"""Rows for what is too slow for all of them."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scoring", description=__doc__)
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(describe())
    world = _world(asked.rows)
    batch = [row for pairs in (0, 10) for row in _batch(world, _model(world, pairs), pairs)]
    one = [_one(world, _model(world, pairs), pairs) for pairs in (0, 10)]
    for name, timed in (("lightgbm", _lightgbm), ("interpret", _ebm)):
        if importlib.util.find_spec(name) is None or (name == "lightgbm" and importlib.util.find_spec("shap") is None):
            print(f"{name} or what explains it is not installed: left out")
            continue
        batch_row, one_row = timed(world)
        batch.append(batch_row)
        one.append(one_row)
    command = f"python -m benchmarks.scoring {asked.rows}"
    print_table(
        f"{asked.rows:,} people, score and all reasons", command, ["how", "wall s", "CPU s", "measured on"], batch
    )
    print_table("One person, score and top reasons, from raw values", command, ["how", "wall us", "CPU us"], one)


@dataclass(frozen=True)
class _World:
    numbers: NDArray[np.float64]
    categories: NDArray[np.intp]
    outcome: NDArray[np.uint8]

    @property
    def matrix(self) -> NDArray[np.float64]:
        """All features as numbers, for those that read nothing else."""
        return np.column_stack([self.numbers.T, self.categories.T.astype(np.float64)])


def _world(rows: int) -> _World:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(NUMBERS, rows))
    categories = rng.integers(0, 10, (CATEGORIES, rows))
    logit = -2 + 0.5 * np.sin(2 * numbers[0]) + 0.4 * numbers[1] * (numbers[2] > 0) + 0.1 * categories[0]
    return _World(numbers, categories, (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.uint8))


def _model(world: _World, pairs: int) -> Model:
    """Random tables: how long a lookup takes does not depend on what stands there."""
    rng = np.random.default_rng(1)
    cuts = np.linspace(0, 1, BINS + 1)[1:-1]
    binnings = tuple(
        Binning(f"n{i}", "number", tuple(np.quantile(column[:10_000], cuts).tolist()))
        for i, column in enumerate(world.numbers)
    ) + tuple(Binning(f"c{i}", "category", categories=tuple(f"word {w}" for w in range(10))) for i in range(CATEGORIES))
    joint = tuple(Pair(i, i + 1, _bands(binnings[i]), _bands(binnings[i + 1])) for i in range(pairs))
    tables = tuple(
        np.concatenate([[[0]], rng.integers(-400_000, 400_000, (1, part.size - 1))], axis=1).astype(np.int32)
        for part in (*binnings, *joint)
    )
    view, base = FeatureView("Marketing", binnings, ""), np.array([-2_000_000])
    return Model(view, ("o",), base, tables, {}, {}, model_digest(view, ("o",), base, tables, joint), joint)


def _bands(binning: Binning) -> tuple[int, ...]:
    return (0, *(code * BANDS // binning.size for code in range(1, binning.size)))


def _columns(world: _World) -> list[Any]:
    words = np.array([f"word {w}" for w in range(10)], object)
    return [*world.numbers, *(words[column] for column in world.categories)]


def _batch(world: _World, model: Model, pairs: int) -> list[list[str]]:
    columns = _columns(world)
    rows, names = len(world.outcome), [binning.name for binning in model.view.binnings]
    codes = tuple(encode(binning, column) for binning, column in zip(model.view.binnings, columns, strict=True))
    offer = np.zeros(rows, np.int16)

    def explained() -> None:
        parts = term_contributions(model, codes, offer)
        probability_ppm(score_of(model, parts, offer))

    def from_raw() -> None:
        for binning, column in zip(model.view.binnings, columns, strict=True):
            encode(binning, column)
        explained()

    def from_frame(frame: pl.DataFrame) -> None:
        for binning, column in zip(model.view.binnings, frame.get_columns(), strict=True):
            encode(binning, raw_values(column))
        explained()

    texts = pl.DataFrame(dict(zip(names, columns, strict=True)))
    words = texts.with_columns(pl.col(names[NUMBERS:]).cast(pl.Categorical))
    name = f"evenhand, NumPy, {pairs} pairs"
    out = [
        [f"{name}, from bin codes", *_seconds(explained, 3), f"{rows:,}"],
        [f"{name}, from a data frame, words as categories", *_seconds(lambda: from_frame(words), 3), f"{rows:,}"],
        [f"{name}, from a data frame, words as text", *_seconds(lambda: from_frame(texts), 3), f"{rows:,}"],
        [f"{name}, from arrays of Python objects", *_seconds(from_raw, 3), f"{rows:,}"],
    ]
    if importlib.util.find_spec("duckdb") is not None:
        out.append([f"evenhand, DuckDB, {pairs} pairs, from raw values", *_in_duckdb(model, columns), f"{rows:,}"])
    return out


def _in_duckdb(model: Model, columns: list[Any]) -> tuple[str, str]:
    import duckdb

    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False, "threads": 2}
    )
    names = [binning.name for binning in model.view.binnings]
    connection.register("given", pl.DataFrame(dict(zip(names, columns, strict=True))).to_arrow())
    connection.execute("CREATE TABLE people AS SELECT * FROM given")
    query = model_sql(model, "duckdb", "people", contributions=True)
    return _seconds(lambda: connection.execute(f"CREATE OR REPLACE TABLE scored AS {query}"), 2)


def _one(world: _World, model: Model, pairs: int) -> list[str]:
    one = one_scorer(model)
    names = [binning.name for binning in model.view.binnings]
    columns = [column[:FEW].tolist() for column in _columns(world)]
    people = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
    return [f"evenhand, plain Python, {pairs} pairs", *_micro(lambda: deque(map(one, people), maxlen=0), len(people))]


def _lightgbm(world: _World) -> tuple[list[str], list[str]]:
    import lightgbm
    import shap

    matrix = world.matrix
    learned = lightgbm.LGBMClassifier(n_estimators=150, num_leaves=31, n_jobs=2, verbose=-1)
    learned.fit(matrix[:50_000], world.outcome[:50_000])
    explainer = shap.TreeExplainer(learned)
    few = matrix[:FEW]

    def explained() -> None:
        learned.predict_proba(few)
        explainer.shap_values(few)

    def one() -> None:
        for row in few[:20]:
            learned.predict_proba(row[None])
            explainer.shap_values(row[None])

    scaled = len(matrix) / len(few)
    batch = ["LightGBM + SHAP TreeExplainer, from raw values", *_seconds(explained, 1, scaled), f"{FEW:,}, scaled up"]
    return batch, ["LightGBM + SHAP TreeExplainer", *_micro(one, 20)]


def _ebm(world: _World) -> tuple[list[str], list[str]]:
    from interpret.glassbox import ExplainableBoostingClassifier

    matrix = world.matrix
    ebm = ExplainableBoostingClassifier(interactions=10, outer_bags=1, max_rounds=50, n_jobs=1, max_bins=64)
    ebm.fit(matrix[:20_000], world.outcome[:20_000])
    part = matrix[: min(len(matrix), 100_000)]

    def explained() -> None:
        ebm.predict_proba(part)
        ebm.eval_terms(part)

    def one() -> None:
        for row, outcome in zip(part[:10], world.outcome[:10], strict=True):
            ebm.explain_local(row[None], [outcome])

    scaled = len(matrix) / len(part)
    batch = ["EBM eval_terms, 10 pairs, from raw values", *_seconds(explained, 1, scaled), f"{len(part):,}, scaled up"]
    return batch, ["EBM explain_local, 10 pairs", *_micro(one, 10)]


def _seconds(work: Callable[[], object], times: int, scaled: float = 1.0) -> tuple[str, str]:
    wall, cpu = _least(work, times)
    return f"{wall * scaled:.2f}", f"{cpu * scaled:.2f}"


def _micro(work: Callable[[], object], people: int) -> tuple[str, str]:
    """Microseconds per person."""
    wall, cpu = _least(work, 5)
    return f"{wall / people * 1e6:.1f}", f"{cpu / people * 1e6:.1f}"


def _least(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Least wall and processor seconds of so many runs."""
    best = [float("inf")] * 2
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        best = [min(best[0], time.perf_counter() - wall), min(best[1], time.process_time() - cpu)]
    return best[0], best[1]


if __name__ == "__main__":
    main()
