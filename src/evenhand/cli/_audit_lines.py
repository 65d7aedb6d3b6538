"""The data audit in a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["audit_lines"]

_MOST_GROUPS = 6


def audit_lines(audit: dict[str, Any]) -> Iterator[str]:
    """Rates per sensitive column, what all features tell of it, and rates per period; nothing of an empty audit."""
    for comparison in audit.get("outcome", []):
        if len(comparison["features"]) == 1:
            yield f"outcome by {comparison['features'][0]}: " + _rates(comparison["rates"])
    crossed = sum(len(comparison["features"]) > 1 for comparison in audit.get("outcome", []))
    if crossed or audit.get("too_thin"):
        thin = len(audit.get("too_thin", []))
        yield f"intersections compared: {crossed}" + (f"; too thin to compare: {thin}" if thin else "")
    for view in audit.get("whole_view", []):
        if view["groups"]:
            best = max(view["groups"], key=lambda one: one["auroc"])
            told = f"AUROC {best['auroc']:.2f} ({best['lower']:.2f} to {best['upper']:.2f}) for '{best['group']}'"
            number = view["features"]
            who = f"all {number} features together tell" if number > 1 else "the one feature tells"
            yield f"how well {who} {view['sensitive']} (0.5: not at all): {told}"
    periods = audit.get("periods", [])
    if periods:
        ends = (
            f"{periods[0]['rate']:.1%} in {periods[0]['period']}, {periods[-1]['rate']:.1%} in {periods[-1]['period']}"
        )
        yield f"outcome over {len(periods)} periods: {ends}"


def _rates(rates: list[dict[str, Any]]) -> str:
    shown = [
        f"{' & '.join(rate['group'])} "
        + (
            f"{rate['lower']:.1%} to {rate['upper']:.1%}"
            if rate["rate"] is None
            else f"{rate['rate']:.1%} ({rate['lower']:.1%} to {rate['upper']:.1%})"
        )
        for rate in rates
        if rate["note"] != "too-small" and (rate["lower"], rate["upper"]) != (0.0, 1.0)
    ]
    more = f", {len(rates) - len(shown[:_MOST_GROUPS])} more" if len(rates) > len(shown[:_MOST_GROUPS]) else ""
    return (", ".join(shown[:_MOST_GROUPS]) or "no group is large enough, or can be told") + more
