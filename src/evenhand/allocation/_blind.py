"""Blind limits: solve with expected shares, count the true groups behind the wall, correct the bounds, solve again.

Expected shares need not be right. What is added to each row's bound is the difference between the group's true count
and the expected one, so at the fixed point the true limit holds although no decision has seen a group: the counts act
through prices only. A comparison takes part from the moment at which its true counts break it. Until then the problem
is solved as if it had not been declared: a limit that holds by itself costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._problem import Problem
from ._settle import Settled, settle
from ._shortfall import allows_all, figures, nearer, short_of, shortfall
from ._wall import figure, holds
from .solver import Comparison, Rows, Solved

__all__ = ["Held", "Missed", "Search", "search"]

_ROUNDS, _STEADY = 32, 20
_REFINED = 200_000
_SPARE = 0.005
_NEAR = 0.02
"""A limit that is short by no more than this is all but kept. Then a blind rule can do nearly the whole correction at
once; with a smaller one the last people are never found."""
_HOPELESS, _PATIENCE, _PROGRESS = 0.05, 8, 0.005
"""The search ends early where the shortfall is more than the first and has not fallen by the last in so many rounds."""

Counts = list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Held:
    """Decisions that keep every limit.

    Attributes:
        problem: the people by the cells that were found with.
        settled: the outcome.
        rows: the limits that take part, with the bounds that it was found with.
        part: bool[L], the comparisons that take part.
        selected: true counts of selected people, for each comparison.
    """

    problem: Problem
    settled: Settled
    rows: Rows
    part: NDArray[np.bool_]
    selected: Counts


@dataclass(frozen=True, slots=True)
class Missed:
    """Not all limits could be kept with these cells.

    Attributes:
        reached: the figure of each limit in the round that came nearest to holding all of them at once.
        part: bool[L], the comparisons that took part.
    """

    reached: dict[str, float]
    part: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Search:
    """One problem, with cells that some guesses made.

    Attributes:
        problem: people by cell, and the rows of all comparisons.
        comparisons: in the order of the rows.
        guessed: bool[L], the comparisons whose groups the cells were made to tell apart.
        count: true numbers of selected people, for each comparison.
        seed: for the small seeded nudges that are tried where correcting alone goes in circles (small groups).
        is_alone: whether to give up where the guessed ones hold and another does not, rather than take it in.
    """

    problem: Problem
    comparisons: list[Comparison]
    guessed: NDArray[np.bool_]
    count: Callable[[Settled], Counts]
    seed: int
    is_alone: bool

    @property
    def aware(self) -> NDArray[np.bool_]:
        """bool[L], the comparisons that true groups keep."""
        return np.array([c.limit.mode == "aware" for c in self.comparisons], dtype=bool)

    def rows_of(self, part: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """bool[K], the rows of these comparisons, and of no comparison."""
        return np.append(part, True)[self.problem.rows.comparison]

    def settle(self, rows: Rows, part: NDArray[np.bool_], start: Solved | None) -> Settled:
        """Whole decisions under these rows, which are those of `part`."""
        taking = [c for c, takes_part in zip(self.comparisons, part, strict=True) if takes_part]
        problem = self.problem
        return settle(problem.nest, rows, taking, problem.scale, start, is_near=start is not None)

    def carried(self, solved: Solved, old: NDArray[np.bool_], new: NDArray[np.bool_]) -> Solved:
        """Prices of the rows of `old`, as a start for those of `new`."""
        dual, level = np.zeros(len(self.problem.rows)), np.full(len(old), 0.5)
        dual[self.rows_of(old)], level[old] = solved.dual, solved.level
        return Solved(dual[self.rows_of(new)], level[new], solved.beta)

    def kept(self, selected: Counts) -> NDArray[np.bool_]:
        """bool[L], whether each comparison holds."""
        return np.array([holds(c, people) for c, people in zip(self.comparisons, selected, strict=True)], dtype=bool)

    def short(self, selected: Counts, heeded: NDArray[np.bool_]) -> float:
        """See `shortfall`; over the comparisons in `heeded`."""
        pairs = zip(self.comparisons, selected, strict=True)
        return shortfall(pair for pair, is_heeded in zip(pairs, heeded, strict=True) if is_heeded)


def search(ask: Search, plain: Counts) -> Held | Missed:
    """Correct the bounds, round after round, until every comparison holds on true counts.

    Those that were guessed come first; another takes part once it is broken where these hold.

    Args:
        ask: the problem.
        plain: true counts of the outcome without blind limits.
    """
    rows = ask.problem.rows
    part, heeded = ask.aware, ask.aware | ask.guessed
    shift, margin = np.zeros(len(rows)), np.zeros(len(ask.comparisons))
    failed: NDArray[np.float64] | None = None
    latest: Settled | None = None
    selected, kept, nearest = plain, ask.kept(plain), figures(ask.comparisons, plain)
    rng = np.random.default_rng(ask.seed)
    short, best, fell = ask.short(plain, heeded), np.inf, 0
    for turn in range(_ROUNDS):
        if short < best - _PROGRESS:
            best, fell = short, turn
        elif best > _HOPELESS and turn - fell >= _PATIENCE:
            break
        if latest is not None:  # what to correct shows once the limits have taken part
            # the whole correction at once asks for more than any blind rule can do, and then prices run away
            shift = _correct(ask, shift, latest, selected, margin, 0.8 if short <= _NEAR else 0.4)
        before, part = part, part | (heeded & ~kept)
        if turn >= _STEADY and latest is not None:
            shift = shift + _nudge(ask, rng, latest, part, turn)
        corrected = rows.shifted(shift).taking(part)
        latest = ask.settle(corrected, part, None if latest is None else ask.carried(latest.free, before, part))
        selected = ask.count(latest)
        kept, short = ask.kept(selected), ask.short(selected, heeded)
        if kept[heeded].all():
            held = Held(ask.problem, latest, corrected, part, selected)
            done = _done(ask, held, failed, shift, heeded)
            if done is not None:
                return done
            if ask.is_alone:
                break
            heeded = heeded | ~kept
            short, best, fell = ask.short(selected, heeded), np.inf, turn
        nearest = nearer(ask.comparisons, nearest, figures(ask.comparisons, selected))
        failed = shift
        margin += np.where(kept, 0, 0.0 if turn < 3 else 0.35)
    return Missed(nearest or {c.limit.id: allows_all(c) for c in ask.comparisons if not c.is_void}, part)


def _done(
    ask: Search, held: Held, failed: NDArray[np.float64] | None, shift: NDArray[np.float64], heeded: NDArray[np.bool_]
) -> Held | None:
    """The outcome, refined as far as that is worth it; None where it breaks a limit that was not heeded so far."""
    if failed is None or (len(held.settled.choice) > _REFINED and not _is_beyond(ask, held)):
        return held if ask.kept(held.selected).all() else None
    found = _refined(ask, held, failed, shift, heeded)
    if not ask.kept(found.selected).all() and ask.kept(held.selected).all():
        found = _refined(ask, held, failed, shift, np.ones_like(heeded))
    return found if ask.kept(found.selected).all() else None


def _correct(
    ask: Search,
    shift: NDArray[np.float64],
    settled: Settled,
    selected: Counts,
    margin: NDArray[np.float64],
    pace: float,
) -> NDArray[np.float64]:
    """Move each blind row's bound by the difference between the true and the expected count, and a margin."""
    rows = ask.problem.rows
    expected = rows.used(settled.count)
    shift = shift.copy()
    for row in np.flatnonzero(_blind(rows)):
        number = rows.comparison[row]
        people, group = selected[number], int(rows.group[row])
        true = float(people[group] if group < len(people) else people.sum()) / ask.comparisons[number].typical
        excess = (true if rows.is_upper[row] else -true) - expected[row]
        shift[row] += pace * (-excess - margin[number] - shift[row])
    return shift


def _blind(rows: Rows) -> NDArray[np.bool_]:
    """bool[K], the rows of blind limits."""
    return (rows.comparison >= 0) & ~rows.is_hard


def _nudge(
    ask: Search, rng: np.random.Generator, settled: Settled, part: NDArray[np.bool_], turn: int
) -> NDArray[np.float64]:
    """Random shifts of the blind rows, about as large as chance itself makes a group's count differ."""
    rows = ask.problem.rows
    size = np.sqrt(np.abs(rows.used(settled.count)) + 1) * 0.03 * (turn - _STEADY + 1)
    pushed = np.zeros(len(rows))
    taking = ask.rows_of(part)
    pushed[taking] = rng.normal(size=int(taking.sum()))
    return np.where(_blind(rows), pushed * size, 0.0)


def _refined(
    ask: Search,
    best: Held,
    failed: NDArray[np.float64],
    held: NDArray[np.float64],
    heeded: NDArray[np.bool_],
) -> Held:
    """Halve the way between the last bounds that failed and those that held; keep the most valuable that holds."""
    for _ in range(4):
        middle = (failed + held) / 2
        corrected = ask.problem.rows.shifted(middle).taking(best.part)
        settled = ask.settle(corrected, best.part, best.settled.free)
        selected = ask.count(settled)
        if not ask.kept(selected)[heeded].all():
            failed = middle
            continue
        held = middle
        if settled.value > best.settled.value:
            best = Held(best.problem, settled, corrected, best.part, selected)
    return best


def _is_beyond(ask: Search, held: Held) -> bool:
    """Whether every limit that takes part is kept with so much to spare that a better outcome is worth looking for."""
    spare = [
        -short_of(comparison, figure(comparison, people))
        for comparison, people, is_active in zip(ask.comparisons, held.selected, held.part, strict=True)
        if is_active and comparison.limit.mode == "blind"
    ]
    return min(spare, default=0.0) > _SPARE
