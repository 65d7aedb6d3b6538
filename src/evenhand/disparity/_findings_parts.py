"""What the deeper looks found, in words: parts that pooled rates hide, pairs, the whole view, intersections, drift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from evenhand.terms import Finding, Severity

from ._chance import FALSE_ALARM, beyond
from ._drift import Drift, PeriodRate
from ._findings import PROXY_AUROC
from ._rates import Comparison
from ._strata import Stratified, worst_parts
from ._together import PairProxy, WholeView

__all__ = ["about_drift", "about_intersection", "about_pairs", "about_parts", "about_periods", "about_whole_view"]

MATERIAL = 0.1
"""Pooled and stratified ratios that differ by less than this part are not told apart."""
MUCH_LOWER = 0.8
"""A part, or an intersection, is told apart where its ratio is below this part of the ratio that is told anyway."""
PAIR_GAIN = 0.05
"""A pair of features is named where its AUROC is higher by so much than that of the better one alone."""
STABILITY = 0.1
"""From this population stability index on (chance taken off) a change is named; it is the customary first step."""
MUCH_CHANGED = 0.25
"""From here on it weighs as a warning; the customary second step."""
_MOST_NAMED = 5


def about_parts(found: Sequence[Stratified], bound: Fraction, tests: int) -> Iterator[Finding]:
    """EH-DATA-008: the pooled rate hides, reverses or makes up what happens within the parts of a column.

    Args:
        found: of one sensitive column and one column of parts.
        bound: the impact ratio below which a gap is named.
        tests: comparisons of this kind in the whole audit.
    """
    told = [said for one in found if (said := _told(one, float(bound), tests)) is not None]
    if not told:
        return
    rank = ("reversed", "hidden", "uneven", "between")
    kind, one, part, ratio = min(told, key=lambda said: (rank.index(said[0]), said[3], said[1].group))
    pooled = one.pooled_ratio if one.pooled_ratio is not None else 0.0
    start = f"Over all rows the outcome rate of group '{one.group}' of {one.sensitive} is {pooled:.3f} times that of "
    within = f"the others; within the parts of '{one.column}' it is {one.ratio or 0.0:.3f} times"
    words = {
        "reversed": "the difference points the other way.",
        "hidden": "the pooled rate hides it.",
        "uneven": f"in part '{part}' it is {ratio:.3f} times.",
        "between": "the difference lies between the parts: in who is where.",
    }
    yield Finding(
        id="EH-DATA-008",
        severity=Severity.NOTE if kind == "between" else Severity.WARNING,
        what=f"{start}{within}: {words[kind]}",
        rule="F-45",
        remedy="Look at the rates per part before you believe the pooled one; ask how people come to be in which part."
        if kind == "between"
        else "Look at the rates per part, not the pooled one; find out how decisions were made there; set a limit.",
        subject_matter=one.sensitive,
        measured={
            "kind": kind,
            "group": one.group,
            "column": one.column,
            "pooled": round(pooled, 6),
            "within": round(one.ratio or 0.0, 6),
            "part": part,
            "part_ratio": round(ratio, 6),
        },
    )


def _told(one: Stratified, bound: float, tests: int) -> tuple[str, Stratified, str, float] | None:
    """The kind of story, whose, the worst part and its ratio; None where pooled and parts say the same."""
    if one.ratio is None or one.pooled_ratio is None or not one.pooled_ratio:
        return None
    sure = beyond(tests)
    worst = worst_parts(one, beyond(tests * max(1, len(one.parts)), sides=1), min(bound, MUCH_LOWER * one.pooled_ratio))
    part, ratio = (worst[0].part, worst[0].ratio or 0.0) if worst else ("", one.ratio)
    apart = abs(one.ratio / one.pooled_ratio - 1) >= MATERIAL
    less_within = one.z < -sure and one.ratio <= 1 - MATERIAL and one.difference < 0
    if less_within and apart and one.pooled_difference > 0:
        return "reversed", one, part, ratio
    if less_within and apart and one.ratio < bound <= one.pooled_ratio:
        return "hidden", one, part, ratio
    if worst and one.unlike < FALSE_ALARM / tests:
        return "uneven", one, part, ratio
    if one.pooled_ratio < bound <= one.ratio and one.pooled_z < -sure and apart:
        return "between", one, part, ratio
    return None


def about_pairs(pairs: Sequence[PairProxy], tests: int) -> Iterator[Finding]:
    """EH-DATA-009: two features together tell a group much better than either alone."""
    sure = beyond(tests, sides=1)
    strong = [
        one
        for one in pairs
        if one.auroc >= PROXY_AUROC
        and one.auroc - one.single >= PAIR_GAIN
        and one.auroc - one.single > sure * one.error
    ]
    for one in strong[:_MOST_NAMED]:
        first, second = one.features
        yield Finding(
            id="EH-DATA-009",
            severity=Severity.WARNING,
            what=f"Features '{first}' and '{second}' together tell group '{one.group}' of {one.sensitive} "
            f"(AUROC {one.auroc:.2f}; the better one alone {one.single:.2f}).",
            rule="G-9",
            remedy="Do not keep both without a reason; watch the disparity limits.",
            subject_matter=first,
            measured={
                "sensitive": one.sensitive,
                "group": one.group,
                "second": second,
                "auroc": round(one.auroc, 6),
                "single": round(one.single, 6),
            },
        )


def about_whole_view(one: WholeView) -> Iterator[Finding]:
    """EH-DATA-010: all features together tell a group, whatever each tells alone."""
    certain = [told for told in one.groups if told.auroc >= PROXY_AUROC and told.lower > 0.5]
    if not certain:
        return
    best = max(certain, key=lambda told: (told.auroc, told.group))
    yield Finding(
        id="EH-DATA-010",
        severity=Severity.WARNING,
        what=f"All {one.features} features together tell group '{best.group}' of {one.sensitive} "
        f"(AUROC {best.auroc:.2f} on rows that this was not learned from).",
        rule="G-9",
        remedy="Do not trust that a model which sees no group ignores it; set a disparity limit and watch it.",
        subject_matter=one.sensitive,
        measured={"group": best.group, "auroc": round(best.auroc, 6), "features": one.features},
    )


def about_intersection(comparison: Comparison, singles: Sequence[Comparison], views: int) -> Iterator[Finding]:
    """EH-DATA-012: an intersection is much worse off than any single column shows."""
    lowest = [one.lowest_ratio for one in singles if set(one.features) < set(comparison.features)]
    shown = min([1.0, *(ratio for ratio in lowest if ratio is not None)])
    judged = {rate.group: rate for rate in comparison.rates if rate.judged}
    sure = beyond(views * max(1, len(judged) * (len(judged) - 1) // 2))
    best = judged.get(comparison.best or ())
    for gap in comparison.gaps:
        rate = judged[gap.group]
        if not gap.below or gap.ratio is None or best is None or float(gap.ratio) >= MUCH_LOWER * shown:
            continue
        if abs(_z(rate.fewest, rate.rows or 1, best.fewest, best.rows or 1)) < sure:
            continue
        name, group, other = (" & ".join(texts) for texts in (comparison.features, gap.group, comparison.best or ()))
        yield Finding(
            id="EH-DATA-012",
            severity=Severity.WARNING,
            what=f"The outcome rate of group '{group}' of {name} is {float(gap.ratio):.3f} times that of '{other}'; "
            f"the columns one by one show no ratio below {shown:.3f}.",
            rule="F-LL144",
            remedy="Declare a disparity limit on the intersection, not only on single columns.",
            subject_matter=name,
            measured={
                "group": group,
                "compared_with": other,
                "ratio": round(float(gap.ratio), 6),
                "shown": round(shown, 6),
            },
        )
        return


def _z(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    common = (hits + other_hits) / (rows + other_rows)
    variance = common * (1 - common) * (1 / rows + 1 / other_rows)
    return (hits / rows - other_hits / other_rows) / float(variance) ** 0.5 if variance > 0 else 0.0


def about_drift(drifts: Sequence[Drift]) -> Iterator[Finding]:
    """EH-DATA-011: a feature changed over time. EH-DATA-014: who is in the history changed."""
    for one in drifts:
        if one.kind == "outcome" or one.chance >= FALSE_ALARM / len(drifts) or one.stability < STABILITY:
            continue
        feature = one.kind == "feature"
        yield Finding(
            id="EH-DATA-011" if feature else "EH-DATA-014",
            severity=Severity.WARNING if one.stability >= MUCH_CHANGED else Severity.NOTE,
            what=(f"Feature '{one.subject}'" if feature else f"The share of the groups of {one.subject}")
            + f" changed over time, most in period {one.period} (stability index {one.stability:.2f}).",
            rule="A model learned from the past fits the present only as far as they are alike.",
            remedy="Find out what changed; learn from the later periods; evaluate on the last one."
            if feature
            else "Find out who came or went; look at the rates per period before you compare groups over all of them.",
            subject_matter=one.subject,
            measured={"period": one.period, "stability": round(one.stability, 6)},
        )


def about_periods(rates: Sequence[PeriodRate], drifts: Sequence[Drift], bound: Fraction) -> Iterator[Finding]:
    """EH-DATA-013: the outcome rate itself changed over time."""
    drift = next((one for one in drifts if one.kind == "outcome"), None)
    if drift is None or not rates or drift.chance >= FALSE_ALARM / len(drifts):
        return
    low, high = min(rates, key=lambda one: one.rate), max(rates, key=lambda one: one.rate)
    if Fraction(low.hits, low.rows) >= bound * Fraction(high.hits, high.rows):
        return
    yield Finding(
        id="EH-DATA-013",
        severity=Severity.WARNING,
        what=f"The outcome rate changed over time: {low.rate:.1%} in period {low.period}, {high.rate:.1%} in "
        f"{high.period}.",
        rule="A model learned from the past fits the present only as far as they are alike.",
        remedy="Find out what changed; hold out the last period for evaluation (history.order).",
        subject_matter="outcome",
        measured={
            "lowest": low.period,
            "highest": high.period,
            "lowest_rate": round(low.rate, 6),
            "highest_rate": round(high.rate, 6),
        },
    )
