"""The tables of one audit, asked of the wall at once, so that no hidden number follows from several of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import GroupCounts, TableQuestion, ToldTable

from ._strata import Parts

__all__ = ["Together"]


class Together:
    """First every table is asked for, then they are told together.

    Args:
        groups: the wall.
        why: purpose of the questions.
    """

    def __init__(self, groups: GroupCounts, why: str) -> None:
        self._groups, self._why = groups, why
        self._asked: dict[tuple[tuple[str, ...], str, int], TableQuestion] = {}
        self._told: dict[tuple[tuple[str, ...], str, int], ToldTable] = {}

    def ask(
        self, features: tuple[str, ...], family: str, codes: NDArray[np.integer], parts: Parts | None = None
    ) -> None:
        """One table more: people and hits per group of `features`, and per part."""
        split, size = (None, 1) if parts is None else (parts.codes, len(parts.names))
        self._asked[features, family, id(parts)] = TableQuestion(features, codes, split, size, family)

    def table(self, features: tuple[str, ...], family: str, parts: Parts | None = None) -> ToldTable:
        """What may be told of a table that was asked for."""
        if not self._told:
            answers = self._groups.release(tuple(self._asked.values()), why=self._why)
            self._told = dict(zip(self._asked, answers, strict=True))
        return self._told[features, family, id(parts)]
