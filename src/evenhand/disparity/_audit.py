"""The audit of the data before anything is learned from it: from counts per group only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import MISSING, DataError, FeatureView, Finding, GroupCounts, Severity, bin_labels

from ._association import Proxy, bins_auroc, proxy_table
from ._drift import Drift, PeriodRate, drift_of, period_rates
from ._findings import LEAK_AUROC, about_groups, about_leak, about_missing, about_outcome, about_proxy
from ._findings_columns import about_column, about_size, about_thin
from ._findings_parts import (
    about_drift,
    about_intersection,
    about_pairs,
    about_parts,
    about_periods,
    about_whole_view,
)
from ._hidden import told_shares
from ._impact import ImpactTable, impact_table
from ._rates import Comparison, compare, told_rates
from ._released import Together
from ._strata import Parts, Stratified, stratify
from ._together import PairProxy, WholeView, pair_proxies, whole_view

__all__ = ["Audit", "audit"]

_WHY = "data audit"
_MOST_PARTS = 60
_MOST_SENSITIVE = 3
_PAIR_WORK = 60_000_000
"""Pairs of features are looked at as long as questions times rows stay below this."""


@dataclass(frozen=True, slots=True, repr=False)
class Audit:
    """What the data say about groups before a model sees them.

    Attributes:
        rows: history rows looked at.
        outcome: per set of sensitive columns, the outcome rate of each group and how they compare.
        proxies: per feature and sensitive column, how well the one tells the other.
        missing: per feature with missing values and sensitive column, the rate at which each group misses it.
        outcome_auroc: per feature, how well its bins alone rank the outcome (0.5 to 1).
        findings: what a person should look at.
        too_thin: intersections in which fewer than two groups are large enough to judge.
        pairs: pairs of features that together tell a group more than the better one alone, most first.
        pairs_left_out: pairs that were not looked at, because there are too many for so many rows.
        whole_view: per sensitive column, what all features together tell.
        parts: per sensitive column, group and column of parts, the pooled gap beside the stratified one.
        periods: outcome rate per period; empty where the history has no order.
        groups_by_period: per sensitive column and period, the outcome rate of each group.
        drift: what changed from period to period, and what chance would give.
    """

    rows: int
    outcome: tuple[Comparison, ...]
    proxies: tuple[Proxy, ...]
    missing: Mapping[str, tuple[Comparison, ...]]
    outcome_auroc: Mapping[str, float]
    findings: tuple[Finding, ...]
    too_thin: tuple[tuple[str, ...], ...] = ()
    pairs: tuple[PairProxy, ...] = ()
    pairs_left_out: int = 0
    whole_view: tuple[WholeView, ...] = ()
    parts: tuple[Stratified, ...] = ()
    periods: tuple[PeriodRate, ...] = ()
    groups_by_period: tuple[tuple[str, Comparison], ...] = ()
    drift: tuple[Drift, ...] = ()

    def __repr__(self) -> str:
        counts = [(one, sum(finding.severity is one for finding in self.findings)) for one in reversed(Severity)]
        told = ", ".join(f"{count} {one.value}{'' if count == 1 else 's'}" for one, count in counts)
        return f"{type(self).__name__}({self.rows} rows: {told})"

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
            "too_thin": [list(features) for features in self.too_thin],
            "pairs": [pair.to_dict() for pair in self.pairs[:_MOST_PARTS]],
            "pairs_left_out": self.pairs_left_out,
            "whole_view": [one.to_dict() for one in self.whole_view],
            "parts": [one.to_dict() for one in self.parts],
            "periods": [one.to_dict() for one in self.periods],
            "groups_by_period": [
                {"period": period, **comparison.to_dict()} for period, comparison in self.groups_by_period
            ],
            "drift": [one.to_dict() for one in self.drift],
        }

    def to_json(self) -> str:
        """The audit as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)

    def impact_tables(self) -> tuple[ImpactTable, ...]:
        """The outcome as *selected*, per set of sensitive columns, in the shape of 6 RCNY 5-301; see `impact_table`."""
        return tuple(impact_table(one.features, one.rates) for one in self.outcome)

    def to_columns(self) -> dict[str, list[Any]]:
        """The rates of every group as columns of equal length, for any data frame library.

        One row per set of sensitive columns and group. `rows`, `hits` and `rate` are None where the wall does not
        show a number; `ratio` is None for groups that are not judged.
        """
        columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        for comparison in self.outcome:
            ratios = {gap.group: gap for gap in comparison.gaps}
            for rate in comparison.rates:
                gap = ratios.get(rate.group)
                ratio = float(gap.ratio) if gap is not None and gap.ratio is not None else None
                row = (
                    " & ".join(comparison.features),
                    " & ".join(rate.group),
                    *(rate.rows, rate.hits, rate.rate, rate.lower, rate.upper, ratio),
                    *((gap.ratio_lower, gap.ratio_upper, gap.below) if gap is not None else (None, None, None)),
                    rate.note,
                )
                for name, value in zip(_COLUMNS, row, strict=True):
                    columns[name].append(value)
        return columns


_COLUMNS = (
    *("features", "group", "rows", "hits", "rate", "lower", "upper"),
    *("ratio", "ratio_lower", "ratio_upper", "below", "note"),
)


@dataclass(frozen=True, slots=True)
class _Data:
    """What is audited, and how."""

    groups: GroupCounts
    view: FeatureView
    codes: tuple[NDArray[np.uint8], ...]
    outcome: NDArray[np.uint8]
    bound: Fraction
    minimum_size: int
    include_unknown: bool


def audit(
    groups: GroupCounts,
    view: FeatureView,
    codes: tuple[NDArray[np.uint8], ...],
    outcome: NDArray[np.uint8],
    *,
    intersections: Iterable[tuple[str, ...]] = (),
    parts: Sequence[Parts] = (),
    periods: Parts | None = None,
    learn_from: NDArray[np.bool_] | None = None,
    pair_questions: int = 300,
    bound: Fraction = Fraction(4, 5),
    minimum_size: int = 30,
    include_unknown: bool = False,
) -> Audit:
    """Audit history: skewed outcomes, proxies, uneven gaps, hidden parts, drift, small and unknown groups, leaks.

    Nothing but counts comes from the wall. Differences that it finds are differences in the data; whether one is
    justified, and what the law says of it, is for people.

    Args:
        groups: the wall over the history rows.
        view: the features, as bins.
        codes: per feature uint8[k], bin codes of the history rows, in the wall's row order.
        outcome: uint8[k], 1 = responded.
        intersections: sets of sensitive columns that are judged as single columns are. All other intersections of up
            to three columns are looked at too, and named only where they are far worse than single columns show.
        parts: columns to split the rows by, beside the category features: the offer, the site.
        periods: the rows' periods, from `periods_of`; None = the history has no order.
        learn_from: bool[k], rows from which to learn what the whole view tells about groups; the others judge it. A
            person's rows belong on one side. By default a fixed draw of half of the rows.
        pair_questions: most questions about pairs of features; fewer where there are many rows.
        bound: the impact ratio below which a gap is named.
        minimum_size: smaller groups are shown but not judged.
        include_unknown: also judge people whose group is unknown.

    Raises:
        DataError: codes and outcomes have different numbers of rows.
    """
    rows = len(outcome)
    sized = [*codes, *(part.codes for part in parts), *([periods.codes] if periods else [])]
    if len(codes) != len(view.binnings) or {len(column) for column in sized} - {rows}:
        raise DataError(
            "audit-shapes",
            "The bin codes, the view and the outcomes do not belong together.",
            rule="An audit needs one code per feature and one outcome for each history row.",
            remedy="Encode the history with the same view that is given to the audit.",
        )
    data = _Data(groups, view, codes, outcome, bound, minimum_size, include_unknown)
    if learn_from is None:
        learn_from = np.random.default_rng(0).random(rows) < 0.5
    declared = [tuple(several) for several in intersections]
    leaks = {
        binning.name: _outcome_auroc(column, outcome, binning.size)
        for binning, column in zip(view.binnings, codes, strict=True)
    }
    split = [*parts, *_own_parts(view, codes, leaks), *([periods] if periods else [])]
    told = Together(groups, f"{_WHY}: rates per group")
    for several in _compared(data, declared):
        told.ask(several, "outcome", outcome)
    for feature in groups.features:
        for binning, column in zip(view.binnings, codes, strict=True):
            if (column == MISSING).any():
                told.ask((feature,), f"missing {binning.name}", (column == MISSING).astype(np.uint8))
        for part in split:
            told.ask((feature,), "outcome", outcome, part)
    compared, thin, findings = _outcomes(data, declared, told)
    proxies, missing, about = _features(data, told)
    findings += [*about, *about_leak(leaks)]
    stratified, about = _in_parts(data, split, told)
    findings += about
    questions = min(pair_questions, _PAIR_WORK // max(1, rows))
    pairs, left_out = pair_proxies(
        groups, view, codes, proxies, minimum_size=minimum_size, questions=questions, why=f"{_WHY}: pairs of features"
    )
    whole = whole_view(groups, view, codes, learn_from, minimum_size=minimum_size, why=f"{_WHY}: all features together")
    findings += [*about_pairs(pairs, max(1, questions)), *(item for one in whole for item in about_whole_view(one))]
    rates, by_period, drift = _over_time(data, periods, told)
    findings += [*about_drift(drift), *about_periods(rates, drift, bound), *about_size(rows, minimum_size)]
    ordered = sorted(findings, key=lambda item: -item.severity.rank)
    return Audit(
        rows=rows,
        outcome=compared,
        proxies=proxies,
        missing=missing,
        outcome_auroc=leaks,
        findings=tuple(ordered),
        too_thin=thin,
        pairs=pairs,
        pairs_left_out=left_out,
        whole_view=whole,
        parts=stratified,
        periods=rates,
        groups_by_period=by_period,
        drift=drift,
    )


def _compared(data: _Data, declared: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Every sensitive column, every declared intersection, and every other one of up to three columns."""
    features = data.groups.features
    widest = len(features) if len(features) <= _MOST_SENSITIVE else 2
    others = [several for size in range(2, widest + 1) for several in combinations(features, size)]
    others = [several for several in others if frozenset(several) not in {frozenset(one) for one in declared}]
    return [*((feature,) for feature in features), *declared, *others]


def _outcomes(
    data: _Data, declared: Sequence[tuple[str, ...]], told: Together
) -> tuple[tuple[Comparison, ...], tuple[tuple[str, ...], ...], list[Finding]]:
    """Outcome rates per sensitive column, per declared intersection, and per other intersection of up to three."""
    several_of = _compared(data, declared)
    others = several_of[len(data.groups.features) + len(declared) :]
    findings: list[Finding] = []
    compared, thin, single = [], [], []
    for several in several_of:
        table = told.table(several, "outcome")
        rates = told_rates(table, minimum_size=data.minimum_size, include_unknown=data.include_unknown)
        comparison = compare(several, rates, data.bound)
        if len(several) == 1:
            single.append(comparison)
        if several in others:
            if comparison.best is None:
                thin.append(several)
                continue
            findings += about_intersection(comparison, single, len(others))
        else:
            findings += [*about_outcome(comparison), *about_groups(several, rates, data.minimum_size)]
        compared.append(comparison)
    return tuple(compared), tuple(thin), [*findings, *about_thin(thin)]


def _features(
    data: _Data, told: Together
) -> tuple[tuple[Proxy, ...], dict[str, tuple[Comparison, ...]], list[Finding]]:
    """Feature by feature: what it tells about groups, and where it is missing or empty."""
    proxies: list[Proxy] = []
    missing: dict[str, tuple[Comparison, ...]] = {}
    findings: list[Finding] = []
    for binning, column in zip(data.view.binnings, data.codes, strict=True):
        tables = [
            data.groups.count((feature,), column, binning.size, why=f"{_WHY}: {binning.name} per group")
            for feature in data.groups.features
        ]
        proxies += [proxy_table(binning.name, table, minimum_size=data.minimum_size) for table in tables]
        if (column == MISSING).any():
            missing[binning.name] = tuple(_missing(data, told, binning.name))
            findings += [item for one in missing[binning.name] for item in about_missing(binning.name, one)]
        findings += about_column(binning, column)
    findings += [item for proxy in proxies for item in about_proxy(proxy)]
    return tuple(proxies), missing, findings


def _missing(data: _Data, told: Together, name: str) -> Iterator[Comparison]:
    for feature in data.groups.features:
        table = told.table((feature,), f"missing {name}")
        rates = told_rates(table, minimum_size=data.minimum_size, include_unknown=data.include_unknown)
        yield compare(table.features, rates, data.bound)


def _outcome_auroc(column: NDArray[np.uint8], outcome: NDArray[np.uint8], size: int) -> float:
    places = column.astype(np.intp)
    hits = np.bincount(places, outcome, size)
    return bins_auroc(hits, np.bincount(places, minlength=size) - hits)


def _own_parts(view: FeatureView, codes: Sequence[NDArray[np.uint8]], leaks: Mapping[str, float]) -> list[Parts]:
    """The category features of few values, as columns of parts; but not one that knows the outcome."""
    found = []
    for binning, column in zip(view.binnings, codes, strict=True):
        used = np.unique(column)
        if binning.kind == "category" and leaks[binning.name] <= LEAK_AUROC and 2 <= len(used) <= _MOST_PARTS:
            labels = [label.text if label.text is not None else f"({label.kind})" for label in bin_labels(binning)]
            names = tuple(labels[code] for code in used.tolist())
            found.append(Parts(binning.name, np.searchsorted(used, column), names))
    return found


def _in_parts(data: _Data, split: Sequence[Parts], told: Together) -> tuple[tuple[Stratified, ...], list[Finding]]:
    """Every sensitive column within the parts of every column."""
    found = [
        stratify(
            data.groups,
            sensitive,
            parts,
            data.outcome,
            minimum_size=data.minimum_size,
            why=f"{_WHY}: outcome rate per group within {parts.name}",
            told=told.table((sensitive,), "outcome", parts),
        )
        for sensitive in data.groups.features
        for parts in split
    ]
    tests = max(1, sum(len(several) for several in found))
    findings = [item for several in found for item in about_parts(several, data.bound, tests)]
    between = [item for item in findings if item.measured["kind"] == "between"]
    extra = [item for item in between if item is not _most_moved(between, item.subject_matter)]
    return tuple(one for several in found for one in several), [item for item in findings if item not in extra]


def _most_moved(findings: Sequence[Finding], sensitive: str) -> Finding:
    """Of the notes that a gap lies between parts, the one for the column that takes most of it away."""
    own = [item for item in findings if item.subject_matter == sensitive]
    return max(own, key=lambda item: float(item.measured["within"]) / max(1e-9, float(item.measured["pooled"])))


def _over_time(
    data: _Data, periods: Parts | None, told: Together
) -> tuple[tuple[PeriodRate, ...], tuple[tuple[str, Comparison], ...], tuple[Drift, ...]]:
    """Outcome, groups and features from period to period."""
    if periods is None:
        return (), (), ()
    count, codes = len(periods.names), periods.codes.astype(np.intp)
    rates = period_rates(periods, data.outcome)
    outcome = np.array([(one.rows - one.hits, one.hits) for one in rates])
    drifts = [drift_of("outcome", "", outcome, periods.names)]
    compared = []
    for sensitive in data.groups.features:
        table = told.table((sensitive,), "outcome", periods)
        drifts.append(drift_of("group", sensitive, told_shares(table, periods.codes), periods.names))
        for part, name in enumerate(periods.names):
            rates_there = told_rates(table, part, minimum_size=data.minimum_size, include_unknown=data.include_unknown)
            compared.append((name, compare((sensitive,), rates_there, data.bound)))
    for binning, column in zip(data.view.binnings, data.codes, strict=True):
        joint = np.bincount(codes * binning.size + column, minlength=count * binning.size)
        drifts.append(drift_of("feature", binning.name, joint.reshape(count, binning.size), periods.names))
    return rates, tuple(compared), tuple(drifts)


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
