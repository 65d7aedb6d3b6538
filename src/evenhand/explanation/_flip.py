"""One change that would have changed a decision, prices and everything else as they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import OTHER, SCORE_BOUND, Allocated, Model, expected_value, probability_ppm

__all__ = ["Flips", "find_flips"]


@dataclass(frozen=True, slots=True)
class Flips:
    """For each person the term and the bin code that would flip the decision; term -1 where none was found."""

    term: NDArray[np.int16]
    code: NDArray[np.uint8]

    @classmethod
    def none(cls, people: int) -> Flips:
        """No flip for anybody."""
        return cls(np.full(people, -1, dtype=np.int16), np.zeros(people, dtype=np.uint8))

    def put(self, rows: NDArray[np.intp], found: Flips) -> None:
        """Write `found` into these rows."""
        self.term[rows] = found.term
        self.code[rows] = found.code


def find_flips(
    allocated: Allocated,
    campaign: Campaign,
    rows: NDArray[np.intp],
    focus: NDArray[np.int16],
    contributions: NDArray[np.int32],
) -> Flips:
    """Look for one feature and one other bin of it by which the price rule decides differently.

    Searched, for each actionable feature: the bin that moves the offer's own score furthest the way that is needed.
    Where that flips the decision, the feature is a candidate; of the candidates the one that needs the smallest move
    of the score is named, at the nearest bin (for ordered features) or the least different one (for categories) that
    still flips. Every flip reported is exact: scores, probabilities and values are worked out again in integers. A
    decision for which none is reported may still have one that this search does not reach (a bin in the middle that
    helps the runner-up most), or may need two changes.

    Args:
        allocated: the decisions.
        campaign: values of the offers and actionable columns.
        rows: people to look at, all PERSONALISED with a focus offer.
        focus: index of the offer explained, per row.
        contributions: int32[rows, T] of that offer.
    """
    ask = _Question(allocated, campaign, rows, focus, contributions)
    found = Flips.none(len(rows))
    best = np.full(len(rows), np.iinfo(np.int64).max)
    for t, binning in enumerate(ask.model.view.binnings):
        if not campaign.columns[binning.name].actionable or binning.size <= OTHER + 2:
            continue
        _try_term(ask, t, ordered=binning.kind == "number", found=found, best=best)
    return found


class _Question:
    """What one block of people's decisions rest on."""

    def __init__(
        self,
        allocated: Allocated,
        campaign: Campaign,
        rows: NDArray[np.intp],
        focus: NDArray[np.int16],
        contributions: NDArray[np.int32],
    ) -> None:
        scored = allocated.scored
        self.model: Model = scored.minimised.model
        self.codes = scored.minimised.codes
        self.rows = rows
        self.focus = focus.astype(np.intp)
        self.contributions = contributions
        self.chosen = allocated.offer[rows] >= 0
        self.rival = np.where(self.chosen, allocated.runner_up[rows], -1).astype(np.intp)
        self.score = scored.score[self.focus, rows].astype(np.int64)
        self.rival_score = np.where(self.rival >= 0, scored.score[np.maximum(self.rival, 0), rows], 0).astype(np.int64)
        self.price = np.where(self.chosen, allocated.price[rows], allocated.runner_up_price[rows])
        self.rival_price = allocated.runner_up_price[rows]
        self._value = np.array([offer.value_micro for offer in campaign.offers], dtype=np.int64)
        self._cost = np.array([offer.cost_micro for offer in campaign.offers], dtype=np.int64)

    def own_code(self, t: int) -> NDArray[np.intp]:
        """Bin code of each person for the focus offer."""
        code = self.codes[t]
        return (code[self.rows] if code.ndim == 1 else code[self.focus, self.rows]).astype(np.intp)

    def flips(self, t: int, code: NDArray[np.intp], who: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether the price rule decides differently for `who` with term `t` at `code`, exactly."""
        table = self.model.tables[t]
        focus, rival = self.focus[who], self.rival[who]
        score = self.score[who] - self.contributions[who, t] + table[focus, code]
        net = self._worth(score, focus) - self.price[who]
        beaten = np.where(self.chosen[who], net <= 0, net > 0)
        held = np.maximum(rival, 0)
        rival_score = self.rival_score[who]
        if self.codes[t].ndim == 1:  # a change of a personal feature moves the runner-up, too
            rival_score = rival_score - table[held, self.codes[t][self.rows[who]].astype(np.intp)] + table[held, code]
        rival_net = self._worth(rival_score, held) - self.rival_price[who]
        return np.asarray(beaten | ((rival >= 0) & (net < rival_net)))

    def _worth(self, score: NDArray[np.int64], offer: NDArray[np.intp]) -> NDArray[np.int64]:
        probability = probability_ppm(np.clip(score, -SCORE_BOUND, SCORE_BOUND))
        worth = np.empty(len(score), dtype=np.int64)
        for j in np.unique(offer):
            mine = offer == j
            worth[mine] = expected_value(int(self._value[j]), int(self._cost[j]), probability[mine])
        return worth


def _try_term(ask: _Question, t: int, *, ordered: bool, found: Flips, best: NDArray[np.int64]) -> None:
    """Take term `t` for those whose decision it flips with a smaller move of the score than what was found before."""
    table = ask.model.tables[t][:, OTHER + 1 :].astype(np.int64)
    lowest, highest = table.argmin(axis=1) + OTHER + 1, table.argmax(axis=1) + OTHER + 1
    code = ask.own_code(t)
    extreme = np.where(ask.chosen, lowest[ask.focus], highest[ask.focus])
    everybody = np.arange(len(ask.rows))
    able = everybody[(code > OTHER) & (extreme != code)]
    able = able[ask.flips(t, extreme[able], able)]
    for who, candidate in _nearest(ask, t, able, code, ordered=ordered):
        move = np.abs(ask.model.tables[t][ask.focus[who], candidate].astype(np.int64) - ask.contributions[who, t])
        better = move < best[who]
        best[who[better]] = move[better]
        found.term[who[better]] = t
        found.code[who[better]] = candidate[better].astype(np.uint8)


def _nearest(
    ask: _Question, t: int, able: NDArray[np.intp], code: NDArray[np.intp], *, ordered: bool
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """For each able person the first flipping bin, nearest first: by distance if ordered, else by smallest move."""
    size = ask.model.tables[t].shape[1]
    out = []
    open_ = able
    if ordered:
        for distance in range(1, size - OTHER - 1):
            for side in (-1, 1):
                there = code[open_] + side * distance
                inside = (there > OTHER) & (there < size)
                who, bins = open_[inside], there[inside]
                hit = ask.flips(t, bins, who)
                out.append((who[hit], bins[hit]))
                open_ = np.setdiff1d(open_, who[hit], assume_unique=True)
            if not len(open_):
                break
        return out
    for j in np.unique(ask.focus[open_]):
        for own in np.unique(code[open_]):
            left = open_[(ask.focus[open_] == j) & (code[open_] == own)]
            moves = np.abs(ask.model.tables[t][j].astype(np.int64) - int(ask.model.tables[t][j, own]))
            for other in np.argsort(moves, kind="stable"):
                if other <= OTHER or other == own or not len(left):
                    continue
                bins = np.full(len(left), other, dtype=np.intp)
                hit = ask.flips(t, bins, left)
                out.append((left[hit], bins[hit]))
                left = left[~hit]
    return out
