"""What the promises look at: decisions as they are recorded, column by column, and the ground they stand on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.rules import Rulebook
from evenhand.terms import Model, SoftOutcome

__all__ = ["Ground", "LimitFigures", "RecordColumns", "Totals", "Violation"]


@dataclass(frozen=True, slots=True)
class RecordColumns:
    """Decisions as the ledger keeps them: n rows, T terms, m offers. Meanings as in `terms.DecisionFacts`.

    Attributes:
        number: int64[n], position within the run, from 1.
        subject: S32[n], pseudonyms.
        at: int64[n], moment of the decision, microseconds since 1970 (UTC).
        standing, permission, outcome: uint8[n], `Standing` and two `Reason`.
        rule: int16[n], place of the rule behind `permission` among the rules of the run; -1 where none was recorded.
        offer, runner_up: int16[n], -1 for none.
        codes: one uint8 array per term, [n] or [m, n] for a per-offer feature.
        score, probability, value: int64[n], of `reference`; of a model of increments the first two are what the offer
            changes in the probability, ppm.
        runner_up_value, price, runner_up_price, margin: int64[n], micro-money.
        moved: bool[n].
        top_terms, top_contributions: int64[n, R]; -1 and 0 where there are no more.
        flip_term, flip_code: int16[n] and uint8[n].
        sealed: bool[n], decisions of which price, runner_up_price, margin, moved and the flip are sealed and were not
            opened: they stand at their defaults and say nothing.
        listed: int16[n, K], the offers that the person has by this and the decisions beside it, best first, then -1;
            of a person with one offer or none only -1.
        cost, runner_up_cost: int64[n], of `reference` and the runner-up, micro-money, where the campaign has a column
            of each person's own costs; else 0.
        excluded: bool[n, E], the offers that a person is not eligible for, up to the last one that anybody is not.
        switched_off: bool[n, F], the features that a personalised person switched off, up to the last one that anybody
            did.
    """

    number: NDArray[np.int64]
    subject: NDArray[np.bytes_]
    at: NDArray[np.int64]
    standing: NDArray[np.uint8]
    permission: NDArray[np.uint8]
    rule: NDArray[np.int16]
    outcome: NDArray[np.uint8]
    offer: NDArray[np.int16]
    runner_up: NDArray[np.int16]
    codes: tuple[NDArray[np.uint8], ...]
    score: NDArray[np.int64]
    probability: NDArray[np.int64]
    value: NDArray[np.int64]
    runner_up_value: NDArray[np.int64]
    price: NDArray[np.int64]
    runner_up_price: NDArray[np.int64]
    margin: NDArray[np.int64]
    moved: NDArray[np.bool_]
    top_terms: NDArray[np.int64]
    top_contributions: NDArray[np.int64]
    flip_term: NDArray[np.int16]
    flip_code: NDArray[np.uint8]
    sealed: NDArray[np.bool_]
    excluded: NDArray[np.bool_]
    listed: NDArray[np.int16]
    cost: NDArray[np.int64]
    runner_up_cost: NDArray[np.int64]
    switched_off: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of decisions."""
        return len(self.number)

    def part(self, start: int, stop: int) -> RecordColumns:
        """The rows from `start` to `stop` (excluded), as views."""
        rows = slice(start, stop)
        own = {one.name: getattr(self, one.name)[rows] for one in fields(self) if one.name != "codes"}
        return RecordColumns(codes=tuple(code[..., rows] for code in self.codes), **own)

    @property
    def is_further(self) -> NDArray[np.bool_]:
        """bool[n], decisions about a person's second offer, or a later one: the person was counted before."""
        if not self.listed.shape[1]:
            return np.zeros(len(self), dtype=np.bool_)
        return np.asarray((self.listed[:, 0] >= 0) & (self.listed[:, 0] != self.offer))

    @property
    def reference(self) -> NDArray[np.int16]:
        """The offer that score and value speak of: the chosen one or, where none was chosen, the best other; or -1."""
        return np.where(self.offer >= 0, self.offer, self.runner_up)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a run's decisions stand on.

    Attributes:
        campaign: as declared when the run started.
        campaign_text: the very text (JSON) that the campaign was read from.
        campaign_digest: SHA-256 (hex) of that text, as recorded.
        model: the glass box.
        at: start of the run, time-zone aware.
        priced_by: digest of the price policy of an earlier run that decided; "" where the run found its own prices.
        rulebook: the rules that decided who may be addressed; None of a run that was recorded before runs named them.
        balancing: what there was of a signed balancing record, a value of the fact `balancing`; "" = not recorded.
    """

    campaign: Campaign
    campaign_text: str
    campaign_digest: str
    model: Model
    at: datetime
    priced_by: str = ""
    rulebook: Rulebook | None = None
    balancing: str = ""


class LimitFigures(Protocol):
    """What became of one declared limit: `terms.LimitOutcome`, or the same figures as recorded."""

    @property
    def id(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def declared(self) -> float: ...

    @property
    def used(self) -> float: ...

    @property
    def held(self) -> bool: ...

    @property
    def soft(self) -> SoftOutcome | None: ...


@dataclass(frozen=True, slots=True)
class Totals:
    """What a run's decisions add up to.

    Attributes:
        decisions: decisions, refusals included: one for each person, and one for each further offer of a person.
        refused, contextual, personalised: people by standing.
        offers: people who got each offer, in campaign order.
        further: decisions about a person's second offer, or a later one.
        own_cost: micro-money spent, where costs are each person's own and so recorded; else 0.
        promised: further offers that the first decisions about people tell of; as many as there are.
    """

    decisions: int
    refused: int
    contextual: int
    personalised: int
    offers: tuple[int, ...]
    further: int = 0
    promised: int = 0
    own_cost: int = 0

    @property
    def contacts(self) -> int:
        """People who got any offer."""
        return sum(self.offers) - self.further

    @staticmethod
    def none(offers: int) -> Totals:
        """Nothing decided yet, of a campaign with so many offers."""
        return Totals(0, 0, 0, 0, (0,) * offers)

    def plus(self, columns: RecordColumns) -> Totals:
        """These totals and these decisions together."""
        further = columns.is_further
        standing = np.bincount(columns.standing[~further].astype(np.intp), minlength=3)
        lists = (columns.listed[~further] >= 0).sum(axis=1)
        offer = columns.offer[(columns.offer >= 0) & (columns.offer < len(self.offers))].astype(np.intp)
        given = np.bincount(offer, minlength=len(self.offers))
        return Totals(
            self.decisions + len(columns),
            self.refused + int(standing[0]),
            self.contextual + int(standing[1]),
            self.personalised + int(standing[2]),
            tuple(before + int(now) for before, now in zip(self.offers, given, strict=True)),
            self.further + int(further.sum()),
            self.promised + int(np.maximum(lists - 1, 0).sum()),
            self.own_cost + int(columns.cost[columns.offer >= 0].sum()),
        )


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was not kept.

    Attributes:
        promise: ``private``, ``fair``, ``explained`` or ``governed``.
        code: stable word for the kind of violation.
        what: what was found, one sentence, no personal value.
        rule: the rule id (RULES).
        remedy: what to do.
        rows: positions in the columns that break it; empty where the whole run does.
    """

    promise: str
    code: str
    what: str
    rule: str
    remedy: str
    rows: tuple[int, ...] = ()
