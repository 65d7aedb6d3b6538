"""Which numbers of groups a report tells that are too small to be told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["SMALLEST", "tables_told"]

SMALLEST = 10
"""Numbers of people of a group above zero and below this are not told, nor is a rest of that size."""


def tables_told(report: Mapping[str, Any]) -> list[str]:
    """The sets of sensitive columns of which a report tells a small number of a group, or all but one."""
    return sorted(set(_small(report)))


def _small(report: Mapping[str, Any]) -> Iterator[str]:
    audit = report.get("audit", {})
    comparisons = [
        *audit.get("outcome", ()),
        *audit.get("groups_by_period", ()),
        *(one for several in audit.get("missing", {}).values() for one in several),
        *(chapter[side] for chapter in report.get("groups", ()) for side in ("before", "after")),
        *(one["met"] for one in report.get("conditions", ())),
    ]
    for comparison in comparisons:
        for rate in comparison["rates"]:
            rows, hits = rate["rows"], rate["hits"]
            left = rows - hits if rows is not None and hits is not None else 0
            if any(0 < number < SMALLEST for number in (rows or 0, hits or 0, left)):
                yield " & ".join(comparison["features"])
