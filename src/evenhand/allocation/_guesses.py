"""Which groups the solver has to guess at all, and which it need not.

Codes can tell a few kinds of groups apart well, or many kinds badly: every guess more makes the cells coarser for the
others. So only the groups of limits that the outcome without blind limits breaks are guessed, and others when they
break on the way. Then each is left out again to see whether all limits hold without that guess, for no less value.
Limits count as out of reach only where the cells made for all of these, for each alone, and for all declared fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ._blind import Counts, Held, Missed, Search, search
from ._problem import Problem
from ._settle import Settled
from ._shortfall import nearer
from ._wall import holds
from .solver import Comparison, Kind, relaxed

__all__ = ["Guessing"]

_MANY, _SEVERAL = 50_000, 4
"""Of more people, or more kinds of groups, only guesses that came to have no price are left out again."""

_Guesses = frozenset[Kind]


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of one set of guesses.

    Attributes:
        value: micro-money; None where not every limit was kept.
        part: bool[L], the comparisons that took part.
        priced: the kinds of groups that have a price.
    """

    value: int | None
    part: NDArray[np.bool_]
    priced: _Guesses


class Guessing:
    """Looks for decisions that keep every limit.

    Args:
        make: lays the batch out for some guesses.
        comparisons: in the order of the rows, with the bounds to keep.
        count: true numbers of selected people, for each comparison.
        plain: those of the outcome without blind limits.
        seed: see `Search`.
    """

    def __init__(
        self,
        make: Callable[[tuple[Comparison, ...]], Problem],
        comparisons: list[Comparison],
        count: Callable[[Problem, Settled], Counts],
        plain: Counts,
        seed: int,
    ) -> None:
        self._make, self._comparisons, self._count = make, comparisons, count
        self._plain, self._seed = plain, seed
        self._tried: dict[_Guesses, _Tried] = {}
        self._guess: dict[Kind, Comparison] = {}
        self._best: Held | None = None
        self._reached: dict[str, float] = {}
        self._people = 0

    def best(self) -> Held | Missed:
        """The most valuable decisions found that keep every limit; or how near any came."""
        broken = [not holds(c, people) for c, people in zip(self._comparisons, self._plain, strict=True)]
        asked = self._named(broken)
        while True:
            found = self._try(asked)
            more = asked | self._named(found.part)
            if more == asked:
                break
            asked = more
        if self._best is not None:
            self._leave_out(asked)
            return self._best
        for kind in sorted(asked):
            self._try(frozenset({kind}))
        self._try(self._named([True] * len(self._comparisons)))
        return self._best or Missed(self._reached, found.part)

    def _leave_out(self, asked: _Guesses) -> None:
        """Leave out one guess after the other, as long as that costs nothing."""
        while len(asked) > 1:
            all_of_them = self._people <= _MANY and len(asked) <= _SEVERAL
            now = self._tried[asked]
            fewer = [asked - {kind} for kind in sorted(asked if all_of_them else asked - now.priced)]
            values = [self._try(guesses, is_alone=True).value for guesses in fewer]
            kept = [(value, guesses) for value, guesses in zip(values, fewer, strict=True) if value is not None]
            if not kept:
                return
            value, asked = max(kept, key=lambda one: one[0])
            if now.value is not None and value < now.value:
                return

    def _named(self, which: NDArray[np.bool_] | list[bool]) -> _Guesses:
        """The kinds of groups of these comparisons, where they are blind; the first to name a kind is its guess."""
        named = [
            comparison
            for comparison, is_named in zip(self._comparisons, which, strict=True)
            if is_named and comparison.is_guessed
        ]
        for comparison in named:
            self._guess.setdefault(comparison.kind, comparison)
        return frozenset(comparison.kind for comparison in named)

    def _try(self, guesses: _Guesses, *, is_alone: bool = False) -> _Tried:
        """Search with the cells that these guesses make; the best outcome is remembered, for equal value that of the
        fewest guesses."""
        if guesses in self._tried:
            return self._tried[guesses]
        problem = self._make(tuple(self._guess[kind] for kind in sorted(guesses)))
        problem = replace(problem, rows=relaxed(problem.rows, self._comparisons))
        self._people = problem.nest.people
        guessed = np.array([c.is_guessed and c.kind in guesses for c in self._comparisons], dtype=bool)

        def count(settled: Settled) -> Counts:
            return self._count(problem, settled)

        found = search(Search(problem, self._comparisons, guessed, count, self._seed, is_alone), self._plain)
        if isinstance(found, Missed):
            self._reached = nearer(self._comparisons, self._reached, found.reached)
            self._tried[guesses] = _Tried(None, found.part, guesses)
        else:
            self._tried[guesses] = _Tried(found.settled.value, found.part, self._priced(found))
            if self._best is None or found.settled.value >= self._best.settled.value + (len(guesses) > 1):
                self._best = found
        return self._tried[guesses]

    def _priced(self, found: Held) -> _Guesses:
        """The kinds of groups that some row with a price tells apart."""
        taking = [c for c, takes_part in zip(self._comparisons, found.part, strict=True) if takes_part]
        rows, solved = found.rows, found.settled.solved
        worth_naming = max(0.5, 0.01 * solved.beta)
        pairs = zip(rows.comparison.tolist(), solved.dual.tolist(), strict=True)
        return frozenset(taking[number].kind for number, price in pairs if number >= 0 and price >= worth_naming)
