"""How long the glass box takes to learn, beside scikit-learn's logistic regression on the same bins.

Run: ``python -m benchmarks.fit [rows ...]``, and ``python -m benchmarks.fit 1000000 --pairs`` for the glass box alone
with ten joint effects to find. One offer, 20 features of 60 bins. The comparison is with the nearest thing that many
use: one-hot columns and ``LogisticRegression`` with a ridge of one (lbfgs, and newton-cholesky). It smooths nothing,
chooses no penalty and gives no covariance, which the glass box does; so a ratio below one would not be a loss, and one
above is not the whole gain.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .machine import describe, peak_memory, print_table

FEATURES, BINS = 20, 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit", description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--pairs", action="store_true", help="the glass box alone, with ten joint effects to find")
    asked = parser.parse_args()
    print(describe())
    if asked.pairs:
        found = [_with_pairs(n) for n in asked.rows]
        header = [
            "rows",
            "wall / CPU s",
            "joint effects found, of ten",
            "peak memory above that of making the data, GiB",
        ]
        print_table("Learning one offer with joint effects", "python -m benchmarks.fit ROWS --pairs", header, found)
        return
    rows = [_compared(n) for n in asked.rows]
    header = [
        "rows",
        "glass box: wall / CPU s",
        "lbfgs, of it",
        "newton-cholesky, of it",
        "held-out log loss of the three",
    ]
    print_table("Learning one offer", f"python -m benchmarks.fit {' '.join(map(str, asked.rows))}", header, rows)


def _with_pairs(n: int) -> list[str]:
    from evenhand.scoring import fit_terms

    codes, outcome = _world(n, joint=FEATURES // 2)
    before = peak_memory()
    sizes, ordered = (BINS + 3,) * FEATURES, (True,) * FEATURES
    fitted, (wall, cpu) = _timed(lambda: fit_terms(tuple(codes), sizes, ordered, outcome, pairs=10))
    right = sum(pair.first + 1 == pair.second and pair.first % 2 == 0 for pair in fitted.pairs)
    return [f"{n:,}", f"{wall:.1f} / {cpu:.1f}", str(right), f"{peak_memory() - before:.2f}"]


def _compared(n: int) -> list[str]:
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    from evenhand.scoring import fit_terms

    codes, outcome = _world(2 * n)
    here, there = slice(0, n), slice(n, None)
    fitted, own = _timed(
        lambda: fit_terms(tuple(c[here] for c in codes), (BINS + 3,) * FEATURES, (True,) * FEATURES, outcome[here])
    )
    logit = fitted.intercept + sum(e[c[there]] for e, c in zip(fitted.effects, codes, strict=True))
    losses = [log_loss(outcome[there], 1 / (1 + np.exp(-logit)))]
    places = np.stack([c.astype(np.int64) - 3 + t * BINS for t, c in enumerate(codes)], axis=1)
    hot = csr_matrix((np.ones(places.size), places.ravel(), np.arange(0, places.size + 1, FEATURES)))
    ratios = []
    for solver in ("lbfgs", "newton-cholesky"):
        matrix = hot if solver == "lbfgs" else hot.toarray() if n <= 100_000 else None
        if matrix is None:
            ratios.append("-")
            continue
        model = LogisticRegression(solver=solver, max_iter=1000)
        _, spent = _timed(partial(model.fit, matrix[here], outcome[here]))
        losses.append(log_loss(outcome[there], model.predict_proba(hot[there])[:, 1]))
        ratios.append(f"{spent[0] / own[0]:.1f}x wall, {spent[1] / own[1]:.1f}x CPU")
    return [f"{n:,}", f"{own[0]:.2f} / {own[1]:.2f}", *ratios, " ".join(f"{loss:.4f}" for loss in losses)]


def _world(n: int, joint: int = 0) -> tuple[list[NDArray[np.uint8]], NDArray[np.uint8]]:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(FEATURES, n))
    cuts = np.linspace(0, 1, BINS + 1)[1:-1]
    codes = [(np.searchsorted(np.quantile(column, cuts), column) + 3).astype(np.uint8) for column in values]
    logit = -2 + 0.5 * np.sin(2 * values[0]) + 0.4 * values[1] + 0.3 * (values[2] > 0)
    for place in range(0, 2 * joint, 2):
        logit += 0.4 * values[place] * values[place + 1]
    return codes, (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(np.uint8)


def _timed(work: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, (time.perf_counter() - wall, time.process_time() - cpu)


if __name__ == "__main__":
    main()
