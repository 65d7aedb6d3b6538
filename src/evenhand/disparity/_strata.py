"""Does the pooled rate tell what happens in the parts? Stratified rates beside pooled ones (Simpson's paradox)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Z95, GroupCounts, TableQuestion, ToldTable, chi_square_tail

from ._hidden import told_estimates
from ._rates import UNKNOWN

__all__ = ["PartGap", "Parts", "Stratified", "stratify", "worst_parts"]

_FEWEST_IN_PART = 20
"""People that a part must have of the group and of the others, to be judged by itself."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A column that splits the rows into parts: sites, offers, periods.

    Attributes:
        name: what it is called.
        codes: integers [k], each row's part; -1 = not known.
        names: what each part is called.
    """

    name: str
    codes: NDArray[np.integer]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartGap:
    """One group beside all others within one part.

    Attributes:
        part: the part's name.
        rows, other_rows: people of the group and of the others.
        rate, other_rate: their outcome rates.
        ratio: the one over the other; None where the other is zero.
        z: how many standard errors the difference is from none; negative = the group has less.
    """

    part: str
    rows: int
    other_rows: int
    rate: float
    other_rate: float
    ratio: float | None
    z: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "part": self.part,
            "rows": self.rows,
            "other_rows": self.other_rows,
            "rate": self.rate,
            "other_rate": self.other_rate,
            "ratio": self.ratio,
            "z": self.z,
        }


@dataclass(frozen=True, slots=True)
class Stratified:
    """One group beside all other judged groups: pooled, and within the parts of a column.

    Attributes:
        sensitive, group: the group.
        column: what the rows are split by.
        pooled_ratio, pooled_difference, pooled_z: of the rates over all rows; the ratio is None without a rate beside.
        ratio, lower, upper: the ratio common to the parts (Mantel and Haenszel; interval of Greenland and Robins 1985).
        difference: the difference common to the parts.
        z: Cochran, Mantel and Haenszel's statistic, signed and as a z; negative = the group has less in the parts.
        unlike: chance of parts that differ so much in their gaps where all have the same (Cochran's Q).
        parts: those with enough people and no hidden number, lowest ratio first.
        hidden_cells: numbers that are told as a range; in the sums they were estimated.
    """

    sensitive: str
    group: str
    column: str
    pooled_ratio: float | None
    pooled_difference: float
    pooled_z: float
    ratio: float | None
    lower: float | None
    upper: float | None
    difference: float
    z: float
    unlike: float
    parts: tuple[PartGap, ...]
    hidden_cells: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "sensitive": self.sensitive,
            "group": self.group,
            "column": self.column,
            "pooled_ratio": self.pooled_ratio,
            "pooled_difference": self.pooled_difference,
            "ratio": self.ratio,
            "lower": self.lower,
            "upper": self.upper,
            "difference": self.difference,
            "z": self.z,
            "unlike": self.unlike,
            "parts": [part.to_dict() for part in self.parts],
            "hidden_cells": self.hidden_cells,
        }


def stratify(
    groups: GroupCounts,
    sensitive: str,
    parts: Parts,
    outcome: NDArray[np.uint8],
    *,
    minimum_size: int,
    why: str,
    told: ToldTable | None = None,
) -> tuple[Stratified, ...]:
    """Compare every judged group of a sensitive column with all others, pooled and within parts.

    Nothing enters it but what may be told of people and outcomes per group and part.

    Args:
        groups: the wall.
        sensitive: the sensitive column.
        parts: what the rows are split by.
        outcome: uint8[k], 1 = responded.
        minimum_size: smaller groups, and people whose group is unknown, are left out of both sides.
        why: purpose of the question.
        told: the table, where it is told together with others; None = ask the wall for it alone.

    Returns:
        One for each judged group, in the wall's order; nothing where fewer than two can be judged.
    """
    if told is None:
        told = groups.release([TableQuestion((sensitive,), outcome, parts.codes, len(parts.names))], why=why)[0]
    judged = [
        row
        for row, people in enumerate(told.people_least.sum(axis=1).tolist())
        if people >= minimum_size and told.groups[row][0] != UNKNOWN
    ]
    if len(judged) < 2:
        return ()
    people, hits = told_estimates(told, parts.codes, outcome)
    seen = ~told.hidden[judged]
    hidden = int(told.hidden[judged].sum())
    people, hits = people[judged], hits[judged]
    out = []
    for place, row in enumerate(judged):
        rest = [other for other in range(len(judged)) if other != place]
        out.append(
            _stratified(
                (sensitive, told.groups[row][0], parts),
                (hits[place], people[place], hits[rest].sum(axis=0), people[rest].sum(axis=0)),
                np.asarray(seen.all(axis=0)),
                hidden,
            )
        )
    return tuple(out)


def _stratified(
    about: tuple[str, str, Parts],
    counted: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
    seen: NDArray[np.bool_],
    hidden: int,
) -> Stratified:
    sensitive, group, parts = about
    hits, people, other_hits, other_people = counted
    pooled = _z(hits.sum(), people.sum(), other_hits.sum(), other_people.sum())
    rates = float(hits.sum() / people.sum()), float(other_hits.sum() / other_people.sum())
    usable = (people > 0) & (other_people > 0)
    ratio, lower, upper, difference, z = _mantel_haenszel(
        hits[usable], people[usable], other_hits[usable], other_people[usable]
    )
    enough = usable & (people >= _FEWEST_IN_PART) & (other_people >= _FEWEST_IN_PART)
    named = [
        _part(parts.names[place], *(float(column[place]) for column in counted))
        for place in np.flatnonzero(enough & seen).tolist()
    ]
    named.sort(key=lambda part: (part.ratio if part.ratio is not None else math.inf, part.part))
    return Stratified(
        sensitive=sensitive,
        group=group,
        column=parts.name,
        pooled_ratio=rates[0] / rates[1] if rates[1] else None,
        pooled_difference=rates[0] - rates[1],
        pooled_z=pooled,
        ratio=ratio,
        lower=lower,
        upper=upper,
        difference=difference,
        z=z,
        unlike=_unlike(*(column[enough] for column in counted)),
        parts=tuple(named),
        hidden_cells=hidden,
    )


def _mantel_haenszel(
    hits: NDArray[np.float64],
    people: NDArray[np.float64],
    other_hits: NDArray[np.float64],
    other_people: NDArray[np.float64],
) -> tuple[float | None, float | None, float | None, float, float]:
    """Common ratio with its interval, common difference and signed z."""
    all_people, all_hits = people + other_people, hits + other_hits
    weight = people * other_people / all_people
    if not weight.sum():
        return None, None, None, 0.0, 0.0
    difference = float(((hits * other_people - other_hits * people) / all_people).sum() / weight.sum())
    surplus = float((hits - all_hits * people / all_people).sum())
    spread = weight * all_hits * (all_people - all_hits) / (all_people * np.maximum(all_people - 1, 1))
    z = surplus / math.sqrt(spread.sum()) if spread.sum() > 0 else 0.0
    above = float((hits * other_people / all_people).sum())
    below = float((other_hits * people / all_people).sum())
    if above <= 0 or below <= 0:
        return (above / below if below > 0 else None), None, None, difference, z
    share = (all_hits * people * other_people - hits * other_hits * all_people) / np.square(all_people)
    error = math.sqrt(max(0.0, float(share.sum())) / (above * below))
    ratio = above / below
    return ratio, ratio * math.exp(-Z95 * error), ratio * math.exp(Z95 * error), difference, z


def _unlike(
    hits: NDArray[np.float64],
    people: NDArray[np.float64],
    other_hits: NDArray[np.float64],
    other_people: NDArray[np.float64],
) -> float:
    """Chance of so unlike gaps in the parts where all have the same: Cochran's Q of their differences."""
    if len(hits) < 2:
        return 1.0
    rate, other = hits / people, other_hits / other_people
    softened, other_softened = (hits + 1) / (people + 2), (other_hits + 1) / (other_people + 2)
    variance = softened * (1 - softened) / people + other_softened * (1 - other_softened) / other_people
    weight = 1.0 / variance
    gap = rate - other
    common = float((weight * gap).sum() / weight.sum())
    return chi_square_tail(float((weight * np.square(gap - common)).sum()), len(hits) - 1)


def _part(name: str, hits: float, people: float, other_hits: float, other_people: float) -> PartGap:
    rate, other = hits / people, other_hits / other_people
    return PartGap(
        part=name,
        rows=round(people),
        other_rows=round(other_people),
        rate=rate,
        other_rate=other,
        ratio=rate / other if other else None,
        z=_z(hits, people, other_hits, other_people),
    )


def _z(hits: float, people: float, other_hits: float, other_people: float) -> float:
    """Difference of two rates in standard errors under one common rate."""
    common = (hits + other_hits) / (people + other_people)
    variance = common * (1 - common) * (1 / people + 1 / other_people)
    return float((hits / people - other_hits / other_people) / math.sqrt(variance)) if variance > 0 else 0.0


def worst_parts(one: Stratified, z: float, bound: float) -> Sequence[PartGap]:
    """Parts in which the group is below `bound` beyond chance, lowest ratio first."""
    return [part for part in one.parts if part.ratio is not None and part.ratio < bound and part.z < -z]
