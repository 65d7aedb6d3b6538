"""One decision by itself, as the ledger keeps it: everything that is needed to tell it or to replay it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ._model import Model
from ._reasons import Reason
from ._words import Standing

__all__ = ["DecisionFacts"]


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """One person's decision. Offers and terms are indices into the run's campaign and model.

    Attributes:
        decision_id: ``RUN-ID.NUMBER``; what `evenhand why` takes.
        run_id: the run.
        subject: pseudonym, 32 hex digits.
        at: moment of the decision.
        standing: what gate 1 allowed.
        permission: gate 1's reason.
        rule: place of the rule behind it among the rules of the run, -1 where the reason alone tells it.
        outcome: the allocation's reason.
        offer: index of the chosen offer, -1 for none.
        runner_up: index of the best other offer, -1 for none.
        codes: bin codes, one array per term: shape [1], or [m, 1] for a per-offer feature.
        score, probability, value: of the chosen offer (or of the best one where none was chosen): micro-logits,
            ppm, micro-money. 0 where the person was refused. Of a model of increments score and probability are both
            what the offer changes in the probability, ppm, and may be negative.
        runner_up_value: micro-money of the runner-up, 0 where there is none.
        price, runner_up_price: total price (offer + group) of each, micro-money.
        margin: micro-money, see `Explained.margin`.
        moved: the decision differs from the pure price rule, so that whole numbers keep the limits.
        top_terms, top_contributions: see `Explained`.
        flip_term, flip_code: see `Explained`.
        excluded: indices of the offers that the person is not eligible for, in order.
        listed: the offers that the person has by this and the decisions beside it, best first; () where that is no more
            than one. This decision is about `offer`, one of them.
        cost, runner_up_cost: of the offer explained and of the runner-up, micro-money, where the campaign has a column
            of each person's own costs; else 0.
        switched_off: indices of the features that the person switched off, in order; their codes are WITHHELD.
        full: of a decision with given prices: the offers of which no place was left for the person, with the limits
            that had too little left; as far as its run tells (`ledger.with_room`).
        later_full: likewise those that were full at the end of a run with several people: for some of them.
        sealed: price, runner_up_price, margin, moved and the flip are sealed and were not opened; they say nothing.
    """

    decision_id: str
    run_id: str
    subject: str
    at: datetime
    standing: Standing
    permission: Reason
    outcome: Reason
    offer: int
    runner_up: int
    codes: tuple[NDArray[np.uint8], ...]
    score: int
    probability: int
    value: int
    runner_up_value: int
    price: int
    runner_up_price: int
    margin: int
    moved: bool
    top_terms: tuple[int, ...]
    top_contributions: tuple[int, ...]
    flip_term: int
    flip_code: int
    sealed: bool = False
    excluded: tuple[int, ...] = ()
    listed: tuple[int, ...] = ()
    cost: int = 0
    runner_up_cost: int = 0
    rule: int = -1
    switched_off: tuple[int, ...] = ()
    full: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    later_full: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def switched_off_of(self, model: Model) -> tuple[str, ...]:
        """Names of the features of this model that the person switched off."""
        return tuple(model.view.binnings[place].name for place in self.switched_off)

    @property
    def place(self) -> int:
        """Which of the person's offers this decision is about, from 1."""
        return self.listed.index(self.offer) + 1 if self.listed else 1

    @property
    def is_tie(self) -> bool:
        """Whether the offer and the runner-up came out exactly equal, so that a lot chose between them."""
        chosen = self.offer >= 0 and self.runner_up >= 0
        return chosen and not (self.margin or self.moved or self.sealed or self.outcome.is_by_lot)

    @property
    def closed(self) -> frozenset[int]:
        """Offers that the person could not get, whatever they are worth: not eligible for, or perhaps full."""
        return frozenset((*self.excluded, *self.full, *self.later_full)) - {self.offer}

    @property
    def used_up(self) -> tuple[str, ...]:
        """Limits that had too little left for the offer that came first (it is the runner-up then); () where that offer
        was given, or something else was in the way."""
        if not self.moved or self.sealed or self.runner_up < 0:
            return ()
        return self.full.get(self.runner_up) or self.later_full.get(self.runner_up) or ()
