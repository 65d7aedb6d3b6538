"""One decision told in plain words, recomputed from what was recorded: every reason named is a true term of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Any

import numpy as np

from evenhand.policy import Campaign
from evenhand.rules import PackedRule, Rulebook
from evenhand.terms import PPM, DecisionFacts, Model, Origin, Role, Standing, Target, bin_labels, term_contributions

from ._cited import cited, rule_lines, rule_values
from ._counterfactual import Counterfactual
from ._groups import group_part
from ._headline import headline, named_in_headline
from ._instead import decision_counterfactual
from ._line import Factor, Line, aware_columns, bin_words, meaning_of, origin_words
from ._sentences import lines_of
from ._sum import SumRow, sum_of
from ._text import money, number, one_line, text, text_about
from ._used_up import true_flip

__all__ = ["Explanation", "Review", "tell"]

_LEAST_SAID = 50
"""Parts per million of a change that are written as a hundredth of a percentage point; less is no reason."""


@dataclass(frozen=True, slots=True)
class Review:
    """What a person decided who looked at a decision again.

    Attributes:
        at: when.
        changed: whether they changed it.
        offer: of a changed decision, the id of the offer that it is now; "" = no offer.
    """

    at: datetime
    changed: bool
    offer: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        outcome = {"outcome": "change", "offer": self.offer} if self.changed else {"outcome": "keep"}
        return {"at": self.at.isoformat(), **outcome}


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision, explained whole.

    Attributes:
        lang: the language of all texts.
        facts: the recorded decision.
        headline: one plain sentence.
        lines: the explanation in reading order, in three layers; see `Line`.
        factors: every factor, largest first; empty where nothing personal was used.
        named: names of the factors that the headline names.
        base: micro-logits that everybody starts from; with all contributions it is the score, nothing left over.
        sum: why this offer and not the other, in exact micro-money that adds up; empty for a refusal.
        not_used: columns that had no part in the score, with the reason.
        offer, runner_up: text of each, or "".
        currency: ISO 4217 code of all amounts.
        instead: the smallest change of several features that would have led to another decision, where no single one
            was recorded and it could be looked for.
        beside: the person's other offers, each a decision that is explained by itself.
        rule: the rule that decided whether the person may be addressed, where the rules of the run are at hand.
        reviews: what people decided who looked at it again, oldest first; not part of the record.
        target: what the decision went by. Where that is what an offer changes, base, shares and score are parts per
            million of that change, and points are percentage points.
    """

    lang: str
    facts: DecisionFacts
    headline: str
    lines: tuple[Line, ...]
    factors: tuple[Factor, ...]
    base: int
    sum: tuple[SumRow, ...]
    not_used: tuple[tuple[str, str], ...]
    offer: str
    runner_up: str
    currency: str
    named: tuple[str, ...] = ()
    instead: Counterfactual | None = None
    target: Target = Target.RESPONSE
    beside: tuple[Explanation, ...] = ()
    rule: PackedRule | None = None
    reviews: tuple[Review, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the subject stands in it as a pseudonym only. Price and margin are null where they are
        sealed and were not opened."""
        f = self.facts
        return {
            "decision_id": f.decision_id,
            "subject": f.subject,
            "at": f.at.isoformat(),
            "lang": self.lang,
            "standing": f.standing.name.lower(),
            "permission": {"key": f.permission.key, "rule": f.permission.rule, **rule_values(self.rule)},
            "outcome": {"key": f.outcome.key, "rule": f.outcome.rule},
            "headline": self.headline,
            "lines": [{"key": line.key, "layer": line.layer, "text": line.text} for line in self.lines],
            "offer": self.offer,
            "runner_up": self.runner_up,
            "base": self.base,
            "score": f.score,
            "probability_ppm" if self.target is Target.RESPONSE else "increment_ppm": f.probability,
            "value_micro": f.value,
            "price_micro": None if f.sealed else f.price,
            "margin_micro": None if f.sealed else f.margin,
            "sum": [
                {"key": row.key, "label": row.label, "own_micro": row.own, "other_micro": row.other} for row in self.sum
            ],
            "factors": [
                {
                    "name": factor.name,
                    "meaning": factor.meaning,
                    "value": factor.value,
                    "origin": factor.origin.value,
                    "origin_text": origin_words(factor, self.lang),
                    "contribution": factor.contribution,
                    "direction": factor.direction,
                    **({"about": "offer"} if factor.about_offer else {}),
                    **({"corrected": factor.corrected.at.isoformat()} if factor.corrected else {}),
                }
                for factor in self.factors
            ],
            "instead": self._instead(),
            "not_used": [{"name": name, "why": why} for name, why in self.not_used],
            **({"reviews": [one.to_dict() for one in self.reviews]} if self.reviews else {}),
            **({"place": f.place, "beside": [one.to_dict() for one in self.beside]} if f.listed else {}),
        }

    def _instead(self) -> dict[str, Any] | None:
        found = self.instead
        if found is None:
            return None
        changes = [
            {"name": one.feature, "was": one.was, "code": one.code, "cost_ppm": one.cost} for one in found.changes
        ]
        return {"changes": changes, "score": found.score, "proof": found.proof.value, "nodes": found.nodes}

    def to_text(self) -> str:
        """The explanation for a terminal; no text in it, whoever wrote it, can steer the terminal."""
        out = [self.headline, ""]
        out += [f"- {line.text}" if line.key == "reason" else line.text for line in self._layer(1)]
        out += ["", text("why.more", self.lang), *(line.text for line in self._layer(2))]
        out += self._sum_text() + self._factors_text()
        if self.not_used:
            out += ["", text("why.not-used", self.lang)]
            out += [f"  {name}: {why}" for name, why in self.not_used]
        out += ["", text("why.responsible", self.lang), *(line.text for line in self._layer(3))]
        own = "\n".join(one_line(line) for line in out)
        return "\n\n".join([own, *(f"{'-' * 72}\n{one.to_text()}" for one in self.beside)])

    def _layer(self, layer: int) -> list[Line]:
        return [line for line in self.lines if line.layer == layer]

    def _factors_text(self) -> list[str]:
        """Each share in points (a hundred to the logit, or percentage points of what the offer changes), with all
        decimals, so that the column adds up on paper."""
        if not self.factors:
            return []
        rows = [(text("why.base", self.lang), self.base, "")]
        rows += [
            (one.meaning, one.contribution, f"{one.value} ({origin_words(one, self.lang)})") for one in self.factors
        ]
        rows.append((text("why.total", self.lang), self.facts.score, ""))
        width = max(len(label) for label, _, _ in rows)
        return ["", text_about(self.target, "why.factors", self.lang)] + [
            f"  {label:<{width}}  {_points(micro, self.lang):>12}  {value}".rstrip() for label, micro, value in rows
        ]

    def _sum_text(self) -> list[str]:
        if not self.sum:
            return []
        width = max(len(row.label) for row in self.sum)
        out = ["", text("why.sum", self.lang)]
        for row in self.sum:
            amounts = [row.own] if row.other is None else [row.own, row.other]
            written = "".join(f"{money(amount, self.currency, self.lang, exact=True):>18}" for amount in amounts)
            out.append(f"  {row.label:<{width}}{written}")
        return out

    def _repr_html_(self) -> str:
        lines = "".join(f"<p>{escape(line.text)}</p>" for line in self.lines)
        rows = "".join(
            f"<tr><td>{escape(one.meaning)}</td><td>{escape(one.value)}</td>"
            f"<td>{_points(one.contribution, self.lang)}</td></tr>"
            for one in self.factors
        )
        return f"<div lang='{self.lang}'><p><b>{escape(self.headline)}</b></p>{lines}<table>{rows}</table></div>"


def tell(
    facts: DecisionFacts,
    campaign: Campaign,
    model: Model,
    lang: str,
    *,
    offer_prices: Sequence[int] | None = None,
    prices: Mapping[str, Any] | None = None,
    rulebook: Rulebook | None = None,
) -> Explanation:
    """Explain one recorded decision. Where no single change was recorded, several together are looked for, as of now.

    Args:
        facts: the decision.
        campaign: as it was when it was made.
        model: as it was.
        lang: ``nl`` or ``en``.
        offer_prices: price of a place of each offer apart from group limits, micro-money (`Prices.offer`); with it
            the price is shown in its two parts.
        prices: the whole price table recorded with the batch; it holds the former, and what is needed to look for
            changes under a blind limit and among all offers (see `decision_counterfactual`).
        rulebook: the rules that the run recorded; with them the rule behind the permission is cited.
    """
    focus = facts.offer if facts.offer >= 0 else facts.runner_up
    personal = facts.standing is Standing.PERSONALISED and focus >= 0
    factors = _factors(facts, campaign, model, focus, lang) if personal else ()
    if offer_prices is None and prices is not None:
        reached = prices.get("contact", 0) if facts.place == 1 else 0
        offer_prices = [price + reached for price in prices["offer"]]
        for offer, cost in {facts.runner_up: facts.runner_up_cost, focus: facts.cost}.items():
            if offer >= 0:
                offer_prices[offer] += prices.get("money", 0) * cost // PPM
    facts, own = true_flip(facts), not facts.outcome.is_by_lot
    searched = own and facts.flip_term < 0 and campaign.is_each_by_itself
    instead = decision_counterfactual(facts, campaign, model, prices=prices) if searched else None
    groups = group_part(facts, campaign, model, offer_prices, (prices or {}).get("by_limit", {}))
    rule = cited(facts, campaign, rulebook)
    texts = [offer.text.nl if lang == "nl" else offer.text.en for offer in campaign.offers]
    return Explanation(
        lang=lang,
        facts=facts,
        headline=headline(facts, campaign, factors, groups, lang),
        lines=(*lines_of(facts, campaign, model, factors, instead, groups, lang), *rule_lines(facts, rule, lang)),
        factors=factors,
        named=tuple(one.name for one in named_in_headline(facts, factors)),
        base=int(model.base[focus]) if focus >= 0 else 0,
        sum=sum_of(facts, campaign, offer_prices, lang) if focus >= 0 and own else (),
        not_used=_not_used(campaign, lang, personal=personal, off=facts.switched_off_of(model)),
        offer=texts[facts.offer] if facts.offer >= 0 else "",
        runner_up=texts[facts.runner_up] if facts.runner_up >= 0 else "",
        currency=campaign.currency,
        instead=instead,
        target=campaign.model.target,
        rule=rule,
    )


def _factors(facts: DecisionFacts, campaign: Campaign, model: Model, focus: int, lang: str) -> tuple[Factor, ...]:
    shares = term_contributions(model, facts.codes, np.array([focus]))[0].tolist()
    factors: list[Factor] = []
    off = facts.switched_off_of(model)
    least = _LEAST_SAID if campaign.model.target is Target.INCREMENT else 1
    for binning, code, share in zip(model.view.binnings, facts.codes, shares, strict=False):
        own = int(code[0] if code.ndim == 1 else code[focus, 0])
        label = bin_labels(binning)[own]
        meaning, origin = meaning_of(campaign, binning.name, lang), campaign.columns[binning.name].origin
        told = Factor(binning.name, meaning, bin_words(label, lang), origin, share, _direction(share, least))
        about_offer = campaign.columns[binning.name].about == "offer"
        factors.append(replace(told, about_offer=about_offer, is_unknown=label.kind == "missing"))
    for pair, name, share in zip(
        model.pairs, model.terms[len(factors) :], shares[len(model.view.binnings) :], strict=True
    ):
        one, other = factors[pair.first], factors[pair.second]
        meaning = text("factor.pair", lang, first=one.meaning, second=other.meaning)
        words = text("factor.pair-value", lang, first=one.value, second=other.value)
        if share:  # a pair that another offer's fit found says nothing here
            origin = max(one.origin, other.origin, key=list(Origin).index)
            joint = Factor(name, meaning, words, origin, share, _direction(share, least))
            factors.append(replace(joint, about_offer=one.about_offer and other.about_offer))
    kept = [factor for factor in factors if factor.name not in off]  # a joint effect with one of them is nothing
    return tuple(sorted(kept, key=lambda factor: -abs(factor.contribution)))


def _direction(share: int, least: int) -> str:
    """Which way a share counts; one that would be written as nothing counts neither way."""
    return "neutral" if abs(share) < least else "for" if share > 0 else "against"


def _not_used(campaign: Campaign, lang: str, *, personal: bool, off: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
    out = [(meaning_of(campaign, name, lang), text("not-used.switched-off", lang)) for name in off]
    blind = {name for limit in campaign.limits.disparity if limit.mode == "blind" for name in limit.groups}
    for name, column in campaign.columns.items():
        if column.role is Role.FEATURE and column.confirmed:
            if not personal:
                out.append((meaning_of(campaign, name, lang), text("not-used.not-personal", lang)))
        elif not column.confirmed:
            out.append((meaning_of(campaign, name, lang), text("not-used.unconfirmed", lang)))
        elif column.role in (Role.SENSITIVE, Role.FORBIDDEN):
            why = "aware" if personal and name in aware_columns(campaign) else column.role.value
            why = "blind" if why == "sensitive" and name in blind else why
            out.append((meaning_of(campaign, name, lang), text(f"not-used.{why}", lang)))
    return tuple(out)


def _points(micro: int, lang: str) -> str:
    """Micro-logits (or parts per million) as points with all four decimals, signed: nothing is rounded away."""
    sign = "\N{MINUS SIGN}" if micro < 0 else "+"
    return sign + number(abs(micro) / 10_000, lang, 4)
