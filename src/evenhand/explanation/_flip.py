"""One change that would have changed a decision, prices and everything else as they were."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import (
    OTHER,
    PPM,
    SCORE_BOUND,
    Allocated,
    Link,
    expected_value,
    one_score_ppm,
    score_ppm,
)

from ._flip_few import FEW, try_together
from ._reach import changeable_of

__all__ = ["Flips", "find_flips"]

_FIRST = OTHER + 1
_FAR = np.iinfo(np.int64).max
_NEVER = 2**40
"""A score that no sum of terms reaches."""
_REMEMBERED = 512
_EDGE = 16_000_000
"""Beyond this score parts per million are level: the link table ends there, and a change long before."""


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

    A chosen offer is flipped where its value less price is no longer above zero, or falls below the runner-up's; the
    lack of an offer is flipped where the best offer's value less price rises above zero. Searched, for each actionable
    feature of which the person's value is known: the bins in the order in which they move the score the way that is
    needed (where the change moves the runner-up too, the difference of the two scores); of those that flip, the
    smallest move, found by halving; where the feature has joint effects, or a declared way or range, every bin within
    reach is tried. Of all features the smallest move is named, ties by term order.

    Every flip reported is exact: scores, probabilities and values are worked out again in integers. Where an order by
    score is not quite the order by money (only where a runner-up moves too), a smaller flip may be passed over; and
    a decision for which none is reported may need two changes, or a bin that the order puts too late.

    Args:
        allocated: the decisions.
        campaign: values of the offers and actionable columns.
        rows: people to look at, all PERSONALISED with a focus offer, decided by the pure price rule (not moved).
        focus: index of the offer explained, per row.
        contributions: int32[rows, T] of that offer.
    """
    ask = Question(allocated, campaign, rows, focus, contributions)
    found = Flips.none(len(rows))
    best = np.full(len(rows), _FAR)
    changeable, plain = changeable_of(ask.model, campaign)
    if len(plain) == len(changeable) and 0 < len(rows) * len(plain) <= FEW:
        try_together(ask, plain, found, best)
        return found
    for t, binning, reach in changeable:
        if t in plain:
            _try_term(ask, t, found, best)
        else:
            _try_every(ask, t, reach.codes(binning), found, best)
    return found


class Question:
    """What one block of people's decisions rest on.

    Attributes:
        least: int64[rows], the lowest score at which the offer explained is worth more than its price.
    """

    def __init__(
        self,
        allocated: Allocated,
        campaign: Campaign,
        rows: NDArray[np.intp],
        focus: NDArray[np.int16],
        contributions: NDArray[np.int32],
    ) -> None:
        scored = allocated.scored
        self.model = scored.minimised.model
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
        self.least = self._least()

    @cached_property
    def kind(self) -> NDArray[np.intp]:
        """intp[rows], the pair of offers in question as one number: the one explained, and what it is held against (0:
        nobody; the number of offers and one: the offer was not chosen)."""
        offers = len(self.model.offers)
        return np.asarray(self.focus * (offers + 2) + np.where(self.chosen, self.rival, offers) + 1)

    @cached_property
    def _kinds(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        return np.unique(self.kind, return_inverse=True)

    @property
    def pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The different pairs at hand, as two columns; see `kind`."""
        return np.divmod(self._kinds[0], len(self.model.offers) + 2)

    @property
    def pair(self) -> NDArray[np.intp]:
        """intp[rows], which of `pairs` is each person's."""
        return self._kinds[1]

    def flips(self, term: _Movable, code: NDArray[np.intp], who: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Whether the price rule decides differently for `who` with this term at `code`, exactly."""
        share = term.share(code, who)
        chosen = self.chosen[who]
        flipped = (share >= term.goal[who]) ^ chosen
        open_ = np.flatnonzero(chosen & ~flipped)
        against = open_[self.rival[who[open_]] >= 0]
        if len(against):
            them = who[against]
            held = self.rival[them]
            other = self.rival_score[them]
            if term.moves_rival:
                other = other + term.rival_change(code[against], them, held)
            own = share[against] + term.rest[them]
            worth = self._worth(np.append(own, other), np.append(self.focus[them], held))
            flipped[against] = worth[: len(them)] - self.price[them] < worth[len(them) :] - self.rival_price[them]
        return np.asarray(flipped)

    def _worth(self, score: NDArray[np.int64], offer: NDArray[np.intp]) -> NDArray[np.int64]:
        probability = score_ppm(score, self.model.link)  # which levels off long before `SCORE_BOUND`
        return expected_value(self._value[offer], self._cost[offer], probability)

    def _least(self) -> NDArray[np.int64]:
        """`least`, found by halving for each different pair of offer and price; worth never falls with the score."""
        if len(self.focus) <= _REMEMBERED:
            value, cost = self._value[self.focus].tolist(), self._cost[self.focus].tolist()
            asked = zip(value, cost, self.price.tolist(), strict=True)
            return np.array([_least_score(*one, self.model.link) for one in asked], dtype=np.int64)
        prices, which = np.unique(self.price, return_inverse=True)
        kinds, place = np.unique(which * len(self._value) + self.focus, return_inverse=True)
        price, focus = prices[kinds // len(self._value)], kinds % len(self._value)
        low, high = np.full(len(focus), -_EDGE), np.full(len(focus), _EDGE)
        always, ever = (self._worth(edge, focus) > price for edge in (low, high))
        while (high - low > 1).any():
            middle = (low + high) // 2
            enough = self._worth(middle, focus) > price
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.where(always, -_NEVER, np.where(ever, high, _NEVER))[place]


@lru_cache(maxsize=65_536)
def _least_score(value: int, cost: int, price: int, link: Link) -> int:
    """`Question.least` of one offer at one price, the same number; what one group of people asks the next asks too."""

    def is_enough(score: int) -> bool:
        chance = one_score_ppm(max(-SCORE_BOUND, min(score, SCORE_BOUND)), link)
        return value * chance // PPM - cost > price

    low, high = -_EDGE, _EDGE
    if is_enough(low):
        return -_NEVER
    if not is_enough(high):
        return _NEVER
    while high - low > 1:
        middle = (low + high) // 2
        if is_enough(middle):
            high = middle
        else:
            low = middle
    return high


class _Movable(Protocol):
    """What a feature adds to the offer explained, and to its rival, at one bin or another.

    Attributes:
        code: intp[rows], bin code of each person for the offer explained.
        rest: int64[rows], the offer's score without what the feature has a part in.
        goal: int64[rows], what that must add for the offer to be worth more than its price.
        moves_rival: whether a change of this feature moves the other offers' scores too.
    """

    code: NDArray[np.intp]
    rest: NDArray[np.int64]
    goal: NDArray[np.int64]
    moves_rival: bool

    def share(self, code: NDArray[np.intp], who: NDArray[np.intp]) -> NDArray[np.int64]:
        """Micro-logits for the offer explained, with the feature at `code`."""
        ...

    def rival_change(self, code: NDArray[np.intp], who: NDArray[np.intp], rival: NDArray[np.intp]) -> NDArray[np.int64]:
        """By how much the rival's score changes when the feature goes to `code`."""
        ...


class _Term:
    """A feature with an effect of its own only; see `_Movable`.

    Attributes:
        table: int64[m * size], flat; `row` is where the explained offer's part of it begins, per person.
        code: intp[rows], bin code of each person for the offer explained.
        rest: int64[rows], the offer's score without this term.
        goal: int64[rows], what this term must add for the offer to be worth more than its price.
        moves_rival: whether a change of this feature moves the other offers' scores too.
    """

    def __init__(self, ask: Question, t: int) -> None:
        table, codes = ask.model.tables[t], ask.codes[t]
        self.size = table.shape[1]
        self.table = table.astype(np.int64).ravel()
        self.row = ask.focus * self.size
        self.code = (codes[ask.rows] if codes.ndim == 1 else codes[ask.focus, ask.rows]).astype(np.intp)
        self.rest = ask.score - ask.contributions[:, t]
        self.goal = ask.least - self.rest
        self.moves_rival = codes.ndim == 1

    def share(self, code: NDArray[np.intp], who: NDArray[np.intp]) -> NDArray[np.int64]:
        return np.asarray(self.table.take(self.row[who] + code))

    def rival_change(self, code: NDArray[np.intp], who: NDArray[np.intp], rival: NDArray[np.intp]) -> NDArray[np.int64]:
        row = rival * self.size
        return np.asarray(self.table.take(row + code) - self.table.take(row + self.code[who]))


class _Joint:
    """A feature that has joint effects too; see `_Movable`."""

    def __init__(self, ask: Question, t: int) -> None:
        self._ask = ask
        self._feature = t
        self._own = ask.model.tables[t].astype(np.int64)
        features = len(ask.model.view.binnings)
        self._pairs = [
            (pair, ask.model.tables[features + place].astype(np.int64), features + place)
            for place, pair in enumerate(ask.model.pairs)
            if t in (pair.first, pair.second)
        ]
        self.code = self._codes(t, ask.focus, np.arange(len(ask.rows)))
        taken = ask.contributions[:, t] + sum(
            ask.contributions[:, place].astype(np.int64) for _, _, place in self._pairs
        )
        self.rest = ask.score - taken
        self.goal = ask.least - self.rest
        self.moves_rival = ask.codes[t].ndim == 1

    def share(self, code: NDArray[np.intp], who: NDArray[np.intp]) -> NDArray[np.int64]:
        return self._at(code, who, self._ask.focus[who])

    def rival_change(self, code: NDArray[np.intp], who: NDArray[np.intp], rival: NDArray[np.intp]) -> NDArray[np.int64]:
        return self._at(code, who, rival) - self._at(self._codes(self._feature, rival, who), who, rival)

    def _at(self, code: NDArray[np.intp], who: NDArray[np.intp], offer: NDArray[np.intp]) -> NDArray[np.int64]:
        total = self._own[offer, code]
        for pair, table, _ in self._pairs:
            if pair.first == self._feature:
                joint = pair.codes(code, self._codes(pair.second, offer, who))
            else:
                joint = pair.codes(self._codes(pair.first, offer, who), code)
            total = total + table[offer, joint]
        return np.asarray(total)

    def _codes(self, feature: int, offer: NDArray[np.intp], who: NDArray[np.intp]) -> NDArray[np.intp]:
        codes, rows = self._ask.codes[feature], self._ask.rows[who]
        return (codes[rows] if codes.ndim == 1 else codes[offer, rows]).astype(np.intp)


@dataclass(frozen=True, slots=True)
class _Order:
    """Bins of one term in the order in which they move a decision, for each pair of offers (focus, rival) at hand.

    Attributes:
        drive: int64[pairs, size], what falls when the decision is pushed towards its flip.
        bins: intp[pairs, real bins], bin codes by ascending drive.
        rank: intp[pairs, size], how many real bins have a smaller drive; 0 for the special codes.
    """

    drive: NDArray[np.int64]
    bins: NDArray[np.intp]
    rank: NDArray[np.intp]


def _order(ask: Question, term: _Term) -> _Order:
    offers = len(ask.model.offers)
    table = term.table.reshape(offers, term.size)
    focus, behind = ask.pairs
    drive = table[focus]
    if term.moves_rival:
        with_rival = (behind > 0) & (behind <= offers)
        drive[with_rival] -= table[behind[with_rival] - 1]
    drive[behind == offers + 1] *= -1
    real = drive[:, _FIRST:]
    bins = real.argsort(axis=1, kind="stable") + _FIRST
    ascending = np.take_along_axis(drive, bins, axis=1)
    smaller = np.broadcast_to(np.arange(bins.shape[1]), bins.shape).copy()
    smaller[:, 1:][ascending[:, 1:] == ascending[:, :-1]] = 0
    rank = np.zeros(drive.shape, dtype=np.intp)
    np.put_along_axis(rank, bins, np.maximum.accumulate(smaller, axis=1), axis=1)
    return _Order(drive, bins, rank)


def _try_term(ask: Question, t: int, found: Flips, best: NDArray[np.int64]) -> None:
    """Take term `t` for those whose decision it flips with a smaller move than what was found before."""
    term = _Term(ask, t)
    order = _order(ask, term)
    farther = order.rank[ask.pair, term.code]
    who = np.flatnonzero((term.code >= _FIRST) & (farther > 0))
    who = who[ask.flips(term, order.bins[ask.pair[who], 0], who)]
    if not len(who):
        return
    pair = ask.pair[who]
    yes, no = np.zeros(len(who), dtype=np.intp), farther[who]  # `yes` flips, `no` is the first that does not
    while True:
        open_ = np.flatnonzero(no - yes > 1)
        if not len(open_):
            break
        middle = (yes[open_] + no[open_]) // 2
        hit = ask.flips(term, order.bins[pair[open_], middle], who[open_])
        yes[open_] = np.where(hit, middle, yes[open_])
        no[open_] = np.where(hit, no[open_], middle)
    flip = order.bins[pair, yes]
    move = order.drive[pair, term.code[who]] - order.drive[pair, flip]
    better = move < best[who]
    best[who[better]] = move[better]
    found.term[who[better]] = t
    found.code[who[better]] = flip[better].astype(np.uint8)


def _try_every(ask: Question, t: int, may: NDArray[np.bool_], found: Flips, best: NDArray[np.int64]) -> None:
    """Likewise where it depends on the person which bins are within reach, or what they move: every bin is tried.

    Args:
        may: bool[size, size], whether a person in the bin of the row may go to the bin of the column.
    """
    term = _Joint(ask, t)
    has_rival = ask.chosen & (ask.rival >= 0) & term.moves_rival
    toward = np.where(ask.chosen, 1, -1)
    known = np.flatnonzero(term.code >= _FIRST)
    now = term.share(term.code[known], known)
    for code in range(_FIRST, ask.model.view.binnings[t].size):
        within = may[term.code[known], code]
        who = known[within]
        if not len(who):
            continue
        at = np.full(len(who), code, dtype=np.intp)
        move = toward[who] * (now[within] - term.share(at, who))
        beside = np.flatnonzero(has_rival[who])
        move[beside] += term.rival_change(at[beside], who[beside], ask.rival[who[beside]])
        worth = np.flatnonzero((move > 0) & (move < best[who]))
        hit = worth[ask.flips(term, at[worth], who[worth])]
        best[who[hit]] = move[hit]
        found.term[who[hit]] = t
        found.code[who[hit]] = code
