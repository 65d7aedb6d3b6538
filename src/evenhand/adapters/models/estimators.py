"""The glass box for data scientists: fit and predict in scikit-learn's manner, on integers all the way.

An estimator learns bins, counts rows per bin and per pair of bins, fits an additive model from those counts and turns
it into tables of whole numbers. Every prediction is a sum of table entries, so it is its own explanation. scikit-learn
is not needed; where it is, these are estimators like any other (pipelines, cross-validation, searches).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.scoring import reliability
from evenhand.terms import PPM, Z95, Link, probability_ppm

from ..data.frames import frame_like, frame_of
from ._additive import Additive
from ._estimator_input import InputError, numbers_in, read_outcome, read_table, read_weight
from ._first_reading import Stated

__all__ = ["AdditiveClassifier", "AdditiveRegressor"]


class AdditiveClassifier(Additive):
    """Predict which of two classes, by a glass box: one curve per column, and a few joint effects of two columns.

    Args:
        max_bins: at most so many bins of a number, 2 to 250.
        minimum_bin: at least so many people in a bin (rows, without ``person=``); 20 where none may tell of one.
        pairs: at most so many joint effects are looked for.
        bands: at most so many bands on either side of a joint effect.
        monotone: column name (or place) to 1, never falls, or -1, never rises. Such a column is in no joint effect.
        categories: columns of numbers that are categories, such as codes.

    Attributes:
        classes_: the two classes; probabilities are of the second.
        model_: the integer tables (`evenhand.terms.Model`).
        shapes_: effect of each bin, in logits, with a 95 % interval.
        intercept_: logit of an average row.
        n_features_in_: number of columns.
        feature_names_in_: their names, where X was a data frame.

    Source:
        docs/explanation/how-the-glass-box-is-fitted.md.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> age = rng.uniform(20, 80, size=(2000, 1))
        >>> bought = rng.random(2000) < np.where(age[:, 0] > 50, 0.8, 0.2)
        >>> glass = AdditiveClassifier().fit(age, bought)
        >>> glass.predict([[30.0], [70.0]]).tolist()
        [False, True]
        >>> (glass.explain([[70.0]]).sum() == glass.decision_function([[70.0]]) * 1e6).tolist()
        [True]
    """

    _kind = "classifier"

    def __init__(
        self,
        *,
        max_bins: int = 128,
        minimum_bin: int = 1,
        pairs: int = 10,
        bands: int = 12,
        monotone: Mapping[Any, int] | None = None,
        categories: Sequence[Any] | None = None,
    ) -> None:
        self.max_bins = max_bins
        self.minimum_bin = minimum_bin
        self.pairs = pairs
        self.bands = bands
        self.monotone = monotone
        self.categories = categories

    def _link(self) -> Link:
        return "logit"

    def _unit(self, largest: float, fitted_spread: float) -> float:
        del largest, fitted_spread  # a logit is a logit
        return 1.0 / PPM

    def _learn_outcome(self, outcome: NDArray[Any]) -> NDArray[np.float64]:
        self.classes_ = self._two(_distinct(outcome))
        return np.asarray(outcome == self.classes_[1], np.float64)

    def _positive(self, distinct: NDArray[Any]) -> Any:
        self.classes_ = self._two(distinct)
        return self.classes_[1]

    def _learn_range(self, stated: Stated) -> None:
        del stated  # the classes say it all

    def _two(self, classes: NDArray[Any]) -> NDArray[Any]:
        if classes.dtype.kind == "f" and (classes != np.rint(classes)).any():
            raise _classes("Unknown label type: continuous. The outcome holds fractions, which are no classes.")
        if len(classes) > 2:
            raise _classes("Only binary classification is supported. The type of the target is multiclass.")
        if len(classes) < 2:
            raise _classes("The outcome has only one class.")
        return classes

    def decision_function(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Logit of the second class, float64[n]; whole micro-logits."""
        return np.asarray(self._scores(X) / PPM, np.float64)

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Probability of either class, float64[n, 2]; whole parts per million, by the integer link table."""
        ppm = probability_ppm(self._scores(X))
        return np.stack([PPM - ppm, ppm], axis=1) / PPM

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The more probable class, [n]."""
        second = self._scores(X) > 0
        return np.asarray(self.classes_[second.astype(np.intp)])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803
        """Share of rows whose class is right."""
        right = self.predict(X) == read_outcome(y, len(self.predict(X)))
        return float(np.average(right, weights=read_weight(sample_weight, len(right))))

    def calibration(self, X: Any, y: Any) -> Any:  # noqa: N803
        """Do the probabilities come true? Ten bins of rows by probability, beside the rate in each.

        Returns:
            a frame of the same kind (polars for an array): rows, predicted, rate, lower, upper (Wilson, 95 %).
        """
        scores = self._scores(X)
        outcome = read_outcome(y, len(scores))
        return _frame(X, reliability(scores, (outcome == self.classes_[1]).astype(np.int64)))


class AdditiveRegressor(Additive):
    """Predict an amount or a count by a glass box: one curve per column, and a few joint effects of two columns.

    Args:
        loss: ``squared`` for amounts, on their own scale; ``poisson`` for counts, where effects multiply.
        max_bins: at most so many bins of a number, 2 to 250.
        minimum_bin: at least so many people in a bin; rows, without ``person=``.
        pairs: at most so many joint effects are looked for.
        bands: at most so many bands on either side of a joint effect.
        monotone: column name (or place) to 1, never falls, or -1, never rises. Such a column is in no joint effect.
        categories: columns of numbers that are categories, such as codes.

    Attributes:
        model_: the integer tables (`evenhand.terms.Model`).
        shapes_: effect of each bin with a 95 % interval, in the outcome's unit (``poisson``: log of the mean).
        intercept_: score of an average row.
        n_features_in_: number of columns.
        feature_names_in_: their names, where X was a data frame.

    Source:
        docs/explanation/how-the-glass-box-is-fitted.md.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> visits = rng.integers(0, 10, size=(2000, 1))
        >>> spent = 5.0 * visits[:, 0] + rng.normal(size=2000)
        >>> AdditiveRegressor().fit(visits, spent).predict([[4]]).round().tolist()
        [20.0]
    """

    _kind = "regressor"

    def __init__(
        self,
        *,
        loss: Literal["squared", "poisson"] = "squared",
        max_bins: int = 128,
        minimum_bin: int = 1,
        pairs: int = 10,
        bands: int = 12,
        monotone: Mapping[Any, int] | None = None,
        categories: Sequence[Any] | None = None,
    ) -> None:
        self.loss = loss
        self.max_bins = max_bins
        self.minimum_bin = minimum_bin
        self.pairs = pairs
        self.bands = bands
        self.monotone = monotone
        self.categories = categories

    def _link(self) -> Link:
        if self.loss not in ("squared", "poisson"):
            raise InputError(
                "estimator-loss",
                f"There is no loss {self.loss!r}.",
                rule="loss is 'squared' or 'poisson'",
                remedy="set it with set_params",
            )
        return "log" if self.loss == "poisson" else "identity"

    def _unit(self, largest: float, fitted_spread: float) -> float:
        """A power of ten that leaves eight digits of the spread, and sixteen of the largest outcome."""
        if self.loss == "poisson":
            return 1e-6
        size = max(math.sqrt(fitted_spread), largest * 1e-9, 1e-80)
        return float(10.0 ** (math.ceil(math.log10(size)) - 7))

    def _learn_outcome(self, outcome: NDArray[Any]) -> NDArray[np.float64]:
        numbers = numbers_in(outcome)
        self._check_counts(float(numbers.min()), float(numbers.max()))
        return numbers

    def _positive(self, distinct: NDArray[Any]) -> Any:
        del distinct  # outcomes are numbers
        return None

    def _learn_range(self, stated: Stated) -> None:
        self._check_counts(stated.least, stated.most)

    def _check_counts(self, least: float, most: float) -> None:
        if self._link() == "log" and (least < 0.0 or most == 0.0):
            raise InputError(
                "outcome-negative",
                "Some outcomes are negative, or all are zero.",
                rule="loss='poisson' is for counts",
                remedy="use loss='squared'",
            )

    def predict(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Expected outcome, float64[n]."""
        score = self._scores(X) * self._fitted().unit
        return np.asarray(np.exp(score) if self.model_.link == "log" else score, np.float64)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:  # noqa: N803
        """R squared: the share of the outcome's variance that the prediction tells."""
        predicted = self.predict(X)
        outcome = numbers_in(read_outcome(y, len(predicted)))
        weight = read_weight(sample_weight, len(predicted))
        left = np.average(np.square(outcome - predicted), weights=weight)
        whole = np.average(np.square(outcome - np.average(outcome, weights=weight)), weights=weight)
        return float(1.0 - left / whole) if whole > 0 else float(left == 0)

    def calibration(self, X: Any, y: Any) -> Any:  # noqa: N803
        """Do the predictions come true? Ten bins of rows by prediction, beside the mean outcome in each.

        Returns:
            a frame of the same kind (polars for an array): rows, predicted, mean, lower, upper (normal, 95 %; missing
            where a bin has one row).
        """
        predicted = self.predict(X)
        outcome = numbers_in(read_outcome(y, len(predicted)))
        order = np.lexsort((outcome, predicted))
        ranked = predicted[order]
        bins = np.searchsorted(ranked, ranked, "left") * 10 // len(ranked)
        table: list[dict[str, float | int]] = []
        for index in np.unique(bins).tolist():
            mine = outcome[order][bins == index]
            mean, many = float(mine.mean()), len(mine)
            half = Z95 * float(mine.std(ddof=1)) / math.sqrt(many) if many > 1 else math.nan
            told = float(ranked[bins == index].mean())
            table.append({"rows": many, "predicted": told, "mean": mean, "lower": mean - half, "upper": mean + half})
        return _frame(X, table)


def _frame(like: Any, table: list[dict[str, float | int]]) -> Any:
    columns = {name: [row[name] for row in table] for name in table[0]}
    return frame_like(like, columns) if read_table(like).named else frame_of(columns)


def _distinct(outcome: NDArray[Any]) -> NDArray[Any]:
    try:
        return np.unique(outcome)
    except TypeError:
        raise _classes("Unknown label type: the classes are of different types.") from None


def _classes(what: str) -> InputError:
    return InputError(
        "outcome-classes",
        what,
        rule="AdditiveClassifier tells two classes apart",
        remedy="give an outcome of two classes; for amounts and counts use AdditiveRegressor",
    )
