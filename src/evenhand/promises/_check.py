"""The four promises, asked together."""

from __future__ import annotations

from collections.abc import Sequence

from . import explained, fair, governed, private
from ._columns import Ground, LimitFigures, RecordColumns, Totals, Violation

__all__ = ["check_decisions", "check_limits", "check_run", "check_totals"]


def check_run(ground: Ground) -> tuple[Violation, ...]:
    """What must hold before a run may record anything: campaign, view and model."""
    return (
        *private.check_run(ground),
        *fair.check_run(ground),
        *explained.check_run(ground),
        *governed.check_run(ground),
    )


def check_decisions(columns: RecordColumns, ground: Ground) -> tuple[Violation, ...]:
    """What must hold for each decision. The columns may be any part of a run."""
    return (
        *private.check_decisions(columns, ground),
        *fair.check_decisions(columns, ground),
        *explained.check_decisions(columns, ground),
        *governed.check_decisions(columns, ground),
    )


def check_limits(outcomes: Sequence[LimitFigures], ground: Ground) -> tuple[Violation, ...]:
    """What must hold for a batch: every declared limit has an outcome, as declared, and held.

    Where the prices are those of an earlier run, limits on disparity, and minimums, are not demanded of these people by
    themselves.
    """
    return fair.check_limits(outcomes, ground.campaign, by_prices=bool(ground.priced_by))


def check_totals(totals: Totals, ground: Ground) -> tuple[Violation, ...]:
    """What must hold for a whole run: its decisions add up to no more than the campaign allows."""
    return fair.check_totals(totals, ground.campaign, by_prices=bool(ground.priced_by))
