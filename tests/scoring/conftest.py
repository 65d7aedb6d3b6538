"""Campaigns, models and generated histories for the tests of gate 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from numpy.typing import NDArray

from builders import random_pairs
from evenhand.policy import Campaign
from evenhand.scoring import model_digest
from evenhand.terms import Asked, Binning, FeatureView, Minimised, Model, Permitted, Standing


@pytest.fixture(scope="session")
def campaign_of() -> Callable[..., Campaign]:
    """A valid campaign with so many offers."""

    def make(
        offers: int = 1, kind: str = "per_offer", value: str = "12.34", cost: str = "0.10", pairs: int = 0
    ) -> Campaign:
        return Campaign.model_validate(
            {
                "evenhand": 1,
                "campaign": "test",
                "controller": {"name": "Shop", "contact": "people@shop.example"},
                "purpose": "PersonalisedAdvertising",
                "category": "ordinary",
                "channel": "web",
                "subjects": {"file": "subjects.csv"},
                "history": {"file": "history.csv"},
                "columns": {"id": {"role": "identifier"}, "hit": {"role": "outcome"}},
                "offers": [
                    {
                        "id": f"offer-{j}",
                        "text": {"nl": "x", "en": "x"},
                        "value": value,
                        "cost": cost,
                        "made_by_ai": False,
                    }
                    for j in range(offers)
                ],
                "model": {"kind": kind, "pairs": pairs},
                "retention": {"decisions": "P24M", "features": "P6M"},
            }
        )

    return make


@pytest.fixture(scope="session")
def view_of() -> Callable[..., FeatureView]:
    """A view with these bins: ``number`` or ``category``, and how many ordinary bins each has."""

    def make(*kinds: tuple[str, int], per_offer: tuple[int, ...] = ()) -> FeatureView:
        binnings = []
        for position, (kind, bins) in enumerate(kinds):
            cuts = tuple(float(cut) for cut in range(bins - 1)) if kind == "number" else ()
            categories = tuple(f"word {word}" for word in range(bins)) if kind == "category" else ()
            binnings.append(Binning(f"f{position}", kind, cuts, categories, position in per_offer))
        return FeatureView("PersonalisedAdvertising", tuple(binnings), "0" * 64)

    return make


@pytest.fixture(scope="session")
def random_model(view_of) -> Callable[..., Model]:
    """A model with random tables."""

    def make(rng: np.random.Generator, terms: int = 4, offers: int = 3, spread: int = 2_000_000) -> Model:
        per_offer = tuple(position for position in range(terms) if rng.random() < 0.3)
        view = view_of(*((str(rng.choice(["number", "category"])), int(rng.integers(2, 9))) for _ in range(terms)),
                       per_offer=per_offer)  # fmt: skip
        base = rng.integers(-spread, spread, offers)
        tables = tuple(rng.integers(-spread, spread, (offers, item.size)).astype(np.int32) for item in view.binnings)
        for table in tables:
            table[:, 0] = 0
        names = tuple(f"offer-{j}" for j in range(offers))
        pairs = random_pairs(rng, view.binnings, int(rng.integers(0, 4)))
        joint = tuple(rng.integers(-spread, spread, (offers, pair.size)).astype(np.int32) for pair in pairs)
        for table in joint:
            table[:, 0] = 0
        tables = (*tables, *joint)
        return Model(view, names, base, tables, {}, {}, model_digest(view, names, base, tables, pairs), pairs)

    return make


@pytest.fixture(scope="session")
def random_codes() -> Callable[..., tuple[NDArray[np.uint8], ...]]:
    """Codes for so many people, the three special ones included."""

    def make(rng: np.random.Generator, model: Model, people: int) -> tuple[NDArray[np.uint8], ...]:
        return tuple(
            rng.integers(0, item.size, (len(model.offers), people) if item.per_offer else people).astype(np.uint8)
            for item in model.view.binnings
        )

    return make


@pytest.fixture(scope="session")
def minimised_of() -> Callable[..., Minimised]:
    """The shape that gate 2 hands over."""

    def make(model: Model, codes: tuple[NDArray[np.uint8], ...], people: int) -> Minimised:
        subjects = np.array([f"{i:032x}".encode() for i in range(people)], "S32")
        asked = Asked(subjects, datetime(2026, 3, 1, tzinfo=UTC))
        standing = np.full(people, Standing.PERSONALISED, np.uint8)
        return Minimised(Permitted(asked, standing, np.ones(people, np.uint8)), model, codes)

    return make


@dataclass(frozen=True)
class World:
    """A history whose true logits are known."""

    view: FeatureView
    codes: tuple[NDArray[np.uint8], ...]
    offer: NDArray[np.intp]
    outcome: NDArray[np.uint8]
    held_out: NDArray[np.bool_]
    logit: NDArray[np.float64]


@pytest.fixture(scope="session")
def world_of(view_of) -> Callable[..., World]:
    """A generated history: a smooth number, a category and a number that tells nothing."""

    def make(rows: int = 6000, offers: int = 1, seed: int = 0, missing: float = 0.05) -> World:
        rng = np.random.default_rng(seed)
        view = view_of(("number", 20), ("category", 4), ("number", 10))
        codes = [rng.integers(3, item.size, rows).astype(np.uint8) for item in view.binnings]
        codes[0][rng.random(rows) < missing] = 1
        offer = rng.integers(0, offers, rows)
        curve = np.sin(np.arange(23) / 4.0) * 1.2
        curve[1] = -0.5
        words = np.array([0, 0, 0, -0.8, 0.0, 0.4, 1.0])
        logit = -1.5 + 0.4 * offer + curve[codes[0]] + words[codes[1]] * (1 + 0.5 * offer)
        outcome = (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.uint8)
        return World(view, tuple(codes), offer, outcome, rng.random(rows) < 0.3, logit)

    return make
