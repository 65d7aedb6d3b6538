"""The rule behind a permission, as the run recorded it: its id, article, pack and version, and what it says."""

from __future__ import annotations

from typing import Any

from evenhand.policy import Campaign
from evenhand.rules import PackedRule, Rulebook, cited_rule
from evenhand.terms import DecisionFacts, Reason

from ._articles import article_in_words
from ._line import Line
from ._text import catalogue, day, text

__all__ = ["cited", "rule_lines", "rule_values"]


def cited(facts: DecisionFacts, campaign: Campaign, rulebook: Rulebook | None) -> PackedRule | None:
    """The rule that decided whether this person may be addressed; None where none applied, or no rules are at hand."""
    if rulebook is None:
        return None
    return cited_rule(rulebook, campaign, at=facts.at, place=facts.rule, reason=facts.permission)


def rule_lines(facts: DecisionFacts, packed: PackedRule | None, lang: str) -> tuple[Line, ...]:
    """What the rule says and since when; of an organisation's own rule its remedy too, which no catalogue has."""
    if packed is None:
        return ()
    rule = packed.rule
    says, remedy = (words.nl if lang == "nl" else words.en for words in (rule.says, rule.remedy))
    pack = catalogue(lang).get(f"why.pack.{packed.pack}", packed.pack)
    article = article_in_words(rule.article, lang)
    line = text("why.rule", lang, id=rule.id, article=article, pack=pack, version=packed.version, says=says)
    out = [Line("rule", 2, line)]
    if rule.begins is not None:
        out.append(Line("rule-since", 2, text("why.rule-since", lang, day=day(rule.begins, lang))))
    if facts.permission is Reason.OWN_RULE:
        out.append(Line("rule-remedy", 1, text("why.rule-remedy", lang, remedy=remedy)))
    return tuple(out)


def rule_values(packed: PackedRule | None) -> dict[str, Any]:
    """The rule as plain values."""
    if packed is None:
        return {}
    rule = packed.rule
    told = {"id": rule.id, "article": rule.article, "pack": packed.pack, "version": packed.version}
    return {"cited": {**told, "since": rule.since, "until": rule.until}}
