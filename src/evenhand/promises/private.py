"""Private: nobody's data is used beyond what this person, the law and the campaign allow (docs/promises/private.md)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.rules import Effect, Rulebook, campaign_facts, holds_for_campaign
from evenhand.terms import WITHHELD, LegalBasis, Reason, Role, Standing

from ._columns import Ground, RecordColumns, Violation

__all__ = ["check_decisions", "check_run"]

_BLOCK = 65_536


def _one_of(*reasons: Reason) -> NDArray[np.bool_]:
    """bool[256], which reasons are among these."""
    return np.isin(np.arange(256), reasons)


_PERMITS = {
    LegalBasis.CONSENT: _one_of(Reason.CONSENT_VALID, Reason.SIGNAL_CONSENT),
    LegalBasis.CONTRACT: _one_of(Reason.BASIS_CONTRACT),
    LegalBasis.LEGITIMATE_INTEREST: _one_of(Reason.BASIS_LEGITIMATE_INTEREST, Reason.SOFT_OPT_IN),
}
_STANDING_NO = _one_of(Reason.DIRECT_MARKETING_OBJECTION, Reason.ERASED, Reason.RESTRICTED)
_OUT_OR_OWN_RULE = _one_of(Reason.OWN_RULE, *(reason for reason in Reason if reason.is_opt_out))


def check_run(ground: Ground) -> tuple[Violation, ...]:
    """Every column that the model reads is a confirmed feature of this campaign, and the view is of its purpose."""
    out = []
    view = ground.model.view
    if view.purpose != ground.campaign.purpose:
        what = f"The feature view was made for {view.purpose}, the campaign is for {ground.campaign.purpose}."
        out.append(_broken("purpose", what, "G-5b", "Learn the view again for this campaign's purpose."))
    for binning in view.binnings:
        fault = _fault(ground.campaign, binning.name)
        if fault:
            out.append(
                _broken(
                    "feature",
                    f"The model reads the column {binning.name}, which is {fault}.",
                    "G-9" if "special" in fault else "G-5c",
                    "Declare it as a confirmed feature, or learn the model again without it.",
                )
            )
    return tuple(out)


def check_decisions(columns: RecordColumns, ground: Ground) -> tuple[Violation, ...]:
    """Refused: nothing was used. Contextual: nothing personal was used. Personalised: something allows it, and what
    the person switched off, that and nothing else, was withheld."""
    refused = columns.standing == Standing.REFUSED
    personalised = columns.standing == Standing.PERSONALISED
    personal = (
        _any_of(columns.codes, len(columns), withheld=False) | (columns.flip_term != -1) | (columns.flip_code != 0)
    )
    used = personal | (columns.offer != -1) | (columns.runner_up != -1) | columns.moved
    for amount in (columns.score, columns.probability, columns.value, columns.runner_up_value, columns.price):
        used |= amount != 0
    for amount in (columns.runner_up_price, columns.margin, columns.cost, columns.runner_up_cost):
        used |= amount != 0
    used |= (columns.top_terms != -1).any(axis=1) | columns.excluded.any(axis=1) | (columns.listed >= 0).any(axis=1)
    still_used, kept_back = _switched(columns)
    allows = _PERMITS[ground.campaign.legal_basis][columns.permission]
    objected = _STANDING_NO[columns.permission]
    direct = np.bool_(ground.campaign.channel.is_direct)
    stays_out = direct & (columns.standing == Standing.CONTEXTUAL) & ~_OUT_OR_OWN_RULE[columns.permission]
    checks = (
        (
            "refused-but-used",
            refused & used,
            "A refused person has an offer, a code or a score.",
            "G-21b",
            "Drop refused people at the gates before.",
        ),
        (
            "contextual-but-personal",
            ~personalised & ~refused & personal,
            "A person without personalisation has a bin code.",
            "D-38/39",
            "Withhold every term for people who are not personalised.",
        ),
        (
            "switched-off-but-used",
            still_used,
            "A factor that a person switched off has a bin code, or is one that the model does not have.",
            "D-27",
            "Withhold at gate 2 what gate 1 names as switched off.",
        ),
        (
            "withheld-unasked",
            personalised & kept_back,
            "A value was withheld of a person who is personalised and did not switch it off.",
            "G-5d",
            "Read every feature of the view for whoever is personalised and did not switch it off.",
        ),
        (
            "objection-but-personalised",
            personalised & objected,
            "A person who objected to direct marketing, was erased or restricted was personalised.",
            "G-21b",
            "Objection comes before anything else: correct gate 1.",
        ),
        (
            "personalised-without-basis",
            personalised & ~allows & ~objected,
            f"A person was personalised without the reason that the basis {ground.campaign.legal_basis} needs.",
            "G-6",
            "Only a reason that permits, on the declared basis, personalises.",
        ),
        (
            "direct-but-contextual",
            stays_out,
            "A person who may not be addressed directly was kept in a direct channel.",
            "G-21b",
            "On a direct channel refuse them; only an opt-out of personalisation is contextual there.",
        ),
        (
            "reason-without-rule",
            _without_rule(columns, ground),
            "A recorded permission is not what a rule in force for this campaign says.",
            "G-5-2",
            "Decide by the rules that the run records.",
        ),
    )
    return tuple(
        _broken(code, what, rule, remedy, mask) for code, mask, what, rule, remedy in checks if bool(mask.any())
    )


def _without_rule(columns: RecordColumns, ground: Ground) -> NDArray[np.bool_]:
    """Decisions whose rule is none of those in force, or says something else than the decision; and, where rules are
    not cited one by one, whose reason no rule in force has."""
    book = ground.rulebook
    if book is None:
        return np.zeros(len(columns), dtype=np.bool_)
    may = _said(_Said(ground.campaign, book, bisect_right(book.turns, ground.at), ground.balancing, ground.at))
    known = (columns.rule >= -1) & (columns.rule < len(book.rules)) & (columns.standing < len(Standing))
    if known.all():
        return ~may[columns.rule, columns.standing, columns.permission]
    cited = np.where(known, columns.rule, 0)
    standing = np.where(known, columns.standing, 0)
    return np.asarray(~known | ~may[cited, standing, columns.permission])


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """What rules are asked for. Two are alike for the very same campaign and rulebook, in the same stretch of time in
    which nothing begins or ends."""

    campaign: Campaign
    book: Rulebook
    turn: int
    balancing: str
    at: datetime

    @property
    def _key(self) -> tuple[object, ...]:
        return (id(self.campaign), id(self.book), self.turn, self.balancing)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Said) and self._key == other._key


@lru_cache(maxsize=16)
def _said(asked: _Said) -> NDArray[np.bool_]:
    """bool[rules + 1, standings, reasons], what the rules in force can say; the last row is that of no rule."""
    campaign, book = asked.campaign, asked.book
    facts = campaign_facts(campaign, book, asked.at, asked.balancing or "declared")
    refused = [Standing.REFUSED] if campaign.channel.is_direct else [Standing.REFUSED, Standing.CONTEXTUAL]
    as_ = {Effect.REFUSE: refused, Effect.CONTEXTUAL: [Standing.CONTEXTUAL], Effect.ALLOW: [Standing.PERSONALISED]}
    may = np.zeros((len(book.rules) + 1, len(Standing), 256), dtype=np.bool_)
    if campaign.law is not None:
        may[-1, refused, Reason.NOTHING_ALLOWS] = True
    for place in book.in_force(asked.at):
        rule = book.rules[place].rule
        if holds_for_campaign(rule, facts):
            may[place, as_[rule.effect], rule.code] = True
    if campaign.law is None:
        may[-1] = may.any(axis=0)
        may[-1, refused, Reason.NOTHING_ALLOWS] = True
    if campaign.limits.contacts.each:  # the organisation's own limit over time is no rule of the packs
        may[-1, Standing.REFUSED, Reason.ENOUGH_OFFERS] = True
    may.flags.writeable = False
    return may


def _fault(campaign: Campaign, name: str) -> str:
    """What keeps a column from being a feature, or nothing."""
    column = campaign.columns.get(name)
    if column is None:
        return "not in the campaign file"
    if column.role is not Role.FEATURE:
        return f"declared as {column.role}"
    if not column.confirmed:
        return "not confirmed by a person"
    return "of a special category" if column.special_category else ""


def _switched(columns: RecordColumns) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Who has a code of something that they switched off, and of whom something is withheld that they did not."""
    width = columns.switched_off.shape[1]
    if not width:
        return np.zeros(len(columns), dtype=np.bool_), _any_of(columns.codes, len(columns), withheld=True)
    still_used = np.zeros(len(columns), dtype=np.bool_)
    kept_back = still_used.copy()
    for place, code in enumerate(columns.codes):
        off = columns.switched_off[:, place] if place < width else np.zeros(len(columns), dtype=np.bool_)
        codes = np.atleast_2d(code)
        still_used |= off & (codes != WITHHELD).any(axis=0)
        kept_back |= ~off & (codes == WITHHELD).any(axis=0)
    still_used |= columns.switched_off[:, len(columns.codes) :].any(axis=1)
    still_used |= columns.switched_off.any(axis=1) & (columns.standing != Standing.PERSONALISED)
    return still_used, kept_back


def _any_of(codes: Sequence[NDArray[np.uint8]], people: int, *, withheld: bool) -> NDArray[np.bool_]:
    """Who has a code that is withheld, or one that is not; in blocks, so that many people need no second copy."""
    out = np.zeros(people, dtype=np.bool_)
    for start in range(0, people if codes else 0, _BLOCK):
        rows = slice(start, start + _BLOCK)
        block = np.concatenate([np.atleast_2d(code[..., rows]) for code in codes])
        out[rows] = ((block == WITHHELD) if withheld else (block != WITHHELD)).any(axis=0)
    return out


def _broken(code: str, what: str, rule: str, remedy: str, mask: NDArray[np.bool_] | None = None) -> Violation:
    rows = () if mask is None else tuple(np.flatnonzero(mask).tolist())
    return Violation("private", code, what, rule, remedy, rows)
