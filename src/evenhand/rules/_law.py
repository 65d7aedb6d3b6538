"""The law as it is for one campaign and its people: the rules, where people are, and what is known of each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, FactSource, ancestors
from evenhand.terms import Reason, Role, Sensitivity, UsageError

from ._facts import FACTS, Fact
from ._match import CampaignFacts, Compiled, compile_rules, holds_for_campaign
from ._rulebook import PackedRule, Rulebook, shipped

__all__ = ["KNOWN_FACTS", "Law", "campaign_facts", "cited_rule"]

KNOWN_FACTS = (Fact.CUSTOMER, Fact.OWN_PRODUCT, Fact.SIMILAR_PRODUCT, Fact.OBJECTION_OFFERED)
"""Facts about people that the campaign declares, or that a column of its subjects says."""

_EVERYWHERE = "EU"
"""Where everybody is of a campaign that does not say: under the law that evenhand was made for."""
_UNKNOWN = 0
_ASSUMED = np.array(FACTS[Fact.CUSTOMER].values.index("assumed"), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Law:
    """Everything that gate 1 needs beside what people said.

    Attributes:
        rulebook: the rules.
        places: the different sets of places that people are in; an empty one = it is not known where. Where people
            differ the first one is empty.
        where: uint8[n], of each person which of `places`; or [], the same for everybody.
        known: uint8[n] or [] codes of the facts in `KNOWN_FACTS`.
        balancing: what there is of the balancing test, a value of the fact `balancing`.
    """

    rulebook: Rulebook
    places: tuple[frozenset[str], ...]
    where: NDArray[np.uint8] = field(repr=False)
    known: Mapping[Fact, NDArray[np.uint8]] = field(repr=False)
    balancing: str

    @staticmethod
    def declared(campaign: Campaign, rulebook: Rulebook | None = None, balancing: str | None = None) -> Law:
        """The law of a campaign whose people are alike in all that it asks: without columns about them.

        Raises:
            UsageError: the campaign has such columns; use `of_people`.
        """
        if campaign.law is not None and campaign.law.columns:
            raise UsageError(
                "law-of-people",
                "The campaign says by columns which law holds for whom, and those were not read.",
                rule="G-6: every rule is applied to each person",
                remedy="read the columns that law names, and pass them on",
            )
        return Law.of_people(campaign, {}, 1, rulebook, balancing)

    @staticmethod
    def of_people(
        campaign: Campaign,
        texts: Mapping[str, Sequence[str | None]],
        people: int,
        rulebook: Rulebook | None = None,
        balancing: str | None = None,
    ) -> Law:
        """The law of a campaign for people of whom columns say where they are, and more.

        Args:
            campaign: what is declared.
            texts: of each column that `law` names the value of each person, None where it is missing.
            people: how many.
            rulebook: the rules; None = those that come with evenhand.
            balancing: what there is of the balancing test; None = what the campaign says itself.
        """
        book = rulebook or shipped()
        clause = campaign.law
        known: dict[Fact, NDArray[np.uint8]] = {}
        for fact in KNOWN_FACTS:
            known[fact] = _ASSUMED if clause is None else _known(getattr(clause, fact.value), texts, people)
        if clause is None:
            places: tuple[frozenset[str], ...] = (frozenset({_EVERYWHERE}),)
            where = np.array(0, dtype=np.uint8)
        elif clause.column is None:
            everybody = frozenset(clause.jurisdictions)
            places = (everybody if all(book.is_known(place) for place in everybody) else frozenset(),)
            where = np.array(0, dtype=np.uint8)
        else:
            places, where = _places(texts[clause.column], clause.jurisdictions, book)
        return Law(book, places, where, MappingProxyType(known), balancing or _balancing(campaign))

    def rows(self, rows: NDArray[np.intp]) -> Law:
        """The law of some of these people, in another order; -1 = somebody of whom nothing is known."""
        known = {fact: _picked(codes, rows) for fact, codes in self.known.items()}
        return Law(self.rulebook, self.places, _picked(self.where, rows), MappingProxyType(known), self.balancing)

    def balancing_told(self, campaign: Campaign) -> str:
        """What is recorded of the balancing test: what there was, where the campaign names its record; else ""."""
        return self.balancing if campaign.balancing is not None and campaign.balancing.file else ""

    def compile(self, campaign: Campaign, at: datetime) -> Compiled:
        """The rules as far as they are settled by the campaign and the moment; worked out once for many people."""
        turn = bisect_right(self.rulebook.turns, at)
        return _compiled(_Settled(campaign, self.rulebook, self.places, self.balancing, turn, at))


@dataclass(frozen=True, slots=True, eq=False)
class _Settled:
    """What rules are compiled for. Two are alike for the same campaign and rulebook (the very objects), in the same
    stretch of time in which nothing begins or ends."""

    campaign: Campaign
    rulebook: Rulebook
    places: tuple[frozenset[str], ...]
    balancing: str
    turn: int
    at: datetime

    @property
    def _key(self) -> tuple[object, ...]:
        return (id(self.campaign), id(self.rulebook), self.places, self.balancing, self.turn)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Settled) and self._key == other._key


@lru_cache(maxsize=64)
def _compiled(settled: _Settled) -> Compiled:
    return compile_rules(
        settled.rulebook,
        campaign_facts(settled.campaign, settled.rulebook, settled.at, settled.balancing),
        at=settled.at,
        places=settled.places,
        controller=settled.campaign.controller.country,
    )


def _picked(codes: NDArray[np.uint8], rows: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Codes of some people; 0 is unknown. What is alike for everybody, by the campaign's own word, stays alike."""
    if not codes.ndim:
        return codes
    return np.where(rows >= 0, codes[np.maximum(rows, 0)], np.uint8(_UNKNOWN)).astype(np.uint8)


def campaign_facts(campaign: Campaign, rulebook: Rulebook, at: datetime, balancing: str) -> CampaignFacts:
    """Every fact about the campaign as a whole, at a moment."""
    clause = campaign.law
    signals = None if campaign.consents is None else campaign.consents.signals
    uses = {use.value for use in signals.uses} if signals is not None else {"undeclared"}
    status, transfers = set(), set()
    for id in campaign.listed_recipients:
        one = rulebook.recipient(id)
        status.add("unlisted" if one is None else "listed" if one.runs(at) else "expired")
        if one is not None:
            uses |= {use.value for use in one.uses}
            inside = one.country == campaign.controller.country or (
                one.country in rulebook.members("EEA") and campaign.controller.country in rulebook.members("EEA")
            )
            transfers.add(
                "inside" if inside
                else "adequate" if rulebook.is_adequate(one.country, at)
                else "safeguarded" if one.safeguards
                else "unsecured"
            )  # fmt: skip
    return MappingProxyType(
        {
            Fact.CHANNEL: frozenset({campaign.channel.value}),
            Fact.SURFACE: frozenset({campaign.surface.value}),
            Fact.PURPOSE: frozenset({campaign.purpose, *ancestors(campaign.purpose)}),
            Fact.BASIS: frozenset({campaign.legal_basis.value}),
            Fact.CATEGORY: frozenset({campaign.category.value}),
            Fact.SENDER: frozenset({"company" if clause is None else clause.sender}),
            Fact.AUDIENCE: frozenset({"children" if clause is not None and clause.for_children else "general"}),
            Fact.DATA: frozenset(_sensitivities(campaign)),
            Fact.USES: frozenset(uses or {"none"}),
            Fact.RECIPIENTS: frozenset(status or {"none"}),
            Fact.TRANSFERS: frozenset(transfers or {"none"}),
            Fact.BALANCING: frozenset({balancing}),
        }
    )


def cited_rule(
    rulebook: Rulebook, campaign: Campaign, *, at: datetime, place: int, reason: Reason
) -> PackedRule | None:
    """The rule that a recorded permission rests on.

    Args:
        rulebook: the rules of the run.
        campaign: as it was.
        at: the moment of the decision.
        place: place of the rule in ``rulebook.rules``, where it was recorded; else -1.
        reason: the recorded reason, which tells the rule of a campaign that does not say which law holds for whom.
    """
    if 0 <= place < len(rulebook.rules):
        return rulebook.rules[place]
    if campaign.law is not None:
        return None
    facts = campaign_facts(campaign, rulebook, at, _balancing(campaign))
    everybody = frozenset({_EVERYWHERE})
    for number in rulebook.in_force(at):
        packed = rulebook.rules[number]
        rule = packed.rule
        touched = rulebook.touches(rule, everybody, campaign.controller.country)
        if rule.code is reason and touched and holds_for_campaign(rule, facts):
            return packed
    return None


def _sensitivities(campaign: Campaign) -> set[str]:
    """How sensitive the features are. Without a law clause a feature that says nothing is an ordinary one, as it was
    before features could say so."""
    silent = Sensitivity.ORDINARY.value if campaign.law is None else "unlabelled"
    features = [campaign.columns[name] for name in campaign.names(Role.FEATURE)]
    return {silent if column.sensitivity is None else column.sensitivity.value for column in features}


def _balancing(campaign: Campaign) -> str:
    return "none" if campaign.balancing is None else "declared"


def _known(source: FactSource | None, texts: Mapping[str, Sequence[str | None]], people: int) -> NDArray[np.uint8]:
    """Codes of one fact: unknown, no, yes."""
    words = FACTS[Fact.CUSTOMER].values
    if source is None:
        return np.array(_UNKNOWN, dtype=np.uint8)
    if source.column is None:
        return np.array(words.index("yes" if source.everybody else "no"), dtype=np.uint8)
    codes = {None: _UNKNOWN} | {word: words.index("yes") for word in _YES} | {word: words.index("no") for word in _NO}
    column = texts[source.column]
    found = (codes.get(None if text is None else text.strip().lower(), _UNKNOWN) for text in column)
    return np.fromiter(found, dtype=np.uint8, count=people)


_YES = ("1", "true", "yes", "ja")
_NO = ("0", "false", "no", "nee")


def _places(
    column: Sequence[str | None], among: Sequence[str], book: Rulebook
) -> tuple[tuple[frozenset[str], ...], NDArray[np.uint8]]:
    """The different places, and which of them each person is in. What the rules do not know, and what the campaign does
    not name where it names places, is no place."""
    sets: dict[frozenset[str], int] = {frozenset(): 0}
    seen: dict[str | None, int] = {None: 0}
    out = np.zeros(len(column), dtype=np.uint8)
    for row, text in enumerate(column):
        code = seen.get(text)
        if code is None:
            place = (text or "").strip().upper()
            ours = not among or any(place in book.members(name) for name in among)
            found = frozenset({place}) if ours and book.is_known(place) else frozenset()
            code = seen[text] = sets.setdefault(found, len(sets))
        out[row] = code
    return tuple(sets), out
