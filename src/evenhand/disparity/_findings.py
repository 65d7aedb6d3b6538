"""What the audit found, in words: what, which rule, what to do; figures beside it, never a verdict on the law."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evenhand.terms import Finding, Severity

from ._association import Proxy
from ._rates import UNKNOWN, Comparison, GroupRate

__all__ = ["about_groups", "about_leak", "about_missing", "about_outcome", "about_proxy"]

MISSING_GAP = 0.05
"""A difference in missing values smaller than this share is not named."""
UNKNOWN_SHARE = 0.1
"""More people than this share with an unknown group are named."""
PROXY_AUROC = 0.7
"""A feature that ranks a group's people above others this well is named as a proxy."""
PROXY_V = 0.2
"""So is one with an association (Cramer's V) this strong: a yes/no feature can tell much with a modest AUROC."""
STRONG_PROXY_AUROC = 0.9
"""From here on it all but stands for the group."""
LEAK_AUROC = 0.99
"""A feature that alone ranks the outcome better than this cannot have been known before it."""


def about_outcome(comparison: Comparison) -> Iterator[Finding]:
    """EH-DATA-001: the recorded outcome itself differs between groups, so a model will learn the difference."""
    name = " & ".join(comparison.features)
    best = " & ".join(comparison.best or ())
    for gap in comparison.gaps:
        if not gap.below:
            continue
        group = " & ".join(gap.group)
        sure = gap.beyond_chance or gap.ratio is None
        measured: dict[str, float | int | str] = {"group": group, "compared_with": best}
        said = "is below"
        if gap.ratio is not None and gap.difference is not None:
            measured |= {"ratio": round(float(gap.ratio), 6), "difference": round(gap.difference, 6)}
            said = f"is {float(gap.ratio):.3f} times that of '{best}', below"
        chance = "" if sure else " With so few people this can be chance."
        yield Finding(
            id="EH-DATA-001",
            severity=Severity.WARNING if sure else Severity.NOTE,
            what=f"In the history the outcome rate of group '{group}' of {name} {said} {float(comparison.bound):.2f}."
            + chance,
            rule="F-45",
            remedy="Find out how the outcome came about; set a disparity limit; do not take the history for the truth.",
            subject_matter=name,
            measured=measured,
        )


def about_proxy(proxy: Proxy) -> Iterator[Finding]:
    """EH-DATA-002: a feature tells people's group."""
    named = [(value, group) for group, value in proxy.auroc if group != UNKNOWN]
    value, group = max(named, default=(0.0, ""))
    if not named or (value < PROXY_AUROC and (proxy.cramers_v or 0.0) < PROXY_V):
        return
    strong = value >= STRONG_PROXY_AUROC
    yield Finding(
        id="EH-DATA-002",
        severity=Severity.WARNING,
        what=f"Feature '{proxy.feature}' "
        + ("all but stands for" if strong else "tells much about")
        + f" group '{group}' of {proxy.sensitive} (AUROC {value:.2f}"
        + ("" if proxy.cramers_v is None else f", Cramer's V {proxy.cramers_v:.2f}")
        + ").",
        rule="G-9",
        remedy="Leave the feature out, or keep it with a reason and watch the disparity limits.",
        subject_matter=proxy.feature,
        measured={
            "sensitive": proxy.sensitive,
            "group": group,
            "auroc": round(value, 6),
            "cramers_v": round(proxy.cramers_v, 6) if proxy.cramers_v is not None else "not known",
        },
    )


def about_missing(feature: str, comparison: Comparison) -> Iterator[Finding]:
    """EH-DATA-003: values of a feature are missing more often in one group than in another."""
    rates = {rate.group: rate for rate in comparison.rates}
    for gap in comparison.gaps[:1]:
        if gap.difference is None or not gap.beyond_chance or -gap.difference < MISSING_GAP:
            continue
        least, most = " & ".join(gap.group), " & ".join(comparison.best or ())
        name = " & ".join(comparison.features)
        high, low = rates[comparison.best or ()].rate, rates[gap.group].rate
        yield Finding(
            id="EH-DATA-003",
            severity=Severity.WARNING,
            what=f"Feature '{feature}' is missing more often in group '{most}' than in '{least}' of {name}.",
            rule="G-5d",
            remedy="Find out why it is missing there; fill the gap at its source, or leave the feature out.",
            subject_matter=feature,
            measured={"sensitive": name, "missing_most": round(high or 0.0, 6), "missing_least": round(low or 0.0, 6)},
        )


def about_groups(features: tuple[str, ...], rates: tuple[GroupRate, ...], minimum_size: int) -> Iterator[Finding]:
    """EH-DATA-004: groups too small to judge. EH-DATA-006: many people whose group is unknown."""
    name = " & ".join(features)
    small = [rate for rate in rates if rate.note == "too-small"]
    if small:
        named = [
            " & ".join(rate.group) for rate in small if rate.rows is not None
        ]  # the value of a few people is theirs
        texts = [f"'{group}'" for group in named[:5]]
        texts += [f"{len(small) - len(texts)} more"] if named and len(small) > len(texts) else []
        shown = ": " + ", ".join(texts) if texts else ""
        yield Finding(
            id="EH-DATA-004",
            severity=Severity.NOTE,
            what=f"{len(small)} group(s) of {name} have fewer than {minimum_size} rows, or may have, "
            f"and are not judged{shown}.",
            rule="F-LL144",
            remedy="Judge them over a longer period, or together with a group that fits; they stay visible.",
            subject_matter=name,
            measured={"groups": len(small), "minimum_size": minimum_size},
        )
    known = sum(rate.rows or rate.fewest_rows or 0 for rate in rates)
    unknown = sum(rate.rows or rate.fewest_rows or 0 for rate in rates if UNKNOWN in rate.group)
    if known and unknown > UNKNOWN_SHARE * known:
        yield Finding(
            id="EH-DATA-006",
            severity=Severity.NOTE,
            what=f"{name} is unknown for {unknown / known:.0%} of the rows; differences may hide among them.",
            rule="F-LL144",
            remedy="Keep them as a group of their own in every report; do not guess their values.",
            subject_matter=name,
            measured={"unknown": unknown, "rows": known},
        )


def about_leak(leaks: Mapping[str, float]) -> Iterator[Finding]:
    """EH-DATA-005: a feature knows the outcome."""
    for feature, value in leaks.items():
        if value > LEAK_AUROC:
            yield Finding(
                id="EH-DATA-005",
                severity=Severity.ERROR,
                what=f"Feature '{feature}' alone "
                + ("separates the outcomes completely" if value == 1.0 else "tells the outcome almost perfectly")
                + f" (AUROC {value:.4f}).",
                rule="A feature must be known before the outcome; this one looks as if it was written down after it.",
                remedy="Set its role to forbidden, or show that its value is known when the decision is made.",
                subject_matter=feature,
                measured={"auroc": round(value, 6)},
            )
