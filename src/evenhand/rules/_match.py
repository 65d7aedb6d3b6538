"""From rules to masks: what can be said of the campaign as a whole is said once, the rest per person, in columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import ancestors
from evenhand.terms import Reason

from ._facts import FACTS, Fact
from ._pack import ANYWHERE, UNKNOWN, Case, Conditions, Effect, Rule, moment_of
from ._rulebook import Rulebook

__all__ = ["CampaignFacts", "Compiled", "PersonFacts", "case_applies", "compile_rules", "holds_for_campaign"]

CampaignFacts = Mapping[Fact, frozenset[str]]
"""What is so for everybody: the values of each fact about the campaign."""
PersonFacts = Mapping[Fact, NDArray[np.uint8]]
"""What is so for each person: codes, [n], or [] where it is alike for everybody."""

_FEW = 4_096
_ONE_BY_ONE = 256
_REMEMBERED = 65_536
_MOST_CELLS = 1 << 22
"""Ways to be that are told apart at once; where there could be more, rules are looked at row by row."""

_Test = tuple[Fact, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class _Mask:
    """One rule as it is left when everything about the campaign is settled."""

    place: int
    where: NDArray[np.bool_]
    when: tuple[_Test, ...]
    unless: tuple[tuple[_Test, ...], ...]


@dataclass(frozen=True, slots=True)
class Compiled:
    """Rules for one campaign at one moment.

    Attributes:
        rulebook: where they come from.
        masks: those that can apply to anybody, in the order in which the first decides.
        effect, reason: uint8[r + 1], of each rule its place among `Effect` and its `Reason`; the last stands for -1.
        asked: facts about people that some rule asks about.
        known: what was decided about a way to be: codes of these facts, then the place.
    """

    rulebook: Rulebook
    masks: tuple[_Mask, ...]
    effect: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    asked: tuple[Fact, ...] = ()
    known: dict[bytes, int] = field(default_factory=dict, repr=False, compare=False)

    def decide(self, facts: PersonFacts, where: NDArray[np.uint8], people: int) -> NDArray[np.int16]:
        """Of each person the place of the rule that decides, in ``rulebook.rules``; -1 where none applies.

        Args:
            facts: codes of each fact about a person, [people] or [].
            where: of each person which of the places that were compiled for, [people] or [].
            people: how many.
        """
        if people <= _ONE_BY_ONE:
            return self._decide_few(facts, where, people)
        differing = [fact for fact in self.asked if facts[fact].ndim]
        sizes = [len(FACTS[fact].values) for fact in differing]
        cells = math.prod(sizes) * (len(self.masks[0].where) if self.masks and where.ndim else 1)
        if people < _FEW or cells > _MOST_CELLS:
            return self.decide_each(facts, where, people)
        # Most people are alike in all that is asked: rules are looked at once for each way to be.
        cell = where.astype(np.int32) if where.ndim else np.zeros(people, dtype=np.int32)
        for fact, size in zip(differing, sizes, strict=True):
            cell *= np.int32(size)
            cell += facts[fact]
        present = np.flatnonzero(np.bincount(cell, minlength=cells))
        rest, own = present, dict(facts)
        for fact, size in zip(reversed(differing), reversed(sizes), strict=True):
            rest, code = np.divmod(rest, size)
            own[fact] = code.astype(np.uint8)
        rule_of = np.full(cells, -1, dtype=np.int16)
        rule_of[present] = self.decide_each(own, rest.astype(np.uint8) if where.ndim else where, len(present))
        return rule_of[cell]

    def _decide_few(self, facts: PersonFacts, where: NDArray[np.uint8], people: int) -> NDArray[np.int16]:
        """As `decide`: every way to be that comes up is looked at once and remembered, since a service asks about a few
        people at a time, most of whom are as others were."""
        cells = np.empty((len(self.asked) + 1, people), dtype=np.uint8)
        for place, fact in enumerate(self.asked):
            cells[place] = facts[fact]
        cells[-1] = where
        width, text = len(cells), cells.T.tobytes()
        keys = [text[start : start + width] for start in range(0, width * people, width)]
        mine = {key: self.known.get(key) for key in keys}
        missing = [key for key, place in mine.items() if place is None]
        if missing:
            codes = np.frombuffer(b"".join(missing), dtype=np.uint8).reshape(len(missing), width).T
            own = dict(zip(self.asked, codes, strict=False))
            found = dict(zip(missing, self.decide_each(own, codes[-1], len(missing)).tolist(), strict=True))
            mine |= found
            if len(self.known) >= _REMEMBERED:
                self.known.clear()
            self.known.update(found)
        return np.array([mine[key] for key in keys], dtype=np.int16)

    def decide_each(self, facts: PersonFacts, where: NDArray[np.uint8], people: int) -> NDArray[np.int16]:
        """As `decide`, rule by rule for every row."""
        decided = np.full(people, -1, dtype=np.int16)
        open_ = np.ones(people, dtype=np.bool_)
        for mask in self.masks:
            hit = _applies(mask, facts, where)
            if hit is None:
                continue
            hit = hit & open_
            decided[hit] = mask.place
            open_ &= ~hit
        return decided


def compile_rules(
    rulebook: Rulebook,
    campaign: CampaignFacts,
    *,
    at: datetime,
    places: Sequence[frozenset[str]],
    controller: str,
) -> Compiled:
    """Settle what is so for everybody.

    Args:
        rulebook: the rules.
        campaign: every fact about the campaign.
        at: the moment of the decision.
        places: the different sets of places that people are in; an empty one = it is not known where.
        controller: country of the organisation.
    """
    masks = []
    for place in rulebook.in_force(at):
        rule = rulebook.rules[place].rule
        where = np.array([rulebook.touches(rule, people, controller) for people in places], dtype=np.bool_)
        if not where.any() or not _campaign_holds(rule.when, campaign):
            continue
        unless = [_tests(each) for each in rule.unless if _campaign_holds(each, campaign)]
        if any(not tests for tests in unless):
            continue
        if rule.waivable:
            unless.append(_tests({Fact.EXPLICIT: ("yes",)}))
        masks.append(_Mask(place, where, _tests(rule.when), tuple(unless)))
    tests = [test for mask in masks for group in (mask.when, *mask.unless) for test in group]
    rules = [packed.rule for packed in rulebook.rules]
    effects = list(Effect)
    return Compiled(
        rulebook,
        tuple(masks),
        np.array([*(effects.index(rule.effect) for rule in rules), effects.index(Effect.REFUSE)], dtype=np.uint8),
        np.array([*(rule.code for rule in rules), Reason.NOTHING_ALLOWS], dtype=np.uint8),
        tuple(dict.fromkeys(fact for fact, _ in tests)),
    )


def holds_for_campaign(rule: Rule, campaign: CampaignFacts) -> bool:
    """Whether what a rule says of the campaign is so; what it says of people may or may not be."""
    return _campaign_holds(rule.when, campaign) and not any(
        all(not FACTS[fact].person for fact in each) and _campaign_holds(each, campaign) for each in rule.unless
    )


def case_applies(rulebook: Rulebook, rule: Rule, case: Case) -> bool:
    """Whether a rule applies to a made-up case; facts that the case does not name are plain."""
    plain = {fact: frozenset({kind.plain}) for fact, kind in FACTS.items() if not kind.person}
    campaign = plain | {fact: frozenset(values) for fact, values in case.facts.items() if not FACTS[fact].person}
    campaign[Fact.PURPOSE] = frozenset(
        broader for term in campaign[Fact.PURPOSE] for broader in (term, *ancestors(term))
    )
    codes = {}
    for fact, kind in FACTS.items():
        if kind.person:
            value = case.facts[fact][0] if fact in case.facts else kind.plain
            codes[fact] = np.array([kind.values.index(value)], dtype=np.uint8)
    people = frozenset() if case.place in (UNKNOWN, ANYWHERE) else frozenset({case.place})
    compiled = compile_rules(rulebook, campaign, at=moment_of(case.at), places=[people], controller=case.controller)
    for mask in compiled.masks:
        if rulebook.rules[mask.place].rule is rule:
            hit = _applies(mask, codes, np.zeros(1, dtype=np.uint8))
            return hit is not None and bool(np.all(hit))
    return False


def _campaign_holds(conditions: Conditions, campaign: CampaignFacts) -> bool:
    """Whether everything that conditions say of the campaign is so."""
    return all(not campaign[fact].isdisjoint(values) for fact, values in conditions.items() if not FACTS[fact].person)


def _tests(conditions: Conditions) -> tuple[_Test, ...]:
    """What conditions ask of a person: for each fact, which codes pass."""
    out = []
    for fact, values in conditions.items():
        kind = FACTS[fact]
        if kind.person:
            passes = np.zeros(256, dtype=np.bool_)
            passes[[kind.values.index(value) for value in values]] = True
            out.append((fact, passes))
    return tuple(out)


def _applies(mask: _Mask, facts: PersonFacts, where: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Whom a rule applies to, as bool[n] or bool[1]; None = nobody."""
    hit: NDArray[np.bool_] = np.ones(1, dtype=np.bool_) if mask.where.all() else mask.where[where]
    for fact, passes in mask.when:
        hit = hit & passes[facts[fact]]
        if not hit.any():
            return None
    for tests in mask.unless:
        out = np.ones(1, dtype=np.bool_)
        for fact, passes in tests:
            out = out & passes[facts[fact]]
        hit = hit & ~out
    return hit if hit.any() else None
