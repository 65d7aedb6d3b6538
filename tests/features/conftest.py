"""A campaign, a model and a column source to test gate 2 with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from evenhand.policy import Campaign
from evenhand.terms import Asked, Binning, DataError, FeatureView, Model, Permitted

AT = datetime(2026, 11, 1, tzinfo=UTC)


class SpyColumns:
    """Raw columns that remember who was read. Implements `features.ColumnSource`."""

    def __init__(self, columns: Mapping[str, np.ndarray]) -> None:
        self.columns = dict(columns)
        self.reads: list[tuple[str, tuple[int, ...]]] = []

    def read(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Values where `rows` is true."""
        self.reads.append((name, tuple(np.flatnonzero(rows).tolist())))
        if name not in self.columns:
            raise DataError("data-missing-columns", f"There is no column {name!r}.", rule="r", remedy="t")
        return self.columns[name][rows]


@pytest.fixture(scope="session")
def make_campaign() -> Callable[..., Campaign]:
    """A campaign with the given columns (name -> declaration) and model choice."""

    def make(columns: Mapping[str, Mapping[str, Any]], **model: Any) -> Campaign:
        declared = {"id": {"role": "identifier"}, "y": {"role": "outcome"}}
        meaning = {"nl": "iets", "en": "something"}
        declared |= {name: {"role": "feature", "meaning": meaning, **column} for name, column in columns.items()}
        return Campaign.model_validate(
            {
                "evenhand": 1,
                "campaign": "test",
                "controller": {"name": "Shop", "contact": "privacy@shop.example"},
                "purpose": "PersonalisedAdvertising",
                "category": "ordinary",
                "channel": "web",
                "legal_basis": "contract",
                "subjects": {"file": "s.csv"},
                "history": {"file": "h.csv"},
                "columns": declared,
                "offers": [{"id": "a", "text": {"nl": "a", "en": "a"}, "value": 1, "made_by_ai": False}],
                "model": model,
                "retention": {"decisions": "P2Y", "features": "P1Y"},
            }
        )

    return make


@pytest.fixture(scope="session")
def make_model() -> Callable[..., Model]:
    """A model that reads the given bins, for the given offers; its tables are all zero."""

    def make(*binnings: Binning, offers: tuple[str, ...] = ("a", "b")) -> Model:
        return Model(
            view=FeatureView("PersonalisedAdvertising", binnings, "0" * 64),
            offers=offers,
            base=np.zeros(len(offers), dtype=np.int64),
            tables=tuple(np.zeros((len(offers), binning.size), dtype=np.int32) for binning in binnings),
            shapes={},
            evaluation={},
            digest="0" * 64,
        )

    return make


@pytest.fixture(scope="session")
def permitted() -> Callable[[np.ndarray], Permitted]:
    """Gate 1's answer with the given standing of each person."""

    def make(standing: np.ndarray) -> Permitted:
        subjects = np.array([f"{i:032x}" for i in range(len(standing))], dtype="S32")
        standing = np.asarray(standing, dtype=np.uint8)
        return Permitted(Asked(subjects, AT), standing, np.zeros(len(standing), dtype=np.uint8))

    return make


@pytest.fixture(scope="session")
def spy() -> type[SpyColumns]:
    """The column source that remembers who was read."""
    return SpyColumns
