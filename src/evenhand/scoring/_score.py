"""Gate 3 itself: bin codes to integer scores, probabilities and values; and the score's exact parts.

A model of responses gives each probability; a model of increments gives what showing the offer changes in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import (
    SCORE_BOUND,
    DataError,
    Minimised,
    Model,
    Scored,
    expected_value,
    score_ppm,
    term_contributions,
)

__all__ = ["contributions", "score"]

_FEW = 1_024
_BLOCK = 16_384
"""People scored at once: a block's codes and sums stay in the processor's cache."""


def score(minimised: Minimised, campaign: Campaign) -> Scored:
    """Score every offer for every person. Scores are sums of integers, so a batch of one gives the same bits.

    Args:
        minimised: bin codes of n people, with the model whose view made them.
        campaign: its offers say what a response is worth and what showing costs.

    Returns:
        scores, probabilities and expected values, each [m, n]. A value is
        ``floor(value of the offer x probability) - cost`` in micro-money; the cost is each person's own where the
            offer has a column of costs.

    Raises:
        DataError: the campaign's offers are not the model's, in the same order.
    """
    model = minimised.model
    if tuple(offer.id for offer in campaign.offers) != model.offers:
        raise DataError(
            "model-other-offers",
            "The model was fitted for other offers than the campaign has.",
            rule="A score is only defined for the offers that the model was fitted for.",
            remedy="Fit the model again with this campaign file.",
        )
    people = len(minimised.permitted.asked)
    offers = len(model.offers)
    scores = np.empty((offers, people), np.int32)
    probability = np.empty((offers, people), np.int32)
    value = np.empty((offers, people), np.int64)
    sums = _sums(_Same(model))
    money, own = [(offer.value_micro, offer.cost_micro) for offer in campaign.offers], minimised.cost
    for start in range(0, people, _BLOCK):
        rows = slice(start, min(start + _BLOCK, people))
        np.clip(sums(minimised.codes, rows), -SCORE_BOUND, SCORE_BOUND, out=scores[:, rows], casting="unsafe")
        if people <= _FEW:  # the number of steps is what costs, not the people
            probability[:] = score_ppm(scores, model.link)
            worths, costs = np.array(money, dtype=np.int64).T[:, :, None]
            value[:] = expected_value(worths, costs if own is None else own, probability)
            break
        for j in range(offers):
            ppm = score_ppm(scores[j, rows], model.link)
            probability[j, rows] = ppm
            worth, cost = money[j]
            value[j, rows] = expected_value(worth, cost if own is None else own[j, rows], ppm)
    return Scored(minimised=minimised, score=scores, probability=probability, value=value)


class _BlockSums:
    """Adds up the tables for a block of people, in int32 where no sum can leave it, else in int64."""

    def __init__(self, model: Model) -> None:
        reach = int(np.abs(model.base).max(initial=0))
        reach += sum(int(np.abs(table.astype(np.int64)).max(initial=0)) for table in model.tables)
        self._type = np.int32 if reach < 2**31 else np.int64
        self._base = model.base.astype(self._type)
        self._tables = [np.ascontiguousarray(table, self._type) for table in model.tables]
        self._shared = [bool((table == table[:1]).all()) for table in model.tables]
        self._model = model
        own = [binning.per_offer for binning in model.view.binnings]
        own += [own[pair.first] or own[pair.second] for pair in model.pairs]
        self._by_code = [
            None if per_offer or shared else np.ascontiguousarray(table.T)
            for per_offer, shared, table in zip(own, self._shared, self._tables, strict=True)
        ]

    def __call__(self, codes: tuple[NDArray[np.uint8], ...], rows: slice) -> NDArray[np.integer]:
        """Scores [m, block], not yet clipped."""
        size = rows.stop - rows.start
        offers = len(self._base)
        common = np.zeros(size, self._type)
        by_person: NDArray[np.integer] | None = None
        by_offer = np.empty((offers, size), self._type)
        by_offer[:] = self._base[:, None]
        for t, column in enumerate(self._model.term_codes(tuple(column[..., rows] for column in codes))):
            if column.ndim == 2:
                for j in range(offers):
                    by_offer[j] += self._tables[t][j].take(column[j])
                continue
            block = column.astype(np.intp)
            wide = self._by_code[t]
            if wide is None:
                common += self._tables[t][0].take(block)
            elif by_person is None:
                by_person = wide.take(block, axis=0)
            else:
                by_person += wide.take(block, axis=0)
        by_offer += common
        if by_person is not None:
            by_offer += by_person.T
        return by_offer


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """The very same model."""

    model: Model

    def __hash__(self) -> int:
        return id(self.model)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.model is other.model


@lru_cache(maxsize=4)
def _sums(same: _Same) -> _BlockSums:
    return _BlockSums(same.model)


def contributions(model: Model, codes: tuple[NDArray[np.uint8], ...], offer: NDArray[np.integer]) -> NDArray[np.int32]:
    """Each term's exact share of one offer's score: ``base[offer] + row sum`` is the score, nothing left over.

    Args:
        model: the glass box.
        codes: bin codes as in `Minimised`: per feature uint8[n], or [m, n] for a per-offer feature.
        offer: int[n], the offer whose score is taken apart for each person; -1 gives zeros.

    Returns:
        int32[n, T], micro-logits.
    """
    asked = np.asarray(offer) >= 0
    if asked.all():
        return term_contributions(model, codes, np.asarray(offer))
    parts = np.zeros((len(asked), len(model.tables)), np.int32)
    parts[asked] = term_contributions(model, tuple(column[..., asked] for column in codes), np.asarray(offer)[asked])
    return parts
