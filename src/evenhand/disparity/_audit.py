"""The audit of the data before anything is learned from it: from counts per group only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import MISSING, CountTable, DataError, FeatureView, Finding, GroupCounts

from ._association import Proxy, bins_auroc, proxy_table
from ._findings import about_groups, about_leak, about_missing, about_outcome, about_proxy
from ._rates import Comparison, compare, group_rates

__all__ = ["Audit", "audit"]

_WHY = "data audit"


@dataclass(frozen=True, slots=True)
class Audit:
    """What the data say about groups before a model sees them.

    Attributes:
        rows: history rows looked at.
        outcome: per set of sensitive columns, the outcome rate of each group and how they compare.
        proxies: per feature and sensitive column, how well the one tells the other.
        missing: per feature with missing values and sensitive column, the rate at which each group misses it.
        outcome_auroc: per feature, how well its bins alone rank the outcome (0.5 to 1).
        findings: what a person should look at.
    """

    rows: int
    outcome: tuple[Comparison, ...]
    proxies: tuple[Proxy, ...]
    missing: Mapping[str, tuple[Comparison, ...]]
    outcome_auroc: Mapping[str, float]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """The audit as plain JSON values."""
        return {
            "rows": self.rows,
            "outcome": [comparison.to_dict() for comparison in self.outcome],
            "proxies": [proxy.to_dict() for proxy in self.proxies],
            "missing": {
                feature: [comparison.to_dict() for comparison in comparisons]
                for feature, comparisons in self.missing.items()
            },
            "outcome_auroc": dict(self.outcome_auroc),
            "findings": [_finding_to_dict(finding) for finding in self.findings],
        }


def audit(
    groups: GroupCounts,
    view: FeatureView,
    codes: tuple[NDArray[np.uint8], ...],
    outcome: NDArray[np.uint8],
    *,
    intersections: Iterable[tuple[str, ...]] = (),
    bound: Fraction = Fraction(4, 5),
    minimum_size: int = 30,
    include_unknown: bool = False,
) -> Audit:
    """Audit history: skewed outcomes, proxies, uneven gaps, small and unknown groups, features that know the outcome.

    Nothing but counts comes from the wall. Differences that it finds are differences in the data; whether one is
    justified, and what the law says of it, is for people.

    Args:
        groups: the wall over the history rows.
        view: the features, as bins.
        codes: per feature uint8[k], bin codes of the history rows, in the wall's row order.
        outcome: uint8[k], 1 = responded.
        intersections: sets of sensitive columns to compare together, beside each column by itself.
        bound: the impact ratio below which a gap is named.
        minimum_size: smaller groups are shown but not judged.
        include_unknown: also judge people whose group is unknown.

    Raises:
        DataError: codes and outcomes have different numbers of rows.
    """
    if len(codes) != len(view.binnings) or {len(column) for column in codes} - {len(outcome)}:
        raise DataError(
            "audit-shapes",
            "The bin codes, the view and the outcomes do not belong together.",
            rule="An audit needs one code per feature and one outcome for each history row.",
            remedy="Encode the history with the same view that is given to the audit.",
        )
    singles = [(feature,) for feature in groups.features]
    findings: list[Finding] = []
    outcomes = []
    for features in [*singles, *(tuple(several) for several in intersections)]:
        table = groups.count(features, outcome, 2, why=f"{_WHY}: outcome rate per group")
        rates = group_rates(table, 1, minimum_size=minimum_size, include_unknown=include_unknown)
        outcomes.append(compare(features, rates, bound))
        findings += [*about_outcome(outcomes[-1]), *about_groups(features, rates, minimum_size)]
    proxies: list[Proxy] = []
    missing: dict[str, tuple[Comparison, ...]] = {}
    leaks: dict[str, float] = {}
    for binning, column in zip(view.binnings, codes, strict=True):
        tables = [
            groups.count(features, column, binning.size, why=f"{_WHY}: {binning.name} per group")
            for features in singles
        ]
        proxies += [proxy_table(binning.name, table, minimum_size=minimum_size) for table in tables]
        if (column == MISSING).any():
            missing[binning.name] = tuple(_missing(table, bound, minimum_size, include_unknown) for table in tables)
            findings += [item for one in missing[binning.name] for item in about_missing(binning.name, one)]
        leaks[binning.name] = _outcome_auroc(column, outcome, binning.size)
    findings += [item for proxy in proxies for item in about_proxy(proxy)]
    findings += about_leak(leaks)
    ordered = sorted(findings, key=lambda item: -item.severity.rank)
    return Audit(len(outcome), tuple(outcomes), tuple(proxies), missing, leaks, tuple(ordered))


def _missing(table: CountTable, bound: Fraction, minimum_size: int, include_unknown: bool) -> Comparison:
    rates = group_rates(table, MISSING, minimum_size=minimum_size, include_unknown=include_unknown)
    return compare(table.features, rates, bound)


def _outcome_auroc(column: NDArray[np.uint8], outcome: NDArray[np.uint8], size: int) -> float:
    places = column.astype(np.intp)
    hits = np.bincount(places, outcome, size)
    return bins_auroc(hits, np.bincount(places, minlength=size) - hits)


def _finding_to_dict(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity.value,
        "what": finding.what,
        "rule": finding.rule,
        "remedy": finding.remedy,
        "subject_matter": finding.subject_matter,
        "measured": dict(finding.measured),
    }
