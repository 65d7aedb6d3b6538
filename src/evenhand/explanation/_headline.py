"""The first sentences of an explanation, and the factors that they name."""

from __future__ import annotations

from collections.abc import Sequence

from evenhand.policy import Campaign
from evenhand.terms import DecisionFacts, Standing

from ._groups import GroupPart, group_words
from ._line import Factor, named_words, offer_words
from ._text import text, text_about
from ._used_up import used_up_words

__all__ = ["headline", "named_in_headline", "reasons_of"]

_NAMED = 2


def named_in_headline(facts: DecisionFacts, factors: Sequence[Factor]) -> tuple[Factor, ...]:
    """The factors that the headline names: of an offer the largest in favour, of no offer the largest against the one
    that came closest (none where that was full); always among the largest of all."""
    if facts.standing is not Standing.PERSONALISED or facts.outcome.is_by_lot or (facts.offer < 0 and facts.used_up):
        return ()
    way = "for" if facts.offer >= 0 else "against"
    return tuple(one for one in reasons_of(facts, factors) if one.direction == way)[:_NAMED]


def headline(
    facts: DecisionFacts, campaign: Campaign, factors: Sequence[Factor], groups: GroupPart | None, lang: str
) -> str:
    """In plain words: who sent what, what decided, and the largest true reasons; only what is among the top terms is
    named."""
    sender = campaign.controller.name
    if facts.standing is Standing.REFUSED:
        return text("headline.refused", lang, sender=sender)
    if facts.offer < 0:
        return _no_offer(facts, campaign, factors, groups, lang)
    offer, about = offer_words(campaign, facts.offer, lang), campaign.model.target
    if facts.outcome.is_by_lot:
        return text("headline.by-lot", lang, sender=sender, offer=offer)
    if facts.standing is Standing.CONTEXTUAL:
        return text("headline.contextual", lang, sender=sender, offer=offer)
    if all(one.about_offer for one in factors):  # each that is about the person was switched off
        return text("headline.nothing-counted", lang, sender=sender, offer=offer)
    top = [named_words(factor, lang) for factor in named_in_headline(facts, factors)]
    named = dict(zip(("first", "second"), top, strict=False))
    if groups is not None and groups.without:
        shown = text("headline.shown", lang, sender=sender, offer=offer)
        rest = [text("headline.besides-one" if len(top) == 1 else "headline.besides-two", lang, **named)] if top else []
        return " ".join([shown, group_words(groups, campaign, lang), *rest])
    if not top:
        key = "headline.other" if reasons_of(facts, factors) else "headline.average"
        return text_about(about, key, lang, sender=sender, offer=offer)
    key = "headline.one" if len(top) == 1 else "headline.two"
    return text_about(about, key, lang, sender=sender, offer=offer, **named)


def _no_offer(
    facts: DecisionFacts, campaign: Campaign, factors: Sequence[Factor], groups: GroupPart | None, lang: str
) -> str:
    """That there was none, which offer came closest, and what counted most against that one."""
    sender = campaign.controller.name
    if facts.outcome.is_by_lot:
        return text("headline.by-lot-none", lang, sender=sender)
    if facts.runner_up < 0:
        return text("headline.none", lang, sender=sender)
    closest = offer_words(campaign, facts.runner_up, lang)
    if facts.used_up:
        why = used_up_words(facts, lang)
        return text("headline.none-used-up", lang, sender=sender, offer=closest, why=why)
    out = [text("headline.none-closest", lang, sender=sender, offer=closest)]
    if groups is not None and groups.without:
        out.append(group_words(groups, campaign, lang))
    if facts.standing is Standing.PERSONALISED and not all(one.about_offer for one in factors):
        top = [named_words(factor, lang) for factor in named_in_headline(facts, factors)]
        named = dict(zip(("first", "second"), top, strict=False))
        known = "in-favour" if reasons_of(facts, factors) else "average"
        out.append(text(f"headline.against-{(known, 'one', 'two')[len(top)]}", lang, **named))
    return " ".join(out)


def reasons_of(facts: DecisionFacts, factors: Sequence[Factor]) -> list[Factor]:
    """The largest factors that are about the person: as many as the record lists of all, without those that are
    nothing. Shares are measured from the average of the people whom the model learned from, so the largest are what
    sets this person most apart."""
    personal = [one for one in factors if not one.about_offer]
    return [one for one in personal[: len(facts.top_terms)] if one.direction != "neutral"]
