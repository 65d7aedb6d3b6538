"""The search for one change, for a few people: all features side by side, in as many steps as one feature takes.

What is found is what `find_flips` finds feature by feature, to the bit. For many people that is quicker, since a
feature's columns stay in the processor's cache; for a few the number of steps is what costs.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import OTHER, Model

if TYPE_CHECKING:
    from ._flip import Flips, Question

__all__ = ["FEW", "try_together"]

FEW = 20_480
"""People times features at most; with more, feature by feature is quicker."""
_MOST = 1 << 19
"""Numbers in a table of every pair of offers at most."""
_ALL = 1 << 14
"""Bins that are all tried at once at most; beyond, halving tries fewer and is quicker."""
_FIRST = OTHER + 1
_LAST = np.iinfo(np.int64).max


class _Stack:
    """Features with an effect of their own only, one after the other: person i of feature k is row ``k * people + i``.
    As one feature, see `_flip._Movable`."""

    moves_rival = True

    def __init__(self, ask: Question, terms: tuple[int, ...], own: _Tables) -> None:
        people, offers = len(ask.rows), len(ask.model.offers)
        self.width = own.tables.shape[2]
        codes = np.empty((len(terms), people), dtype=np.intp)
        for k, t in enumerate(terms):
            column = ask.codes[t]
            codes[k] = column[ask.rows] if column.ndim == 1 else column[ask.focus, ask.rows]
        self.code = codes.ravel()
        self.rest = (ask.score[None, :] - ask.contributions[:, terms].T.astype(np.int64)).ravel()
        self.goal = np.tile(ask.least, len(terms)) - self.rest
        self._flat = own.tables.ravel()
        self._start = np.repeat(np.arange(len(terms)) * offers * self.width, people)
        self._own = self._start + np.tile(ask.focus * self.width, len(terms))
        self._moves = np.repeat(own.with_rival, people)

    def share(self, code: NDArray[np.intp], who: NDArray[np.intp]) -> NDArray[np.int64]:
        return np.asarray(self._flat.take(self._own[who] + code))

    def rival_change(self, code: NDArray[np.intp], who: NDArray[np.intp], rival: NDArray[np.intp]) -> NDArray[np.int64]:
        at = self._start[who] + rival * self.width
        change = self._flat.take(at + code) - self._flat.take(at + self.code[who])
        return np.where(self._moves[who], change, 0)


def try_together(ask: Question, terms: tuple[int, ...], found: Flips, best: NDArray[np.int64]) -> None:
    """Take of these features, for everybody whose decision one of them flips, the one with the smallest move.

    Args:
        ask: what the decisions rest on.
        terms: features without joint effects and without bounds on what a person can change, in their order.
        found: what was found; written into.
        best: the move of what was found; written into.
    """
    own = _tables(_Same(ask.model, terms))
    stack = _Stack(ask, terms, own)
    people = len(ask.rows)
    (drive, bins, rank), of_person = own.orders(ask)
    which = np.repeat(np.arange(len(terms)), people)
    pair = np.tile(of_person, len(terms))
    together = _tiled(ask, len(terms))
    farther = rank[which, pair, stack.code]
    who = np.flatnonzero((stack.code >= _FIRST) & (farther > 0))
    who = who[together.flips(stack, bins[which[who], pair[who], 0], who)]
    if not len(who):
        return
    term, kind = which[who], pair[who]
    yes, no = np.zeros(len(who), dtype=np.intp), farther[who]
    hits = _all_hits(together, stack, bins[term, kind], who, no) if bins.shape[2] * len(who) <= _ALL else None
    while len(open_ := np.flatnonzero(no - yes > 1)):
        middle = (yes[open_] + no[open_]) // 2
        if hits is not None:
            hit = hits[open_, middle]
        else:
            hit = together.flips(stack, bins[term[open_], kind[open_], middle], who[open_])
        yes[open_] = np.where(hit, middle, yes[open_])
        no[open_] = np.where(hit, no[open_], middle)
    flip = bins[term, kind, yes]
    move = np.full((len(terms), people), _LAST)
    code = np.zeros((len(terms), people), dtype=np.uint8)
    move.ravel()[who] = drive[term, kind, stack.code[who]] - drive[term, kind, flip]
    code.ravel()[who] = flip
    first, everyone = move.argmin(axis=0), np.arange(people)  # of equal moves the first feature's
    better = np.flatnonzero(move[first, everyone] < best)
    chosen = first[better]
    best[better] = move[chosen, better]
    found.term[better] = np.array(terms, dtype=np.int16)[chosen]
    found.code[better] = code[chosen, better]


def _all_hits(
    together: Question, stack: _Stack, bins: NDArray[np.intp], who: NDArray[np.intp], farther: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """bool[who, width], which of the bins in question flip the decision, all asked at once: halving then only looks
    them up. False behind the last bin in question, where nothing is looked up."""
    row, place = np.nonzero(np.arange(bins.shape[1]) < farther[:, None])
    hits = np.zeros(bins.shape, dtype=np.bool_)
    hits[row, place] = together.flips(stack, bins[row, place], who[row])
    return hits


def _tiled(ask: Question, times: int) -> Question:
    """The same people so many times over."""
    again = copy(ask)
    for name in ("chosen", "focus", "rival", "rival_score", "price", "rival_price"):
        setattr(again, name, np.tile(getattr(ask, name), times))
    return again


_Orders = tuple[NDArray[np.int64], NDArray[np.intp], NDArray[np.intp]]


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """The very same model, and some of its features."""

    model: Model
    terms: tuple[int, ...]

    def __hash__(self) -> int:
        return hash((id(self.model), self.terms))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.model is other.model and self.terms == other.terms


class _Tables:
    """The tables of some features side by side, and in which order their bins move a decision: worked out once.

    Attributes:
        tables: int64[terms, offers, width], zero behind a feature's last bin.
        with_rival: bool[terms], whether a change moves the other offers' scores too.
    """

    def __init__(self, model: Model, terms: tuple[int, ...]) -> None:
        width = max(model.tables[t].shape[1] for t in terms)
        self.tables = np.zeros((len(terms), len(model.offers), width), dtype=np.int64)
        self._real = np.zeros((len(terms), width), dtype=bool)
        for k, t in enumerate(terms):
            self.tables[k, :, : model.tables[t].shape[1]] = model.tables[t]
            self._real[k, _FIRST : model.tables[t].shape[1]] = True
        self.with_rival = np.array([not model.view.binnings[t].per_offer for t in terms])
        self._all: _Orders | None = None

    def orders(self, ask: Question) -> tuple[_Orders, NDArray[np.intp]]:
        """Of each feature and each pair of offers what `_orders` says, and which pair is each person's: of every pair
        that can be, remembered; where those are many, of the pairs at hand."""
        offers = len(ask.model.offers)
        if self.tables.size * (offers + 2) > _MOST:
            return self._orders(*ask.pairs), ask.pair
        if self._all is None:
            self._all = self._orders(*np.divmod(np.arange(offers * (offers + 2)), offers + 2))
        return self._all, ask.kind

    def _orders(self, focus: NDArray[np.intp], behind: NDArray[np.intp]) -> _Orders:
        """Of each feature and each pair of offers: what falls when the decision is pushed towards its flip, per bin;
        the bins by ascending drive; and how many real bins have a smaller one. See `_flip._Order`."""
        offers = self.tables.shape[1]
        drive = self.tables[:, focus]
        beside = np.flatnonzero((behind > 0) & (behind <= offers))
        moving = np.flatnonzero(self.with_rival)
        if len(beside) and len(moving):
            drive[np.ix_(moving, beside)] -= self.tables[np.ix_(moving, behind[beside] - 1)]
        drive[:, behind == offers + 1] *= -1
        ordered = np.where(self._real[:, None, :], drive, _LAST)
        bins = ordered.argsort(axis=2, kind="stable")
        ascending = np.take_along_axis(ordered, bins, axis=2)
        smaller = np.broadcast_to(np.arange(drive.shape[2]), bins.shape).copy()
        smaller[..., 1:][ascending[..., 1:] == ascending[..., :-1]] = 0
        rank = np.zeros(drive.shape, dtype=np.intp)
        np.put_along_axis(rank, bins, np.maximum.accumulate(smaller, axis=2), axis=2)
        return drive, bins, rank


@lru_cache(maxsize=4)
def _tables(same: _Same) -> _Tables:
    return _Tables(same.model, same.terms)
