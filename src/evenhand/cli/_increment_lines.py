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
        yield f"{line} on {one['rows']:,} rows held out"
        yield from _order(one)
    selected = summary["funnel"][-1]["people"]
    worthwhile = summary["funnel"][-2]["people"]
    if summary["target"] == "increment" and worthwhile == 0 and selected == 0:
        yield "nobody is selected: no offer is expected to change enough to be worth its cost"


def _order(one: dict[str, Any]) -> Iterator[str]:
    """How well people are put in order, and how well an order by response would do."""
    if one["qini"] is None:
        return
    shown = "" if one["qini"][1] > 0 else ": not shown to be better than a draw"
    yield f"offer {one['offer']}: order by change, Qini {_interval(one['qini'])}{shown}"
    if one["qini_by_response"] is not None:
        better = " (better here)" if one["qini_by_response"][0] > one["qini"][0] else ""
        yield f"offer {one['offer']}: order by response, Qini {_interval(one['qini_by_response'])}{better}"


def _interval(value: list[float]) -> str:
    return f"{value[0]:.3f} ({value[1]:.3f} to {value[2]:.3f})"
