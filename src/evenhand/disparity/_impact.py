"""Impact ratios in the shape of New York City's rule on hiring tools (6 RCNY 5-301), in exact arithmetic."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._rates import UNKNOWN, GroupRate

__all__ = ["NOT_INDEPENDENT", "ImpactRow", "ImpactTable", "above_median", "impact_table"]

NOT_INDEPENDENT = (
    "Calculated by the organisation itself. This is not an independent audit and may not be published as one; "
    "6 RCNY 5-300 asks for an auditor who is independent of the tool and of its user."
)
"""Stands in every export; nothing switches it off."""


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """One category of the table.

    Attributes:
        category: its values, joined by `` / `` as the rule prints them.
        applicants: people; None where the wall does not show so few.
        chosen: people who were selected, or who scored above the median; None likewise.
        rate: the one over the other, exactly.
        ratio: the rate over that of the category with the highest one, exactly; None where it is left out or unknown.
        left_out: why it has no ratio: "", ``under-2-percent``, ``hidden`` or ``nobody``.
    """

    category: str
    applicants: int | None
    chosen: int | None
    rate: Fraction | None
    ratio: Fraction | None
    left_out: str


@dataclass(frozen=True, slots=True)
class ImpactTable:
    """Rates and impact ratios of the categories of one set of columns.

    Attributes:
        features: the columns, e.g. ``("sex", "race")`` for their intersection.
        kind: ``selection``, or ``scoring`` where `chosen` counts scores above the median of the full sample.
        rows: one per category.
        unknown: people whose category is not known; they are in no ratio. None where so few are hidden.
    """

    features: tuple[str, ...]
    kind: Literal["selection", "scoring"]
    rows: tuple[ImpactRow, ...]
    unknown: int | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ratios also as exact text."""
        return {
            "statement": NOT_INDEPENDENT,
            "independent_audit": False,
            "features": list(self.features),
            "kind": self.kind,
            "unknown": self.unknown,
            "rows": [
                {
                    "category": row.category,
                    "applicants": row.applicants,
                    "chosen": row.chosen,
                    "rate": None if row.rate is None else float(row.rate),
                    "ratio": None if row.ratio is None else float(row.ratio),
                    "ratio_exact": None if row.ratio is None else str(row.ratio),
                    "left_out": row.left_out,
                }
                for row in self.rows
            ],
        }

    def to_csv(self) -> str:
        """The table in the rule's shape, with the statement above it and the unknown below it."""
        sink = io.StringIO()
        out = csv.writer(sink, lineterminator="\n")
        scoring = self.kind == "scoring"
        out.writerow([NOT_INDEPENDENT])
        chosen = "# Above Median" if scoring else "# Selected"
        rate = "Scoring Rate" if scoring else "Selection Rate"
        out.writerow([" x ".join(self.features), "# of Applicants", chosen, rate, "Impact Ratio", "Left out because"])
        for row in self.rows:
            out.writerow(
                [
                    _safe(row.category),
                    "fewer than shown" if row.applicants is None else row.applicants,
                    "fewer than shown" if row.chosen is None else row.chosen,
                    "" if row.rate is None else _percent(row.rate),
                    "" if row.ratio is None else _decimals(row.ratio),
                    row.left_out,
                ]
            )
        unknown = "fewer than shown" if self.unknown is None else self.unknown
        out.writerow([f"Not in the calculations, because their category is unknown: {unknown}"])
        return sink.getvalue()


def impact_table(
    features: tuple[str, ...],
    rates: Iterable[GroupRate],
    *,
    kind: Literal["selection", "scoring"] = "selection",
    least_share: Fraction = Fraction(2, 100),
) -> ImpactTable:
    """Rates and exact impact ratios per category (RULES F-LL144).

    Args:
        features: the columns that make the categories.
        rates: as from `group_rates`, where the code counted is *selected* or *scored above the median*.
        kind: which of the two it is.
        least_share: a category of a smaller share of all people with a known category is left out of the ratios, with
            its numbers and the reason; zero leaves none out.

    Example:
        >>> def one(name, rows, hits):
        ...     return GroupRate((name,), rows, hits, hits, hits, 0.0, 1.0, "")
        >>> table = impact_table(("sex",), [one("Male", 1390, 667), one("Female", 1181, 555)])
        >>> [(row.category, row.ratio) for row in table.rows]
        [('Male', Fraction(1, 1)), ('Female', Fraction(771450, 787727))]
    """
    every = tuple(rates)
    known = [rate for rate in every if UNKNOWN not in rate.group]
    total = sum(rate.rows or 0 for rate in known)
    reasons = [_left_out(rate, total, least_share) for rate in known]
    shown = [_rate(rate) for rate in known]
    best = max((one for one, why in zip(shown, reasons, strict=True) if one is not None and not why), default=None)
    unknown = [rate.rows for rate in every if UNKNOWN in rate.group]
    return ImpactTable(
        features=features,
        kind=kind,
        rows=tuple(
            ImpactRow(
                category=" / ".join(rate.group),
                applicants=rate.rows,
                chosen=rate.hits,
                rate=one,
                ratio=one / best if one is not None and best and not why else None,
                left_out=why,
            )
            for rate, one, why in zip(known, shown, reasons, strict=True)
        ),
        unknown=None if None in unknown else sum(rows or 0 for rows in unknown),
    )


def above_median(scores: NDArray[np.floating[Any]] | NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """1 where a score lies above the median of the full sample, as the rule's scoring rate asks; ties are not above.

    Args:
        scores: [n], of everybody who was scored, also those whose category is unknown.

    Raises:
        ValueError: a score is missing or not finite, so that there is no median of the full sample.

    Example:
        >>> above_median(np.array([1, 5, 5, 9])).tolist()
        [0, 0, 0, 1]
    """
    if not len(scores) or not np.isfinite(scores).all():
        raise ValueError("the median needs a finite score of everybody; leave nobody out and fill no score in")
    ordered = np.sort(scores)
    lower, upper = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    if lower == upper:
        return np.asarray(scores > upper, dtype=np.uint8)
    return np.asarray(scores >= upper, dtype=np.uint8)  # the median lies between two scores


def _left_out(rate: GroupRate, total: int, least_share: Fraction) -> str:
    if rate.rows == 0:
        return "nobody"
    if rate.rows is None or Fraction(rate.rows, max(1, total)) < least_share:
        return "under-2-percent" if least_share else "hidden"
    return "hidden" if rate.hits is None else ""


def _rate(rate: GroupRate) -> Fraction | None:
    return Fraction(rate.hits, rate.rows) if rate.hits is not None and rate.rows else None


def _safe(text: str) -> str:
    """A text that a spreadsheet does not take for a formula."""
    return "'" + text if text[:1] in "=+-@\t\r" else text


def _percent(rate: Fraction) -> str:
    return f"{_decimals(rate * 100, 1)}%"


def _decimals(number: Fraction, digits: int = 3) -> str:
    """Rounded half up, from the exact number."""
    scaled = (number * 10**digits + Fraction(1, 2)).__floor__()
    return f"{scaled // 10**digits}.{scaled % 10**digits:0{digits}d}"
