"""How much privacy was lost: answers with Laplace and with Gaussian noise in one account, which never tells too little.

Without a delta there is Laplace noise only, and epsilons add up. With one every loss counts as a concentrated one, and
these add up: a pure loss of epsilon is half its square. So the account is one number against one bound that stood
before, which holds also where each question is chosen after the answers so far. Sources: Bun and Steinke 2016,
"Concentrated Differential Privacy", propositions 1.3 and 1.4 and lemma 1.7; Whitehouse, Ramdas, Rogers and Wu 2023,
"Fully-Adaptive Composition in Differential Privacy".
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from evenhand.terms import UsageError

__all__ = ["Budget", "Loss"]

_FINE = 1 << 40
_CARE = Fraction(1, 1 << 40)
"""More than floating-point arithmetic can be wrong by here; always taken to the safe side."""
_BEYOND = Fraction(1_000_000)
"""More than any budget: Gaussian answers where no delta is left to account for them."""
_LEAST_DELTA, _MOST_DELTA = Fraction(1, 10**15), Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Loss:
    """What one answer loses.

    Attributes:
        kind: ``laplace`` or ``gaussian``.
        size: the epsilon of Laplace noise, the rho of Gaussian noise.
    """

    kind: Literal["laplace", "gaussian"]
    size: Fraction

    @property
    def rho(self) -> Fraction:
        """As a concentrated loss."""
        return self.size if self.kind == "gaussian" else self.size * self.size / 2

    def __str__(self) -> str:
        """As it is kept."""
        return str(self.size) if self.kind == "laplace" else f"gaussian {self.size}"

    @classmethod
    def of(cls, text: str) -> Loss:
        """A loss as it was kept."""
        kind, _, size = text.rpartition(" ")
        return cls("gaussian" if kind else "laplace", Fraction(size))


@dataclass(frozen=True, slots=True)
class Budget:
    """What all answers about a column may lose together.

    Attributes:
        epsilon, delta: any answer, or all together, is at most ``exp(epsilon)`` times as likely with one person more or
            less, but for a chance of `delta`. With a delta of 0 there is Laplace noise only.

    Example:
        >>> budget = Budget(Fraction(1), Fraction(1, 10**6))
        >>> one = budget.gaussian(Fraction(1, 2))
        >>> budget.allows([one]), budget.allows([one] * 3), budget.allows([one] * 5)
        (True, True, False)
    """

    epsilon: Fraction
    delta: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if self.epsilon < 0 or (self.delta and not _LEAST_DELTA <= self.delta <= _MOST_DELTA):
            raise UsageError(
                "noise-budget",
                f"The budget is an epsilon of {float(self.epsilon):g} and a delta of {float(self.delta):g}.",
                rule="an epsilon is not below zero; a delta is 0, or far smaller than one over the number of people",
                remedy="name an epsilon such as 2, and a delta such as 1e-7",
            )

    def __str__(self) -> str:
        """As it is kept."""
        return f"{self.epsilon} {self.delta}" if self.delta else str(self.epsilon)

    @classmethod
    def of(cls, text: str) -> Budget:
        """A budget as it was kept."""
        epsilon, _, delta = text.partition(" ")
        return cls(Fraction(epsilon), Fraction(delta or 0))

    def gaussian(self, epsilon: Fraction) -> Loss:
        """The Gaussian noise of an answer that by itself is worth this epsilon, at the budget's delta.

        Raises:
            UsageError: the budget has no delta.
        """
        if not self.delta:
            raise UsageError(
                "noise-delta",
                "Gaussian noise needs a delta, and the budget has none.",
                rule="Gaussian noise keeps (epsilon, delta), never epsilon alone",
                remedy="decide on one: evenhand vault put ... --epsilon 2 --delta 1e-7; or use Laplace noise",
            )
        return Loss("gaussian", max(self._rho(epsilon), Fraction(1, 100_000_000)))

    def spent(self, losses: Iterable[Loss]) -> Fraction:
        """The epsilon of all these answers together, at the budget's delta; never less than it is."""
        several = list(losses)
        if not self.delta:
            is_pure = all(one.kind == "laplace" for one in several)
            return sum((one.size for one in several), Fraction(0)) if is_pure else _BEYOND
        rho = float(sum((one.rho for one in several), Fraction(0)))
        return Fraction(rho + 2 * math.sqrt(rho * self._log())) + (_CARE if several else 0)

    def allows(self, losses: Iterable[Loss]) -> bool:
        """Whether all these answers together stay within the budget."""
        return self.spent(losses) <= self.epsilon

    def _log(self) -> float:
        return math.log(1 / float(self.delta))

    def _rho(self, epsilon: Fraction) -> Fraction:
        """The largest concentrated loss that is worth no more than this epsilon: rounded down."""
        log = self._log()
        root = float(epsilon) / (math.sqrt(log + float(epsilon)) + math.sqrt(log))  # = sqrt(log + epsilon) - sqrt(log)
        return Fraction(math.floor(root * root * (1 - 1e-9) * _FINE), _FINE)
