"""What an offer changes, for data scientists: a glass box of increments, from an experiment.

Fit it to rows in which chance decided who was shown the offer. Every prediction is a sum of table entries, in
millionths of a probability for a 0/1 outcome, so it is its own explanation.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evenhand.scoring import (
    Assignment,
    Experiment,
    FittedTerms,
    Plan,
    assignment,
    evaluate_increment,
    fit_increment,
    model_of,
)
from evenhand.terms import DataError, Link

from ._estimator_input import InputError, check_rows, numbers_in, read_outcome, read_people, read_table, read_weight
from ._glass_box import GlassBox

__all__ = ["AdditiveUplift", "AssignmentWarning"]

_ALARM = 1e-3
"""Chance differing so much in fewer of a thousand experiments is said aloud."""
_MICRO = 1e-6


class AssignmentWarning(UserWarning):
    """The columns tell who was shown the offer: chance did not decide alone."""


class AdditiveUplift(GlassBox):
    """Predict what an offer changes, by a glass box: one curve per column. The R-learner, fitted from counts.

    Args:
        max_bins: at most so many bins of a number, 2 to 250.
        minimum_bin: at least so many people in a bin (rows, without ``person=``); 20 where none may tell of one.
        pairs: at most so many joint effects are looked for, in the expected outcome and in the increment.
        bands: at most so many bands on either side of a joint effect.
        monotone: column name (or place) to 1, the increment never falls, or -1, it never rises.
        categories: columns of numbers that are categories, such as codes.

    Attributes:
        model_: the integer tables of the increment (`evenhand.terms.Model`, link ``identity``).
        shapes_: effect of each bin on the increment, in the outcome's unit, with a 95 % interval.
        intercept_: increment of an average row.
        assignment_: whether chance decided who was shown the offer, as far as the columns tell (`Assignment`).
        n_features_in_: number of columns.
        feature_names_in_: their names, where X was a data frame.

    Source:
        Nie and Wager 2021; docs/explanation/incremental-value.md.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> age = rng.uniform(20, 80, size=(8000, 1))
        >>> shown = rng.integers(0, 2, 8000)
        >>> bought = rng.random(8000) < 0.2 + 0.3 * shown * (age[:, 0] > 50)
        >>> AdditiveUplift().fit(age, bought, treatment=shown).predict([[30.0], [70.0]]).round(1).tolist()
        [0.0, 0.3]
    """

    _kind = "uplift"
    _response: Link = "logit"

    def __init__(
        self,
        *,
        max_bins: int = 32,
        minimum_bin: int = 1,
        pairs: int = 0,
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
        """Of the response; the increment itself is always ``identity``."""
        return self._response

    def fit(
        self,
        X: Any,  # noqa: N803
        y: Any,
        *,
        treatment: Any,
        propensity: Any = None,
        sample_weight: Any = None,
        person: Any = None,
    ) -> Self:
        """Learn what the offer changes. The order of the rows changes nothing.

        Args:
            X: a data frame of any kind, or an array [n, features]. Missing values are a bin of their own.
            y: [n], the outcome: 0 and 1 (or false and true), or amounts.
            treatment: [n], 1 = was shown the offer, 0 = control: was shown nothing.
            propensity: the chance with which each row was shown the offer: one number, or [n]; None = the same for
                all, as counted.
            sample_weight: [n], how many rows each row counts for; rows of weight zero are left out.
            person: [n], whose row each is (any ids), where people have several. What is expected of a row then comes
                from other people's rows, curves and intervals allow for what the rows of one person have in common,
                and whether chance decided is looked at by people. None = every row is somebody else's.

        Raises:
            DataError: something cannot be learned from (also a ValueError).

        Warns:
            AssignmentWarning: the columns tell who was shown the offer.
        """
        table = read_table(X)
        outcome = numbers_in(read_outcome(y, table.rows))
        shown = _read_treatment(treatment, table.rows)
        weight = read_weight(sample_weight, table.rows)
        check_rows(table.rows, len(table.names), 2)
        kept = np.ones(table.rows, bool) if weight is None else weight > 0
        weight = None if weight is None else weight[kept]
        _, whose = read_people(person, table.rows, kept)
        self._check_parameters()
        view, codes = self._learn_view(table, kept, weight, whose)
        rows = Experiment.with_one_chance(codes, shown[kept], outcome[kept], weight, whose)
        if propensity is not None:
            rows = replace(rows, propensity=_read_propensity(propensity, table.rows)[kept])
        is_response = bool(np.isin(rows.outcome, (0.0, 1.0)).all())
        self._response = "logit" if is_response else "identity"
        plan = self._plan(view)
        fitted = _fitted_to(rows, plan)
        self._remember(table.names, named=table.named)
        self.assignment_ = assignment(_people_once(rows, has_one_chance=propensity is None), table.names)
        _say(self.assignment_)
        unit = _MICRO if is_response else _unit(fitted.spread)
        self.model_ = model_of(view, fitted, link="identity", minimum=self.minimum_bin, unit=unit)
        return self

    def predict(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """Increment: what showing the offer changes in the expected outcome, float64[n]; negative where it puts off."""
        return np.asarray(self._scores(X) * self._fitted().unit, np.float64)

    def evaluate(self, X: Any, y: Any, *, treatment: Any, propensity: Any = None) -> dict[str, object]:  # noqa: N803
        """Measure on rows that were not learned from: Qini curve and coefficient with intervals, and whether increments
        come true; see `evenhand.scoring.evaluate_increment`."""
        scores = self._scores(X)
        outcome = numbers_in(read_outcome(y, len(scores)))
        shown = _read_treatment(treatment, len(scores))
        chance = None if propensity is None else _read_propensity(propensity, len(scores))
        return evaluate_increment(scores, outcome, shown, unit=self.model_.unit, propensity=chance)


def _fitted_to(rows: Experiment, plan: Plan) -> FittedTerms:
    try:
        return fit_increment(rows, plan)
    except DataError as error:
        raise InputError(error.code, error.what, rule=error.rule, remedy=error.remedy) from None


def _people_once(rows: Experiment, *, has_one_chance: bool) -> Experiment:
    """The rows, with weights by which every person counts once: it may be people who were drawn."""
    if rows.person is None:
        return rows
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight
    once = weight / np.bincount(rows.person, weight)[rows.person]
    if has_one_chance:
        return Experiment.with_one_chance(rows.codes, rows.shown, rows.outcome, once, rows.person)
    return replace(rows, weight=once)


def _unit(spread: float) -> float:
    """A power of ten that leaves eight digits of the spread of what is left over."""
    return float(10.0 ** (math.ceil(math.log10(max(math.sqrt(spread), 1e-80))) - 7))


def _read_treatment(treatment: Any, rows: int) -> NDArray[np.uint8]:
    """Who was shown the offer, uint8[n].

    Raises:
        InputError: it has another length, or values other than 0 and 1.
    """
    shown = np.asarray(treatment)
    if shown.shape == (rows, 1):
        shown = shown[:, 0]
    if shown.shape != (rows,):
        raise _treatment(f"treatment should be {rows} values, one per row, got an array of shape {shown.shape}.")
    try:
        marked = shown.astype(np.float64)
    except (TypeError, ValueError):
        raise _treatment("treatment holds values that are not 0 or 1.") from None
    if not np.isin(marked, (0.0, 1.0)).all():
        raise _treatment("treatment holds values that are not 0 or 1.")
    return marked.astype(np.uint8)


def _treatment(what: str) -> InputError:
    return InputError(
        "treatment-values",
        what,
        rule="treatment says for each row whether the offer was shown (1) or nothing was (0)",
        remedy="for several offers fit one model each, to the rows of that offer and the rows that were shown nothing",
    )


def _read_propensity(propensity: Any, rows: int) -> NDArray[np.float64]:
    """Chances, float64[n].

    Raises:
        InputError: it has another length, or a chance is 0 or less, 1 or more, or missing.
    """
    try:
        chance = np.broadcast_to(np.asarray(propensity, np.float64), (rows,))
    except (TypeError, ValueError):
        chance = np.full(1, np.nan)
    if not ((chance > 0.0) & (chance < 1.0)).all():
        raise InputError(
            "treatment-propensity",
            f"propensity should be one number, or {rows} of them, above 0 and below 1.",
            rule="what an offer changes is known only where it could have been shown and left out",
            remedy="give the chances with which the offer was drawn, and leave out rows where nothing was drawn",
        )
    return chance


def _say(found: Assignment) -> None:
    if found.looks_random(_ALARM):
        return
    warnings.warn(
        f"Column {found.feature!r} tells who was shown the offer: from {found.lowest:.2f} to {found.highest:.2f} times "
        f"as many as meant, by its bins. Chance alone differs so much in {found.chance:.1g} of experiments. The "
        "increments are those of the offer only as far as chance decided: use the rows in which it did, or give the "
        "chances as propensity=.",
        AssignmentWarning,
        stacklevel=3,
    )
