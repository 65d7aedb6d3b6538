"""Blind limits: solve with expected shares, count the true groups behind the wall, correct the bounds, solve again.

Expected shares need not be right. What is added to each row's bound is the difference between the group's true count
and the expected one, so at the fixed point the true limit holds although no decision has seen a group: the counts act
through prices only. A limit takes part from the moment at which its true counts break it; one that holds by itself
never gets a price.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError

from ._comparisons import Comparison
from ._limits import Rows, relaxed
from ._nest import Nest
from ._settle import Settled, settle
from ._solve import Solved
from ._wall import figure, holds

__all__ = ["Held", "until_held"]

_ROUNDS, _STEADY = 32, 20
_REFINED = 200_000
_SPARE = 0.005
_NEAR = 0.02
"""A limit that is short by no more than this is all but kept. Then a blind rule can do nearly the whole correction at
once; with a smaller one the last people are never found."""
_HOPELESS, _PATIENCE, _PROGRESS = 0.05, 8, 0.005
"""The search ends early where the shortfall is more than the first and has not fallen by the last in so many rounds."""
_RATIOS = tuple(step / 20 for step in range(19, -1, -1))
_GAPS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_TRIED = (0, 1, 3)
"""Bounds tried as a relaxation, and in which order: round ones, so that another draw of the ties tells the same."""


@dataclass(frozen=True, slots=True)
class Held:
    """Decisions that keep every limit.

    Attributes:
        settled: the outcome.
        rows: the limits with the bounds that it was found with.
        plain: the outcome without any blind limit.
    """

    settled: Settled
    rows: Rows
    plain: Settled


@dataclass(frozen=True, slots=True)
class _Missed:
    """The best figure of each limit in the round that came nearest to holding all of them at once."""

    reached: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Search:
    """One problem.

    Attributes:
        loose: what is added to the bounds of a row that takes no part.
    """

    nest: Nest
    rows: Rows
    comparisons: list[Comparison]
    scale: float
    count: Callable[[Settled], list[NDArray[np.int64]]]
    seed: int
    loose: float

    @property
    def blind(self) -> NDArray[np.bool_]:
        """bool[K], the rows of blind limits."""
        return (self.rows.comparison >= 0) & ~self.rows.is_hard

    def corrected(self, shift: NDArray[np.float64], active: NDArray[np.bool_]) -> Rows:
        """The rows with shifted bounds; blind limits that take no part are too loose to matter."""
        idle = self.blind & ~active[self.rows.comparison]
        return self.rows.shifted(np.where(idle, self.loose, shift))

    def settle(self, rows: Rows, start: Solved | None, *, is_near: bool) -> Settled:
        """Whole decisions under these rows."""
        return settle(self.nest, rows, self.comparisons, self.scale, start, is_near=is_near)

    def kept(self, selected: list[NDArray[np.int64]]) -> NDArray[np.bool_]:
        """bool[L], whether each comparison holds."""
        return np.array([holds(c, people) for c, people in zip(self.comparisons, selected, strict=True)], dtype=bool)


def until_held(
    nest: Nest,
    rows: Rows,
    comparisons: list[Comparison],
    scale: float,
    count: Callable[[Settled], list[NDArray[np.int64]]],
    seed: int,
) -> Held:
    """Settle until every limit holds on true counts.

    Args:
        nest: everybody.
        rows: the limits, rows of blind ones on expected shares.
        comparisons: in the order of the rows.
        scale: see `scale_of`.
        count: true number of selected people per judged group, for each comparison.
        seed: for the small seeded nudges that are tried where correcting alone goes in circles (small groups).

    Raises:
        DataError: ``limit-unreachable``, with a relaxation that was tried and works.
    """
    ask = _Search(nest, rows, comparisons, scale, count, seed, 2.0 * nest.people + 2)
    idle = np.zeros(len(comparisons), dtype=bool)
    plain = ask.settle(ask.corrected(np.zeros(len(rows)), idle), None, is_near=False)
    found = _search(ask, plain, _ROUNDS)
    if isinstance(found, Held):
        return found
    raise _unreachable(comparisons, found, _relaxation(ask, plain, found))


def _search(ask: _Search, plain: Settled, rounds: int) -> Held | _Missed:
    """Correct the bounds, round after round, from the outcome without blind limits."""
    active = np.zeros(len(ask.comparisons), dtype=bool)
    shift, margin = np.zeros(len(ask.rows)), np.zeros(len(ask.comparisons))
    failed: NDArray[np.float64] | None = None
    latest = plain
    selected = ask.count(plain)
    kept = ask.kept(selected)
    if kept.all():
        return Held(plain, ask.corrected(shift, active), plain)
    nearest = _figures(ask.comparisons, selected)
    rng = np.random.default_rng(ask.seed)
    short, best, fell = _shortfall(ask, selected), np.inf, 0
    for turn in range(rounds):
        if short < best - _PROGRESS:
            best, fell = short, turn
        elif best > _HOPELESS and turn - fell >= _PATIENCE:
            break
        # the whole correction at once asks for more than any blind rule can do, and then prices run away
        pace = 0.8 if short <= _NEAR else 0.4
        if turn:  # what to correct shows once the limits have taken part
            shift = _correct(ask, shift, latest, selected, margin, pace)
        active |= ~kept
        if turn >= _STEADY:
            shift = shift + _nudge(ask, rng, latest, turn)
        corrected = ask.corrected(shift, active)
        latest = ask.settle(corrected, latest.free if turn else None, is_near=turn > 0)
        selected = ask.count(latest)
        kept, short = ask.kept(selected), _shortfall(ask, selected)
        if kept.all():
            held = Held(latest, corrected, plain)
            if failed is None or (len(latest.choice) > _REFINED and not _is_beyond(ask, active, selected)):
                return held
            return _refined(ask, held, failed, shift, active)
        nearest = _nearer(ask.comparisons, nearest, _figures(ask.comparisons, selected))
        failed = shift
        margin += np.where(kept, 0, 0.0 if turn < 3 else 0.35)
    return _Missed(nearest or {c.limit.id: _allows_all(c) for c in ask.comparisons if not c.is_void})


def _correct(
    ask: _Search,
    shift: NDArray[np.float64],
    settled: Settled,
    selected: list[NDArray[np.int64]],
    margin: NDArray[np.float64],
    pace: float,
) -> NDArray[np.float64]:
    """Move each blind row's bound by the difference between the true and the expected count, and a margin."""
    rows = ask.rows
    expected = rows.used(settled.count)
    shift = shift.copy()
    for row in np.flatnonzero(ask.blind):
        number = rows.comparison[row]
        people, group = selected[number], int(rows.group[row])
        true = float(people[group] if group < len(people) else people.sum()) / ask.comparisons[number].typical
        excess = (true if rows.is_upper[row] else -true) - expected[row]
        shift[row] += pace * (-excess - margin[number] - shift[row])
    return shift


def _shortfall(ask: _Search, selected: list[NDArray[np.int64]]) -> float:
    """How far the limit that is kept least is from its bound: as a ratio, or as a share of the highest rate."""
    worst = -np.inf
    for comparison, people in zip(ask.comparisons, selected, strict=True):
        if not comparison.is_void:
            highest = float((people / comparison.judged_over).max())
            scale = 1.0 if _is_ratio(comparison) or not highest else highest
            worst = max(worst, _short_of(comparison, figure(comparison, people)) / scale)
    return worst


def _nudge(ask: _Search, rng: np.random.Generator, settled: Settled, turn: int) -> NDArray[np.float64]:
    """Random shifts of the blind rows, about as large as chance itself makes a group's count differ."""
    size = np.sqrt(np.abs(ask.rows.used(settled.count)) + 1) * 0.03 * (turn - _STEADY + 1)
    return np.where(ask.blind, rng.normal(size=len(ask.rows)) * size, 0.0)


def _refined(
    ask: _Search, best: Held, failed: NDArray[np.float64], held: NDArray[np.float64], active: NDArray[np.bool_]
) -> Held:
    """Halve the way between the last bounds that failed and those that held; keep the most valuable that holds."""
    for _ in range(4):
        middle = (failed + held) / 2
        corrected = ask.corrected(middle, active)
        settled = ask.settle(corrected, best.settled.free, is_near=True)
        if not ask.kept(ask.count(settled)).all():
            failed = middle
            continue
        held = middle
        if settled.value > best.settled.value:
            best = Held(settled, corrected, best.plain)
    return best


def _is_beyond(ask: _Search, active: NDArray[np.bool_], selected: list[NDArray[np.int64]]) -> bool:
    """Whether every limit that takes part is kept with so much to spare that a better outcome is worth looking for."""
    spare = [
        -_short_of(comparison, figure(comparison, people))
        for comparison, people, is_active in zip(ask.comparisons, selected, active, strict=True)
        if is_active
    ]
    return min(spare, default=0.0) > _SPARE


def _is_ratio(comparison: Comparison) -> bool:
    return comparison.limit.measure.is_least


def _allows_all(comparison: Comparison) -> float:
    """The bound that allows every difference."""
    return 0.0 if _is_ratio(comparison) else 1.0


def _figures(comparisons: list[Comparison], selected: list[NDArray[np.int64]]) -> dict[str, float]:
    """The worst figure of each limit that compares something; nothing where nobody is selected."""
    worst: dict[str, float] = {}
    if any(people.any() for people in selected):
        for comparison, people in zip(comparisons, selected, strict=True):
            if comparison.is_void:
                continue
            reached, name = figure(comparison, people), comparison.limit.id
            worse = min if _is_ratio(comparison) else max
            worst[name] = worse(worst.get(name, reached), reached)
    return worst


def _nearer(comparisons: list[Comparison], one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    """Whichever round is less far from holding in its worst limit."""

    def short(reached: dict[str, float]) -> float:
        judged = [c for c in comparisons if c.limit.id in reached]
        return max((_short_of(c, reached[c.limit.id]) for c in judged), default=np.inf)

    return other if short(other) < short(one) else one


def _short_of(comparison: Comparison, reached: float) -> float:
    """How far the figure is from the bound; below zero where it holds."""
    return comparison.limit.bound - reached if _is_ratio(comparison) else reached - comparison.limit.bound


def _relaxation(ask: _Search, plain: Settled, missed: _Missed) -> dict[str, float]:
    """Round bounds, by limit, with which the same search ends well: the first of a few, each farther out.

    The search is deterministic, so a campaign with these bounds in place of its own is decided.
    """
    missing = {
        comparison.limit.id: comparison
        for comparison in ask.comparisons
        if comparison.limit.mode == "blind"
        and comparison.limit.id in missed.reached
        and _short_of(comparison, missed.reached[comparison.limit.id]) > 0
    }
    for step in _TRIED:
        bounds = {name: _rounder(missed.reached[name], step, ratio=_is_ratio(one)) for name, one in missing.items()}
        comparisons = [
            replace(c, limit=c.limit.model_copy(update={"bound": bounds.get(c.limit.id, c.limit.bound)}))
            for c in ask.comparisons
        ]
        eased = replace(ask, rows=relaxed(ask.rows, comparisons), comparisons=comparisons)
        if isinstance(_search(eased, plain, _STEADY), Held):
            return bounds
    return {c.limit.id: _allows_all(c) for c in ask.comparisons if c.limit.mode == "blind" and not c.is_void}


def _rounder(reached: float, step: int, *, ratio: bool) -> float:
    """A round bound that is looser than the figure reached; the nearest one, or so many steps farther."""
    if ratio:
        looser = [bound for bound in _RATIOS if bound <= reached - 0.01]
    else:
        looser = [bound for bound in _GAPS if bound >= 1.05 * reached]
    return looser[min(step, len(looser) - 1)] if looser else (0.0 if ratio else 1.0)


def _unreachable(comparisons: list[Comparison], missed: _Missed, bounds: dict[str, float]) -> DataError:
    of = {comparison.limit.id: comparison.limit for comparison in comparisons}
    told = [
        f"Limit {name} ({of[name].measure.value}, bound {of[name].bound:g}) could not be kept without looking at "
        f"groups: the best blind allocation that was found reaches about {missed.reached[name]:.2g}."
        for name in bounds
    ]
    if all(bound == (0.0 if of[name].measure.is_least else 1.0) for name, bound in bounds.items()):
        way = f"Leave out {' and '.join(bounds)}, or relax far: no nearer bound that was tried could be kept. Or"
    else:
        eased = " and ".join(f"the bound of {name} to {bound:g}" for name, bound in bounds.items())
        way = f"Relax {eased} (tried{' together' if len(bounds) > 1 else ''}, and it can be kept), or"
    return DataError(
        "limit-unreachable",
        " ".join(told),
        rule="a hard limit is never broken (F-45)",
        remedy=f"{way} declare mode aware with its necessity, or add features that tell the groups apart less sharply, "
        "or raise minimum_size if a very small group is judged.",
    )
