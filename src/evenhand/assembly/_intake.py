"""What must not come in: columns that identify people as features; and what should be seen: minors."""

from __future__ import annotations

import numpy as np

from evenhand.features import scan_personal_data
from evenhand.terms import DataError, Finding, Role, Severity

from ._open import Opened

__all__ = ["minors", "personal_features", "refuse_personal_features"]

_LOOKED_AT = 5_000
_UNDER_AGE = "17 or younger"


def personal_features(opened: Opened) -> tuple[Finding, ...]:
    """Confirmed features whose values are identifiers (BSN, IBAN, e-mail ...), in the first permitted history rows."""
    rows = opened.allowed & (np.cumsum(opened.allowed) <= _LOOKED_AT)
    found: list[Finding] = []
    for name in opened.campaign.names(Role.FEATURE):
        found += scan_personal_data(name, opened.history.columns.read(name, rows))
    return tuple(found)


def refuse_personal_features(opened: Opened) -> None:
    """Refuse to decide with a column that identifies people.

    Raises:
        DataError: a feature holds identifiers (RULES UAVG-46, G-32).
    """
    found = [finding for finding in personal_features(opened) if finding.severity is Severity.ERROR]
    if found:
        first = found[0]
        raise DataError("feature-identifies-people", first.what, rule=first.rule, remedy=first.remedy)


def minors(opened: Opened) -> tuple[Finding, ...]:
    """A warning where an age column shows minors among the people who may be personalised (RULES D-28)."""
    wall = opened.stores.wall
    everybody = np.zeros(len(opened.asked), dtype=np.intp)
    found = []
    for name in wall.features:
        table = wall.count((name,), everybody, 1, why="check: minors")
        if (_UNDER_AGE,) in table.groups and table.totals[table.groups.index((_UNDER_AGE,))] != 0:
            found.append(
                Finding(
                    "EH-DATA-007",
                    Severity.WARNING,
                    f"By column {name!r} there are minors among the people whose data may be used.",
                    "D-28",
                    "Record them as minors in the consents table (kind minor, status yes): a sensitive column is never "
                    "read for a decision, so it cannot do this by itself.",
                    subject_matter=name,
                )
            )
    return tuple(found)
