"""What the rules say about a campaign before anybody is asked about: who could never be addressed, and why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from evenhand.policy import Campaign, PolicyFinding
from evenhand.policy import found as found_in_policy
from evenhand.terms import LegalBasis, Severity

from ._facts import FACTS, Fact
from ._law import campaign_facts
from ._match import holds_for_campaign
from ._pack import Effect, Rule
from ._rulebook import Rulebook

__all__ = ["review_law"]

_ABOUT: dict[Fact, tuple[str | int, ...]] = {
    Fact.DATA: ("columns",),
    Fact.RECIPIENTS: ("processing", "recipients"),
    Fact.TRANSFERS: ("processing", "recipients"),
    Fact.CATEGORY: ("category",),
    Fact.BALANCING: ("balancing",),
}


def review_law(campaign: Campaign, rulebook: Rulebook, *, at: datetime) -> tuple[PolicyFinding, ...]:
    """What is wrong with a campaign by the rules, and what a person should see.

    Args:
        campaign: one that says which law holds; of another one nothing is found.
        rulebook: the rules, the organisation's own among them.
        at: the moment as of which they are in force.
    """
    if campaign.law is None:
        return ()
    return (*_for_everybody(campaign, rulebook, at), *_places(campaign, rulebook), *_recipients(campaign, rulebook))


def _for_everybody(campaign: Campaign, rulebook: Rulebook, at: datetime) -> Iterator[PolicyFinding]:
    """Rules that refuse everybody, whoever they are."""
    assert campaign.law is not None
    balancing = "signed" if campaign.legal_basis is LegalBasis.LEGITIMATE_INTEREST else "none"
    facts = campaign_facts(campaign, rulebook, at, balancing)
    everybody = [frozenset({place}) for place in campaign.law.jurisdictions]
    for place in rulebook.in_force(at):
        packed = rulebook.rules[place]
        rule = packed.rule
        asks_people = any(FACTS[fact].person for fact in rule.when)
        if rule.effect is not Effect.REFUSE or asks_people or not holds_for_campaign(rule, facts):
            continue
        if not any(
            rulebook.touches(rule, people, campaign.controller.country) for people in everybody or [frozenset()]
        ):
            continue
        lifted = rule.waivable or any(any(FACTS[fact].person for fact in each) for each in rule.unless)
        who = "Nobody may be addressed" if not lifted else "Only few people may be addressed"
        yield found_in_policy(
            "EH-POL-130",
            _path(rule, campaign),
            f"{who} with personal data by the rule {rule.id} ({packed.pack}, {rule.article}): {rule.says.en}",
            rule.remedy.en,
            severity=Severity.WARNING if lifted else None,
        )


def _path(rule: Rule, campaign: Campaign) -> tuple[str | int, ...]:
    """Where what a rule is about is declared; of recipients the first that rules look at."""
    path = next((_ABOUT[fact] for fact in rule.when if fact in _ABOUT), ("law",))
    return next(iter(campaign.listed_recipients.values()), path)[:2] if "recipients" in path else path


def _places(campaign: Campaign, rulebook: Rulebook) -> Iterator[PolicyFinding]:
    assert campaign.law is not None
    for number, place in enumerate(campaign.law.jurisdictions):
        if not rulebook.is_known(place):
            yield found_in_policy(
                "EH-POL-128",
                ("law", "jurisdictions", number),
                f"No rule pack speaks of {place}, so the strictest rules hold for people there.",
                "Check the code (ISO 3166, such as NL or US-CA); evenhand rules list shows whose rules there are.",
            )


def _recipients(campaign: Campaign, rulebook: Rulebook) -> Iterator[PolicyFinding]:
    """What recipients do with data is what signals can stop."""
    assert campaign.law is not None
    signals = None if campaign.consents is None else campaign.consents.signals
    for number, each in enumerate(campaign.processing.recipients if campaign.processing else ()):
        if each.id is None:
            yield found_in_policy(
                "EH-POL-114",
                ("processing", "recipients", number),
                "This recipient has no id, so it is on no list: it is unknown, and nobody's data may go to it.",
                "Put it on the list of recipients in an own pack (law: packs) with its role, country, contract and, "
                "outside the EEA, safeguards; and give it here the id that it has there.",
            )
    for id, path in campaign.listed_recipients.items():
        one = rulebook.recipient(id)
        if one is None:
            continue
        undeclared = [use.value for use in one.uses if signals is None or use not in signals.uses]
        if undeclared:
            yield found_in_policy(
                "EH-POL-133",
                path,
                f"The recipient {id} is there for {', '.join(undeclared)}, and no opt-out signal is heard for it.",
                "Name the columns of signals under consents: signals, with this among its uses.",
            )
