"""How long the smallest change takes per person, beside dice-ml on the same model, rows and target.

Run: ``python -m benchmarks.counterfactuals [people] [--times N]``. A random glass box of 24 features of 30 bins (6 are
categories, 12 actionable) with 6 joint effects, to a score that half or a tenth of the people have. evenhand's answer
is exact; dice-ml draws (``random``) or breeds (``genetic``) an answer, of which validity and number of changes are
shown. dice-ml is asked for a few people only. Where it is not installed, the benchmark says so. Times are processor
time; of so many questions by each person the least counts, for a busy machine.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.explanation import Counterfactual, CounterfactualSearch, Proof, counterfactual
from evenhand.terms import Binning, FeatureView, Model, Pair, TermShape, score_of, term_contributions

from .machine import describe, print_table

FEATURES, CATEGORIES, ACTIONABLE, BINS, PAIRS, BANDS = 24, 6, 12, 30, 6, 6
ASKED_OF_DICE = 12


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counterfactuals", description=__doc__)
    parser.add_argument("people", nargs="?", type=int, default=2_000)
    parser.add_argument("--times", type=int, default=1)
    asked = parser.parse_args()
    print(describe())
    model, codes = _world(asked.people)
    at = np.zeros(asked.people, dtype=np.intp)
    score = score_of(model, term_contributions(model, codes, at), at)
    names = [binning.name for binning in model.view.binnings]
    rows: list[list[str]] = []
    for share, actionable in ((0.5, names[:ACTIONABLE]), (0.9, names[:ACTIONABLE]), (0.9, names)):
        target = int(np.quantile(score, share))
        found, each, batch = _timed(model, codes, target, actionable, asked.times)
        who = f"evenhand: {len(actionable)} actionable, a score that {1 - share:.0%} have"
        rows.append([who, *_figures(found, each), f"{1e6 * batch:.0f}"])
        if len(actionable) == ACTIONABLE and share == 0.9:
            own = float(np.median(each))
            need = np.flatnonzero(score < target)[:ASKED_OF_DICE]
            for method in ("random", "genetic"):
                rows.append(_dice(method, model, codes, target, need, actionable, own))
    made_by = f"python -m benchmarks.counterfactuals {asked.people} --times {asked.times}"
    header = ["who", "CPU ms median", "ms p95", "ms p99", "ms max", "solved", "changes", "µs each in one batch"]
    print_table("The smallest change that reaches a score, per person", made_by, header, rows)


def _timed(
    model: Model, codes: tuple[NDArray[np.uint8], ...], target: int, actionable: list[str], times: int
) -> tuple[list[Counterfactual], NDArray[np.float64], float]:
    """Each person asked alone, of a search that is prepared once; then one call by a search that is not."""
    search = CounterfactualSearch(model, actionable=actionable)
    search.ready()
    each = np.full(codes[0].shape[-1], np.inf)
    for _ in range(times):
        found: list[Counterfactual] = []
        for i in range(len(each)):
            mine = tuple(code[i : i + 1] for code in codes)
            start = time.process_time()
            found += search.of(mine, target)
            each[i] = min(each[i], time.process_time() - start)
    start = time.process_time()
    whole = counterfactual(model, codes, target, actionable=actionable)
    spent = (time.process_time() - start) / len(whole)
    assert list(whole) == found
    asked = [i for i, one in enumerate(found) if one.proof is not Proof.ALREADY]
    return [found[i] for i in asked], each[asked], spent


def _figures(found: list[Counterfactual], each: NDArray[np.float64]) -> list[str]:
    solved = [one for one in found if one.proof is Proof.SMALLEST]
    times = [f"{1e3 * value:.3f}" for value in (*np.quantile(each, [0.5, 0.95, 0.99]), each.max())]
    changes = np.mean([len(one.changes) for one in solved])
    return [*times, f"{len(solved)} of {len(found)}", f"{changes:.2f}"]


def _world(people: int) -> tuple[Model, tuple[NDArray[np.uint8], ...]]:
    rng = np.random.default_rng(0)
    binnings, tables, codes = [], [], []
    for t in range(FEATURES):
        if t % (FEATURES // CATEGORIES) == 0:
            binnings.append(Binning(f"f{t}", "category", categories=tuple(f"c{b}" for b in range(BINS))))
        else:
            binnings.append(Binning(f"f{t}", "number", tuple(map(float, range(BINS - 1)))))
        steps = rng.normal(0, 0.12, BINS)
        effect = steps.cumsum() if binnings[-1].kind == "number" else steps * 3
        tables.append(np.r_[0, 0, 0, np.rint((effect - effect.mean()) * 1e6)].astype(np.int32)[None])
        codes.append((3 + rng.binomial(BINS - 1, rng.uniform(0.2, 0.8), people)).astype(np.uint8))
    pairs = []
    for p in range(PAIRS):
        first, second = sorted(rng.choice(FEATURES, 2, replace=False).tolist())
        bands = (0, 0, 0, *(b * BANDS // BINS for b in range(BINS)))
        pairs.append(Pair(first, second, bands, bands))
        table = rng.normal(0, 0.15e6, pairs[p].size)
        table[0] = 0
        tables.append(np.rint(table).astype(np.int32)[None])
    view = FeatureView("PersonalisedAdvertising", tuple(binnings), "")
    model = Model(view, ("one",), np.array([-2_000_000]), tuple(tables), {}, {}, "", tuple(pairs))
    zero = np.zeros(0)
    sizes = [binning.size for binning in binnings]
    shapes = [
        TermShape(b.name, zero, zero, zero, np.bincount(code, minlength=size))
        for b, code, size in zip(binnings, codes, sizes, strict=True)
    ]
    return replace(model, shapes={"": tuple(shapes)}), tuple(codes)


class _Box:
    """The same model as dice-ml wants it: a frame of codes in, the chance to be above the target out."""

    def __init__(self, model: Model, target: int) -> None:
        self.model, self.target = model, target

    def predict_proba(self, frame: Any) -> NDArray[np.float64]:
        codes = tuple(frame[b.name].to_numpy().astype(np.uint8) for b in self.model.view.binnings)
        at = np.zeros(len(frame), dtype=np.intp)
        score = score_of(self.model, term_contributions(self.model, codes, at), at)
        above = 1 / (1 + np.exp((self.target - 0.5 - score) / 1e6))
        return np.stack([1 - above, above], axis=1)

    def predict(self, frame: Any) -> NDArray[np.int64]:
        return (self.predict_proba(frame)[:, 1] > 0.5).astype(np.int64)


def _dice(
    method: str,
    model: Model,
    codes: tuple[NDArray[np.uint8], ...],
    target: int,
    rows: NDArray[np.intp],
    actionable: list[str],
    own: float,
) -> list[str]:
    try:
        import dice_ml
        import pandas as pd
        from raiutils.exceptions import UserConfigValidationException

        name = f"dice-ml {version('dice-ml')} {method}"
    except (ImportError, PackageNotFoundError):
        return [f"dice-ml {method}", "not installed", *["-"] * 6]
    box = _Box(model, target)
    kinds = {binning.name: binning.kind for binning in model.view.binnings}
    frame = pd.DataFrame(
        {
            n: code.astype(str) if kinds[n] == "category" else code.astype(int)
            for n, code in zip(kinds, codes, strict=True)
        }
    )
    data = frame.assign(above=box.predict(frame))
    numbers = [n for n in kinds if kinds[n] == "number"]
    asked = dice_ml.Dice(
        dice_ml.Data(dataframe=data, continuous_features=numbers, outcome_name="above"),
        dice_ml.Model(model=box, backend="sklearn", model_type="classifier"),
        method=method,
    )
    each, changes = [], []
    for row in rows:
        mine = frame.iloc[row : row + 1]
        start = time.process_time()
        try:
            answer = asked.generate_counterfactuals(
                mine, total_CFs=1, desired_class=1, features_to_vary=actionable, verbose=False
            )
            other = answer.cf_examples_list[0].final_cfs_df[list(kinds)]
        except (UserConfigValidationException, AttributeError, TypeError, ValueError):
            other = frame.iloc[:0]
        each.append(time.process_time() - start)
        if len(other) and box.predict(other)[0]:
            changes.append(int((other.iloc[0].astype(str) != mine.iloc[0].astype(str)).sum()))
    times = [f"{1e3 * value:.0f}" for value in (*np.quantile(each, [0.5, 0.95, 0.99]), max(each))]
    times[0] += f" ({np.median(each) / own:,.0f}x)"
    return [
        f"{name}: the same",
        *times,
        f"{len(changes)} of {len(rows)}",
        f"{np.mean(changes):.2f}" if changes else "-",
        "-",
    ]


if __name__ == "__main__":
    main()
