"""One additive fit, from rows to effects: main effects, the pairs that they leave over, declared directions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Link, Pair

from ._counts import Design, tally
from ._loss import Loss
from ._monotone import hold_directions
from ._newton import Solver
from ._pairs import bands_of, find_pairs
from ._penalty import Penalty, grid_penalty
from ._source import Chunk, RowSource, Source

__all__ = ["FittedTerms", "Plan", "fit_source", "fit_terms"]

_SETTLED, _SETTLED_JOINT = 0.3, 1.0
"""Degrees of freedom of a term that no longer matter, without pairs and with."""
_MOST_GRAIN = 24
_MANTISSA = 51
_PER_ROW = 1024.0
_EXPONENTS, _LOWEST = 160, -60
"""Powers of two that sizes are sorted into: from 2**-59 to 2**99."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be fitted.

    Attributes:
        sizes: number of codes of each feature, the three special ones included.
        ordered: True where codes 3, 4, 5 ... stand in order, so that neighbours should be alike.
        link: ``logit`` for 0/1 outcomes, ``identity`` for amounts, ``log`` for counts.
        pairs: at most so many joint terms are looked for.
        bands: at most so many bands of ordinary bins on either side of a pair.
        directions: per feature 1 (never falls), -1 (never rises) or 0; empty = all 0. A feature with a direction is in
            no pair.
        joint: per feature, whether it may be in a pair; empty = all may.
        smoothing: weight of each feature's penalty; None lets the data choose.
        people: how many people the rows are of; 0 = each row is somebody else's. Otherwise every chunk says whose its
            rows are, and curves, pairs and intervals allow for what the rows of one person have in common.
    """

    sizes: tuple[int, ...]
    ordered: tuple[bool, ...]
    link: Link = "logit"
    pairs: int = 0
    bands: int = 12
    directions: tuple[int, ...] = ()
    joint: tuple[bool, ...] = ()
    smoothing: tuple[float, ...] | None = None
    people: int = 0


@dataclass(frozen=True, slots=True)
class FittedTerms:
    """An additive fit, before it is centred and turned into integers.

    Attributes:
        intercept: in the unit of the predictor (logits; log means; the outcome's unit).
        effects: per term float64[size] by bin code (features, then pairs by joint code); 0 at WITHHELD.
        covariances: per term float64[size, size], of those effects (posterior; zero at WITHHELD).
        smoothing: per term, the smoothing weight.
        freedom: per term, effective degrees of freedom used.
        steps: looks at the rows that were needed.
        pairs: the joint terms.
        rows: per term float64[size], rows of each code (their weight, where they have one).
        spread: squared spread of the residuals where the link is ``identity``, else 1; times the excess where people
            have several rows.
    """

    intercept: float
    effects: tuple[NDArray[np.float64], ...]
    covariances: tuple[NDArray[np.float64], ...]
    smoothing: tuple[float, ...]
    freedom: tuple[float, ...]
    steps: int
    pairs: tuple[Pair, ...] = ()
    rows: tuple[NDArray[np.float64], ...] = ()
    spread: float = 1.0


def fit_terms(
    codes: tuple[NDArray[np.integer], ...],
    sizes: tuple[int, ...],
    ordered: tuple[bool, ...],
    outcome: NDArray[np.number],
    *,
    weight: NDArray[np.float64] | None = None,
    smoothing: tuple[float, ...] | None = None,
    link: Link = "logit",
    pairs: int = 0,
    directions: tuple[int, ...] = (),
) -> FittedTerms:
    """Fit ``predictor = intercept + sum of one effect per term and bin`` to rows in memory.

    Args:
        codes: per feature int[n], bin codes; none is WITHHELD.
        sizes: see `Plan`.
        ordered: see `Plan`.
        outcome: number[n]; 0 or 1, both present, for ``logit``; not negative for ``log``.
        weight: float64[n], above zero; None = one each.
        smoothing: see `Plan`.
        link: see `Plan`.
        pairs: see `Plan`.
        directions: see `Plan`.

    Returns:
        the fit; the same for any order of the rows.
    """
    plan = Plan(sizes, ordered, link, pairs, directions=directions, smoothing=smoothing)
    return fit_source(RowSource(tuple(codes), outcome, weight), plan)


def fit_source(source: Source, plan: Plan) -> FittedTerms:
    """Fit to rows that a source counts; see `fit_terms`."""
    design, mean = _laid_out(source, plan)
    penalties = tuple(
        Penalty.of_feature(size - 1, ordered=order) for size, order in zip(plan.sizes, plan.ordered, strict=True)
    )
    start = np.zeros(design.columns)
    start[0] = design.loss.start(mean)
    fixed = plan.smoothing is not None
    smoothing = np.array(plan.smoothing) if plan.smoothing is not None else Solver.first_smoothing(len(penalties))
    solver = Solver(source, design, penalties, smoothing, fixed=fixed, start=start, people=plan.people)
    solver.find_smoothing(_SETTLED)
    steps = 0
    joined = _with_pairs(source, plan, solver) if plan.pairs else None
    if joined is not None:
        steps, solver = solver.steps, joined
    solver.polish()
    if any(plan.directions):
        hold_directions(solver, plan.directions)
    return _result(source, solver, plan, steps)


def _laid_out(source: Source, plan: Plan) -> tuple[Design, float]:
    """The columns, with the grain that keeps every sum exact; and the mean outcome as the predictor sees it.

    Amounts are fitted as multiples of a power of two near their spread, counted from a round mean.
    """
    about = _Size.of(source, 0.0)
    grain = _grain(about.weight, about.largest)
    total = source.total(_MeanWork(grain)) / grain
    mean, shift, scale = float(total[0] / total[1]), 0.0, 1.0
    if plan.link == "identity":
        shift = math.ldexp(round(math.ldexp(mean, -about.exponent + 20)), about.exponent - 20)
        around = _Size.of(source, shift)
        scale = 2.0 ** round(math.log2(around.typical)) if around.typical > 0.0 else 1.0
        about = _Size(around.weight, around.largest / scale, 0, 0.0)
        mean = (mean - shift) / scale
    grain = _grain(about.weight, 1.0 if plan.link == "logit" else about.largest + 1.0)
    return Design(plan.sizes, (), (), grain, Loss(plan.link), shift, scale), mean


def _grain(weight: float, largest: float) -> float:
    return 2.0 ** min(_MOST_GRAIN, _MANTISSA - math.ceil(math.log2(max(weight * max(largest, 1.0), 2.0))))


def _with_pairs(source: Source, plan: Plan, main: Solver) -> Solver | None:
    """The fit with the joint terms that the main effects leave over; None where there are none."""
    counted = tally(source, main.design)
    blocks = main.design.blocks
    bands = tuple(
        bands_of(np.concatenate(([0.0], counted[block])), order, plan.bands)
        for block, order in zip(blocks, plan.ordered, strict=True)
    )
    free = tuple(
        (not plan.joint or plan.joint[t]) and (not plan.directions or not plan.directions[t])
        for t in range(len(plan.sizes))
    )
    pairs, cells = find_pairs(source, main.design, main.coefficients, bands, free, plan.pairs, main.spread)
    if not pairs:
        return None
    plain: Design = main.design
    design = replace(plain, pairs=tuple(pairs), cells=tuple(cells))
    orders = ((plan.ordered[pair.first], plan.ordered[pair.second]) for pair in pairs)
    penalties = (*main.terms, *map(grid_penalty, pairs, cells, orders))
    start = np.zeros(design.columns)
    start[: len(main.coefficients)] = main.coefficients
    smoothing = np.append(main.smoothing, Solver.first_smoothing(len(pairs)))
    solver = Solver(
        source, design, penalties, smoothing, fixed=main.fixed, start=start, kept=len(main.terms), people=plan.people
    )
    solver.find_smoothing(_SETTLED_JOINT)
    return solver


def _result(source: Source, solver: Solver, plan: Plan, steps: int) -> FittedTerms:
    """Effects by code, in the outcome's own unit, with their covariances and what was spent."""
    design, scale = solver.design, solver.design.scale
    counted = tally(source, design)
    effects, covariances, rows = [], [], []
    for t, block in enumerate(design.blocks):
        places = np.arange(-1, plan.sizes[t] - 1) if t < len(plan.sizes) else design.cells[t - len(plan.sizes)]
        effects.append(scale * np.append(solver.coefficients[block], 0.0)[places])
        padded = np.pad(solver.covariance(t), ((0, 1), (0, 1)))
        covariances.append(scale**2 * padded[np.ix_(places, places)])
        rows.append(np.append(counted[block], 0.0)[places])
    return FittedTerms(
        intercept=float(solver.coefficients[0]) * scale + design.shift,
        effects=tuple(effects),
        covariances=tuple(covariances),
        smoothing=tuple(solver.smoothing.tolist()),
        freedom=tuple(solver.freedom(t) for t in range(len(solver.terms))),
        steps=solver.steps + steps,
        pairs=design.pairs,
        rows=tuple(rows),
        spread=solver.spread * scale**2,
    )


@dataclass(frozen=True, slots=True)
class _Size:
    """How large outcomes and weights are, to a power of two: counts per exponent, which add up over any chunks.

    Attributes:
        weight: sum of the weights, at most twice too large.
        largest: largest absolute outcome, at most twice too large.
        exponent: of `largest`.
        typical: root mean square of the outcome, to a factor of two; 0 where all are zero.
    """

    weight: float
    largest: float
    exponent: int
    typical: float

    @classmethod
    def of(cls, source: Source, shift: float) -> _Size:
        outcome, weight = source.total(_ExponentWork(shift)).reshape(2, _EXPONENTS)
        power = 2.0 ** (np.arange(_EXPONENTS) + _LOWEST)
        power[0] = 0.0
        top = int(np.flatnonzero(outcome)[-1]) if outcome.any() else 0
        square = float((outcome * np.square(0.75 * power)).sum() / max(outcome.sum(), 1.0))
        return cls(float((weight * power).sum()), float(power[top]), top + _LOWEST, math.sqrt(square))


@dataclass(frozen=True, slots=True)
class _ExponentWork:
    """Weight (in 1/1024) per exponent of ``|outcome - shift|``, and rows per exponent of the weight."""

    shift: float

    def start(self) -> NDArray[np.float64]:
        return np.zeros(2 * _EXPONENTS)

    def add(self, counts: NDArray[np.float64], chunk: Chunk) -> None:
        weight = np.ones(len(chunk)) if chunk.weight is None else chunk.weight
        for part, numbers in enumerate((np.abs(chunk.outcome - self.shift), weight)):
            exponent = np.where(numbers > 0, np.frexp(numbers)[1] - _LOWEST, 0)
            exponent = np.clip(exponent, numbers > 0, _EXPONENTS - 1)
            times = np.maximum(np.rint(weight * _PER_ROW), 1.0) if part == 0 else None
            counts[part * _EXPONENTS : (part + 1) * _EXPONENTS] += np.bincount(exponent, times, _EXPONENTS)


@dataclass(frozen=True, slots=True)
class _MeanWork:
    """Weighted sum of the outcome, and of the weights."""

    grain: float

    def start(self) -> NDArray[np.float64]:
        return np.zeros(2)

    def add(self, counts: NDArray[np.float64], chunk: Chunk) -> None:
        weight = np.ones(len(chunk)) if chunk.weight is None else chunk.weight
        counts[0] += np.rint(np.rint(chunk.outcome * self.grain) * weight).sum()
        counts[1] += np.rint(weight * self.grain).sum()
