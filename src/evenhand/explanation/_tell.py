"""One decision told in plain words, recomputed from what was recorded; only true terms of it are named."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from evenhand.policy import Campaign
from evenhand.terms import (
    BinLabel,
    DecisionFacts,
    Model,
    Origin,
    Reason,
    Role,
    Standing,
    bin_labels,
    term_contributions,
)

from ._text import day, money, number, percent, text

__all__ = ["Explanation", "Factor", "bin_words", "purpose_words", "tell"]


@dataclass(frozen=True, slots=True)
class Factor:
    """One term's exact share in a score.

    Attributes:
        name: the column.
        meaning: what it is, in the reader's language.
        value: the bin that the person is in, in words.
        origin: given, observed or inferred.
        contribution: micro-logits; with the base they add up to the score.
        direction: ``for``, ``against`` or ``neutral``.
    """

    name: str
    meaning: str
    value: str
    origin: Origin
    contribution: int
    direction: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, explained whole.

    Attributes:
        lang: the language of all texts.
        facts: the recorded decision.
        headline: one plain sentence.
        lines: the explanation in order, each with a stable key: (key, sentence).
        factors: every factor, largest first; empty where nothing personal was used.
        base: micro-logits that everybody starts from.
        not_used: columns that had no part in it, with the reason.
        offer, runner_up: text of each, or "".
    """

    lang: str
    facts: DecisionFacts
    headline: str
    lines: tuple[tuple[str, str], ...]
    factors: tuple[Factor, ...]
    base: int
    not_used: tuple[tuple[str, str], ...]
    offer: str
    runner_up: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the subject stands in it as a pseudonym only."""
        f = self.facts
        return {
            "decision_id": f.decision_id,
            "subject": f.subject,
            "at": f.at.isoformat(),
            "lang": self.lang,
            "standing": f.standing.name.lower(),
            "permission": {"key": f.permission.key, "rule": f.permission.rule},
            "outcome": {"key": f.outcome.key, "rule": f.outcome.rule},
            "headline": self.headline,
            "lines": [{"key": key, "text": sentence} for key, sentence in self.lines],
            "offer": self.offer,
            "runner_up": self.runner_up,
            "base": self.base,
            "score": f.score,
            "probability_ppm": f.probability,
            "value_micro": f.value,
            "price_micro": f.price,
            "margin_micro": f.margin,
            "factors": [
                {
                    "name": factor.name,
                    "meaning": factor.meaning,
                    "value": factor.value,
                    "origin": factor.origin.value,
                    "origin_text": text(f"origin.{factor.origin.value}", self.lang),
                    "contribution": factor.contribution,
                    "direction": factor.direction,
                }
                for factor in self.factors
            ],
            "not_used": [{"name": name, "why": why} for name, why in self.not_used],
        }

    def to_text(self) -> str:
        """The explanation for a terminal."""
        out = [self.headline, ""]
        out += [sentence for _, sentence in self.lines]
        if self.factors:
            out += ["", text("why.factors", self.lang)]
            width = max(len(factor.meaning) for factor in self.factors)
            out.append(f"  {text('why.base', self.lang):<{width}}  {self.base / 1e6:+.6f}")
            out += [
                f"  {factor.meaning:<{width}}  {factor.contribution / 1e6:+.6f}  {factor.value}"
                f" ({text(f'origin.{factor.origin.value}', self.lang)})"
                for factor in self.factors
            ]
            out.append(f"  {text('why.total', self.lang):<{width}}  {self.facts.score / 1e6:+.6f}")
        if self.not_used:
            out += ["", text("why.not-used", self.lang)]
            out += [f"  {name}: {why}" for name, why in self.not_used]
        return "\n".join(out)

    def _repr_html_(self) -> str:
        lines = "".join(f"<p>{escape(sentence)}</p>" for _, sentence in self.lines)
        rows = "".join(
            f"<tr><td>{escape(f.meaning)}</td><td>{escape(f.value)}</td><td>{f.contribution / 1e6:+.3f}</td></tr>"
            for f in self.factors
        )
        return f"<div lang='{self.lang}'><p><b>{escape(self.headline)}</b></p>{lines}<table>{rows}</table></div>"


def tell(facts: DecisionFacts, campaign: Campaign, model: Model, lang: str) -> Explanation:
    """Explain one recorded decision.

    Args:
        facts: the decision.
        campaign: as it was when it was made.
        model: as it was.
        lang: ``nl`` or ``en``.
    """
    focus = facts.offer if facts.offer >= 0 else facts.runner_up
    personal = facts.standing is Standing.PERSONALISED and focus >= 0
    factors = _factors(facts, campaign, model, focus, lang) if personal else ()
    lines = [*_permission(facts, campaign, lang), *_reasons(factors, lang)]
    if focus >= 0:
        lines += _amounts(facts, campaign, lang)
        lines += _change(facts, campaign, model, lang)
    lines += _about(facts, campaign, lang)
    texts = [offer.text.nl if lang == "nl" else offer.text.en for offer in campaign.offers]
    return Explanation(
        lang=lang,
        facts=facts,
        headline=_headline(facts, campaign, texts, factors, lang),
        lines=tuple(lines),
        factors=factors,
        base=int(model.base[focus]) if focus >= 0 else 0,
        not_used=_not_used(campaign, lang, personal=personal),
        offer=texts[facts.offer] if facts.offer >= 0 else "",
        runner_up=texts[facts.runner_up] if facts.runner_up >= 0 else "",
    )


def bin_words(label: BinLabel, lang: str) -> str:
    """A bin in words."""
    if label.kind == "category":
        return label.text or ""
    if label.kind != "range":
        return text(f"bin.{label.kind}", lang)
    if label.lower is None and label.upper is None:
        return text("bin.any", lang)
    if label.lower is None:
        return text("bin.below", lang, upper=number(label.upper or 0.0, lang))
    if label.upper is None:
        return text("bin.from", lang, lower=number(label.lower, lang))
    return text("bin.between", lang, lower=number(label.lower, lang), upper=number(label.upper, lang))


def _factors(facts: DecisionFacts, campaign: Campaign, model: Model, focus: int, lang: str) -> tuple[Factor, ...]:
    shares = term_contributions(model, facts.codes, np.array([focus]))[0]
    factors = []
    for binning, code, share in zip(model.view.binnings, facts.codes, shares.tolist(), strict=True):
        own = int(code[0] if code.ndim == 1 else code[focus, 0])
        column = campaign.columns[binning.name]
        direction = "for" if share > 0 else "against" if share < 0 else "neutral"
        words = bin_words(bin_labels(binning)[own], lang)
        factors.append(
            Factor(binning.name, _meaning(campaign, binning.name, lang), words, column.origin, share, direction)
        )
    return tuple(sorted(factors, key=lambda factor: -abs(factor.contribution)))


def _headline(
    facts: DecisionFacts, campaign: Campaign, texts: list[str], factors: tuple[Factor, ...], lang: str
) -> str:
    sender = campaign.controller.name
    if facts.standing is Standing.REFUSED:
        return text("headline.refused", lang, sender=sender)
    if facts.offer < 0:
        return text("headline.none", lang, sender=sender)
    if facts.standing is Standing.CONTEXTUAL:
        return text("headline.contextual", lang, sender=sender, offer=texts[facts.offer])
    top = [factor.meaning for factor in factors if factor.direction == "for"][:2]
    key = ("headline.average", "headline.one", "headline.two")[len(top)]
    return text(key, lang, sender=sender, offer=texts[facts.offer], **dict(zip(("first", "second"), top, strict=False)))


def _permission(facts: DecisionFacts, campaign: Campaign, lang: str) -> list[tuple[str, str]]:
    reason = facts.permission
    lines = [("permission", text(f"reason.{reason.key}", lang))]
    if facts.standing is Standing.CONTEXTUAL:
        lines.append(("contextual", text("why.contextual", lang)))
    if reason.is_forbidden or reason.is_unconfigured:
        kind = "forbidden" if reason.is_forbidden else "unconfigured"
        lines.append(("kind", text(f"why.{kind}", lang, rule=reason.rule)))
        lines.append(("remedy", text(f"remedy.{reason.key}", lang, contact=campaign.controller.contact)))
    return lines


def _reasons(factors: tuple[Factor, ...], lang: str) -> list[tuple[str, str]]:
    return [
        ("reason", text(f"why.factor-{factor.direction}", lang, meaning=factor.meaning, value=factor.value))
        for factor in factors[:3]
        if factor.direction != "neutral"
    ]


def _amounts(facts: DecisionFacts, campaign: Campaign, lang: str) -> list[tuple[str, str]]:
    """Why this and not the runner-up (or nothing), in money that adds up."""

    def amount(micro: int) -> str:
        return money(micro, campaign.currency, lang)

    price = facts.price if facts.offer >= 0 else facts.runner_up_price
    lines = [
        ("chance", text("why.chance", lang, chance=percent(facts.probability / 1e6, lang, 2))),
        ("value", text("why.value", lang, value=amount(facts.value), price=amount(price))),
    ]
    if facts.offer >= 0 and facts.runner_up >= 0:
        other = campaign.offers[facts.runner_up].text
        lines.append(
            (
                "runner-up",
                text(
                    "why.runner-up",
                    lang,
                    offer=other.nl if lang == "nl" else other.en,
                    value=amount(facts.runner_up_value),
                    price=amount(facts.runner_up_price),
                    margin=amount(facts.margin),
                ),
            )
        )
    if facts.outcome is Reason.BEYOND_LIMITS:
        lines.append(("limits", text("why.beyond-limits", lang)))
    if facts.outcome is Reason.NO_WORTHWHILE_OFFER:
        lines.append(("worth", text("why.no-worth", lang)))
    if facts.moved:
        lines.append(("moved", text("why.moved", lang)))
    return lines


def _change(facts: DecisionFacts, campaign: Campaign, model: Model, lang: str) -> list[tuple[str, str]]:
    if facts.standing is not Standing.PERSONALISED:
        return []
    if facts.flip_term < 0:
        return [("change", text("why.no-change", lang))]
    binning = model.view.binnings[facts.flip_term]
    value = bin_words(bin_labels(binning)[facts.flip_code], lang)
    meaning = _meaning(campaign, binning.name, lang)
    key = "why.change-away" if facts.offer >= 0 else "why.change-towards"
    return [("change", text(key, lang, meaning=meaning, value=value))]


def _about(facts: DecisionFacts, campaign: Campaign, lang: str) -> list[tuple[str, str]]:
    lines = []
    if facts.standing is not Standing.REFUSED:
        lines.append(("ai", text("why.ai", lang)))
    if facts.offer >= 0 and campaign.offers[facts.offer].made_by_ai:
        lines.append(("made-by-ai", text("why.made-by-ai", lang)))
    if facts.standing is Standing.PERSONALISED:
        basis = text(f"basis.{campaign.legal_basis.value}", lang)
        lines.append(("basis", text("why.basis", lang, purpose=purpose_words(campaign.purpose, lang), basis=basis)))
        aware = _aware_columns(campaign)
        if aware:
            names = ", ".join(_meaning(campaign, name, lang) for name in aware)
            lines.append(("aware", text("why.aware", lang, names=names)))
    lines.append(
        ("contact", text("why.contact", lang, sender=campaign.controller.name, contact=campaign.controller.contact))
    )
    lines.append(("rights", text("why.rights", lang)))
    lines.append(("record", text("why.record", lang, decision=facts.decision_id, day=day(facts.at, lang))))
    return lines


def purpose_words(purpose: str, lang: str) -> str:
    """A DPV purpose in words; one without a text of its own is shown as the term itself, spaced."""
    from ._text import catalogue

    spaced = "".join(f" {c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(purpose))
    return catalogue(lang).get(f"purpose.{purpose}", spaced)


def _not_used(campaign: Campaign, lang: str, *, personal: bool) -> tuple[tuple[str, str], ...]:
    out = []
    for name, column in campaign.columns.items():
        if column.role is Role.FEATURE and column.confirmed:
            if not personal:
                out.append((_meaning(campaign, name, lang), text("not-used.not-personal", lang)))
        elif not column.confirmed:
            out.append((_meaning(campaign, name, lang), text("not-used.unconfirmed", lang)))
        elif column.role in (Role.SENSITIVE, Role.FORBIDDEN):
            why = "aware" if personal and name in _aware_columns(campaign) else column.role.value
            out.append((_meaning(campaign, name, lang), text(f"not-used.{why}", lang)))
    return tuple(out)


def _aware_columns(campaign: Campaign) -> tuple[str, ...]:
    """Sensitive columns whose groups the solver itself may use, by a clause of the campaign (RULES A-4a)."""
    names = (name for limit in campaign.limits.disparity if limit.mode == "aware" for name in limit.groups)
    return tuple(dict.fromkeys(names))


def _meaning(campaign: Campaign, name: str, lang: str) -> str:
    meaning = campaign.columns[name].meaning
    if meaning is None:
        return name.replace("_", " ")
    return meaning.nl if lang == "nl" else meaning.en
