"""The sentences of an explanation, each with its place: 1 the plain reason, 2 all of it, 3 who answers for it."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.policy import Campaign
from evenhand.terms import (
    PPM,
    DecisionFacts,
    LegalBasis,
    Model,
    Reason,
    Role,
    Sensitivity,
    Standing,
    Target,
    bin_labels,
)

from ._counterfactual import Counterfactual, Proof
from ._groups import GroupPart, group_line
from ._headline import reasons_of
from ._instead import MOST_CHANGES
from ._line import Factor, Line, aware_columns, bin_words, meaning_of, offer_words, purpose_words
from ._text import day, money, number, percent, text, text_about
from ._used_up import used_up_words

__all__ = ["lines_of"]


def lines_of(
    facts: DecisionFacts,
    campaign: Campaign,
    model: Model,
    factors: Sequence[Factor],
    instead: Counterfactual | None,
    groups: GroupPart | None,
    lang: str,
) -> tuple[Line, ...]:
    """Every sentence after the headline, in reading order.

    Args:
        facts: the decision.
        campaign: as it was.
        model: as it was.
        factors: largest first.
        instead: what would have changed the decision, where no single change was recorded and it was looked for.
        groups: the part of limits between groups; None where there is none to tell.
        lang: ``nl`` or ``en``.
    """
    focus = facts.offer if facts.offer >= 0 else facts.runner_up
    out = _first(facts, campaign, factors, lang)
    if focus >= 0:
        out += _amounts(facts, campaign, groups, lang)
        out += _change(facts, campaign, model, factors, instead, lang)
    if facts.standing is Standing.PERSONALISED:
        aware = aware_columns(campaign)
        if aware:
            names = ", ".join(meaning_of(campaign, name, lang) for name in aware)
            out.append(Line("aware", 2, text("why.aware", lang, names=names)))
        read = dict.fromkeys(campaign.conditions.values())
        if read:
            names = ", ".join(meaning_of(campaign, name, lang) for name in read)
            out.append(Line("conditions", 2, text("why.conditions", lang, names=names)))
        read = dict.fromkeys(campaign.own_costs.values())
        if read:
            names = ", ".join(meaning_of(campaign, name, lang) for name in read)
            out.append(Line("own-costs", 2, text("why.own-costs", lang, names=names)))
        named = {campaign.columns[name].sensitivity for name in campaign.names(Role.FEATURE)}
        told = "why.explicit" if named & {Sensitivity.SPECIAL, Sensitivity.INFERRED} else "why.special"
        out.append(Line("special", 2, text(told, lang)))
    return (*out, *_about(facts, campaign, lang))


def _first(facts: DecisionFacts, campaign: Campaign, factors: Sequence[Factor], lang: str) -> list[Line]:
    reason, about = facts.permission, campaign.model.target
    out = []
    if facts.standing is not Standing.REFUSED:
        key = "why.ai" if facts.standing is Standing.PERSONALISED else "why.ai-contextual"
        if facts.outcome.is_by_lot:
            share = percent(campaign.exploration.share if campaign.exploration else 0.0, lang, 1)
            out.append(Line("by-lot", 1, text("why.by-lot", lang, share=share)))
        else:
            out.append(Line("ai", 1, text(key, lang)))
        if facts.listed:
            out.append(Line("several", 1, _several(facts, campaign, lang)))
        if facts.offer >= 0 and campaign.offers[facts.offer].made_by_ai:
            out.append(Line("made-by-ai", 1, text("why.made-by-ai", lang)))
    out += [
        Line("reason", 1, text_about(about, key, lang, meaning=factor.meaning, value=factor.value))
        for factor in reasons_of(facts, factors)
        if (key := f"why.factor-{factor.direction}") and not facts.outcome.is_by_lot
    ]
    out += [
        Line("about-offer", 1, text("why.about-offer", lang, meaning=factor.meaning, value=factor.value))
        for factor in factors[: len(facts.top_terms)]
        if factor.about_offer and factor.direction != "neutral" and not facts.outcome.is_by_lot
    ]
    if facts.used_up and facts.offer >= 0:
        why, first = used_up_words(facts, lang), offer_words(campaign, facts.runner_up, lang)
        out.append(Line("limits", 1, text("why.used-up-first", lang, offer=first, why=why)))
    elif facts.outcome is Reason.BEYOND_LIMITS and not facts.used_up:
        out.append(Line("limits", 1, text("why.beyond-limits", lang)))
    elif facts.offer < 0 and not facts.used_up and facts.full and len(facts.closed) == len(campaign.offers):
        out.append(Line("limits-too", 2, text("why.all-full", lang)))
    if facts.outcome is Reason.NO_WORTHWHILE_OFFER and not facts.used_up:
        out.append(Line("worth", 1, text_about(about, "why.no-worth", lang)))
    if facts.excluded:
        conditions = [campaign.offers[offer].eligible for offer in facts.excluded]
        names = ", ".join(dict.fromkeys(meaning_of(campaign, name, lang) for name in conditions if name))
        unread = facts.standing is not Standing.PERSONALISED
        kind = "unread" if unread else "all" if facts.outcome is Reason.NOT_ELIGIBLE else "some"
        out.append(Line("eligible", 1, text(f"why.not-eligible-{kind}", lang, count=len(facts.excluded), names=names)))
    refusing = reason.is_forbidden or reason.is_unconfigured
    out.append(Line("permission", 1 if refusing else 2, text(f"reason.{reason.key}", lang)))
    if facts.standing is Standing.CONTEXTUAL:
        out.append(Line("contextual", 1, text("why.contextual", lang)))
    if refusing:
        kind = "forbidden" if reason.is_forbidden else "unconfigured"
        out.append(Line("remedy", 1, text(f"remedy.{reason.key}", lang, contact=campaign.controller.contact)))
        out.append(Line("kind", 2, text(f"why.{kind}", lang, rule=reason.rule)))
    return out


def _several(facts: DecisionFacts, campaign: Campaign, lang: str) -> str:
    """Which of the person's offers this is, and which are the others."""
    others = "; ".join(offer_words(campaign, offer, lang) for offer in facts.listed if offer != facts.offer)
    return text("why.several", lang, place=facts.place, count=len(facts.listed), others=others)


def _amounts(facts: DecisionFacts, campaign: Campaign, groups: GroupPart | None, lang: str) -> list[Line]:
    """Chance, worth and price in words; `Explanation.sum` has the same in exact amounts."""

    def amount(micro: int) -> str:
        return money(micro, campaign.currency, lang)

    chosen = facts.offer >= 0
    price = facts.price if chosen else facts.runner_up_price
    out = [Line("chance", 2, _chance(facts, campaign, amount(facts.value), lang))]
    if campaign.model.target is Target.INCREMENT:
        out.append(Line("aim", 2, text("why.aim", lang)))
    if facts.outcome.is_by_lot:
        return out
    if facts.sealed:
        if chosen and facts.runner_up >= 0:
            other = offer_words(campaign, facts.runner_up, lang)
            out.append(Line("runner-up", 2, text("why.runner-up-sealed", lang, offer=other)))
        return [*out, Line("sealed", 2, text("why.sealed", lang))]
    places = price - (groups.amount if groups is not None else 0)
    by = "price" if groups is None else "places"
    kind = "dear" if places > 0 else "cheap" if places < 0 else "free"
    if places or chosen or not facts.used_up:
        of = {"price": amount(abs(places))} if places else {}
        out.append(Line("price", 2, text(f"why.{by}-{kind}", lang, **of)))
    if groups is not None:
        out.append(group_line(groups, campaign, lang))
    if facts.is_tie:
        out.append(Line("tie", 1, text("why.tie", lang, offer=offer_words(campaign, facts.runner_up, lang))))
    elif chosen and facts.runner_up >= 0 and not facts.used_up:
        other = offer_words(campaign, facts.runner_up, lang)
        out.append(Line("runner-up", 2, text("why.runner-up", lang, offer=other, margin=amount(facts.margin))))
    if not campaign.is_each_by_itself and price and facts.place == 1:
        out.append(Line("contact-price", 2, text("why.contact-price", lang)))
    if facts.moved and not facts.used_up:
        out.append(Line("moved", 2, text("why.moved", lang)))
    return out


def _chance(facts: DecisionFacts, campaign: Campaign, value: str, lang: str) -> str:
    """How likely a response is, or what the offer changes in that."""
    share = facts.probability / PPM
    if campaign.model.target is Target.RESPONSE:
        return text("why.chance", lang, chance=percent(share, lang, 2), value=value)
    points = number(abs(share) * 100, lang, 2)
    if not facts.probability:
        return text("why.leaves", lang, value=value)
    raises = "why.raises" if facts.value > 0 else "why.raises-too-little"
    return text(raises if facts.probability > 0 else "why.lowers", lang, points=points, value=value)


def _change(
    facts: DecisionFacts,
    campaign: Campaign,
    model: Model,
    factors: Sequence[Factor],
    instead: Counterfactual | None,
    lang: str,
) -> list[Line]:
    """The recorded change, or the changes found since; without either, what was looked for."""
    if facts.standing is not Standing.PERSONALISED or facts.sealed or facts.outcome.is_by_lot:
        return []
    if (facts.moved and not facts.used_up) or len(facts.closed) == len(campaign.offers):
        return []
    if not campaign.is_each_by_itself or any(limit.measure.is_weighted for limit in campaign.limits.disparity):
        return []
    bins = [(change.term, change.code) for change in instead.changes] if instead else []
    if facts.flip_term >= 0:
        bins = [(facts.flip_term, facts.flip_code)]
    if not bins:
        if instead is None or instead.proof is Proof.UNFINISHED:
            return [Line("change", 2, text("why.no-change", lang))]
        return [Line("change", 2, text("why.no-changes", lang, count=MOST_CHANGES))]
    own = {factor.name: factor.value for factor in factors}
    parts = [
        {
            "meaning": meaning_of(campaign, model.view.binnings[term].name, lang),
            "value": bin_words(bin_labels(model.view.binnings[term])[code], lang),
            "now": own.get(model.view.binnings[term].name, ""),
        }
        for term, code in bins
    ]
    way = "away" if facts.offer >= 0 else "towards"
    if len(parts) == 1:
        return [Line("change", 2, text(f"why.change-{way}", lang, **parts[0]))]
    changes = "; ".join(text("why.change-part", lang, **part) for part in parts)
    return [Line("change", 2, text(f"why.changes-{way}", lang, count=len(parts), changes=changes))]


def _about(facts: DecisionFacts, campaign: Campaign, lang: str) -> list[Line]:
    out = []
    if facts.standing is Standing.PERSONALISED:
        basis = text(f"basis.{campaign.legal_basis.value}", lang)
        purpose = purpose_words(campaign.purpose, lang)
        out.append(Line("basis", 3, text("why.basis", lang, purpose=purpose, basis=basis)))
    sender, contact = campaign.controller.name, campaign.controller.contact
    out.append(Line("contact", 3, text("why.contact", lang, sender=sender, contact=contact)))
    if campaign.payer:
        out.append(Line("payer", 3, text("why.payer", lang, payer=campaign.payer)))
    out.append(Line("rights", 3, text("why.rights", lang)))
    out.append(Line("objection", 3, text("why.objection", lang)))
    if campaign.legal_basis is LegalBasis.CONSENT:
        out.append(Line("withdraw", 3, text("why.withdraw", lang)))
    out.append(Line("complaint", 3, text("why.complaint", lang)))
    out.append(Line("record", 3, text("why.record", lang, decision=facts.decision_id, day=day(facts.at, lang))))
    return out
