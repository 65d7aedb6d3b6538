"""The shapes that a decision takes on its road. Each holds columns for a whole batch; one person is a batch of one.

Each shape is *made* in one folder only (tests/architecture): Asked by whoever asks, Permitted in `permission`,
Minimised in `features`, Scored in `scoring`, Allocated in `allocation`, Explained in `explanation`, Recorded in
`ledger`. Each keeps the shape it was made from, so that a later gate can look back but never skip.

n = people in the batch, m = offers, T = terms. Row i is the same person everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._model import Model
from ._words import Measure

__all__ = [
    "Allocated",
    "Asked",
    "Certificate",
    "Explained",
    "LimitOutcome",
    "Minimised",
    "Permitted",
    "Prices",
    "Recorded",
    "Scored",
    "SoftOutcome",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """The question: for whom, and when. It carries no attribute of anybody.

    Attributes:
        subjects: bytes ``S32`` [n]: pseudonyms (32 hex digits), unique within the batch.
        at: the moment of the decision, time-zone aware; every rule is applied as of then.
    """

    subjects: NDArray[np.bytes_]
    at: datetime

    def __len__(self) -> int:
        """Number of people."""
        return len(self.subjects)


@dataclass(frozen=True, slots=True)
class Permitted:
    """Gate 1's answer for each person.

    Attributes:
        asked: the question.
        standing: uint8[n], a `Standing`.
        reason: uint8[n], a `Reason`: what allowed it, made it contextual, or refused it.
        rule: int16[n], place of the rule behind it among the rules of the run, -1 where none applies; None where the
            campaign does not say which law holds for whom, and the reason alone tells the rule.
        switched_off: by the name of a column, bool[n]: who said that it may not count for them. A column that nobody
            switched off is not there.
    """

    asked: Asked
    standing: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    rule: NDArray[np.int16] | None = None
    switched_off: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Minimised:
    """Only the columns that the purpose may see, as bin codes. No raw value goes further than here.

    Attributes:
        permitted: gate 1's answer.
        model: the glass box whose view was applied.
        codes: one uint8 array per term: shape [n], or [m, n] for a per-offer feature. People who are not
            PERSONALISED have WITHHELD in every term, and whoever switched a factor off has it in that one.
        eligible: bool[m, n], which offers each person may get by what the campaign declares of each offer; None where
            it declares nothing. Of people who are not PERSONALISED nothing is read, so they get no offer that asks.
        cost: int64[m, n], micro-money, what showing each offer to each person costs, where that is a column of some
            offer; None where an offer costs the same with everybody. Of people who are not PERSONALISED nothing is
            read: with them it costs what the campaign declares.
    """

    permitted: Permitted
    model: Model
    codes: tuple[NDArray[np.uint8], ...]
    eligible: NDArray[np.bool_] | None = None
    cost: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """How well each offer fits each person.

    Attributes:
        minimised: the codes.
        score: int32[m, n], micro-logits (a score is clipped to +-2e9); with a model of increments parts per million.
        probability: int32[m, n], parts per million, by the fixed link table. With a model of increments (link
            ``identity``) it is what showing the offer *changes* in the probability: the score itself, -1,000,000 to
            1,000,000.
        value: int64[m, n], expected micro-money: ``value of the offer x probability - cost``, likewise either in all
            or what showing the offer adds.
    """

    minimised: Minimised
    score: NDArray[np.int32]
    probability: NDArray[np.int32]
    value: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Prices:
    """The dual prices of the limits, in integer micro-money. With these, one person's decision needs no other person:
    take the offer with the highest ``value - offer[j] - group[cell, j]`` if that is above zero. Under a measure
    weighted by modelled responses everybody also pays ``floor(response[cell, j] * probability[j] / 1,000,000)``.

    Attributes:
        offer: int64[m], price of taking one place of offer j: capacity, contacts, and cost under the budget; below
            zero where a minimum gives places away.
        group: int64[cells, m], price of the disparity limits for each cell (cell 0 = nobody's group: always 0).
        by_limit: price of each limit by its id, in micro-money per unit of that limit (place, contact, money
            unit; for a disparity limit a whole unit of its bound, from 0 to 1), for people to read.
        cell_tables: how a *blind* cell is worked out from bin codes (allocation's own format, JSON-able), or {}.
        response: int64[cells, m], price of one modelled response; None where no limit counts responses.
        contact: where a person may get several offers, the price of reaching a person at all, paid once; 0 where each
            offer's price holds it.
        group_contact: int64[cells], likewise of the disparity limits; [0] where a person gets one offer at most.
        money: price of money, ppm: where costs are each person's own, an offer's price is so much of its cost higher.
    """

    offer: NDArray[np.int64]
    group: NDArray[np.int64]
    by_limit: Mapping[str, int]
    cell_tables: Mapping[str, object]
    response: NDArray[np.int64] | None = None
    contact: int = 0
    group_contact: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    money: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As recorded: plain values; what prices responses, contacts and money only where these have prices."""
        plain: dict[str, Any] = {
            "offer": self.offer.tolist(),
            "group": self.group.tolist(),
            "by_limit": dict(self.by_limit),
            "cell_tables": dict(self.cell_tables),
        }
        if self.response is not None:
            plain["response"] = self.response.tolist()
        if len(self.group_contact):
            plain |= {"contact": self.contact, "group_contact": self.group_contact.tolist()}
        return plain | ({"money": self.money} if self.money else {})


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof of how good the allocation is.

    Attributes:
        value: micro-money reached.
        bound: micro-money that nothing within the limits can exceed (dual bound, rounded up). For a blind
            allocation it bounds the solved problem (expected group shares).
        gap: ``(bound - value) / max(bound, 1)``.
        moved: people whose decision differs from the pure price rule, so that whole numbers keep the limits.
    """

    value: int
    bound: int
    gap: float
    moved: int


@dataclass(frozen=True, slots=True)
class SoftOutcome:
    """How far a soft limit was kept.

    Attributes:
        ceiling: share of the value that it may cost, as declared.
        without: micro-money of value without this limit (and without the soft limits declared after it).
        bound: the bound that was kept: the declared one, or the strictest found that costs no more than the ceiling.
        cost: micro-money of value that this bound costs.
        needed: micro-money that the declared bound would cost; None where no decisions were found that keep it.
    """

    ceiling: float
    without: int
    bound: float
    cost: int
    needed: int | None


@dataclass(frozen=True, slots=True)
class LimitOutcome:
    """One declared limit after the allocation.

    Attributes:
        id: the limit's id in the campaign file: ``budget``, ``contacts``, ``capacity:OFFER``, ``minimum:OFFER`` or a
            disparity id.
        kind: what it bounds.
        declared: the bound as declared: micro-money, contacts, places, ratio or difference.
        used: the same quantity as reached, verified on whole decisions and true groups.
        held: whether the declared bound holds.
        binding: whether it costs anything (price above zero).
        money: micro-money of value that this limit costs (value without it minus value with it); None if not
            computed.
        people: people whose decision this limit changes; None if not computed.
        measure: for disparity limits.
        features: for disparity limits: the sensitive columns compared.
        note: one stable key for the report where something needs saying (e.g. ``groups-too-small``), else "".
        soft: for a soft limit: how far it was kept, and what the rest would have cost.
    """

    id: str
    kind: Literal["budget", "contacts", "capacity", "minimum", "disparity"]
    declared: float
    used: float
    held: bool
    binding: bool
    money: int | None = None
    people: int | None = None
    measure: Measure | None = None
    features: tuple[str, ...] = ()
    note: str = ""
    soft: SoftOutcome | None = None

    def to_dict(self) -> dict[str, Any]:
        """As recorded: plain values, `soft` only where there is one; a live service does this for every few people."""
        told = {name: getattr(self, name) for name in _TOLD}
        if self.soft is not None:
            told["soft"] = asdict(self.soft)
        return told


_TOLD = tuple(one.name for one in fields(LimitOutcome) if one.name != "soft")


@dataclass(frozen=True, slots=True)
class Allocated:
    """Who gets what, within every limit: d decisions about n people.

    Each person has one decision, or one for each of their offers where a campaign allows several: then they stand
    together, best offer first. Where it allows one, row i is the same person here as everywhere.

    Attributes:
        scored: the values.
        person: intp[d], the person's row in `scored`; rising.
        offer: int16[d], index of the chosen offer, -1 for none.
        runner_up: int16[d], the best other offer (none that the person gets) at the same prices, even where its margin
            is below zero; where nothing was chosen, the best offer at these prices (so that "why nothing" can be told);
            -1 for none (there is no other that the person is eligible for, or the person is refused).
        price: int64[d], micro-money: total price (offer + group) that the chosen offer paid; 0 where none. The price of
            reaching a person at all stands in the first decision about them.
        runner_up_price: int64[d], likewise for the runner-up, in the place of the chosen offer.
        moved: bool[d], decision differs from the pure price rule (see `Certificate.moved`).
        reason: uint8[d], a `Reason`: SELECTED, BEYOND_LIMITS, NO_WORTHWHILE_OFFER, NOT_ELIGIBLE, or gate 1's refusal.
        prices: the price table.
        limits: every declared limit and what became of it.
        certificate: how far from the optimum at most.
        unlimited_offer: int16[n], or int16[n, k] where a person may get k: what would have been chosen with the same
            budget, capacity and contacts but no disparity limit (the "before" of the report).
    """

    scored: Scored
    person: NDArray[np.intp]
    offer: NDArray[np.int16]
    runner_up: NDArray[np.int16]
    price: NDArray[np.int64]
    runner_up_price: NDArray[np.int64]
    moved: NDArray[np.bool_]
    reason: NDArray[np.uint8]
    prices: Prices
    limits: tuple[LimitOutcome, ...]
    certificate: Certificate
    unlimited_offer: NDArray[np.int16]

    def listed(self, rows: slice) -> NDArray[np.int16]:
        """int16[rows, k], the offers of each of these decisions' person, best first, then -1; only -1 where that is one
        offer or none; k = 0 where nobody has several."""
        person = self.person[rows]
        if len(self.person) == len(self.scored.minimised.permitted.asked):
            return np.zeros((len(person), 0), dtype=np.int16)
        first, end = (np.searchsorted(self.person, person, side=side) for side in ("left", "right"))
        number = np.where(end - first > 1, end - first, 0)
        place = np.arange(int(number.max(initial=0)))
        at = np.minimum(first[:, None] + place, len(self.offer) - 1)
        return np.where(place < number[:, None], self.offer[at], np.int16(-1)).astype(np.int16)

    @property
    def leads(self) -> NDArray[np.bool_]:
        """bool[d], the first decision about each person: as many as there are people, in their order."""
        first = np.ones(len(self.person), dtype=bool)
        first[1:] = self.person[1:] != self.person[:-1]
        return first

    def gets(self, offers: Sequence[int] = ()) -> NDArray[np.bool_]:
        """bool[n], who gets any of these offers; none named: any offer at all."""
        people = np.zeros(len(self.scored.minimised.permitted.asked), dtype=bool)
        people[self.person[np.isin(self.offer, offers) if len(offers) else self.offer >= 0]] = True
        return people


@dataclass(frozen=True, slots=True)
class Explained:
    """Why, as codes that any language can render.

    The exact sum for a chosen offer: ``score = base + sum of contributions`` over all terms, and
    ``margin = (value - price) - (runner-up's value - price)``; both with nothing left over.

    Attributes:
        allocated: the decisions.
        top_terms: int16[d, R], indices of the terms that most separate the chosen offer (or, where none was
            chosen, the best one) from an average person: largest absolute contribution first, ties by term order;
            -1 = no more.
        top_contributions: int32[d, R], micro-logits, of those terms.
        margin: int64[d], micro-money, see above; where there is no runner-up, against nothing (0); where nothing
            was chosen, the (negative or zero) margin of the best offer against nothing.
        flip_term: int16[d], the one term whose change to `flip_code` changes the decision, smallest change
            first; -1 where no single change would, or nothing personal was used.
        flip_code: uint8[d], see above.
    """

    allocated: Allocated
    top_terms: NDArray[np.int16]
    top_contributions: NDArray[np.int32]
    margin: NDArray[np.int64]
    flip_term: NDArray[np.int16]
    flip_code: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The batch is in the ledger.

    Attributes:
        explained: what was recorded.
        run_id: id of the run, sortable by time.
        first, last: sequence numbers of its decisions in the ledger.
        head: hash (hex) of the last entry of the run; whoever keeps it can tell whether anything was altered. "" where
            several runs are chained together later, when they are written.
    """

    explained: Explained
    run_id: str
    first: int
    last: int
    head: str
