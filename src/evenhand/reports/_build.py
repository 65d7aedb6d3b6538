"""The report as plain values: everything that the page shows, and nothing that it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from evenhand.disparity import Audit
from evenhand.explanation import LANGUAGES, purpose_words, tell
from evenhand.policy import Campaign
from evenhand.rules import Rulebook
from evenhand.terms import (
    SMALLEST_SHOWN,
    DecisionFacts,
    Explained,
    Model,
    Pair,
    Role,
    Target,
    TermShape,
    band_labels,
    bin_labels,
    is_few,
    shown,
    shown_together,
)

from ._group_chapters import ConditionChapter, GroupChapter, chapter_values, condition_values
from ._limit_told import limit_values
from ._people import drops, funnel, lots, numbers, offers
from ._prices import prices_of_bins

__all__ = ["SMALLEST_SHOWN", "Provenance", "build", "stories_of"]

NOT_SHOWN = (
    "causation",
    "delivery",
    "outside-the-data",
    "groups-not-declared",
    "small-groups",
    "lawfulness",
)
"""Keys of what a report does not show; the page has a sentence for each."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a report comes from.

    Attributes:
        run_id: the run; "" for a plan that was not recorded.
        at: moment of the decisions.
        version: of evenhand.
        campaign_digest, data_digest: SHA-256 (hex) of the campaign file and of all data read.
        history_rows: rows in the history.
        not_permitted: history rows of people whose data may not be used for this purpose.
        other_offers: permitted rows of offers that the campaign does not have.
        trained, held_out: rows that the model was fitted on and evaluated on.
    """

    run_id: str
    at: datetime
    version: str
    campaign_digest: str
    data_digest: str
    history_rows: int
    not_permitted: int
    other_offers: int
    trained: int
    held_out: int


def build(
    explained: Explained,
    campaign: Campaign,
    *,
    provenance: Provenance,
    groups: Sequence[GroupChapter],
    audit: Audit,
    stories: Sequence[DecisionFacts],
    conditions: Sequence[ConditionChapter] = (),
    rulebook: Rulebook | None = None,
    earlier: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything that a report shows, as plain JSON values (schema_version 1).

    Counts of people below `SMALLEST_SHOWN` are null. Money is in micro-units of the campaign's currency.

    Args:
        explained: the decisions.
        campaign: as declared.
        provenance: where it all comes from.
        groups: the groups, before and after limits.
        audit: of the data that was learned from.
        stories: decisions to explain whole.
        conditions: who meets the conditions of offers.
        rulebook: the rules of the run; stories cite the one that decided whether somebody may be addressed.
        earlier: the report that groups are told beside, because few people differ; None where they are told anew.
    """
    allocated = explained.allocated
    model = allocated.scored.minimised.model
    steps, given = funnel(explained), offers(explained, campaign)
    return {
        "schema_version": 1,
        "campaign": _campaign(campaign),
        "run": {**asdict(provenance), **_rows(provenance), "at": provenance.at.isoformat(), "seed": campaign.seed},
        "funnel": steps,
        "drops": drops(explained),
        "offers": given,
        **({"numbers": told} if (told := numbers(explained, campaign)) else {}),
        "limits": [_plain(limit_values(one, campaign, groups, steps, given, earlier)) for one in allocated.limits],
        "certificate": {
            **asdict(allocated.certificate),
            "moved": shown(allocated.certificate.moved),
            "guesses": "blind" in allocated.prices.cell_tables,
        },
        "lots": lots(explained, campaign),
        "groups": [chapter_values(chapter) for chapter in groups],
        "model": _model(model, campaign),
        "prices": prices_of_bins(explained, campaign, SMALLEST_SHOWN),
        "audit": audit.to_dict(),
        "stories": stories_of(stories, campaign, model, allocated.prices.to_dict(), rulebook),
        "not_used": _not_used(campaign),
        "not_shown": list(NOT_SHOWN),
        **({"conditions": [condition_values(chapter, campaign) for chapter in conditions]} if conditions else {}),
    }


def stories_of(
    stories: Sequence[DecisionFacts],
    campaign: Campaign,
    model: Model,
    prices: Mapping[str, Any] | None = None,
    rulebook: Rulebook | None = None,
) -> list[dict[str, Any]]:
    """Decisions explained whole, in every language; see `explanation.tell`."""
    return [
        {lang: tell(facts, campaign, model, lang, prices=prices, rulebook=rulebook).to_dict() for lang in LANGUAGES}
        for facts in stories
    ]


def _campaign(campaign: Campaign) -> dict[str, Any]:
    return {
        "id": campaign.campaign,
        "controller": campaign.controller.model_dump(),
        "purpose": campaign.purpose,
        "purpose_words": {lang: purpose_words(campaign.purpose, lang) for lang in LANGUAGES},
        "category": campaign.category.value,
        "channel": campaign.channel.value,
        "surface": campaign.surface.value,
        "legal_basis": campaign.legal_basis.value,
        "currency": campaign.currency,
        "retention": campaign.retention.model_dump(),
        "disparity_limits": [limit.model_dump(mode="json") for limit in campaign.limits.disparity],
        **({"target": campaign.model.target.value} if campaign.model.target is Target.INCREMENT else {}),
    }


def _rows(provenance: Provenance) -> dict[str, int | None]:
    """What may be told of the rows of the history that did not teach: they are parts of all of them."""
    left = provenance.not_permitted, provenance.other_offers
    every = None if is_few(sum(left)) else provenance.history_rows
    told = [shown(count) for count in left] if every is None else shown_together(left)
    return {"history_rows": every, "not_permitted": told[0], "other_offers": told[1]}


def _model(model: Model, campaign: Campaign) -> dict[str, Any]:
    terms = []
    for t, binning in enumerate(model.view.binnings):
        column = campaign.columns[binning.name]
        labels = [asdict(label) for label in bin_labels(binning)]
        terms.append(
            {
                "name": binning.name,
                "meaning": column.meaning.model_dump() if column.meaning else dict.fromkeys(LANGUAGES, binning.name),
                "origin": column.origin.value,
                "kind": binning.kind,
                "per_offer": binning.per_offer,
                "shapes": {offer: _shape(shapes[t], labels) for offer, shapes in model.shapes.items()},
            }
        )
    features = len(terms)
    pairs = [
        {
            "first": terms[pair.first]["meaning"],
            "second": terms[pair.second]["meaning"],
            "first_bands": _bands(model, pair.first, pair.first_bands),
            "second_bands": _bands(model, pair.second, pair.second_bands),
            "shapes": {
                offer: _cells(shapes[features + place], pair)
                for offer, shapes in model.shapes.items()
                if shapes[features + place].count.any()
            },
        }
        for place, pair in enumerate(model.pairs)
    ]
    return {
        "digest": model.digest,
        "kind": campaign.model.kind,
        "offers": list(model.offers),
        "terms": terms,
        "pairs": pairs,
        "evaluation": _plain(dict(model.evaluation)),
    }


def _shape(shape: TermShape, labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One entry per bin that occurred; counts below the smallest shown are null."""
    return [
        {
            "label": label,
            "effect": float(shape.effect[i]),
            "lower": float(shape.lower[i]),
            "upper": float(shape.upper[i]),
            "count": shown(int(shape.count[i])),
        }
        for i, label in enumerate(labels)
        if label["kind"] != "withheld" and (shape.count[i] > 0 or label["kind"] in ("range", "category"))
    ]


def _bands(model: Model, feature: int, bands: tuple[int, ...]) -> list[dict[str, Any]]:
    return [asdict(label) for label in band_labels(model.view.binnings[feature], bands)]


def _cells(shape: TermShape, pair: Pair) -> list[list[dict[str, Any] | None]]:
    """One row per band of the first feature; a cell that nobody was in is null."""

    def cell(i: int) -> dict[str, Any] | None:
        if not shape.count[i] and not shape.effect[i]:
            return None
        return {
            "effect": float(shape.effect[i]),
            "lower": float(shape.lower[i]),
            "upper": float(shape.upper[i]),
            "count": shown(int(shape.count[i])),
        }

    return [[cell(i) for i in range(start, start + pair.width)] for start in range(1, pair.size, pair.width)]


def _not_used(campaign: Campaign) -> list[dict[str, Any]]:
    """Columns that had no part in any score, with the reason."""
    out = []
    for name, column in campaign.columns.items():
        why = "unconfirmed" if not column.confirmed else column.role.value
        if why in (Role.SENSITIVE.value, Role.FORBIDDEN.value, "unconfirmed"):
            meaning = column.meaning.model_dump() if column.meaning else dict.fromkeys(LANGUAGES, name)
            out.append({"name": name, "meaning": meaning, "why": why})
    return out


def _plain(value: Any) -> Any:
    """NumPy numbers and enums as JSON values."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return value.item()
    return value
