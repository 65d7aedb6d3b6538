"""A sweep of a limit as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["frontier_lines"]


_FIGURE = {
    "selection_rate_ratio": "lowest over highest rate",
    "selection_rate_difference": "highest less lowest rate",
    "selection_rate_ratio_to_mean": "lowest rate over that of all",
    "selection_rate_floor": "largest fall of a group's rate",
    "expected_benefit_ratio": "lowest over highest expected benefit",
    "expected_benefit_difference": "highest less lowest expected benefit",
    "expected_benefit_ratio_to_mean": "lowest expected benefit over that of all",
    "expected_benefit_floor": "largest fall of a group's expected benefit",
    "modelled_true_positive_ratio": "lowest over highest modelled true-positive rate",
    "modelled_true_positive_difference": "highest less lowest modelled true-positive rate",
    "modelled_true_positive_ratio_to_mean": "lowest modelled true-positive rate over that of all",
    "modelled_true_positive_floor": "largest fall of a group's modelled true-positive rate",
}


def frontier_lines(swept: dict[str, Any]) -> Iterator[str]:
    """What the limit is without, then one line per bound.

    Args:
        swept: as from `assembly.frontier`.
    """
    money = swept["currency"]
    yield (
        f"limit {swept['limit']} ({swept['mode']}), {_whole(swept['people'])} people with personal data; without it "
        f"{_whole(swept['selected'])} get an offer, value {money} {swept['value'] / 1e6:,.2f}, "
        f"{_FIGURE[swept['measure']]} {_figure(swept, 'unlimited')}"
    )
    moved = " ".join(f"{head:>8}" for head in ("in", "out", "given", "taken"))
    width = max([8, *(len(_figure(point, "reached")) for point in swept["points"])])
    yield f"{'bound':>8} {'reached':>{width}} {'value kept':>11} {'value lost':>14} {moved}"
    for point in swept["points"]:
        mark = "  (declared)" if point["bound"] == swept["declared"] else ""
        if point["value_kept"] is None:
            yield f"{point['bound']:>8g} cannot be kept. {point['remedy']}{mark}"
            continue
        moved = " ".join(f"{_whole(point[name]):>8}" for name in ("entered", "left", "given", "taken"))
        yield (
            f"{point['bound']:>8g} {_figure(point, 'reached'):>{width}} {point['value_kept']:>10.2%}  "
            f"{point['value_lost'] / 1e6:>13,.2f} {moved}{mark}"
        )


def _whole(count: int | None) -> str:
    return "hidden" if count is None else f"{count:,}"


def _figure(told: dict[str, Any], name: str) -> str:
    """The measure; between what it lies, or hidden, where a small number could be worked out from it."""
    if told[name] is not None:
        return f"{told[name]:.4f}"
    between = told.get(f"{name}_between")
    return "hidden" if between is None else f"{between[0]:.3f} to {between[1]:.3f}"
