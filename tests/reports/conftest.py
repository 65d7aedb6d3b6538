"""A report like one from a real run: six offers, limits, groups, shapes, an audit and three decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from builders import make_campaign, make_explained, make_model
from evenhand.disparity import Audit, Comparison, audit, compare, group_rates, periods_of
from evenhand.ledger import facts_of
from evenhand.policy import Campaign
from evenhand.reports import GroupChapter, Provenance, build
from evenhand.terms import (
    Binning,
    Certificate,
    CountTable,
    Explained,
    FeatureView,
    LimitOutcome,
    Measure,
    Model,
    TableQuestion,
    TermShape,
    ToldTable,
    told_apart,
)

MEANINGS = (
    ("uitgaven aan boodschappen per week (laatste 12 weken)", "grocery spending per week (last 12 weeks)"),
    ("aantal dagen sinds het laatste bezoek", "days since the last visit"),
    ("deel van de uitgaven aan het huismerk", "share of spending on the store's own brand"),
    ("soort winkel waar u het meest komt", "kind of shop that you visit most"),
    ("aantal soorten producten dat is gekocht", "number of kinds of products bought"),
    ("uitgaven per week aan producten van deze aanbieding", "spending per week on products of this offer"),
)
OFFERS = (
    ("fresh", "Korting op groente, fruit, vlees en vis", "Money off vegetables, fruit, meat and fish"),
    ("dairy", "Korting op zuivel, kaas en eieren", "Money off dairy, cheese and eggs"),
    ("frozen", "Korting op diepvries en ijs", "Money off frozen food and ice cream"),
)
EVALUATION = {
    "rows": {"training": 3000, "held_out": 900, "withheld": 12},
    "overall": {
        "rows": 900,
        "enough": True,
        "positives": 130,
        "base_rate": [0.144, 0.123, 0.169],
        "auroc": [0.712, 0.668, 0.756],
        "log_loss": 0.381,
        "log_loss_of_base_rate": 0.413,
        "brier": 0.11,
        "brier_of_base_rate": 0.124,
        "reliability": [
            {
                "rows": 90,
                "predicted": 0.03 * k + 0.02,
                "rate": 0.03 * k + 0.01,
                "lower": 0.02 * k,
                "upper": 0.05 + 0.04 * k,
            }
            for k in range(10)
        ],
        "gain": {"top_10": 0.27, "top_20": 0.44},
    },
    "offers": {
        "fresh": {
            "fit": "own",
            "why": "",
            "training_rows": 1200,
            "training_positives": 160,
            "held_out": {"rows": 500, "enough": True, "auroc": [0.73, 0.67, 0.79]},
        },
        "dairy": {
            "fit": "own",
            "why": "",
            "training_rows": 1700,
            "training_positives": 210,
            "held_out": {"rows": 400, "enough": True, "auroc": [0.69, 0.62, 0.76]},
        },
        "frozen": {
            "fit": "pooled",
            "why": "never-shown",
            "training_rows": 0,
            "training_positives": 0,
            "held_out": {"rows": 0, "enough": False},
        },
    },
}


def sample_campaign(**changes: Any) -> Campaign:
    """A grocer's campaign with six features and three offers."""
    columns: dict[str, Any] = {
        "id": {"role": "identifier"},
        "bought": {"role": "outcome"},
        "sex": {"role": "sensitive", "meaning": {"nl": "geslacht", "en": "sex"}},
        "age_band": {"role": "sensitive"},
        "home_ownership": {"role": "forbidden"},
        "postal_code": {"role": "feature", "confirmed": False, "meaning": {"nl": "postcode", "en": "postal code"}},
    }
    for t, (nl, en) in enumerate(MEANINGS):
        columns[f"f{t}"] = {
            "role": "feature",
            "meaning": {"nl": nl, "en": en},
            "kind": "category" if t == 3 else "number",
            "origin": ("observed", "given", "inferred")[t % 3],
            "per_offer": t == 5,
        }
    return Campaign.model_validate(
        {
            **make_campaign().model_dump(mode="json"),
            "campaign": "spring-coupons",
            "controller": {"name": "Grocer", "contact": "privacy@grocer.example"},
            "columns": columns,
            "offers": [
                {"id": i, "text": {"nl": nl, "en": en}, "value": f"{5 + j}.25", "cost": "0.30", "made_by_ai": j == 0}
                for j, (i, nl, en) in enumerate(OFFERS)
            ],
            "limits": {
                "budget": 400,
                "disparity": [{"id": "fair-sex", "groups": ["sex"], "bound": 0.9}],
            },
            **changes,
        },
    )


def sample_model(campaign: Campaign) -> Model:
    """Tables that wander like fitted shapes, with intervals and counts."""
    rng = np.random.default_rng(5)
    plain = make_model(campaign, 3)
    binnings, tables, shapes = [], [], {offer.id: [] for offer in campaign.offers[:2]} | {"": []}
    for t in range(len(MEANINGS)):
        if t == 3:
            texts = ("city", "supermarket & <deli>", "village")
            binning = Binning("f3", "category", categories=texts)
        else:
            binning = Binning(f"f{t}", "number", tuple(float(c) for c in range(2, 40, 2 + t)), per_offer=t == 5)
        walk = np.cumsum(rng.normal(0, 0.16 / (1 + t % 3), (len(campaign.offers), binning.size)), axis=1)
        walk -= walk.mean(axis=1, keepdims=True)
        walk[:, 0] = 0
        binnings.append(binning)
        tables.append(np.round(walk * 1e6).astype(np.int32))
        for j, key in enumerate(shapes):
            width = 0.05 + 0.1 * rng.random(binning.size)
            counts = rng.integers(20, 400, binning.size)
            shapes[key].append(TermShape(f"f{t}", walk[j], walk[j] - width, walk[j] + width, counts))
    view = FeatureView(campaign.purpose, tuple(binnings), "view")
    return Model(
        view, plain.offers, plain.base, tuple(tables), {k: tuple(v) for k, v in shapes.items()}, EVALUATION, "ab12" * 16
    )


def counted(groups: dict[str, tuple[int, int]], feature: str = "sex") -> CountTable:
    """A count table of group -> (people, hits); a hit count of 1-9 is hidden, as the wall does."""
    rows = [(total - hits, hits) for total, hits in groups.values()]
    counts = np.array([[-1 if 0 < c < 10 else c for c in row] for row in rows], dtype=np.int64)
    totals = np.array([total if total >= 10 else -1 for total, _ in groups.values()], dtype=np.int64)
    return CountTable((feature,), tuple((name,) for name in groups), counts, totals, 10)


def compared(groups: dict[str, tuple[int, int]], feature: str, bound: Fraction) -> Comparison:
    """The groups side by side."""
    return compare((feature,), group_rates(counted(groups, feature)), bound)


class _Counts:
    """Groups of the history, for the audit: women responded less, one feature tells them apart."""

    features = ("sex",)

    def __init__(self, group: np.ndarray) -> None:
        self._group = group

    def count(self, features: tuple[str, ...], codes: np.ndarray, size: int, *, why: str) -> CountTable:
        """Counts per group and code; negative codes are left out."""
        names = ("man", "woman", "unknown")
        table = np.stack(
            [np.bincount(codes[(self._group == g) & (codes >= 0)], minlength=size) for g in range(3)]
        ).astype(np.int64)
        return CountTable(features, tuple((n,) for n in names), table, table.sum(axis=1), 10)

    def release(self, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
        """Each table by itself."""
        return told_apart(self, questions, why=why)


def sample_audit(model: Model) -> Audit:
    """An audit that finds a skewed outcome and a proxy."""
    rng = np.random.default_rng(9)
    group = rng.choice(3, 3000, p=[0.45, 0.4, 0.15])
    outcome = (rng.random(3000) < np.where(group == 0, 0.3, 0.15)).astype(np.uint8)
    codes = [rng.integers(3, b.size, 3000).astype(np.uint8) for b in model.view.binnings]
    codes[1] = np.where(group == 1, 3, 4).astype(np.uint8)
    periods = periods_of(np.arange(3000.0), lambda day: f"day {day:.0f}")
    return audit(_Counts(group), model.view, tuple(codes), outcome, periods=periods)


def sample_chapters() -> list[GroupChapter]:
    """Sex with a limit, age without; one group too small, one hidden, one unknown."""
    nine = Fraction(9, 10)
    sex = [
        {"man": (640, 210), "woman": (600, 141), "unknown": (240, 60)},
        {"man": (640, 190), "woman": (600, 164), "unknown": (240, 57)},
    ]
    age = {"18-24": (140, 40), "25-44": (700, 230), "45-64": (610, 190), "65+": (25, 4), "unknown": (5, 1)}
    return [
        GroupChapter("fair-sex", "selection_rate_ratio", 0.9, "blind", *(compared(one, "sex", nine) for one in sex)),
        GroupChapter("", "", 0.0, "", *(compared(age, "age_band", Fraction(4, 5)) for _ in range(2))),
    ]


def sample_explained(campaign: Campaign, model: Model, people: int = 2400) -> Explained:
    """Decisions about people, with limits that bind."""
    explained = make_explained(people, campaign, model, seed=4)
    allocated = explained.allocated
    limits = (
        LimitOutcome("budget", "budget", 400e6, 399.9e6, True, True, 151_250_000, 311, note="estimated-on-sample"),
        LimitOutcome("contacts", "contacts", 900, 640, True, False, 0, 0),
        LimitOutcome(
            "fair-sex", "disparity", 0.9, 0.9207, True, True, 4_310_000, 57, Measure.SELECTION_RATE_RATIO, ("sex",)
        ),
    )
    return replace(
        explained,
        allocated=replace(allocated, limits=limits, certificate=Certificate(1_640_250_000, 1_640_800_000, 0.000335, 3)),
    )


@pytest.fixture(scope="session")
def explained() -> Explained:
    """The decisions that the sample report is about."""
    campaign = sample_campaign()
    return sample_explained(campaign, sample_model(campaign))


@pytest.fixture(scope="session")
def report(explained) -> dict[str, Any]:
    """A whole report, recorded."""
    campaign = sample_campaign()
    return make_report(campaign, explained.allocated.scored.minimised.model, explained)


@pytest.fixture
def reported(explained):
    """Make the report of one limit between groups, as declared and as it came out, perhaps beside an earlier report."""

    def make(declared: dict[str, Any], outcome: LimitOutcome, groups, earlier=None) -> dict[str, Any]:
        allocated = replace(explained.allocated, limits=(outcome,))
        campaign = sample_campaign(limits={"disparity": [declared]})
        model = allocated.scored.minimised.model
        return make_report(campaign, model, replace(explained, allocated=allocated), groups=groups, earlier=earlier)

    return make


def make_report(
    campaign: Campaign,
    model: Model,
    explained: Explained,
    run_id: str = "20261123T101500Z-1a2b3c",
    groups: Sequence[GroupChapter] = (),
    earlier: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The report of these decisions."""
    allocated = explained.allocated
    standing = allocated.scored.minimised.permitted.standing
    rows = [
        int(np.flatnonzero(pick)[0])
        for pick in (allocated.offer >= 0, (allocated.offer < 0) & (standing == 2), standing < 2)
    ]
    provenance = Provenance(
        run_id=run_id,
        at=allocated.scored.minimised.permitted.asked.at,
        version="0.1.0",
        campaign_digest="c1" * 32,
        data_digest="d2" * 32,
        history_rows=3920,
        not_permitted=120,
        other_offers=0,
        trained=3000,
        held_out=900,
    )
    built = build(
        explained,
        campaign,
        provenance=provenance,
        groups=groups or sample_chapters(),
        earlier=earlier,
        audit=sample_audit(model),
        stories=[facts_of(explained, row, run_id or "plan") for row in rows],
    )
    if run_id:
        built["run"]["head"] = "5e" * 32
    return built
