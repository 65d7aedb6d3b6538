"""Did chance decide who was shown the offer? A look at the bins: in no bin should more be shown than was meant.

For each feature a score test of the bins against the chances as stated: the square of what was shown beyond what was
meant, over its variance, summed over bins, is chi-square where chance decided. The smallest of the tails counts, times
the number of features (Bonferroni). Source: Hansen and Bowers 2008 (balance tests of randomised experiments).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenhand.terms import chi_square_tail

from ._increment import Experiment

__all__ = ["Assignment", "assignment"]

_ENOUGH = 2.0
"""A bin whose number shown varies by less than this (its variance) is put together with the others like it."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """How the shown differ from the others.

    Attributes:
        chance: how often chance alone would make them differ so much, 0 to 1: small means that something else decided.
        feature: the feature in which they differ most; "" where there is none to look at.
        lowest, highest: shown of what was meant to be shown, in the bins of that feature in which that is lowest and
            highest; 1 means as meant.
    """

    chance: float
    feature: str
    lowest: float
    highest: float

    def looks_random(self, alarm: float) -> bool:
        """Whether chance alone would differ so much more often than `alarm`."""
        return self.chance > alarm


def assignment(experiment: Experiment, names: Sequence[str]) -> Assignment:
    """Look whether the features tell who was shown the offer.

    Args:
        experiment: the rows.
        names: of the features.

    Example:
        >>> code = np.array([3, 4] * 200)
        >>> drawn = Experiment.with_one_chance((code,), np.repeat([0, 1], 200), np.zeros(400))
        >>> assignment(drawn, ["age"]).chance
        1.0
        >>> chosen = Experiment.with_one_chance((code,), np.array([0, 1] * 200), np.zeros(400))
        >>> assignment(chosen, ["age"]).looks_random(1e-6)
        False
    """
    weight = np.ones(len(experiment)) if experiment.weight is None else experiment.weight
    beyond = weight * (experiment.shown - experiment.propensity)
    variance = weight * experiment.propensity * (1.0 - experiment.propensity)
    meant = weight * experiment.propensity
    worst = Assignment(1.0, "", 1.0, 1.0)
    for name, code in zip(names, experiment.codes, strict=True):
        more, spread, due = (np.bincount(code, part) for part in (beyond, variance, meant))
        cell = np.where(spread >= _ENOUGH, np.arange(1, len(spread) + 1), 0)
        more, spread, due = (np.bincount(cell, part) for part in (more, spread, due))
        some = spread > 0
        more, spread, due = more[some], spread[some], due[some]
        statistic = float((np.square(more) / spread).sum() - more.sum() ** 2 / spread.sum())
        tail = min(1.0, len(experiment.codes) * chi_square_tail(statistic, len(spread) - 1))
        if tail < worst.chance:
            ratio = 1.0 + more / due
            worst = Assignment(tail, name, float(ratio.min()), float(ratio.max()))
    return worst
