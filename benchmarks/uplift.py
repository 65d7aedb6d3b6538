"""Does the increment rank people rightly? The glass box beside scikit-uplift and meta-learners with LightGBM.

Run: ``python -m benchmarks.uplift [--repeats N] [--rows N] [--folder DIR]``. Two experiments of Hillstrom's e-mail
set (the women's and the men's e-mail against none; outcome: a visit), and generated worlds in which the true increment
is known. Every learner gets the same rows in the same splits: two thirds to learn from, a third to be measured on. The
Qini coefficient is that of `evenhand.scoring.qini`; the table says how far scikit-uplift's own number is from it at
most. LightGBM has 100 trees of 8 leaves, 100 rows in a leaf and a rate of 0.05: smaller trees than its own settings
make. The uplift forest of causalml has its own settings (10 trees of depth 5, 100 rows in a leaf). What is not
installed is left out: ``pip install scikit-uplift lightgbm scikit-learn pandas causalml``. causalml may want older
versions of some of these: then give it an environment of its own, and name there by ``--learners`` what is measured.
The e-mail set is read from a folder that is no part of the repository; where it is not there, the generated worlds
alone are measured.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .machine import describe, print_table

_FOLDER = Path(__file__).parents[2] / "shared" / "data"

Predict = Callable[[pd.DataFrame], NDArray[np.float64]]


def email(folder: Path, segment: str) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.int64]]:
    """People who were sent one e-mail or none; the outcome is whether they visited the shop."""
    table = pd.read_csv(folder / "hillstrom" / "hillstrom.csv.gz")
    table = table[table["segment"].isin([segment, "No E-Mail"])]
    shown = (table["segment"] == segment).to_numpy(np.int64)
    columns = table.drop(columns=["segment", "visit", "conversion", "spend", "history_segment"])
    return columns.reset_index(drop=True), shown, table["visit"].to_numpy(np.int64)


def world(
    kind: str, rows: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Columns, shown, responded, and the true increment: ``none`` at all; ``small`` beside a strong response;
    ``mixed``, where it puts half of the people off; ``jointly``, where it lies in two columns together."""
    x = rng.normal(size=(rows, 6))
    plain = 1.0 / (1.0 + np.exp(1.6 - 0.8 * x[:, 0] - 0.6 * np.abs(x[:, 1]) - 0.5 * (x[:, 2] > 0)))
    wanted = {
        "none": np.zeros(rows),
        "small": 0.03 + 0.03 * x[:, 3] + 0.04 * (x[:, 4] > 0.5),
        "mixed": np.where(x[:, 3] > 0, 0.08, -0.05),
        "jointly": np.where((x[:, 3] > 0) == (x[:, 4] > 0), 0.10, -0.02),
    }[kind]
    chance = np.clip(plain, 0.001, 0.999), np.clip(plain + wanted, 0.001, 0.999)
    shown = rng.integers(0, 2, rows)
    responded = (rng.random(rows) < np.where(shown == 1, chance[1], chance[0])).astype(np.int64)
    return pd.DataFrame(x, columns=[f"x{j}" for j in range(6)]), shown, responded, chance[1] - chance[0]


def glass_box(x: pd.DataFrame, y: NDArray[np.int64], t: NDArray[np.int64], pairs: int = 0) -> Predict:
    from evenhand.adapters.models.uplift import AdditiveUplift

    fitted = AdditiveUplift(pairs=pairs).fit(x, y, treatment=t)
    return lambda other: np.asarray(fitted.predict(other))


def _trees(kind: str) -> Any:
    import lightgbm

    made = lightgbm.LGBMClassifier if kind == "classifier" else lightgbm.LGBMRegressor
    return made(
        n_estimators=100, num_leaves=8, min_child_samples=100, learning_rate=0.05, n_jobs=1, random_state=0, verbose=-1
    )


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def _of_scikit_uplift(name: str, model: Callable[[], Any], **settings: Any) -> Callable[..., Predict]:
    """SoloModel, TwoModels or ClassTransformation, on columns made one-hot."""

    def learn(x: pd.DataFrame, y: NDArray[np.int64], t: NDArray[np.int64]) -> Predict:
        import sklift.models

        arguments = {"estimator_trmnt": model(), "estimator_ctrl": model()} if name == "TwoModels" else {}
        arguments = arguments or {"estimator": model()}
        hot = pd.get_dummies(x).astype(float)
        fitted = getattr(sklift.models, name)(**arguments, **settings).fit(hot, pd.Series(y), pd.Series(t))
        return lambda other: np.asarray(fitted.predict(pd.get_dummies(other).astype(float)[hot.columns]))

    return learn


def x_learner(x: pd.DataFrame, y: NDArray[np.int64], t: NDArray[np.int64]) -> Predict:
    """Künzel, Sekhon, Bickel and Yu 2019, with LightGBM."""
    hot = pd.get_dummies(x).astype(float)
    sides = [_trees("classifier").fit(hot[t == side], y[t == side]) for side in (0, 1)]
    gained = y[t == 1] - sides[0].predict_proba(hot[t == 1])[:, 1]
    missed = sides[1].predict_proba(hot[t == 0])[:, 1] - y[t == 0]
    ends = [_trees("regressor").fit(hot[t == 0], missed), _trees("regressor").fit(hot[t == 1], gained)]
    share = t.mean()

    def predict(other: pd.DataFrame) -> NDArray[np.float64]:
        seen = pd.get_dummies(other).astype(float)[hot.columns]
        return np.asarray(share * ends[0].predict(seen) + (1.0 - share) * ends[1].predict(seen))

    return predict


def r_learner(x: pd.DataFrame, y: NDArray[np.int64], t: NDArray[np.int64]) -> Predict:
    """Nie and Wager 2021, with LightGBM in both stages."""
    from sklearn.model_selection import cross_val_predict

    hot = pd.get_dummies(x).astype(float)
    expected = cross_val_predict(_trees("classifier"), hot, y, cv=5, method="predict_proba")[:, 1]
    change = t - t.mean()
    fitted = _trees("regressor").fit(hot, (y - expected) / change, sample_weight=np.square(change))
    return lambda other: np.asarray(fitted.predict(pd.get_dummies(other).astype(float)[hot.columns]))


def uplift_forest(x: pd.DataFrame, y: NDArray[np.int64], t: NDArray[np.int64]) -> Predict:
    """Trees that split where responses with and without the offer come apart (Rzepakowski and Jaroszewicz 2012), by
    causalml; its default settings."""
    from causalml.inference.tree import UpliftRandomForestClassifier

    hot = pd.get_dummies(x).astype(float)
    forest = UpliftRandomForestClassifier(control_name="control", random_state=0, n_jobs=1)
    forest.fit(hot.to_numpy(), treatment=np.where(t == 1, "shown", "control"), y=y)
    return lambda other: np.asarray(forest.predict(pd.get_dummies(other).astype(float)[hot.columns].to_numpy()))[:, 0]


LEARNERS: dict[str, Callable[..., Predict]] = {
    "glass box": glass_box,
    "glass box, 3 pairs": lambda x, y, t: glass_box(x, y, t, pairs=3),
    "SoloModel, logistic": _of_scikit_uplift("SoloModel", _logistic, method="treatment_interaction"),
    "SoloModel, LightGBM": _of_scikit_uplift("SoloModel", lambda: _trees("classifier")),
    "TwoModels, logistic": _of_scikit_uplift("TwoModels", _logistic),
    "TwoModels, LightGBM": _of_scikit_uplift("TwoModels", lambda: _trees("classifier")),
    "ClassTransformation, logistic": _of_scikit_uplift("ClassTransformation", _logistic),
    "ClassTransformation, LightGBM": _of_scikit_uplift("ClassTransformation", lambda: _trees("classifier")),
    "X-learner, LightGBM": x_learner,
    "R-learner, LightGBM": r_learner,
    "uplift forest, causalml": uplift_forest,
}


def _installed(wanted: Sequence[str]) -> dict[str, Callable[..., Predict]]:
    """The learners that are wanted and whose libraries are here."""
    lacking = {name for name in ("lightgbm", "sklearn", "sklift", "causalml") if importlib.util.find_spec(name) is None}
    needs = {"logistic": {"sklearn", "sklift"}, "LightGBM": {"sklearn", "lightgbm"}, "Model": {"sklift"}}
    needs |= {"ClassTransformation": {"sklift"}, "causalml": {"causalml"}}
    return {
        learner: learn
        for learner, learn in LEARNERS.items()
        if learner in wanted
        and not lacking & set().union(*(modules for word, modules in needs.items() if word in learner))
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.uplift", description=__doc__)
    parser.add_argument("--repeats", type=int, default=10, help="splits of each experiment")
    parser.add_argument("--worlds", type=int, default=4, help="draws of each generated world")
    parser.add_argument("--rows", type=int, default=20_000, help="rows of a generated world to learn from")
    parser.add_argument("--learners", nargs="*", choices=LEARNERS, default=list(LEARNERS))
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    asked = parser.parse_args()
    warnings.filterwarnings("ignore", category=FutureWarning)
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    print(describe(), flush=True)
    learners = _installed(["glass box", *asked.learners])
    for segment in ("Womens E-Mail", "Mens E-Mail"):
        try:
            experiment = email(asked.folder, segment)
        except OSError as error:
            print(f"{segment} is left out: {type(error).__name__}")
            continue
        _print_splits(segment, *experiment, asked.repeats, learners)
    for kind in ("none", "small", "mixed", "jointly"):
        _print_world(kind, asked.rows, asked.worlds, learners)


def _print_splits(
    name: str,
    x: pd.DataFrame,
    t: NDArray[np.int64],
    y: NDArray[np.int64],
    repeats: int,
    learners: Mapping[str, Callable[..., Predict]],
) -> None:
    """One table: Qini by learner, and how it differs from the glass box's on the same splits."""
    from evenhand.scoring import qini

    got: dict[str, list[list[float]]] = {}
    apart = 0.0
    for repeat in range(repeats):
        test = np.random.default_rng(repeat).permutation(len(y)) % 3 == 0
        for learner, learn in learners.items():
            start = time.perf_counter()
            predict = learn(x[~test].reset_index(drop=True), y[~test], t[~test])
            seconds = time.perf_counter() - start
            told = predict(x[test].reset_index(drop=True))
            value, _, upper = qini(told, y[test], t[test])["coefficient"]  # type: ignore[misc]
            with contextlib.suppress(ImportError):
                from sklift.metrics import qini_auc_score

                apart = max(apart, abs(value - qini_auc_score(y[test], told, t[test])))
            got.setdefault(learner, []).append([value, upper - value, seconds, float(np.std(told))])
    ours = np.array(got["glass box"])[:, 0]
    rows = []
    for learner, values in got.items():
        value, half, seconds, spread = np.array(values).mean(axis=0)
        gap = ours - np.array(values)[:, 0]
        cells = [f"{value:.4f}", f"{half:.4f}", f"{gap.mean():+.4f}", f"{int((gap > 0).sum())} of {repeats}"]
        rows.append([learner, *cells, f"{spread:.4f}", f"{seconds:.2f}"])
    header = ["learner", "Qini", "95 % +-", "glass box minus it", "glass box ahead", "spread of increments", "fit s"]
    print_table(
        f"{name}, {len(y):,} people, {repeats} splits", f"python -m benchmarks.uplift --repeats {repeats}", header, rows
    )
    print(f"\nLargest distance from scikit-uplift's qini_auc_score: {apart:.1e}", flush=True)


def _print_world(kind: str, rows: int, draws: int, learners: Mapping[str, Callable[..., Predict]]) -> None:
    """One table: how far from the truth, and how alike the order, on 20,000 other people."""
    got: dict[str, list[list[float]]] = {}
    truth = 0.0
    for draw in range(draws):
        x, t, y, _ = world(kind, rows, np.random.default_rng(draw))
        other, _, _, true = world(kind, 20_000, np.random.default_rng(1000 + draw))
        truth += float(np.std(true)) / draws
        for learner, learn in learners.items():
            start = time.perf_counter()
            predict = learn(x, y, t)
            seconds = time.perf_counter() - start
            told = predict(other)
            error = float(np.sqrt(np.mean(np.square(told - true))))
            alike = float(pd.Series(told).corr(pd.Series(true), method="spearman")) if np.std(true) else np.nan
            got.setdefault(learner, []).append([error, alike, float(np.std(told)), seconds])
    table = []
    for learner, values in got.items():
        error, alike, spread, seconds = np.array(values).mean(axis=0)
        told = "-" if np.isnan(alike) else f"{alike:.3f}"
        table.append([learner, f"{error:.4f}", told, f"{spread:.4f}", f"{seconds:.2f}"])
    header = ["learner", "error (RMSE)", "rank correlation", "spread of increments", "fit s"]
    print_table(
        f"World {kind!r}, {rows:,} rows, {draws} draws; true spread {truth:.4f}",
        f"python -m benchmarks.uplift --rows {rows} --worlds {draws}",
        header,
        table,
    )


if __name__ == "__main__":
    main()
