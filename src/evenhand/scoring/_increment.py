"""What an offer changes: the R-learner, with the glass box as both of its stages.

First the expected response of each person, whatever they were shown, by fits that have not seen the row (m). Then what
is left over, ``(response - m) / (shown - e)``, is fitted with weight ``(shown - e)**2``, where e is the chance that the
offer was shown: minimised is the squared distance of ``response - m`` from ``(shown - e) x increment``. For 0/1
outcomes the weight is divided by m (1 - m), since what is left over of a near certain response says more. Where the
increment goes along with the response beyond chance, that one direction is taken first (`_response_share`). Last, the
base is shifted so that the average increment is that of the experiment. The increment is itself a sum of one entry per
bin. Sources: Nie and Wager 2021 (R-learner), Robinson 1988 (residuals on residuals), Chernozhukov et al. 2018
(cross-fitting).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError

from ._response_share import ResponseShare, response_share, with_share
from ._source import RowSource
from ._terms import FittedTerms, Plan, fit_source

__all__ = ["FEWEST", "FOLDS", "Experiment", "expected_outcome", "fit_increment", "folds_of"]

FOLDS = 5
"""Parts of the rows; the expected response of each part comes from a fit of the others."""
FEWEST = 20
"""Rows that an increment needs at least on either side: shown, and not shown."""
_LEAST_VARIANCE = 0.1
"""A response is taken to vary at least by this part of how much responses vary on average."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """Rows of a history in which chance decided who was shown the offer.

    Attributes:
        codes: per feature uint8[n], bin codes above WITHHELD.
        shown: uint8[n], 1 = was shown the offer, 0 = control: was shown nothing.
        outcome: number[n], what the person did afterwards.
        propensity: float64[n], chance with which the row was shown the offer, above 0 and below 1.
        weight: float64[n], how many rows each row counts for; None = once each.
        person: integers[n], equal where rows are of the same person; None = nobody has two.
    """

    codes: tuple[NDArray[np.integer], ...]
    shown: NDArray[np.integer]
    outcome: NDArray[np.number]
    propensity: NDArray[np.float64]
    weight: NDArray[np.float64] | None = None
    person: NDArray[np.integer] | None = None

    @classmethod
    def with_one_chance(
        cls,
        codes: tuple[NDArray[np.integer], ...],
        shown: NDArray[np.integer],
        outcome: NDArray[np.number],
        weight: NDArray[np.float64] | None = None,
        person: NDArray[np.integer] | None = None,
    ) -> Experiment:
        """Everybody had the same chance: the share that was shown the offer."""
        share = _mean(np.asarray(shown, np.float64), weight)
        return cls(codes, shown, outcome, np.full(len(shown), share), weight, person)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.outcome)

    def rows(self, mask: NDArray[np.bool_]) -> Experiment:
        """Some of the rows."""
        weight = None if self.weight is None else self.weight[mask]
        person = None if self.person is None else self.person[mask]
        codes = tuple(column[mask] for column in self.codes)
        return Experiment(codes, self.shown[mask], self.outcome[mask], self.propensity[mask], weight, person)


def fit_increment(experiment: Experiment, plan: Plan) -> FittedTerms:
    """The increment, as an additive fit in the unit of the outcome.

    Args:
        experiment: the rows.
        plan: bins, pairs and directions of the increment; its link is that of the *response* (``logit`` for 0/1).
            The increment itself always has the link ``identity``.

    Returns:
        the fit; the same for any order of the rows. For an offer that changes nothing its effects are near zero.

    Raises:
        DataError: fewer than `FEWEST` rows on a side, the chance of being shown is 0 or 1 for somebody, or the outcome
            never varies.
    """
    _check(experiment)
    # What is expected needs no declared direction: that is about the increment.
    expected = expected_outcome(experiment, replace(plan, directions=(), smoothing=None))
    change: NDArray[np.float64] = experiment.shown.astype(np.float64) - experiment.propensity
    precision = np.square(change)
    if plan.link == "logit":
        variance = expected * (1.0 - expected)
        precision = precision / np.maximum(variance, _LEAST_VARIANCE * _mean(variance, None))
    weight = precision / _mean(precision, None)  # so that rows count for about one each
    if experiment.weight is not None:
        weight = weight * experiment.weight
    left = np.asarray(experiment.outcome, np.float64) - expected
    wanted = left / change
    fitted = _curves(experiment, plan, wanted, weight)
    share = _share(experiment, plan, fitted, wanted, weight)
    if share is not None:
        rest = wanted - share.amount * _sum_of(share.response, experiment.codes)
        fitted = with_share(_curves(experiment, plan, rest, weight), share)
    told = _sum_of(fitted, experiment.codes)
    gap = _mean(change * (left - change * told), experiment.weight) / _mean(np.square(change), experiment.weight)
    return replace(fitted, intercept=fitted.intercept + gap, rows=_counted(fitted, experiment))


def _curves(
    experiment: Experiment, plan: Plan, wanted: NDArray[np.float64], weight: NDArray[np.float64]
) -> FittedTerms:
    """The increment as far as curves find it, fitted to what is wanted of each row."""
    rows = RowSource(experiment.codes, wanted, weight, experiment.person)
    return _fitted_to(rows, replace(plan, link="identity"))


def _share(
    experiment: Experiment,
    plan: Plan,
    found: FittedTerms,
    wanted: NDArray[np.float64],
    weight: NDArray[np.float64],
) -> ResponseShare | None:
    """How far the increment goes along with the response without the offer: what came, less what `found` says that the
    offer did. Not looked for where directions of the increment are declared: the response need not keep them.
    """
    if any(plan.directions) or not plan.sizes:
        return None
    anyway = np.asarray(experiment.outcome, np.float64) - experiment.shown * _sum_of(found, experiment.codes)
    rows = RowSource(experiment.codes, anyway, experiment.weight, experiment.person)
    response = _fitted_to(rows, replace(plan, link="identity", pairs=0, smoothing=None))
    return response_share(response, _sum_of(response, experiment.codes), wanted, weight, experiment.person)


def expected_outcome(experiment: Experiment, plan: Plan) -> NDArray[np.float64]:
    """Expected outcome of each row whatever it was shown, by a fit that has not seen it; float64[n]."""
    fold = folds_of(experiment)
    expected = np.empty(len(experiment))
    for part in range(FOLDS):
        inside = fold == part
        others = experiment.rows(~inside)
        codes = tuple(column[inside] for column in experiment.codes)
        expected[inside] = _predicted(others, codes, plan)
    return expected


def folds_of(experiment: Experiment) -> NDArray[np.intp]:
    """Part of each row, intp[n]: every fifth of the rows in the order of what is in them.

    Rows that are alike go to all parts evenly, so no part lacks what the others have; and no part depends on the order
    of the rows, since rows that tie are the same. Of people with several rows all go to one part: every fifth of the
    people in the order of what is in their rows.
    """
    keys: list[NDArray[np.number]] = [experiment.outcome, experiment.shown, experiment.propensity]
    if experiment.weight is not None:
        keys.insert(0, experiment.weight)
    order = np.lexsort((*keys, *experiment.codes))
    fold = np.empty(len(experiment), np.intp)
    if experiment.person is not None:
        return _folds_of_people(experiment.person, _places(order, (*keys, *experiment.codes)))
    fold[order] = np.arange(len(experiment)) % FOLDS
    return fold


def _places(order: NDArray[np.intp], columns: tuple[NDArray[np.number], ...]) -> NDArray[np.intp]:
    """Place of each row among the different ones."""
    differs = np.zeros(len(order), bool)
    for column in columns:
        differs[1:] |= np.diff(np.asarray(column, np.float64)[order]) != 0
    place = np.empty(len(order), np.intp)
    place[order] = np.cumsum(differs)
    return place


def _folds_of_people(person: NDArray[np.integer], place: NDArray[np.intp]) -> NDArray[np.intp]:
    """Part of each row, by its person; people with the same rows tie, and it changes nothing which of them is first."""
    order = np.lexsort((place, person))
    ends = np.flatnonzero(np.diff(person[order])) + 1
    rows = [tuple(part.tolist()) for part in np.split(place[order], ends)]
    fold = np.empty(len(rows), np.intp)
    fold[sorted(range(len(rows)), key=rows.__getitem__)] = np.arange(len(rows)) % FOLDS
    return np.asarray(fold[np.unique(person, return_inverse=True)[1]])


def _fitted_to(rows: RowSource, plan: Plan) -> FittedTerms:
    """The fit, with people numbered from 0 where some have several rows."""
    if rows.person is None:
        return fit_source(rows, plan)
    people, person = np.unique(rows.person, return_inverse=True)
    if len(people) == len(person):
        return fit_source(replace(rows, person=None), plan)
    return fit_source(replace(rows, person=person), replace(plan, people=len(people)))


def _predicted(rows: Experiment, codes: tuple[NDArray[np.integer], ...], plan: Plan) -> NDArray[np.float64]:
    """Fitted to some rows, expected of others."""
    people = len(codes[0]) if codes else 0
    if rows.outcome.min() == rows.outcome.max():
        return np.full(people, float(rows.outcome[0]))
    fitted = _fitted_to(RowSource(rows.codes, rows.outcome, rows.weight, rows.person), plan)
    total = _sum_of(fitted, codes)
    if plan.link == "logit":
        return np.asarray(1.0 / (1.0 + np.exp(-total)))
    return np.exp(total) if plan.link == "log" else total


def _sum_of(fitted: FittedTerms, codes: tuple[NDArray[np.integer], ...]) -> NDArray[np.float64]:
    """The additive predictor of each row."""
    total = np.full(len(codes[0]) if codes else 0, fitted.intercept)
    for code, effect in zip(codes, fitted.effects, strict=False):
        total += effect.take(code)
    for pair, effect in zip(fitted.pairs, fitted.effects[len(codes) :], strict=True):
        total += effect.take(pair.codes(codes[pair.first], codes[pair.second]))
    return total


def _counted(fitted: FittedTerms, experiment: Experiment) -> tuple[NDArray[np.float64], ...]:
    """Rows of each code themselves, where the fit counted what each row tells; effects are centred over these."""
    codes = [*experiment.codes]
    codes += [pair.codes(experiment.codes[pair.first], experiment.codes[pair.second]) for pair in fitted.pairs]
    return tuple(
        np.bincount(code, experiment.weight, len(effect)).astype(np.float64)
        for code, effect in zip(codes, fitted.effects, strict=True)
    )


def _mean(values: NDArray[np.float64], weight: NDArray[np.float64] | None) -> float:
    """Mean, the same for any order of the rows."""
    if weight is None:
        return math.fsum(values.tolist()) / max(len(values), 1)
    return math.fsum((values * weight).tolist()) / math.fsum(weight.tolist())


def _check(experiment: Experiment) -> None:
    shown = int((experiment.shown == 1).sum())
    control = int((experiment.shown == 0).sum())
    if min(shown, control) < FEWEST or shown + control != len(experiment):
        raise DataError(
            "increment-sides",
            f"The history has {shown} rows that were shown the offer and {control} that were shown nothing.",
            rule=f"what an offer changes needs at least {FEWEST} rows with it and {FEWEST} without, and no others",
            remedy="mark shown rows with 1 and control rows with 0, and give more of the side that is short",
        )
    if not ((experiment.propensity > 0.0) & (experiment.propensity < 1.0)).all():
        raise DataError(
            "increment-propensity",
            "Some rows had no chance of being shown the offer, or no chance of being left out.",
            rule="what an offer changes is known only where both could have happened: a chance above 0 and below 1",
            remedy="leave those rows out, or give the chances with which the offer was really drawn",
        )
    if experiment.outcome.min() == experiment.outcome.max():
        raise DataError(
            "outcome-one-class",
            f"All {len(experiment)} rows have the same outcome, so there is nothing that an offer could have changed.",
            rule="an increment needs people who responded and people who did not",
            remedy="check the outcome column; add history with both outcomes",
        )
