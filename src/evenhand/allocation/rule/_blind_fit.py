"""Fit a blind rule: shapes and prices from counts alone, everybody priced by shapes that they had no part in."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import DataError, GroupCounts, UsageError

from ._assessment import Assessment, assessed
from ._batch import Batch, batch_of, drawn
from ._blind_policy import BlindPolicy, PriceShape, checked_share
from ._blind_prices import Seeker, Trial, threshold_of
from ._demand import Demand, demand_of
from ._group_limits import GroupLimit
from ._price_shapes import learn_leans
from ._relaxations import UnreachableLimitError, relaxations
from ._yardsticks import Yardstick, survey_groups

__all__ = ["BlindFit", "Prepared", "assess_blind", "finished", "fit_blind", "prepared"]

_PARTS = 5
_MOST_TUNED = 400_000
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class BlindFit:
    """A blind rule with what it costs.

    Attributes:
        policy: the rule.
        shapes: the price shape of every judged group of every limit; their sum is the policy's tables.
        assessment: on the people that the prices were tuned on, each priced by shapes that they had no part in.
        margin_kept: whether the limits hold there with the whole margin asked for.
    """

    policy: BlindPolicy
    shapes: tuple[PriceShape, ...]
    assessment: Assessment
    margin_kept: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON: rule, shapes, counts."""
        return {
            "policy": self.policy.to_dict(),
            "shapes": [
                {
                    "limit": shape.limit,
                    "features": list(shape.features),
                    "group": list(shape.group),
                    "price": shape.price,
                    "tables": [table.tolist() for table in shape.tables],
                }
                for shape in self.shapes
            ],
            "assessment": self.assessment.to_dict(),
            "margin_kept": self.margin_kept,
        }


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that does not depend on the bounds."""

    batch: Batch
    wall: GroupCounts
    survey: dict[GroupLimit, list[Yardstick]]
    seeker: Seeker
    tuned: NDArray[np.bool_]
    terms: tuple[str, ...]
    errors: float
    floor: float | None

    def demand(self, bounds: NDArray[np.float64] | None = None, floor: float | None = None) -> Demand:
        """The rows at these bounds (default: the declared ones) and this tolerance of the floor."""
        declared = np.array([limit.bound for limit in self.survey], dtype=np.float64)
        tolerance = self.floor if floor is None else floor
        least = None
        if tolerance is not None:
            without = self.seeker.attempt(np.zeros(self.seeker.groups), np.zeros(0))
            least = (1.0 - tolerance) * without.hits / self.seeker.size
        return demand_of(self.survey, declared if bounds is None else bounds, self.seeker.size, least)


def fit_blind(
    codes: tuple[NDArray[np.uint8], ...],
    sizes: tuple[int, ...],
    value: NDArray[np.int64],
    wall: GroupCounts,
    limits: tuple[GroupLimit, ...],
    budget: float,
    *,
    outcome: NDArray[np.uint8] | None = None,
    benefit: NDArray[np.int64] | None = None,
    terms: tuple[str, ...] | None = None,
    seed: int = 0,
    margin: float = 1.0,
    new_people: int | None = None,
    floor: float | None = None,
) -> BlindFit:
    """Fit price shapes so that the limits hold for people who were not seen, although no decision sees a group.

    A draw that depends on what people look like puts each into one of five parts. Shapes are fitted five times, each
    time without one part, which they then price; the prices, which are the same for all, are tuned until the true
    groups, counted across the wall, keep the limits with a margin. The rule has the mean of the five shapes.

    Args:
        codes: per term uint8[n], bin codes, people in the wall's row order; use people on whom the value was not
            learned, where there are enough.
        sizes: number of codes of each term, the three special ones included.
        value: int64[n], what selecting each person is worth, micro-units (a score in micro-logits, or money).
        wall: the groups; only `count` is asked.
        limits: what must hold. None: all prices are 0.
        budget: share of people that may be selected, 0..1.
        outcome: uint8[n], 1 = has the outcome; for true-positive rates, and to say how many are captured.
        benefit: int64[n], what a selected person gains, micro-units; for expected benefit. It is counted in eight
            classes, finer where more is gained.
        terms: names of the terms; default ``term 0`` and so on.
        seed: of the draw.
        margin: how many standard errors the limits are tightened by, as far as they leave room; with more groups to
            compare they are widened, so that all comparisons hold together as surely as one would.
        new_people: where given, the errors are those of the rates in a new batch of so many people, and not only of
            the people tuned on.
        floor: where given, no judged group's rate may fall below its rate without limits, less this share of it:
            levelling up. Budgets that are spent in full leave little room for one.

    Raises:
        UsageError: arguments that do not fit.
        UnreachableLimitError: no prices were found; it holds the smallest relaxation of each limit.
        DataError: ``price-too-large``.
    """
    ready = prepared(
        codes, sizes, value, wall, limits, budget, outcome=outcome, benefit=benefit, terms=terms, seed=seed,
        margin=margin, new_people=new_people, floor=floor,
    )  # fmt: skip
    demand = ready.demand()
    trial = ready.seeker.seek(demand, ready.errors)
    fitted = finished(ready, demand, trial)
    if not (all(demand.held(trial.hits)) and demand.floors_held(trial.hits)):
        raise UnreachableLimitError(relaxations(ready.seeker, ready.demand, demand, ready.floor))
    return fitted


def prepared(
    codes: tuple[NDArray[np.uint8], ...], sizes: tuple[int, ...], value: NDArray[np.int64], wall: GroupCounts,
    limits: tuple[GroupLimit, ...], budget: float, *, outcome: NDArray[np.uint8] | None = None,
    benefit: NDArray[np.int64] | None = None, terms: tuple[str, ...] | None = None, seed: int = 0,
    margin: float = 1.0, new_people: int | None = None, floor: float | None = None,
) -> Prepared:  # fmt: skip
    """Part the people, count the groups and fit the shapes; see `fit_blind`."""
    batch = batch_of(codes, sizes, value, outcome, benefit)
    share = checked_share(budget)
    _check(batch, limits, terms, margin, new_people, floor)
    draw = drawn(batch, seed)
    tuned = np.ones(len(batch), dtype=bool)
    if len(batch) > _MOST_TUNED:
        tuned = draw <= np.partition(draw, _MOST_TUNED)[_MOST_TUNED]
    part = np.where(tuned, (draw >> np.uint64(32)) % np.uint64(_PARTS), -1).astype(np.int8)
    survey = survey_groups(batch, wall, limits, share * float(tuned.sum()) / max(1, len(batch)))
    yards = [yard for each in survey.values() for yard in each]
    leans = learn_leans(batch, part, _PARTS, wall, yards, "bins of a blind limit")
    rows = np.flatnonzero(tuned)
    rows = rows[np.argsort(draw[rows], kind="stable")]  # sums are taken in this order, whatever that of the rows was
    seeker = Seeker(batch, rows, part, wall, yards, leans, share)
    errors = margin * float(np.sqrt(1.0 + (tuned.sum() / new_people if new_people else 0.0)))
    errors *= _together(sum(max(0, len(yard.groups) - 1) for yard in yards))
    names = terms if terms is not None else tuple(f"term {number}" for number in range(len(sizes)))
    return Prepared(batch, wall, survey, seeker, tuned, names, errors, floor)


def _together(comparisons: int) -> float:
    """How much wider a margin has to be for so many comparisons to hold together as surely as one does by one error.

    For independent ones (Sidak 1967); 1 for one, 1.4 for two, 2.2 for twelve.
    """
    normal = NormalDist()
    return normal.inv_cdf(normal.cdf(1.0) ** (1.0 / comparisons)) if comparisons else 1.0


def _check(
    batch: Batch, limits: tuple[GroupLimit, ...], terms: tuple[str, ...] | None, margin: float,
    new_people: int | None, floor: float | None,
) -> None:  # fmt: skip
    ids = [limit.id for limit in limits]
    sound = (
        len(set(ids)) == len(ids)
        and (terms is None or len(terms) == len(batch.sizes))
        and 0.0 <= margin <= 10.0
        and (new_people is None or new_people > 0)
        and (floor is None or 0.0 <= floor <= 1.0)
    )
    if not sound:
        raise UsageError(
            "blind-arguments",
            f"Limits {ids}, margin {margin}, new_people {new_people} or floor {floor} cannot be used.",
            rule="limits have different ids, every term has a name, a margin is 0 to 10 standard errors, new_people is "
            "above 0, a floor's tolerance is a share",
            remedy="correct the argument",
        )


def finished(ready: Prepared, demand: Demand, trial: Trial) -> BlindFit:
    """The rule, its shapes and its assessment on the people that it was tuned on."""
    parts = ready.seeker.shapes(trial.price)
    whole = tuple(part.sum(axis=0) for part in parts)
    if any(len(table) and int(np.abs(table).max()) > _LARGEST for table in whole):
        raise DataError(
            "price-too-large",
            "A price shape does not fit into 32 bits.",
            rule="tables hold whole numbers below 2**31 micro-units",
            remedy="state values in larger units, or relax a bound that next to no value can meet",
        )
    tables = tuple(table.astype(np.int32) for table in whole)
    policy = BlindPolicy(ready.terms, tables, ready.seeker.threshold(tables), ready.seeker.budget)
    shapes, at = [], 0
    for limit, yards in ready.survey.items():
        for yard in yards:
            for group in yard.groups:
                own = tuple(np.clip(part[at], -_LARGEST, _LARGEST).astype(np.int32) for part in parts)
                shapes.append(PriceShape(limit.id, yard.features, group, float(trial.price[at]), own))
                at += 1
    batch = ready.batch
    before = batch.value > ready.seeker.base
    after = ready.seeker.chosen(trial)
    assessment = assessed(batch, ready.tuned, ready.wall, ready.survey, before, after)
    excess = demand.excess(trial.hits) + demand.margin(trial.hits, trial.square, ready.errors)
    return BlindFit(policy, tuple(shapes), assessment, bool((excess <= 1e-12).all()))


def assess_blind(
    policy: BlindPolicy,
    codes: tuple[NDArray[np.uint8], ...],
    value: NDArray[np.int64],
    wall: GroupCounts,
    limits: tuple[GroupLimit, ...],
    *,
    within: float | None = None,
    outcome: NDArray[np.uint8] | None = None,
    benefit: NDArray[np.int64] | None = None,
) -> Assessment:
    """A fitted rule on other people: who is reached, whether the limits hold, from counts across their wall.

    Args:
        policy: the rule.
        codes, value, outcome, benefit: of these people, see `fit_blind`.
        wall: their groups.
        limits: what is compared.
        within: None = selected by the rule's threshold; a share = the best so many of these people. The selection
            without limits has the same size.
    """
    sizes = tuple(len(table) for table in policy.tables)
    batch = batch_of(codes, sizes, value, outcome, benefit)
    after = policy.decide(batch.codes, batch.value, within=within)
    share = within if within is not None else float(after.mean()) if len(batch) else 0.0
    before = batch.value > threshold_of(batch.value, share)
    survey = survey_groups(batch, wall, limits, share)
    return assessed(batch, np.ones(len(batch), dtype=bool), wall, survey, before, after)
