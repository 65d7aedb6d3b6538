"""What an offer was measured to change, in a few lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["increment_lines"]


def increment_lines(summary: dict[str, Any]) -> Iterator[str]:
    """One line per offer on rows kept apart, and one where nobody is selected; nothing where responses decide."""
    for one in summary["measured"]:
        if one["increment"] is None:
            yield f"offer {one['offer']}: too few rows held out to measure it on ({one['rows']:,})"
            continue
        value, lower, upper = (100 * part for part in one["increment"])
        line = f"offer {one['offer']}: changed responses by {value:+.2f} points ({lower:+.2f} to {upper:+.2f})"
        yield f"{line} on {one['rows']:,} rows held out{_order(one['qini'])}"
    selected = summary["funnel"][-1]["people"]
    worthwhile = summary["funnel"][-2]["people"]
    if summary["target"] == "increment" and not worthwhile and not selected:
        yield "nobody is selected: no offer is expected to change enough to be worth its cost"


def _order(qini: list[float] | None) -> str:
    if qini is None:
        return ""
    shown = "" if qini[1] > 0 else "; no better than a draw, as far as this shows"
    return f"; Qini {qini[0]:.3f} ({qini[1]:.3f} to {qini[2]:.3f}){shown}"
