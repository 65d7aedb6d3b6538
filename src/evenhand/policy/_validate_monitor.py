"""Rules about what is watched: which groups, where the events stand, and whether an alarm can come and go."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.terms import Role

from ._campaign import Campaign, MonitorClause
from ._finding import Path, PolicyFinding, found, meant
from ._validate_tables import review_table

__all__ = ["review_monitor"]


def review_monitor(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Everything that is wrong or doubtful about the monitors."""
    seen: set[str] = set()
    for place, clause in enumerate(campaign.monitor):
        path: Path = ("monitor", place)
        if clause.id in seen:
            what = f"The monitor id {clause.id} stands twice."
            yield found("EH-POL-070", (*path, "id"), what, "Give it an id of its own.")
        seen.add(clause.id)
        yield from _groups(campaign, clause, path)
        yield from _events(clause, path)
        yield from _reference(clause, path)
        yield from _effect(clause, path)
        if clause.on_alarm == "fall_back" and campaign.aware_limits:
            yield found(
                "EH-POL-074",
                (*path, "on_alarm"),
                f"The monitor {clause.id} would fall back to prices that are secret under an aware limit: it pauses.",
                "Set on_alarm: pause, or make the limit blind.",
            )


def _groups(campaign: Campaign, clause: MonitorClause, path: Path) -> Iterator[PolicyFinding]:
    sensitive = campaign.names(Role.SENSITIVE)
    for place, name in enumerate(clause.groups):
        if name in clause.groups[:place]:
            what, hint = "stands there twice", "Take one of them out."
        elif name in sensitive:
            continue
        else:
            column = campaign.columns.get(name)
            what = (
                "is not among the columns"
                if column is None
                else f"has role: {column.role}"
                if column.confirmed
                else "is not confirmed"
            )
            known = f"Sensitive columns: {', '.join(sensitive)}." if sensitive else "No column is sensitive yet."
            hint = f"{meant(name, sensitive)}{known}"
        yield found(
            "EH-POL-071",
            (*path, "groups", place),
            f"The monitor {clause.id} compares groups by a column that {what}.",
            hint,
        )


def _events(clause: MonitorClause, path: Path) -> Iterator[PolicyFinding]:
    if clause.watch == "selection":
        for name in ("events", "column", "weight"):
            if getattr(clause, name) is not None:
                yield found(
                    "EH-POL-072",
                    (*path, name),
                    f"The monitor {clause.id} watches selections, which stand in the ledger, and names {name}.",
                    "Take it out, or set watch: delivery or outcome.",
                )
    elif clause.events is None:
        yield found(
            "EH-POL-072",
            (*path, "events"),
            f"The monitor {clause.id} watches {clause.watch}, and no table says what followed.",
            "Add events: file (or sql and table), with the columns decision and "
            f"{clause.value_column}; or set watch: selection.",
        )
    else:
        yield from review_table("events", (*path, "events"), clause.events)


def _reference(clause: MonitorClause, path: Path) -> Iterator[PolicyFinding]:
    stray = [name for name in clause.reference if name not in clause.groups]
    missing = [name for name in clause.groups if name not in clause.reference]
    if stray:
        yield found(
            "EH-POL-073",
            (*path, "reference"),
            f"The monitor {clause.id} has a reference for a column that it does not compare.",
            f"{meant(stray[0], clause.groups)}It compares: {', '.join(clause.groups)}.",
        )
    elif clause.reference and clause.intersections and missing:
        yield found(
            "EH-POL-073",
            (*path, "reference"),
            f"The monitor {clause.id} compares combinations, and its reference is no whole combination.",
            f"Name a value for each column: {', '.join(missing)} has none.",
        )


def _effect(clause: MonitorClause, path: Path) -> Iterator[PolicyFinding]:
    if clause.intersections and len(set(clause.groups)) == 1:
        yield found(
            "EH-POL-074",
            (*path, "intersections"),
            f"The monitor {clause.id} asks for combinations of a single column.",
            "Name two or more columns under groups, or take intersections out.",
        )
    if clause.tolerance == 0:
        yield found(
            "EH-POL-074",
            (*path, "tolerance"),
            f"The monitor {clause.id} tolerates no difference at all, so nothing can ever show that one is over.",
            "Set a tolerance such as 0.02.",
        )
    if (clause.weight is None) != (clause.largest_weight == 1):
        yield found(
            "EH-POL-074",
            (*path, "largest_weight"),
            f"The monitor {clause.id} "
            + ("has a largest weight and no weight." if clause.weight is None else "has weights of at most 1."),
            "Name the column under weight, and under largest_weight the largest value that may stand there.",
        )
