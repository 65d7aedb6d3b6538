"""The `monitor` clauses of a campaign file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ._declared import Declared, Identifier, Table

__all__ = ["MonitorClause"]


class MonitorClause(Declared):
    """What is watched all the time, and what follows where a difference between groups shows."""

    id: Identifier = Field(description="Short id, as the monitor's page and the ledger name it.")
    watch: Literal["selection", "delivery", "outcome"] = Field(
        "selection",
        description="selection: who was offered something. delivery: who got it delivered, among everybody who could "
        "have been chosen. outcome: who responded, among those in `events`.",
    )
    events: Table | None = Field(
        None,
        description="What followed the decisions, for delivery and outcome: a table with the column `decision` (a "
        "decision's id) and `column`.",
    )
    column: str | None = Field(
        None,
        min_length=1,
        description="Column of `events` with 1 or 0; named after `watch`, `delivered` or `outcome`, if left out.",
    )
    weight: str | None = Field(
        None, min_length=1, description="Column of `events` with an importance weight; none = each event counts as 1."
    )
    largest_weight: float = Field(
        1, ge=1, le=1000, allow_inf_nan=False, description="No weight is larger. Needed by `weight`."
    )
    groups: tuple[str, ...] = Field(min_length=1, description="Sensitive columns to compare.")
    intersections: bool = Field(
        False, description="Compare every combination of the columns; otherwise each column by itself."
    )
    reference: dict[str, str] = Field(
        {},
        description="Per column the value that every other group is compared with; none = each group with everybody "
        "else.",
    )
    minimum_size: int = Field(30, ge=10, description="Groups of fewer people are not compared.")
    include_unknown: bool = Field(False, description="Also compare people whose group is unknown, as a group.")
    tolerance: float = Field(0.02, ge=0, lt=1, description="Difference between two rates that is tolerated.")
    alpha: float = Field(
        0.05, gt=0, lt=1, description="Chance of ever a false alarm on evidence, over all groups and offers together."
    )
    on_alarm: Literal["notify", "fall_back", "pause"] = Field(
        "notify",
        description="notify: the alarm is recorded and shown. fall_back: later people are decided with the prices of "
        "the last run before it, and no run finds new ones; without such a run it pauses. pause: nothing of the "
        "campaign is decided. Either ends when a named person resumes the campaign.",
    )

    @property
    def sets(self) -> tuple[tuple[str, ...], ...]:
        """Columns that are compared together, one tuple for each comparison of groups."""
        return (self.groups,) if self.intersections else tuple((name,) for name in self.groups)

    @property
    def value_column(self) -> str:
        """The column of `events` with 1 or 0."""
        return self.column or ("delivered" if self.watch == "delivery" else "outcome")
