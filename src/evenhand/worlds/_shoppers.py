"""Shoppers in any number, for benchmarks: people, what was shown to them before, what came of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Coded", "Shoppers", "shoppers"]


@dataclass(frozen=True, slots=True)
class Coded:
    """A text column as codes, so that a million rows of it take a million bytes.

    Attributes:
        codes: int8[n], position in `categories`; -1 = not known.
        categories: the texts.
    """

    codes: NDArray[np.int8]
    categories: tuple[str, ...]

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.codes)


@dataclass(frozen=True, slots=True)
class Shoppers:
    """A population and its history.

    Attributes:
        features: float32[n] by name, of the people to decide about.
        sex: known for nearly all.
        age: five bands.
        history_person: int32[k], position of the person that each history row is about.
        history_offer: what was shown, as codes of the offers.
        history_response: uint8[k].
        offers: ids of the offers.
        weights: float32[offers, features], how responses really depend on the features (standard units).
    """

    features: dict[str, NDArray[np.float32]]
    sex: Coded
    age: Coded
    history_person: NDArray[np.int32]
    history_offer: Coded
    history_response: NDArray[np.uint8]
    offers: tuple[str, ...]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        """Number of people."""
        return len(self.sex)


def shoppers(
    n: int, offers: int, features: int, rng: np.random.Generator, *, history: int | None = None, skew: float = 0.35
) -> Shoppers:
    """Draw `n` people with `features` numbers each, and `history` rows of offers shown to some of them.

    Every third feature leans on sex and age by `skew` standard deviations, so that a decision without limits reaches
    groups unevenly. Responses are logistic in the features, with weights of their own for each offer.

    Args:
        n: number of people.
        offers: number of offers, at most 127.
        features: number of features.
        rng: where all draws come from.
        history: number of history rows; a fifth of `n`, at least 1,000, if left out.
        skew: how far groups lie apart in the features that lean.

    >>> world = shoppers(5_000, 3, 6, np.random.default_rng(1))
    >>> len(world), len(world.features), len(world.history_response)
    (5000, 6, 1000)
    """
    sex = rng.choice(np.array([0, 1, -1], dtype=np.int8), size=n, p=[0.5, 0.47, 0.03])
    age = rng.choice(np.arange(5, dtype=np.int8), size=n, p=[0.15, 0.25, 0.25, 0.2, 0.15])
    lean = (sex == 1).astype(np.float32) + (age - np.float32(2.0)) * np.float32(0.5)
    k = max(1_000, n // 5) if history is None else history
    person = rng.integers(0, n, k, dtype=np.int32)
    offer = rng.integers(0, offers, k).astype(np.int8)
    weights = rng.normal(0.0, 0.45, (offers, features)).astype(np.float32)
    logit = rng.normal(-2.6, 0.3, offers).astype(np.float32)[offer]
    columns: dict[str, NDArray[np.float32]] = {}
    for place in range(features):
        values = rng.standard_normal(n, dtype=np.float32)
        if place % 3 == 0:
            values += np.float32(skew) * lean
        logit += weights[offer, place] * values[person]
        columns[f"f{place:02d}"] = _in_its_units(values, place)
    response = (rng.random(k, dtype=np.float32) < 1.0 / (1.0 + np.exp(-logit))).astype(np.uint8)
    ids = tuple(f"offer-{number:02d}" for number in range(offers))
    return Shoppers(
        features=columns,
        sex=Coded(sex, ("woman", "man")),
        age=Coded(age, ("18-29", "30-39", "40-49", "50-64", "65+")),
        history_person=person,
        history_offer=Coded(offer, ids),
        history_response=response,
        offers=ids,
        weights=weights,
    )


def _in_its_units(values: NDArray[np.float32], place: int) -> NDArray[np.float32]:
    """As real columns look: some money with a spike at zero, some small counts, some smooth."""
    if place % 4 == 1:
        values = np.maximum(np.exp(values) * np.float32(20.0) - np.float32(8.0), np.float32(0.0))
        return np.round(values, 2)
    if place % 4 == 2:
        values = np.round(np.maximum(values * np.float32(2.0) + np.float32(3.0), np.float32(0.0)))
    return values
