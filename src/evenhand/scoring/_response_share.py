"""How far what an offer changes goes along with who responds anyway: one number, known far better than any curve.

Often an offer changes most where people respond most, and the response is well known where the increment is not. So the
increment is first given one direction, the additive response s of the same columns: the amount b that fits
``(response - m) / (shown - e)`` best, with its standard error. Only what is beyond chance enters, ``b (1 - 4 / z**2)``
where z is b over its standard error, and nothing below two standard errors. The curves are then fitted to what is left,
so where the increment follows the response they have little to do, and where it does not they are as without it. That s
has seen the row it is used on does no harm: what it took from a row counts for the offer and against it evenly.
Sources: positive-part shrinkage after James and Stein 1961; why it helps, Fernandez-Loria and Provost 2022.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._terms import FittedTerms

__all__ = ["ResponseShare", "response_share", "with_share"]

_CHANCE = 4.0
"""Squared standard errors that are put down to chance."""


@dataclass(frozen=True, slots=True)
class ResponseShare:
    """The direction, how far it enters, and how sure that is.

    Attributes:
        amount: change per unit of the additive response.
        error: its standard error.
        response: the additive response, link ``identity``.
    """

    amount: float
    error: float
    response: FittedTerms


def response_share(
    response: FittedTerms,
    told: NDArray[np.float64],
    wanted: NDArray[np.float64],
    weight: NDArray[np.float64],
    person: NDArray[np.integer] | None,
) -> ResponseShare | None:
    """Estimate the amount; None where it is not beyond chance.

    Args:
        response: the additive response.
        told: float64[n], what it says of each row.
        wanted: float64[n], ``(response - m) / (shown - e)``.
        weight: float64[n], of each row.
        person: [n], equal where rows are of the same person; None = nobody has two.
    """
    total = math.fsum(weight.tolist())
    along = told - math.fsum((weight * told).tolist()) / total
    size = math.fsum((weight * np.square(along)).tolist())
    if size <= 0.0:
        return None
    middle = math.fsum((weight * wanted).tolist()) / total
    amount = math.fsum((weight * along * (wanted - middle)).tolist()) / size
    pull = weight * along * (wanted - middle - amount * along)
    if person is not None:
        pull = _summed(pull, person)
    error = math.sqrt(math.fsum(np.square(pull).tolist())) / size
    if error <= 0.0 or amount * amount <= _CHANCE * error * error:
        return None
    return ResponseShare(amount * (1.0 - _CHANCE * error * error / (amount * amount)), error, response)


def _summed(pull: NDArray[np.float64], person: NDArray[np.integer]) -> NDArray[np.float64]:
    """Each person's rows together, added in an order that has nothing to do with that of the rows."""
    order = np.lexsort((pull, person))
    starts = np.flatnonzero(np.append(True, np.diff(person[order]) != 0))
    return np.asarray(np.add.reduceat(pull[order], starts), np.float64)


def with_share(fitted: FittedTerms, share: ResponseShare | None) -> FittedTerms:
    """The curves of what is left, and the direction, as one additive fit. The intercept is left to the caller."""
    if share is None:
        return fitted
    effects, covariances = list(fitted.effects), list(fitted.covariances)
    for term, own in enumerate(share.response.effects):
        effects[term] = effects[term] + share.amount * own
        covariances[term] = (
            covariances[term] + share.amount**2 * share.response.covariances[term] + share.error**2 * np.outer(own, own)
        )
    return replace(fitted, effects=tuple(effects), covariances=tuple(covariances))
