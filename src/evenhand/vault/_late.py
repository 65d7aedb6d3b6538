"""A vault that nobody fills before a question comes: what is not asked about is not even looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import CountTable, TableQuestion, ToldTable

from ._vault import Groups, Vault

__all__ = ["LateVault"]

T = TypeVar("T")


class LateVault:
    """As `Vault`, filled with the first question. Implements `terms.GroupCounts` and `allocation.Wall`.

    Args:
        features: names of its sensitive columns.
        fill: makes the vault; called once, or never.

    Example:
        >>> late = LateVault(("sex",), lambda: Vault({"sex": ["f"] * 12}, np.ones(12, dtype=bool)))
        >>> late.features, late.count(("sex",), np.zeros(12, dtype=int), 1, why="example").counts.tolist()
        (('sex',), [[12]])
    """

    __slots__ = ("__fill", "__vault", "features")

    def __init__(self, features: tuple[str, ...], fill: Callable[[], Vault]) -> None:
        self.features = features
        self.__fill: Callable[[], Vault] | None = fill
        self.__vault: Vault | None = None

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """Count people per group and per code; see `Vault.count`."""
        return self.__filled().count(features, codes, size, why=why)

    def release(self, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
        """Tables that may be told together; see `Vault.release`."""
        return self.__filled().release(questions, why=why)

    def inside(self, features: tuple[str, ...], work: Callable[[NDArray[np.int32], Groups], T], *, why: str) -> T:
        """Run `work` behind the wall; see `Vault.inside`, which says who may."""
        vault = self.__filled()
        handed_on = vault.inside
        return handed_on(features, work, why=why)

    def __repr__(self) -> str:
        return f"LateVault(features={self.features})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            "A vault cannot be copied or pickled. Rule: only counts leave it. To do: ask it for counts where it is."
        )

    def __filled(self) -> Vault:
        if self.__vault is None:
            assert self.__fill is not None
            self.__vault, self.__fill = self.__fill(), None
        return self.__vault
