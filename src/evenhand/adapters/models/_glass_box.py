"""What a fitted glass box can do, whatever it was fitted to: bins, exact contributions, shapes, and the file."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from evenhand.features import encode, learn_binning, view_of
from evenhand.scoring import Plan, contributions
from evenhand.terms import Binning, FeatureView, Link, Model, TermShape

from ..data.frames import frame_like
from ._estimator_card import card
from ._estimator_columns import check_names, place_of, refuse_free_text
from ._estimator_file import read_estimator, write_estimator
from ._estimator_input import InputError, InputTable, check_rows, not_fitted, read_table
from ._estimator_manners import Manners

__all__ = ["GlassBox"]

_MOST_BINS = 250


def _is_whole_within(value: object, least: int, most: int | None) -> bool:
    return isinstance(value, Integral) and least <= int(value) and (most is None or int(value) <= most)


class GlassBox(Manners, ABC):
    """What every estimator shares."""

    max_bins: int
    minimum_bin: int
    pairs: int
    bands: int
    monotone: Mapping[Any, int] | None
    categories: Sequence[Any] | None
    model_: Model

    @abstractmethod
    def _link(self) -> Link: ...

    def _plan(self, view: FeatureView) -> Plan:
        """What is to be fitted to these bins."""
        return Plan(
            sizes=tuple(binning.size for binning in view.binnings),
            ordered=tuple(binning.kind == "number" for binning in view.binnings),
            link=self._link(),
            pairs=self.pairs,
            bands=self.bands,
            directions=self._directions(view.binnings),
        )

    def _learn_view(
        self,
        table: InputTable,
        kept: Any,
        weight: NDArray[np.float64] | None,
        person: NDArray[np.intp] | None,
    ) -> tuple[FeatureView, tuple[NDArray[np.uint8], ...]]:
        as_category = {place_of(name, table.names) for name in self.categories or ()}
        counted = None if weight is None else weight / min(1.0, float(weight.min()))
        binnings, codes = [], []
        for place, name in enumerate(table.names):
            number = table.is_number(place) and place not in as_category
            values = table.values(place)[kept]
            if not number and place not in as_category:
                known = [value for value in values.tolist() if value is not None]
                refuse_free_text(name, len(set(known)), len(known))
            binnings.append(
                learn_binning(
                    name, values, kind="number" if number else "category", max_bins=self.max_bins,
                    minimum_bin=self.minimum_bin, weight=counted, person=person,
                )
            )  # fmt: skip
            codes.append(encode(binnings[-1], values))
        return view_of("", tuple(binnings)), tuple(codes)

    def _check_parameters(self) -> None:
        bounds = (
            (self.max_bins, 2, _MOST_BINS),
            (self.minimum_bin, 1, None),
            (self.pairs, 0, None),
            (self.bands, 2, 100),
        )
        if not all(_is_whole_within(*bound) for bound in bounds):
            raise InputError(
                "estimator-parameter",
                "A parameter of the estimator is out of range, or no whole number.",
                rule=f"max_bins is 2 to {_MOST_BINS}, minimum_bin at least 1, pairs at least 0, bands 2 to 100",
                remedy="set it with set_params",
            )

    def _remember(self, names: Sequence[str], *, named: bool) -> None:
        self.n_features_in_ = len(names)
        self.__dict__.pop("feature_names_in_", None)
        if named:
            self.feature_names_in_ = np.array(names, dtype=object)

    def _directions(self, binnings: Sequence[Binning]) -> tuple[int, ...]:
        names = [binning.name for binning in binnings]
        if not isinstance(self.monotone, Mapping | None):
            raise InputError(
                "estimator-monotone",
                "monotone= is not a mapping of columns to directions.",
                rule="a direction is 1 (never falls) or -1 (never rises), for a column of numbers",
                remedy="write it as {'age': 1}, or {0: 1} for the first column of an array",
            )
        ways = {place_of(name, names): way for name, way in (self.monotone or {}).items()}
        for place, way in ways.items():
            if way not in (-1, 0, 1) or (way and binnings[place].kind != "number"):
                raise InputError(
                    "estimator-monotone",
                    f"Column {names[place]!r} cannot have the direction {way!r}.",
                    rule="a direction is 1 (never falls) or -1 (never rises), for a column of numbers",
                    remedy="take it out of monotone=, or give the column as numbers",
                )
        return tuple(ways.get(place, 0) for place in range(len(names))) if any(ways.values()) else ()

    @property
    def shapes_(self) -> dict[str, TermShape]:
        """Shape of each term, with its interval for each bin."""
        return {shape.name: shape for shape in self._fitted().shapes[""]}

    @property
    def intercept_(self) -> float:
        """Score of an average row."""
        model = self._fitted()
        return int(model.base[0]) * model.unit

    def _fitted(self) -> Model:
        if not hasattr(self, "model_"):
            raise not_fitted(type(self).__name__)
        return self.model_

    def _codes(self, X: Any) -> tuple[NDArray[np.uint8], ...]:  # noqa: N803
        model = self._fitted()
        table = read_table(X)
        expected = getattr(self, "feature_names_in_", None)
        if table.named and expected is not None:
            check_names(table.names, expected.tolist())
        elif expected is not None and not table.named:
            warnings.warn(
                f"X does not have valid feature names, but {type(self).__name__} was fitted with feature names",
                stacklevel=4,
            )
        if len(table.names) != self.n_features_in_:
            raise InputError(
                "data-features",
                f"X has {len(table.names)} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input.",
                rule="a model reads the columns that it was fitted on",
                remedy="give the same columns in the same order",
            )
        check_rows(table.rows, len(table.names), 1)
        return tuple(encode(binning, table.values(place)) for place, binning in enumerate(model.view.binnings))

    def _scores(self, X: Any) -> NDArray[np.int64]:  # noqa: N803
        """Whole multiples of the model's unit."""
        codes = self._codes(X)
        total = np.full(len(codes[0]), self.model_.base[0], np.int64)
        for table, code in zip(self.model_.tables, self.model_.term_codes(codes), strict=True):
            total += table[0].take(code)
        return total

    def explain(self, X: Any) -> Any:  # noqa: N803
        """Exact contributions: ``base`` and one column per term, in whole multiples of ``model_.unit``.

        Returns:
            the same kind of frame (int64[n, 1 + terms] for an array). A row adds up to its score, nothing left over.
        """
        codes = self._codes(X)
        parts = contributions(self.model_, codes, np.zeros(len(codes[0]), np.intp)).astype(np.int64)
        whole = np.concatenate([np.full((len(parts), 1), self.model_.base[0]), parts], axis=1)
        if not read_table(X).named:
            return whole
        return frame_like(X, {name: whole[:, t] for t, name in enumerate(("base", *self.model_.terms))})

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator as JSON; `load` gives the same predictions to the bit."""
        learned = {"features": getattr(self, "feature_names_in_", np.array([])), "classes": vars(self).get("classes_")}
        write_estimator(path, type(self).__name__, self.get_params(), learned, self._fitted())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            DataError: it is not such a file.
            LedgerError: the model in it was altered.
        """
        parameters, learned, model = read_estimator(path, cls.__name__)
        made = cls().set_params(**parameters)
        made.model_ = model
        names = learned["features"]
        made._remember(names or [binning.name for binning in model.view.binnings], named=bool(names))
        if learned["classes"] is not None:
            made.__dict__["classes_"] = np.array(learned["classes"])
        return made

    def _repr_html_(self) -> str:
        return card(repr(self), getattr(self, "model_", None))
