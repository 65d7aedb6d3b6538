"""Histories with one planted story each, for the audit's tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.disparity import Audit, Parts, audit, periods_of
from evenhand.terms import Binning, FeatureView
from evenhand.vault import Vault

SITES = ("north", "east", "south", "west")


@dataclass
class Story:
    """A history: groups, features as bins, outcome, order."""

    groups: dict[str, NDArray[np.str_]]
    binnings: list[Binning]
    codes: list[NDArray[np.uint8]]
    outcome: NDArray[np.uint8]
    order: NDArray[np.float64] | None = None

    def vault(self) -> Vault:
        """The groups behind the real wall."""
        groups = {name: values.tolist() for name, values in self.groups.items()}
        return Vault(groups, np.ones(len(self.outcome), dtype=bool))

    def audit(self, **options: object) -> Audit:
        """The audit of this history."""
        view = FeatureView("P", tuple(self.binnings), "0" * 64)
        periods: Parts | None = periods_of(self.order) if self.order is not None else None
        return audit(self.vault(), view, tuple(self.codes), self.outcome, periods=periods, **options)  # type: ignore[arg-type]


def null_story(seed: int, rows: int = 2_000) -> Story:
    """Nothing depends on anything: three sensitive columns, seven features, an order."""
    rng = np.random.default_rng(seed)
    binnings = [Binning(f"n{i}", "number", tuple(map(float, range(15)))) for i in range(4)]
    binnings += [Binning(f"c{i}", "category", categories=tuple("abcdefghi"[: 3 + 3 * i])) for i in range(3)]
    return Story(
        groups={
            "sex": rng.choice(np.array(["f", "m"]), rows),
            "age": rng.choice(np.array(list("abcde")), rows, p=[0.3, 0.3, 0.2, 0.15, 0.05]),
            "origin": rng.choice(np.array(list("wxyz")), rows, p=[0.7, 0.1, 0.1, 0.1]),
        },
        binnings=binnings,
        codes=[rng.integers(3, one.size, rows).astype(np.uint8) for one in binnings],
        outcome=(rng.random(rows) < 0.2).astype(np.uint8),
        order=rng.random(rows),
    )


def recruitment(seed: int = 3, *, within: float = 0.6, rows: int = 8_000) -> Story:
    """Women apply where most are hired, and are hired at `within` times the men's rate everywhere.

    With .6 the rate over all rows comes out almost even: the sites hide what happens inside each of them.
    """
    rng = np.random.default_rng(seed)
    woman = rng.random(rows) < 0.5
    share = np.where(woman[:, None], [0.05, 0.1, 0.25, 0.6], [0.35, 0.3, 0.25, 0.1])
    site = (rng.random(rows)[:, None] > share.cumsum(axis=1)).sum(axis=1)
    rate = np.array([0.1, 0.2, 0.35, 0.5])[site] * np.where(woman, within, 1.0)
    return Story(
        groups={"sex": np.where(woman, "woman", "man")},
        binnings=[Binning("site", "category", categories=SITES)],
        codes=[(3 + site).astype(np.uint8)],
        outcome=(rng.random(rows) < rate).astype(np.uint8),
    )
