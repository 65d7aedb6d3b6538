"""A mailing of which it is known what it changes: some buy anyway, some buy because of it, some are put off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mailing", "mailing"]


@dataclass(frozen=True, slots=True)
class Mailing:
    """Shoppers, who of them was sent the offer, and what came of it.

    Attributes:
        columns: by name, of n people: ``shopper`` (id), ``sex`` (two groups, alike in everything), ``visits`` (in a
            month), ``weeks_away`` (since the last visit), ``complained`` (yes or no), ``shown`` (``tea`` or ``none``)
            and ``bought`` (0 or 1).
        without, shown: float64[n], true chance of buying without the offer and with it.
    """

    columns: dict[str, NDArray[Any]]
    without: NDArray[np.float64]
    shown: NDArray[np.float64]

    @property
    def increment(self) -> NDArray[np.float64]:
        """float64[n], what the offer truly changes in the chance of buying."""
        return self.shown - self.without


def mailing(n: int, rng: np.random.Generator, *, follows: float = 0.0, first: int = 0) -> Mailing:
    """Draw `n` shoppers, half of whom were sent the offer.

    Who visits often buys anyway, by .70 at the most, and the offer adds nothing. Who stayed away for five to twelve
    weeks buys rarely, and the offer adds .16. Who complained is put off by .12. All of it lies in the columns.

    Args:
        n: number of people.
        rng: where all draws come from.
        follows: how far the mailing followed visits: 0 = who got it was drawn by lot; 1 = frequent visitors got it
            twice as often as others.
        first: number of the first id, so that two draws can have different people.

    Example:
        >>> world = mailing(5_000, np.random.default_rng(1))
        >>> loyal = world.columns["visits"] > 6
        >>> bool(world.without[loyal].mean() > 0.4), bool(abs(world.increment[loyal].mean()) < 0.03)
        (True, True)
    """
    visits = rng.poisson(rng.choice(np.array([1.0, 3.0, 8.0]), size=n)).astype(np.float64)
    away = np.round(rng.exponential(16.0 / (1.0 + visits)), 1)
    complained = rng.random(n) < 0.12
    without = np.clip(0.05 + 0.08 * visits, 0.0, 0.7) * np.where(away < 5.0, 1.0, 0.5)
    change = np.where((away >= 5.0) & (away < 12.0), 0.16, 0.0) - 0.12 * complained
    with_it = np.clip(without + change, 0.0, 1.0)
    often = visits > 4.0
    chance = 0.5 * np.where(often, 1.0 + follows / 3.0, 1.0 - follows / 3.0)
    is_shown = rng.random(n) < chance
    bought = rng.random(n) < np.where(is_shown, with_it, without)
    return Mailing(
        columns={
            "shopper": np.array([f"shopper-{first + number}" for number in range(n)]),
            "sex": rng.choice(np.array(["f", "m"]), n),
            "visits": visits,
            "weeks_away": away,
            "complained": np.where(complained, "yes", "no"),
            "shown": np.where(is_shown, "tea", "none"),
            "bought": bought.astype(np.uint8),
        },
        without=without,
        shown=with_it,
    )
