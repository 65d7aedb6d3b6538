"""Small allocation problems, and a wall made of plain lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import (
    SUPPRESSED,
    Asked,
    Binning,
    CountTable,
    FeatureView,
    Minimised,
    Model,
    Permitted,
    Reason,
    Scored,
    Standing,
    TableQuestion,
    ToldTable,
    told_apart,
)

T = TypeVar("T")
TEXT = {"nl": "tekst", "en": "text"}


class PlainWall:
    """A wall that keeps to the Protocol and remembers who asked what."""

    def __init__(
        self, groups: Mapping[str, Sequence[str]], rows: NDArray[np.bool_] | None = None, minimum_cell: int = 10
    ) -> None:
        self.columns = {name: [str(value) for value in values] for name, values in groups.items()}
        self.people = len(next(iter(self.columns.values()), []))
        self.rows = np.ones(self.people, dtype=bool) if rows is None else rows
        self.minimum_cell = minimum_cell
        self.questions: list[tuple[str, tuple[str, ...], str]] = []

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive columns."""
        return tuple(self.columns)

    def _cells(self, features: tuple[str, ...]) -> tuple[NDArray[np.int32], tuple[tuple[str, ...], ...]]:
        rows = list(zip(*(self.columns[name] for name in features), strict=True))
        groups = tuple(sorted({row for row, counts in zip(rows, self.rows, strict=True) if counts}))
        index = {group: at for at, group in enumerate(groups)}
        cells = [index[row] if counts else -1 for row, counts in zip(rows, self.rows, strict=True)]
        return np.array(cells, dtype=np.int32), groups

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """Count, and hide small cells."""
        self.questions.append(("count", features, why))
        cells, groups = self._cells(features)
        counts = np.zeros((len(groups), size), dtype=np.int64)
        shown = (cells >= 0) & (codes >= 0)
        np.add.at(counts, (cells[shown], codes[shown]), 1)
        totals = counts.sum(axis=1)
        return CountTable(features, groups, self._hide(counts), self._hide(totals), self.minimum_cell)

    def release(self, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
        """Each table by itself."""
        return told_apart(self, questions, why=why)

    def _hide(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where((counts > 0) & (counts < self.minimum_cell), SUPPRESSED, counts)

    def inside(
        self,
        features: tuple[str, ...],
        work: Callable[[NDArray[np.int32], tuple[tuple[str, ...], ...]], T],
        *,
        why: str,
    ) -> T:
        """Run the work with the true cells."""
        self.questions.append(("inside", features, why))
        return work(*self._cells(features))


def campaign_with(
    *,
    costs: Sequence[int],
    capacities: Sequence[int | None] | None = None,
    minimums: Sequence[int | None] | None = None,
    budget: int | None = None,
    contacts: int | None = None,
    disparity: Sequence[Mapping[str, Any]] = (),
    seed: int = 0,
    each: int = 1,
) -> Campaign:
    """A campaign with these limits; money in whole micro-units."""
    capacities = capacities or [None] * len(costs)
    minimums = minimums or [None] * len(costs)
    return Campaign.model_validate(
        {
            "evenhand": 1,
            "campaign": "case",
            "controller": {"name": "Shop", "contact": "privacy@shop.example"},
            "purpose": "PersonalisedAdvertising",
            "category": "ordinary",
            "channel": "web",
            "subjects": {"file": "s.csv"},
            "history": {"file": "h.csv"},
            "columns": {"id": {"role": "identifier"}, "y": {"role": "outcome"}},
            "offers": [
                {
                    "id": f"o{j}",
                    "text": TEXT,
                    "value": "5",
                    "cost": f"{cost // 10**6}.{cost % 10**6:06d}",
                    "capacity": capacity,
                    "minimum": minimum,
                    "made_by_ai": False,
                }
                for j, (cost, capacity, minimum) in enumerate(zip(costs, capacities, minimums, strict=True))
            ],
            "limits": {
                "budget": None if budget is None else f"{budget // 10**6}.{budget % 10**6:06d}",
                "contacts": {"total": contacts, "offers_each": each},
                "disparity": [{"necessity": "test", **limit} for limit in disparity],
            },
            "retention": {"decisions": "P1Y", "features": "P1Y"},
            "seed": seed,
        }
    )


def pseudonyms(people: int, seed: int = 0) -> NDArray[np.bytes_]:
    """Different pseudonyms, 32 hex digits each."""
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2**63, size=(people, 2))
    return np.array([f"{a:016x}{b:08x}{i:08x}" for i, (a, b) in enumerate(words.tolist())], dtype="S32")


def scored_with(
    value: NDArray[np.integer],
    *,
    standing: NDArray[np.uint8] | None = None,
    codes: Sequence[NDArray[np.uint8]] = (),
    subjects: NDArray[np.bytes_] | None = None,
    eligible: NDArray[np.bool_] | None = None,
    probability: NDArray[np.integer] | None = None,
) -> Scored:
    """Values as gate 3 would hand them over."""
    offers, people = value.shape
    if standing is None:
        standing = np.full(people, Standing.PERSONALISED, dtype=np.uint8)
    reasons = np.array([Reason.CONSENT_WITHDRAWN, Reason.PERSONALISATION_OPT_OUT, Reason.CONSENT_VALID], dtype=np.uint8)
    asked = Asked(pseudonyms(people) if subjects is None else subjects, datetime(2026, 11, 23, tzinfo=UTC))
    binnings = tuple(
        Binning(f"f{t}", "number", cuts=tuple(range(16)), per_offer=c.ndim == 2) for t, c in enumerate(codes)
    )
    view = FeatureView("PersonalisedAdvertising", binnings, "digest")
    names = tuple(f"o{j}" for j in range(offers))
    model = Model(view, names, np.zeros(offers, np.int64), (), {}, {}, "digest")
    minimised = Minimised(Permitted(asked, standing, reasons[standing]), model, tuple(codes), eligible)
    flat = np.zeros((offers, people), dtype=np.int32)
    chance = flat if probability is None else np.asarray(probability, dtype=np.int32)
    return Scored(minimised, flat, chance, np.asarray(value, dtype=np.int64))
