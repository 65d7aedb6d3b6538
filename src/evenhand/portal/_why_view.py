"""One decision, laid out for its page: texts and shares, nothing that still has to be worked out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from evenhand.explanation import REVIEWED, Factor, number, origin_words, percent, text, text_about
from evenhand.terms import Role, Standing

from ._facts import Switch, Why
from ._otherwise import Otherwise, features_of

__all__ = ["named_features", "why_view"]

_PLAIN = (
    "by-lot", "ai", "several", "made-by-ai", "limits", "about-offer", "worth", "groups", "tie", "eligible",
    "permission", "contextual",
)  # fmt: skip
_LEAST = 0.005
_DIGEST = 12
_AT_HOME = frozenset({
    "direct-marketing-objection", "consent-withdrawn", "consent-refused", "consent-expired", "consent-never-asked",
    "personalisation-opt-out", "signal-opt-out", "signal-refused",
})  # fmt: skip
"""Reasons that a person can end on their own page."""
_NOTHING_GIVEN = frozenset({
    "consent-never-asked", "consent-pending", "consent-refused", "consent-unknown", "consent-withdrawn",
    "consent-expired", "signal-refused", "signal-unusable",
})  # fmt: skip
"""Reasons by which there is no consent that a person could withdraw."""
_RULES = frozenset({"kind", "rule", "rule-since"})
"""Lines that cite a rule by its code: for whoever knows the rules."""


def named_features(why: Why) -> tuple[str, ...]:
    """The columns behind what the first sentence names, or else behind the reasons for an offer: what "not because of
    this" is about. None where nothing personal decided, or where nothing about the person stood in the way of one."""
    facts = why.told.facts
    if facts.standing is not Standing.PERSONALISED or facts.outcome.is_by_lot:
        return ()
    personal = [one for one in why.told.factors if not one.about_offer]
    told = [one.name for one in personal[: len(facts.top_terms)] if one.direction != "neutral"]
    reasons = why.told.named or (told if facts.offer >= 0 else ())
    columns = [column for one in reasons for column in features_of(why.model, one)]
    return tuple(one for one in dict.fromkeys(columns) if why.campaign.columns[one].about == "person")


def why_view(why: Why, *, own: bool) -> Mapping[str, Any]:
    """Everything that the page of one decision shows.

    Args:
        why: the decision.
        own: whether it is shown among the person's own pages; behind a link to one decision nothing is switched on.
    """
    told, lang = why.told, why.told.lang
    facts = told.facts
    named = [why.switches[name] for name in named_features(why)]
    still_on = [one for one in named if one.off is None]
    whole = sum(abs(one.contribution) for one in told.factors)
    by_key = {line.key: line for line in told.lines}
    refused, personal = facts.standing is Standing.REFUSED, facts.standing is Standing.PERSONALISED
    asked = still_on or named
    shown = [_fact(why, one, whole) for one in told.factors] if not facts.outcome.is_by_lot else []
    unnamed = _unnamed(why)
    never = facts.permission.key in _NOTHING_GIVEN
    points = [(text("why.base", lang), told.base), *((one.meaning, one.contribution) for one in told.factors)]
    return {
        "decision": facts.decision_id,
        "title": "portal.why.title" if facts.offer >= 0 else "portal.why.title-none",
        "label": _label(why),
        "offer": told.offer,
        "payer": why.campaign.payer,
        "headline": told.headline,
        "reviews": [line.text for line in told.lines if line.key == REVIEWED],
        "plain": [line.text for key in _PLAIN for line in told.lines if (line.key, line.layer) == (key, 1)],
        "remedy": by_key["remedy"].text if "remedy" in by_key and by_key["remedy"].layer == 1 else "",
        "at_home": facts.permission.key in _AT_HOME,
        "choices": not refused and (personal or own),
        "named": [one.name for one in asked],
        "not_this": "portal.not-this" if facts.offer >= 0 else "portal.not-this.none",
        "named_off": bool(named) and not still_on,
        "named_words": ", ".join(one.meaning for one in asked),
        "without_named": _without_named(why) if still_on else "",
        "personal_off": why.personalisation.off,
        "facts": shown,
        "closest": told.runner_up if facts.offer < 0 else "",
        "points": [*((label, _points(micro, lang)) for label, micro in points), _total(why)] if shown else [],
        "more": [line.text for line in told.lines if line.layer == 2 and line.key not in _RULES],
        "rules": [line.text for line in told.lines if line.key in _RULES],
        "basis": by_key["basis"].text if "basis" in by_key else "",
        "not_used": _not_used(why, unnamed),
        "unnamed": len(unnamed),
        "off": [one for one in why.switches.values() if one.off and one.name in facts.switched_off_of(why.model)],
        "fairness": why.fairness,
        "aware": "aware" in by_key,
        "who": [line.text for line in told.lines if line.layer == 3 and not (line.key == "withdraw" and never)],
        "learned_from": why.learned_from,
        "digest": why.model.digest[:_DIGEST],
        "can_verify": why.can_verify,
    }


def _unnamed(why: Why) -> frozenset[str]:
    """Columns that are forbidden and that the campaign gives no words for, as they would be called: bookkeeping of the
    organisation, whose names in its tables tell a person nothing."""
    columns = why.campaign.columns.items()
    bare = [name for name, one in columns if one.role is Role.FORBIDDEN and one.meaning is None]
    return frozenset(name.replace("_", " ") for name in bare)


def _not_used(why: Why, unnamed: Collection[str]) -> list[tuple[str, str]]:
    """Columns that did not count, with the reason; those that share one stand together."""
    by_reason: dict[str, list[str]] = {}
    for name, why_not in why.told.not_used:
        if name not in unnamed:
            by_reason.setdefault(why_not, []).append(name)
    return [(", ".join(names), why_not) for why_not, names in by_reason.items()]


def _label(why: Why) -> str:
    """Second part of the key of the words above the page: what it is, and how it was chosen."""
    facts = why.told.facts
    if facts.standing is Standing.REFUSED:
        return "refused"
    reads = bool(why.campaign.conditions or why.campaign.own_costs)
    nothing_counted = not reads and len(facts.switched_off) == len(why.model.view.binnings)
    how = "contextual" if facts.standing is Standing.CONTEXTUAL or nothing_counted else "personal"
    how = "chance" if facts.outcome.is_by_lot else how
    return how if facts.offer >= 0 else f"none-{how}"


def _fact(why: Why, factor: Factor, whole: int) -> Mapping[str, Any]:
    lang = why.told.lang
    share = abs(factor.contribution) / whole if whole else 0.0
    columns = [name for name in features_of(why.model, factor.name) if why.campaign.columns[name].about == "person"]
    switches: list[Switch] = [why.switches[name] for name in columns]
    return {
        "meaning": factor.meaning,
        "value": factor.value,
        "about_offer": factor.about_offer,
        "origin": origin_words(factor, lang),
        "share": round(100 * share, 2),
        "percent": percent(share, lang, 0) if share >= _LEAST else f"<{percent(0.01, lang, 0)}",
        "direction": factor.direction,
        "without": _without(why, why.without.get(factor.name)),
        "switches": switches,
    }


def _without_named(why: Why) -> str:
    found = why.without_named
    if found is None:
        return ""
    how = "still-none" if found.is_same and found.offer < 0 else _how(found)
    return text(f"portal.without-named.{how}", why.told.lang, offer=_offer(why, found))


def _without(why: Why, found: Otherwise | None) -> str:
    kind = "unknown" if found is None else _how(found)
    return text(f"portal.without.{kind}", why.told.lang, offer=_offer(why, found))


def _how(found: Otherwise) -> str:
    return "same" if found.is_same else "offer" if found.offer >= 0 else "none"


def _offer(why: Why, found: Otherwise | None) -> str:
    if found is None or found.offer < 0:
        return ""
    words = why.campaign.offers[found.offer].text
    return words.nl if why.told.lang == "nl" else words.en


def _total(why: Why) -> tuple[str, str]:
    return text_about(why.told.target, "why.total", why.told.lang), _points(why.told.facts.score, why.told.lang)


def _points(micro: int, lang: str) -> str:
    """As in `explanation`: every decimal, so that the column adds up on paper."""
    sign = "\N{MINUS SIGN}" if micro < 0 else "+"
    return sign + number(abs(micro) / 10_000, lang, 4)
