"""What the estimators of a response share: the fit, from rows in memory or from a table that does not fit there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evenhand.features import propose_bins, view_of
from evenhand.scoring import Plan, RowSource, Source, fit_source, model_of
from evenhand.terms import Binning, FeatureView

from ..data.sources import Batches
from ._estimator_columns import place_of
from ._estimator_input import check_rows, read_outcome, read_people, read_table, read_weight
from ._first_reading import CountedValues, Stated, count_people, count_values, state
from ._glass_box import GlassBox

__all__ = ["Additive"]


class Additive(GlassBox):
    """What the estimators of a response share."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None, person: Any = None) -> Self:  # noqa: N803
        """Learn bins, shapes and pairs.

        Args:
            X: a data frame of any kind, or an array [n, features]. Missing values are a bin of their own.
            y: [n], the outcome.
            sample_weight: [n], how many rows each row counts for; rows of weight zero are left out.
            person: [n], whose row each is (any ids), where people have several: curves, pairs and intervals then allow
                for what the rows of one person have in common. None = every row is somebody else's.

        Raises:
            DataError: something cannot be learned from (also a ValueError).
        """
        table = read_table(X)
        outcome = read_outcome(y, table.rows)
        weight = read_weight(sample_weight, table.rows)
        check_rows(table.rows, len(table.names), 2 if self._kind == "regressor" else 1)
        kept = slice(None) if weight is None else weight > 0
        weight = None if weight is None else weight[kept]
        people, whose = read_people(person, table.rows, kept)
        numbers = self._learn_outcome(outcome[kept])
        self._check_parameters()
        view, codes = self._learn_view(table, kept, weight, whose)
        self._remember(table.names, named=table.named)
        source = RowSource(codes, numbers, weight, whose)
        return self._fit(source, view, float(np.abs(numbers).max(initial=0.0)), people)

    @abstractmethod
    def _learn_outcome(self, outcome: NDArray[Any]) -> NDArray[np.float64]: ...

    @abstractmethod
    def _unit(self, largest: float, fitted_spread: float) -> float: ...

    def fit_table(
        self,
        table: Batches,
        outcome: str,
        *,
        columns: Sequence[str] | None = None,
        weight: str | None = None,
        person: str | None = None,
        binnings: Sequence[Binning] | None = None,
    ) -> Self:
        """Learn from a table that does not fit into memory; the same integers as `fit` on the same rows.

        Args:
            table: a `ParquetTable`, `DuckTable` or `SparkTable` of `evenhand.adapters.data.sources`; read a dozen
            times. outcome: its column with the outcome.
            columns: what to learn from; None = every other column.
            weight: its column with the weights.
            person: its column with the ids of people, where these have several rows; the ids are held in memory.
            binnings: the bins, where they are known already; None = learned in a first reading.

        Raises:
            DataError: something cannot be learned from.
        """
        self._check_parameters()
        names = [name for name in columns or table.columns if name not in (outcome, weight, person)]
        first: Stated = state(table, outcome, weight, person)
        stated: Stated = replace(first, positive=self._positive(first.distinct))
        self._learn_range(stated)
        if binnings is None:
            as_category = {names[place_of(name, names)] for name in self.categories or ()}
            counted = count_values(table, names, stated, as_category)
            binnings = self._settled(table, stated, counted)
        self._remember(names, named=True)
        source = table.source(tuple(binnings), stated)
        people = 0 if stated.people is None else len(stated.people.ids)
        return self._fit(source, view_of("", tuple(binnings)), stated.largest, people)

    def _settled(self, table: Batches, stated: Stated, counted: dict[str, CountedValues]) -> list[Binning]:
        """The bins of the counted values; where people have several rows, those with enough people."""
        proposed = [
            propose_bins(
                name, one.values, kind="number" if one.number else "category", max_bins=self.max_bins,
                minimum_bin=self.minimum_bin, weight=one.times,
            )
            for name, one in counted.items()
        ]  # fmt: skip
        if stated.people is None or self.minimum_bin < 2:
            return [one.settled() for one in proposed]
        crowds = count_people(table, stated, proposed)
        return [one.settled(those) for one, those in zip(proposed, crowds, strict=True)]

    @abstractmethod
    def _positive(self, distinct: NDArray[Any]) -> Any:
        """Which outcome counts as one; None = outcomes are numbers."""
        ...

    @abstractmethod
    def _learn_range(self, stated: Stated) -> None:
        """Whether these outcomes can be learned from."""
        ...

    def _fit(self, source: Source, view: FeatureView, largest: float, people: int) -> Self:
        """Fit to bin codes, and compile."""
        stated: Plan = self._plan(view)
        plan = replace(stated, people=people)
        fitted = fit_source(source, plan)
        unit = self._unit(largest, fitted.spread)
        self.model_ = model_of(view, fitted, link=plan.link, minimum=self.minimum_bin, unit=unit)
        return self
