"""Other toolkits on the same held-out people; each at the selection rate that it ends up with, and ours at that rate.

None of them takes a budget: where a toolkit gives a score, it is also ranked to the budget. What is not installed is
said to be so.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .machine import print_table

if TYPE_CHECKING:
    from .fair_cases import Case

TARGET = 0.8


def beside(case: Case) -> None:
    """Print the two tables for the first sensitive column of a data set."""
    feature = next(iter(case.groups))
    hot = _one_hot(case)
    group = np.array(case.groups[feature])
    methods: list[tuple[str, str, str, Callable[..., tuple[NDArray[Any], NDArray[Any] | None]]]] = [
        ("logistic regression, no limit", "scikit-learn", "no", _plain),
        ("ExponentiatedGradient", "fairlearn", "no", _gradient),
        ("ThresholdOptimizer", "fairlearn", "yes", _thresholds),
        ("FairPredictor, inferred groups", "oxonfair", "no", _oxonfair),
        ("Reweighing", "aif360", "no", _reweighing),
    ]
    own, ranked = [], []
    for name, library, sees, method in methods:
        try:
            installed = version(library)
        except PackageNotFoundError:
            own.append([name, library, "not installed", *["-"] * 8])
            continue
        start = time.perf_counter()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                chosen, score = method(case, hot, group)
        except Exception as error:  # a toolkit that fails is a row of the table, not the end of it
            own.append([name, library, installed, sees, f"failed: {type(error).__name__}", *["-"] * 6])
            continue
        spent = time.perf_counter() - start
        own.append([name, library, installed, sees, *_at_its_rate(case, feature, chosen, spent)])
        if score is not None:
            ranked.append([name, *_to_budget(case, feature, score)])
    header = ["method", "library", "version", "sees groups", "rate", "ratio", "captured", "s", "ours: ratio",
              "captured", "s"]  # fmt: skip
    command = "python -m benchmarks.fair_blind --toolkits"
    print_table(f"{case.name}, {feature}, ratio at least {TARGET}: at each toolkit's own rate", command, header, own)
    header = ["ranked to the budget", "10 %: ratio", "captured", "20 %: ratio", "captured"]
    print_table(
        f"{case.name}, {feature}: ranked to the budget", command, header, [*ranked, _ours_ranked(case, feature)]
    )


def _figures(case: Case, feature: str, chosen: NDArray[Any]) -> tuple[float, float]:
    picked = chosen.astype(bool)
    return case.ratio(((feature,),), picked), case.captured(picked)


def _at_its_rate(case: Case, feature: str, chosen: NDArray[Any], spent: float) -> list[str]:
    from .fair_blind import ours

    rate = float(chosen.mean())
    ratio, hits = _figures(case, feature, chosen)
    mine, own_time, _ = ours(case, ((feature,),), rate, TARGET, 1.0)
    own_ratio, own_hits = _figures(case, feature, mine)
    return [f"{rate:.3f}", f"{ratio:.3f}", f"{hits:.4f}", f"{spent:.1f}", f"{own_ratio:.3f}", f"{own_hits:.4f}",
            f"{own_time:.2f}"]  # fmt: skip


def _to_budget(case: Case, feature: str, score: NDArray[Any]) -> list[str]:
    shown = []
    for budget in (0.1, 0.2):
        order = np.lexsort((-case.score[case.test], -score))
        chosen = np.zeros(len(case.test), dtype=bool)
        chosen[order[: int(budget * len(case.test))]] = True
        shown += [f"{figure:.4f}" for figure in _figures(case, feature, chosen)]
    return shown


def _ours_ranked(case: Case, feature: str) -> list[str]:
    from .fair_blind import ours

    shown = []
    for budget in (0.1, 0.2):
        shown += [f"{one:.4f}" for one in _figures(case, feature, ours(case, ((feature,),), budget, TARGET, 1.0)[0])]
    return [f"ours, target {TARGET}", *shown]


def _one_hot(case: Case) -> NDArray[np.float64]:
    blocks = [np.eye(size)[code][:, 1:] for code, size in zip(case.codes, case.sizes, strict=True)]
    return np.concatenate(blocks, axis=1)


def _learner() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=300)


def _plain(case: Case, hot: NDArray[Any], _: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    fitted = _learner().fit(hot[case.train], case.outcome[case.train])
    score = fitted.predict_proba(hot[case.test])[:, 1]
    return score > 0.5, score


def _gradient(case: Case, hot: NDArray[Any], group: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient

    fitted = ExponentiatedGradient(_learner(), DemographicParity(ratio_bound=TARGET), max_iter=15)
    fitted.fit(hot[case.train], case.outcome[case.train], sensitive_features=group[case.train])
    return fitted.predict(hot[case.test], random_state=0), fitted._pmf_predict(hot[case.test])[:, 1]


def _thresholds(case: Case, hot: NDArray[Any], group: NDArray[Any]) -> tuple[NDArray[Any], None]:
    from fairlearn.postprocessing import ThresholdOptimizer

    fitted = ThresholdOptimizer(estimator=_learner(), constraints="demographic_parity", predict_method="predict_proba")
    fitted.fit(hot[case.train], case.outcome[case.train], sensitive_features=group[case.train])
    return fitted.predict(hot[case.test], sensitive_features=group[case.test], random_state=0), None


def _oxonfair(case: Case, hot: NDArray[Any], group: NDArray[Any]) -> tuple[NDArray[Any], None]:
    from oxonfair import DataDict, FairPredictor
    from oxonfair import group_metrics as metrics

    half = np.random.default_rng(0).permutation(case.train)
    learn, tune = half[: len(half) // 2], half[len(half) // 2 :]
    member = np.unique(group, return_inverse=True)[1]
    fitted, guess = _learner().fit(hot[learn], case.outcome[learn]), _learner().fit(hot[learn], member[learn])
    data = DataDict(case.outcome[tune].astype(int), hot[tune], groups=member[tune])
    predictor = FairPredictor(fitted, data, inferred_groups=guess)
    predictor.fit(metrics.accuracy, metrics.disparate_impact, TARGET)
    return np.asarray(predictor.predict(DataDict(case.outcome[case.test].astype(int), hot[case.test]))) > 0.5, None


def _reweighing(case: Case, hot: NDArray[Any], group: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    import pandas as pd
    from aif360.algorithms.preprocessing import Reweighing
    from aif360.datasets import BinaryLabelDataset

    member = np.unique(group, return_inverse=True)[1]
    frame = pd.DataFrame({"y": case.outcome[case.train].astype(float), "g": member[case.train].astype(float)})
    data = BinaryLabelDataset(df=frame, label_names=["y"], protected_attribute_names=["g"])
    rates = frame.groupby("g").y.mean()
    best = float(rates.idxmax())
    others = [{"g": float(one)} for one in rates.index if one != best]
    weights = Reweighing(unprivileged_groups=others, privileged_groups=[{"g": best}]).fit_transform(data)
    fitted = _learner().fit(hot[case.train], case.outcome[case.train], sample_weight=weights.instance_weights)
    score = fitted.predict_proba(hot[case.test])[:, 1]
    return score > 0.5, score
