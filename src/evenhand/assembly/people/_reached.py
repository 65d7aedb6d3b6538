"""How evenly a run reached the groups of its limits, as the people it decided about are told; and who was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from evenhand.portal import Fairness

__all__ = ["fairness_of"]


def fairness_of(limit: Mapping[str, Any], measured: date, meaning: Callable[[str], str]) -> Fairness | None:
    """One limit on who gets an offer; None where its report compares nobody.

    Args:
        limit: of the report's chapter on groups: only what was cleared to be told stands there.
        measured: the day.
        meaning: of a column, in the reader's language.
    """
    after: Mapping[str, Any] = limit.get("after") or {}
    rates, gaps = after.get("rates", ()), after.get("gaps", ())
    if not rates and not gaps:
        return None
    told = [gap for gap in gaps if gap.get("ratio") is not None]
    worst = min(told, key=lambda gap: gap["ratio"], default=None)
    unknown = [rate for rate in rates if rate["note"] == "unknown"]
    everybody, nobody_knows = _sum(rates, "rows"), _sum(unknown, "rows")
    got, best = _sum(unknown, "hits"), list(after.get("best") or ())
    bound = limit["bound"] if limit["measure"] == "selection_rate_ratio" else None
    return Fairness(
        groups=", ".join(map(meaning, limit["features"])),
        least=None if worst is None else worst["ratio"],
        lower=0.0 if worst is None else worst["ratio_lower"],
        upper=1.0 if worst is None else min(worst["ratio_upper"], 1.0),  # no group got more than the one with most
        bound=bound,
        measured=measured,
        compared=len(told),
        left_out=len(rates) - len(told) - len(unknown) if rates else 0,
        has_unknown=bool(unknown),
        unknown=nobody_knows / everybody if unknown and nobody_knows and everybody else None,
        unknown_rate=got / nobody_knows if got is not None and nobody_knows else None,
        most=next((rate["rate"] for rate in rates if rate["group"] == best), None),
    )


def _sum(rates: Any, of: str) -> int | None:
    """Of several groups; None where one of them is not told exactly."""
    found = [rate[of] for rate in rates]
    return None if None in found else sum(found)
