"""A fitted blind rule: integer price tables and a threshold, and nothing about any person or group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import UsageError

from ._batch import batch_of
from ._blind_prices import fold, threshold_of

__all__ = ["BlindPolicy", "PriceShape"]


@dataclass(frozen=True, slots=True)
class PriceShape:
    """What one group's price takes from the value of each bin.

    Attributes:
        limit: id of the limit that asks for it.
        features: sensitive columns that make the group.
        group: its values.
        price: units of value per unit of lean: above zero where the limit holds the group back, below zero where it
            helps it on.
        tables: per term int32[size], micro-units taken from the value; 0 at WITHHELD. A negative entry adds.
    """

    limit: str
    features: tuple[str, ...]
    group: tuple[str, ...]
    price: float
    tables: tuple[NDArray[np.int32], ...]


@dataclass(frozen=True, slots=True)
class BlindPolicy:
    """Who is selected, from bin codes and a value alone: whoever's folded value is above the threshold.

    Attributes:
        terms: names of the terms.
        tables: per term int32[size], the price shapes of all groups added up, micro-units; 0 at WITHHELD.
        threshold: micro-units.
        budget: share of people that it was fitted for.

    Example:
        >>> policy = BlindPolicy(("age",), (np.array([0, 0, 0, 250, -250], np.int32),), 1_000, 0.5)
        >>> codes, value = (np.array([3, 4], np.uint8),), np.array([1_100, 900])
        >>> policy.folded(codes, value).tolist(), policy.decide(codes, value).tolist()
        ([850, 1150], [False, True])
    """

    terms: tuple[str, ...]
    tables: tuple[NDArray[np.int32], ...]
    threshold: int
    budget: float

    def folded(self, codes: tuple[NDArray[np.uint8], ...], value: NDArray[np.int64]) -> NDArray[np.int64]:
        """``value - sum of the price tables``; int64[n], micro-units, exact.

        Raises:
            UsageError: codes or values that do not fit.
        """
        batch = batch_of(codes, tuple(len(table) for table in self.tables), value)
        return fold(self.tables, batch.codes, batch.value)

    def decide(
        self, codes: tuple[NDArray[np.uint8], ...], value: NDArray[np.int64], *, within: float | None = None
    ) -> NDArray[np.bool_]:
        """bool[n], who is selected.

        Args:
            codes: per term uint8[n].
            value: int64[n], micro-units.
            within: None = by the threshold, which serves one person as well as many; a share = at most so many of the
                people at hand, by a threshold of their own. Equal people are in or out together.

        Raises:
            UsageError: codes or values that do not fit, or a share outside 0..1.
        """
        folded = self.folded(codes, value)
        if within is None:
            return np.asarray(folded > self.threshold)
        return np.asarray(folded > threshold_of(folded, checked_share(within)))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "terms": list(self.terms),
            "tables": [table.tolist() for table in self.tables],
            "threshold": self.threshold,
            "budget": self.budget,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> BlindPolicy:
        """Read back what `to_dict` gave."""
        tables = tuple(np.array(table, dtype=np.int32) for table in plain["tables"])
        return cls(tuple(plain["terms"]), tables, int(plain["threshold"]), checked_share(plain["budget"]))


def checked_share(budget: float) -> float:
    """The budget as a share of people.

    Raises:
        UsageError: it is not between 0 and 1.
    """
    if not 0.0 <= budget <= 1.0:
        raise UsageError(
            "budget-share",
            f"The budget is {budget}.",
            rule="a selection budget is a share of people, from 0 to 1",
            remedy="give 0.1 for one person in ten",
        )
    return float(budget)
